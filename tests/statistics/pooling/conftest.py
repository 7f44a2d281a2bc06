"""Numbers of pooling.R."""

from __future__ import annotations

import pytest

from tests.statistics.tally_helpers import numbers_of


@pytest.fixture(scope="module")
def metafor() -> dict[str, dict[str, float]]:
    """Return what metafor found, by case and term."""
    return {str(case): part.droplevel(0).to_dict() for case, part in numbers_of("pooling").groupby(level=0)}
