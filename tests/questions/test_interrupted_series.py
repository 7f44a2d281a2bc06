"""Interrupted series: which visits count, and a jump that is exact."""

from __future__ import annotations

import pandas as pd
import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of

START = pd.Timestamp("2022-01-01")
DAYS = (-400, -300, -200, -20, 100, 200)


def registry(n: int = 12, days: tuple[int, ...] = DAYS) -> nc.Registry:
    """Return patients at 5, 6 or 7 before the start, 3 lower after it, 9 in the lag; half are a point up at a visit."""
    names = [f"p{i:02d}" for i in range(n)]
    visits = [
        (name, START + pd.Timedelta(days=day), 9 if -90 < day <= 0 else 5 + i % 3 + (i + place) % 2 - 3 * (day > 0))
        for i, name in enumerate(names)
        for place, day in enumerate(days)
    ]
    return registry_of(
        patients={"patient_id": names, "diagnosis": ["nmosd"] * n},
        assessments={
            "patient_id": [name for name, _, _ in visits],
            "assessment_date": [day for _, day, _ in visits],
            "pain_nrs": [score for _, _, score in visits],
        },
        treatments={"patient_id": names, "drug": ["tocilizumab"] * n, "start_date": [START] * n},
    )


def test_the_jump_is_found_and_the_lag_is_left_out(on_backend):
    result = nc.interrupted_series(on_backend(registry()))
    rows = result.estimates.set_index(["measure", "term"])
    primary = rows.loc[("level_change", "")]
    assert (primary["role"], primary["n"]) == ("primary", 12)
    # Half of the patients are a point higher at each visit, whatever the visit: the means are 6.5 and 3.5
    assert primary["estimate"] == pytest.approx(-3, abs=1e-6)
    assert rows.loc[("slope_before", ""), "estimate"] == pytest.approx(0, abs=1e-6)
    assert rows.loc[("level_change", "the 90 days before the start kept"), "estimate"] < -4
    detail = result.checks.set_index("check").loc["interrupted series", "detail"]
    assert detail == "12 starters, 36 visits before and 24 after; 12 in the lag are left out"
    assert result.tally.set_index("period")["n"].groupby("period").sum().to_dict() == {
        "after": 24,
        "before": 36,
        "lag": 12,
    }


def test_fewer_than_three_scores_before_do_not_count(on_backend):
    result = nc.interrupted_series(on_backend(registry(days=(-300, -200, -20, 100))))
    assert result.estimates.empty
    check = result.checks.set_index("check").loc["interrupted series"]
    assert check["status"] == "not assessable"
    assert "treatments.start_date" in check["detail"]
    flow = result.flow.set_index("step")
    assert flow.loc["3 scores before", "excluded"] == 12


def test_nine_patients_are_too_few(on_backend):
    result = nc.interrupted_series(on_backend(registry(n=9)))
    assert result.estimates.empty
    assert "9 patients; a mixed model needs 10" in result.checks.iloc[0]["detail"]


def test_nothing_delivered(on_backend):
    empty = registry_of(patients={"patient_id": ["a"], "diagnosis": ["nmosd"]})
    result = nc.interrupted_series(on_backend(empty), drug_class="b_cell_depletion", outcome="spasms_per_day")
    assert result.estimates.empty
    assert result.checks.iloc[0]["status"] == "not assessable"


def test_without_a_lag_there_is_one_sensitivity_row_less():
    rows = nc.interrupted_series(registry(), lag_days=0).estimates
    assert rows["role"].eq("sensitivity").sum() == 1


@pytest.mark.parametrize(
    "option", [{"outcome": "edss"}, {"months_before": 0}, {"lag_days": -1}, {"lag_days": 2000}, {"drug_class": "x"}]
)
def test_wrong_options_are_refused(option):
    with pytest.raises(ValueError, match="must be"):
        nc.interrupted_series(registry(), **option)
