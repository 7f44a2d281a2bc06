"""The change modelled over all visits."""

import narwhals as nw
import pandas as pd
import pytest

from nmosd_cohort.questions.modelled_change import modelled_rows, visit_grid
from nmosd_cohort.statistics.paired.change import mean_change


def timed(*rows: tuple[str, int, float]) -> nw.LazyFrame:
    frame = pd.DataFrame(rows, columns=["patient_id", "days_since_start", "score"])
    return nw.from_native(frame.convert_dtypes(dtype_backend="pyarrow")).lazy()


def scores(n: int, *days: int, start: float = 8.0, step: float = 1.0) -> list[tuple[str, int, float]]:
    return [(f"p{i}", day, start - step * place + i % 2) for i in range(n) for place, day in enumerate(days)]


def test_a_score_goes_to_the_step_it_is_near_and_few_scores_are_no_visit():
    # Steps at 91, 183, 274 and 365 days; 120 lies within 45 days of the first, five patients have it
    found = visit_grid(timed(*scores(5, -10, 120, 360), ("q", 0, 3.0), ("q", 200, 2.0)), at_months=12, window_days=60)
    assert found.columns.tolist() == ["start", "month 3", "month 12", "n"]
    assert found["n"].sum() == 6
    assert found.loc[found["start"] == 3.0, ["month 3", "month 12"]].isna().all(axis=None)


def test_patients_whose_only_score_is_at_a_visit_left_out_do_not_count():
    found = visit_grid(timed(*scores(6, -10, 365), ("q", 183, 2.0)), at_months=12, window_days=60)
    assert found.columns.tolist() == ["start", "month 12", "n"]
    assert found["n"].sum() == 6


def test_complete_visits_give_the_paired_change():
    rows = [
        (f"p{i}", day, float(score)) for i, pair in enumerate(PAIRS) for day, score in zip((0, 365), pair, strict=True)
    ]
    grid = visit_grid(timed(*rows), at_months=12, window_days=60)
    (row,), checks = modelled_rows(grid, "pain_nrs", 0.95)
    paired = mean_change([before for before, _ in PAIRS], [after for _, after in PAIRS])
    assert (row["estimate"], row["conf_low"], row["conf_high"]) == pytest.approx(
        (paired.estimate, paired.conf_low, paired.conf_high), abs=1e-6
    )
    assert (row["measure"], row["level"], row["reference"], row["n"]) == ("modelled_change", "month 12", "start", 12)
    assert "12 seen at that visit" in row["method"]
    assert checks[0][1] == "note"
    assert checks[0][2].endswith("the primary result remains the change of those with both scores")


def test_where_the_unstructured_model_has_no_answer_the_other_is_named():
    # Nobody has a score at both the start and month 6
    rows = scores(12, 0, 365) + [(f"q{i}", day, 5.0 + i % 3) for i in range(12) for day in (183, 365)]
    rows = [(patient, day, score + (hash_of(patient) + day) % 3) for patient, day, score in rows]
    found, checks = modelled_rows(visit_grid(timed(*rows), at_months=12, window_days=60), "pain_nrs", 0.95)
    assert [row["level"] for row in found] == ["month 6", "month 12"]
    assert all("ar1" in row["method"] for row in found)
    assert "as the unstructured model has no answer: 0 patients were seen at both" in checks[0][2]


def test_no_start_no_change():
    grid = pd.DataFrame({"month 6": [3.0, 4.0], "month 12": [2.0, 2.0], "n": [5, 6]})
    assert modelled_rows(grid, "pain_nrs", 0.95)[1][0][1] == "not assessable"
    constant = pd.DataFrame({"start": [3.0, 3.0], "month 12": [2.0, 2.0], "n": [5, 6]})
    rows, checks = modelled_rows(constant, "pain_nrs", 0.95)
    assert rows == []
    assert checks[0][1] == "not assessable"


def hash_of(patient: str) -> int:
    return int(patient[1:]) * 7


PAIRS = [(7, 5), (6, 6), (8, 3), (5, 4), (9, 6), (4, 4), (6, 2), (7, 7), (8, 5), (5, 1), (6, 4), (7, 3)]
