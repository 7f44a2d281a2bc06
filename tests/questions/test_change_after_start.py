"""Change after start: pairs, responders, attacks and regression to the mean, by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import nmosd_cohort as nc
from nmosd_cohort.cohort.assessments import visits
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import tally
from nmosd_cohort.cohort.treatment import starters, untreated_repeats
from tests.conftest import registry_of

START, BEFORE, AFTER = "2022-01-01", "2021-12-15", "2022-12-31"
PAIRS = {"a": (6, 2), "b": (5, 5), "c": (4, 3), "d": (0, 0), "e": (8, None)}


@pytest.fixture
def five(on_backend):
    """Five starters: four with both scores, one without a later one."""
    scores = [
        (name, date, score) for name, pair in PAIRS.items() for date, score in zip((BEFORE, AFTER), pair, strict=True)
    ]
    registry = registry_of(
        patients={
            "patient_id": list(PAIRS),
            "diagnosis": ["nmosd"] * 5,
            "onset_date": ["2015-01-01"] * 5,
            "last_contact_date": ["2023-01-01"] * 5,
        },
        attacks={"patient_id": ["a", "a", "b"], "attack_date": ["2021-03-01", "2021-09-01", "2022-06-01"]},
        assessments={
            "patient_id": [name for name, _, _ in scores],
            "assessment_date": [date for _, date, _ in scores],
            "pain_nrs": [score for _, _, score in scores],
        },
        treatments={"patient_id": list(PAIRS), "drug": ["tocilizumab"] * 5, "start_date": [START] * 5},
    )
    return on_backend(registry)


def rows_of(result, **wanted):
    rows = result.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return rows.set_index("measure")


def test_paired_change_by_hand(five):
    rows = rows_of(nc.change_after_start(five), outcome="pain_nrs", role="primary")
    # changes -4, 0, -1, 0: mean -1.25, sd 1.8930, t(3) 3.1824
    assert rows.loc["mean_change", "estimate"] == -1.25
    assert rows.loc["mean_change", "conf_low"] == pytest.approx(-1.25 - 3.18245 * 1.89297 / 2, abs=1e-4)
    assert rows.loc["mean_change", "n"] == 4


def test_responders_count_whom_a_percentage_can_judge(five):
    rows = rows_of(nc.change_after_start(five), denominator="starters with a score before and after")
    # a falls by 67 %, c by 25 %, b not at all; d starts at 0 and cannot be judged
    assert rows.loc["responders_pct30", ["events", "n"]].tolist() == [1, 3]
    assert "1 not evaluable" in rows.loc["responders_pct30", "method"]
    assert rows.loc["responders_abs2", ["events", "n"]].tolist() == [1, 4]


def test_every_trajectory_is_there_without_its_identifier(five):
    tally = nc.change_after_start(five).tally
    assert tally["trajectory"].nunique() == 4
    assert len(tally) == 8
    assert not set(tally.columns) & {"patient_id"}


def test_regression_to_the_mean_is_not_identifiable_without_untreated_repeats(five):
    result = nc.change_after_start(five)
    check = result.checks.set_index("check").loc["regression to the mean identifiable"]
    assert check["status"] == "not met"
    assert check["detail"].startswith("not identifiable: ")
    assert "corrected_change" not in set(result.estimates["measure"])


def test_attack_rates_are_events_over_time(five):
    rows = nc.change_after_start(five).estimates
    rates = rows[rows["measure"] == "rate"].set_index("level")
    years = 365 / 365.25
    assert rates["events"].to_dict() == {"before": 2, "after": 1}
    assert rates.loc["before", "estimate"] == pytest.approx(2 / (5 * years))
    ratio = rows[rows["measure"] == "rate_ratio"].iloc[0]
    assert ratio["estimate"] == pytest.approx(0.5)


def test_the_flow_names_who_is_lost(five):
    flow = nc.change_after_start(five).flow.set_index("step")
    assert flow.loc["pain_nrs after", "excluded"] == 1
    assert flow.loc["pain_nrs after", "n"] == 4


def test_nobody_on_the_drug_gives_no_change_and_a_reason():
    result = nc.change_after_start(registry_of(patients={"patient_id": ["a"], "diagnosis": ["nmosd"]}))
    assert result.estimates.empty
    assert set(result.checks.set_index("check").loc[["change", "attack rate"], "status"]) == {"not assessable"}


def test_corrected_change_takes_the_expected_fall_away(review):
    rows = rows_of(nc.change_after_start(review), outcome="pain_nrs")
    crude, expected, corrected = (
        rows.loc[name, "estimate"] for name in ("mean_change", "expected_change_without_effect", "corrected_change")
    )
    assert corrected == pytest.approx(crude - expected)
    assert expected < 0
    assert not math.isnan(rows.loc["corrected_change", "conf_low"])


def test_no_effect_responders_are_of_the_rule_that_their_name_says(review):
    everyone = "starters with a score before and after"
    result = nc.change_after_start(review)
    rows = rows_of(result, outcome="pain_nrs", denominator=everyone)
    started = starters(review, eligible(select_patients(review)), drug="tocilizumab")
    window = {"outcome": "pain_nrs", "at_months": 12, "window_days": 60}
    repeats = tally(untreated_repeats(visits(review), started, **window), ["first", "second"])
    first, second, n = (repeats[name].to_numpy(dtype=float) for name in ("first", "second", "n"))
    before = result.tally.query("period == 'before'").groupby("trajectory")["value"].last()
    baseline = before.value_counts()
    baseline = baseline[baseline.index > 0]
    expected = 0.0
    for score, patients in baseline.items():
        nearest = first[np.argmin(np.abs(first - score))] if score not in first else score
        chosen = first == nearest
        share = n[chosen & (second <= 0.7 * first + 1e-9)].sum() / n[chosen].sum()
        expected += share * patients / baseline.sum()
    assert rows.loc["no_effect_responders_pct30", "estimate"] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    "option",
    [
        {"outcome": "edss_total"},
        {"at_months": 0},
        {"window_days": -1},
        {"at_days": 0},
        {"at_days": 10},
        {"drug_class": "magic"},
        {"chosen_by": "pain"},
        {"durability_days": (30, 10)},
    ],
)
def test_wrong_options_are_refused(five, option):
    with pytest.raises(ValueError, match="must be"):
        nc.change_after_start(five, **option)


def scored(outcome, pairs, *, drug="tocilizumab", drug_class=None, days=(0, 10), start="2022-01-01"):
    """Return a registry of starters with these scores at these days from the start."""
    names = [f"p{i}" for i in range(len(pairs))]
    begin = pd.Timestamp(start)
    visits = [
        (name, begin + pd.Timedelta(days=day), score)
        for name, scores in zip(names, pairs, strict=True)
        for day, score in zip(days, scores, strict=True)
        if score is not None
    ]
    return registry_of(
        patients={"patient_id": names, "diagnosis": ["nmosd"] * len(names)},
        assessments={
            "patient_id": [name for name, _, _ in visits],
            "assessment_date": [day for _, day, _ in visits],
            outcome: [score for _, _, score in visits],
        },
        treatments={
            "patient_id": names,
            "drug": [drug] * len(names),
            "drug_class": [drug_class] * len(names),
            "start_date": [start] * len(names),
        },
    )


def test_where_higher_is_better_a_rise_is_the_response(on_backend):
    # SF-36 BP 40 to 60 takes a third of the way to 100, 50 to 60 a fifth, 80 to 90 half; 100 cannot improve
    registry = on_backend(scored("sf36_bp", [(40, 60), (50, 60), (80, 90), (100, 100)]))
    rows = nc.change_after_start(registry, outcome="sf36_bp", at_days=10, window_days=3).estimates
    rows = rows[rows["denominator"] == "starters with a score before and after"].set_index("measure")
    assert rows.loc["responders_pct30", ["events", "n"]].tolist() == [2, 3]
    assert rows.loc["responders_pct50", ["events", "n"]].tolist() == [1, 3]
    assert "responders_abs2" not in rows.index, "2 points mean nothing on a scale of 100"
    assert rows.loc["mean_change", "estimate"] == 10


def test_a_class_counts_every_drug_of_it(on_backend):
    registry = on_backend(scored("pain_nrs", [(6, 2), (5, 4)], drug="ocrelizumab", drug_class="b_cell_depletion"))
    result = nc.change_after_start(registry, drug_class="b_cell_depletion", at_days=10, window_days=3)
    rows = rows_of(result, outcome="pain_nrs", role="primary")
    assert rows.loc["mean_change", ["n", "estimate"]].tolist() == [2, -2.5]
    assert "b-cell depletion" in result.question
    assert result.definitions["drug_class"] == "b_cell_depletion"


def test_edss_changes_by_ranks_alone(on_backend):
    registry = on_backend(scored("edss", [(4.0, 3.5), (6.0, 6.0), (3.0, 2.0)]))
    rows = nc.change_after_start(registry, outcome="edss", at_days=10, window_days=3).estimates
    # Walsh averages of -0.5, 0 and -1: -1, -0.75, -0.5, -0.5, -0.25, 0
    assert rows.set_index("measure").loc["pseudo_median_change", ["role", "estimate"]].tolist() == ["primary", -0.5]
    assert not rows["measure"].isin(["mean_change", "modelled_change"]).any()


def test_durability_of_the_same_patients(on_backend):
    pairs = [(6, 2, 6, 7), (8, 4, 5, 4), (7, 3, 3, 5), (5, 5, 5, 5), (6, 1, 2, None)]
    registry = on_backend(scored("pain_nrs", pairs, days=(0, 10, 30, 60)))
    result = nc.change_after_start(registry, at_days=10, window_days=5, durability_days=(10, 30, 60))
    rows = result.estimates.set_index(["measure", "level"]).sort_index()
    # The fifth has no score at day 60: changes of the other four are -4 -4 -4 0, 0 -3 -4 0, 1 -4 -2 0
    assert [rows.loc[("mean_change_at", f"day {day}"), "estimate"].item() for day in (10, 30, 60)] == [-3, -1.75, -1.25]
    assert rows.loc[("mean_change_at", "day 10"), "n"].item() == 4
    # Three were better at day 10; one of them was back at 6 by day 30, nobody else by day 60
    assert [rows.loc[("back_at_baseline_by", f"day {day}"), "events"].item() for day in (30, 60)] == [1, 1]
    assert rows.loc[("back_at_baseline_by", "day 60"), "n"].item() == 3
    durability = result.checks[result.checks["check"] == "durability"]["detail"].tolist()
    # t(3): -3 is 2 standard errors of 1.0 from 0, below 3.18
    assert durability[0] == "already at day 10 the interval of the change holds 0"
    assert durability[1].startswith("1 starters lack a score")


def test_a_baseline_cut_is_never_naked(review):
    # Five below and five above the cut, and no untreated patient: what they would have done anyway is not known
    alone = scored("pain_nrs", [(3, 2), (2, 2), (3, 4), (1, 1), (3, 3), (5, 2), (6, 4), (7, 5), (8, 3), (6, 6)])
    few = scored("pain_nrs", [(3, 2), (6, 2)])
    for registry, words in ((alone, "regression to the mean is not known"), (few, "1 starters with a baseline")):
        bare = nc.change_after_start(registry, baseline_cut=4, at_days=10, window_days=3)
        assert not bare.estimates["term"].str.startswith("baseline").any()
        checks = bare.checks[(bare.checks["check"] == "change by baseline") & (bare.checks["status"] != "note")]
        assert set(checks["status"]) == {"not assessable"}
        assert checks["detail"].str.startswith(words).all()
    rows = nc.change_after_start(review, baseline_cut=5, at_days=365).estimates
    for term in ("baseline below 5", "baseline at least 5"):
        part = rows[rows["term"] == term].set_index("measure")["estimate"]
        crude, expected = part["mean_change"], part["expected_change_without_effect"]
        assert part["corrected_change"] == pytest.approx(crude - expected)
    low, high = (
        rows[(rows["term"] == term) & (rows["measure"] == "expected_change_without_effect")]["estimate"].iloc[0]
        for term in ("baseline below 5", "baseline at least 5")
    )
    assert high < low, "those chosen for a high score fall further by themselves"


def test_another_score_is_corrected_at_equal_scores_of_both_kinds(review, on_backend):
    result = nc.change_after_start(on_backend(review), outcome="sf36_bp", baseline_cut=40, at_days=365)
    rows = result.estimates[result.estimates["outcome"] == "sf36_bp"]
    for term in ("baseline below 40", "baseline at least 40"):
        part = rows[rows["term"] == term].set_index("measure")["estimate"]
        crude, expected = part["mean_change"], part["expected_change_without_effect"]
        assert part["corrected_change"] == pytest.approx(crude - expected)
    assert not rows["measure"].str.startswith("no_effect").any()
    check = result.checks.set_index("check").loc["regression to the mean identifiable"]
    assert check["status"] == "met"
    assert check["detail"].startswith("at equal sf36_bp and pain_nrs, from ")
    own = nc.change_after_start(review, outcome="sf36_bp", chosen_by="sf36_bp", at_days=365).estimates
    assert own["measure"].str.startswith("no_effect").any()


def test_without_the_score_that_chose_nothing_is_corrected():
    registry = scored("sf36_bp", [(30, 40), (20, 35), (50, 60), (40, 40), (25, 50), (35, 30)])
    result = nc.change_after_start(registry, outcome="sf36_bp", at_days=10, window_days=3, baseline_cut=40)
    assert not result.estimates["measure"].isin(["corrected_change", "expected_change_without_effect"]).any()
    checks = result.checks.set_index("check")
    assert checks.loc["regression to the mean identifiable", "status"] == "not met"
    assert "assessments.pain_nrs at the visits of sf36_bp" in checks.loc["change by baseline", "detail"]


def test_every_argument_stands_in_the_definitions(five):
    from inspect import signature

    for question in (nc.change_after_start, nc.treatment_contrast, nc.interrupted_series):
        stated = question(five).definitions
        asked = set(signature(question).parameters) - {"registry", "seed"}
        assert asked <= set(stated), question.__name__
