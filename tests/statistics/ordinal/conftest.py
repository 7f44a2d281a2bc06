"""Numbers of ordinal.R."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.statistics.tally_helpers import numbers_of


@pytest.fixture(scope="module")
def ordinal_numbers() -> pd.Series:
    return numbers_of("ordinal")
