"""Numbers of R that several tests of the statistics read; the scripts that made them lie beside them."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.statistics.tally_helpers import REFERENCE, numbers_of


@pytest.fixture(scope="module")
def tally() -> pd.DataFrame:
    """Return the tally that models.R was given."""
    return pd.read_csv(REFERENCE / "models_tally.csv")


@pytest.fixture(scope="module")
def numbers() -> pd.Series:
    """Return what models.R found, by quantity and term."""
    return numbers_of("models_numbers")
