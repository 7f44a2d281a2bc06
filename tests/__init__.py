"""Tests, one folder a part of the package; what several share is in conftest."""
