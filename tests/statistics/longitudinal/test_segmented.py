"""Segmented change against lme4 with Kenward and Roger's errors; exact lines; what it refuses."""

import numpy as np
import pandas as pd
import pytest

from nmosd_cohort.statistics.longitudinal.segmented import segmented_change
from tests.statistics.tally_helpers import REFERENCE

NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]


@pytest.fixture(scope="module")
def series():
    """Return the patients of the reference: three to five scores before the start, one to four after it."""
    rows = pd.read_csv(REFERENCE / "segmented_rows.csv")
    rows["place"] = rows.groupby("id").cumcount()
    wide = rows.pivot_table(index="id", columns="place", values=["score", "day"])
    return wide["score"], wide["day"] / 365.25


def test_as_lme4_with_kenward_roger(series):
    expected = pd.read_csv(REFERENCE / "segmented.csv").set_index("name")
    found = segmented_change(*series, projected_at=1)
    for name, row in expected.iterrows():
        one = getattr(found, name)
        assert [getattr(one, number) for number in NUMBERS] == pytest.approx(list(row[NUMBERS]), abs=2e-5), name
        assert f"t({row['freedom']:.1f})" in one.method
    assert found.n == 24


def test_the_projected_change_is_level_and_slope_together(series):
    found = segmented_change(*series, projected_at=2)
    by_hand = found.level_change.estimate + 2 * found.slope_change.estimate
    assert found.projected_change.estimate == pytest.approx(by_hand)
    decaying = segmented_change(*series, projected_at=2, covariance="ar1", conf_level=0.9)
    assert "ar1" in decaying.level_change.method
    assert decaying.level_change.conf_level == 0.9


def test_patients_never_seen_change_nothing(series):
    scores, times = series
    none = pd.DataFrame(np.nan, index=[99], columns=scores.columns)
    more = segmented_change(pd.concat([scores, none]), pd.concat([times, none]), projected_at=1)
    assert more.level_change == segmented_change(scores, times, projected_at=1).level_change


def test_refusals(series):
    scores, times = series
    with pytest.raises(ValueError, match="they must match"):
        segmented_change(scores, times.iloc[:, 1:], projected_at=1)
    with pytest.raises(ValueError, match="5 patients; a mixed model needs 10"):
        segmented_change(scores.head(5), times.head(5), projected_at=1)
    with pytest.raises(ValueError, match="an outcome has no time"):
        segmented_change(scores, times.mask(times < -1), projected_at=1)
    with pytest.raises(ValueError, match="projected_at is 0"):
        segmented_change(scores, times, projected_at=0)
    with pytest.raises(ValueError, match="do not tell the coefficients apart"):
        segmented_change(scores.iloc[:, :3], times.iloc[:, :3].clip(upper=-0.1), projected_at=1)
