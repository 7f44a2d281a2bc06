"""Numbers of regression.R and the cohort of attacks that it was given."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.statistics.tally_helpers import REFERENCE, numbers_of


@pytest.fixture(scope="module")
def found() -> pd.Series:
    return numbers_of("regression")


@pytest.fixture(scope="module")
def attacks() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "regression_attacks.csv")
