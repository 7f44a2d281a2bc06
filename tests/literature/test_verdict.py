"""Verdicts: their rules by hand, their errors by simulation."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nmosd_cohort.literature.catalogue import find_figure, published_figures
from nmosd_cohort.literature.comparability import compare_definitions
from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.literature.verdict import VERDICT_COLUMNS, VERDICTS, judge, judge_all, pool_groups
from nmosd_cohort.statistics.shares.proportions import proportion, proportion_difference


def share(events: int, n: int) -> dict[str, Any]:
    found = proportion(events, n)
    limits = {"conf_low": found.conf_low, "conf_high": found.conf_high}
    return {"estimate": events / n, "n": n, "events": events} | limits


def verdict_on(figure: Figure, row: dict[str, Any], **options: Any) -> dict[str, Any]:
    return judge(figure, row, compare_definitions(figure, {}), **options)


def printed(figure: Figure, events: int, n: int) -> Figure:
    """Return the same figure with other counts."""
    return replace(figure, numbers=replace(figure.numbers, events=events, n=n, estimate=None))


@pytest.fixture(scope="module")
def pain() -> Figure:
    return find_figure("zhang_2022_pain_current")


@pytest.fixture(scope="module")
def chronic() -> Figure:
    return find_figure("ayzenberg_2021_pain_chronic")


def test_row_has_the_columns_laid_down(pain: Figure) -> None:
    row = verdict_on(pain, share(35, 50))
    assert tuple(row) == VERDICT_COLUMNS
    assert row["verdict"] in VERDICTS
    assert row["published_estimate"] == pytest.approx(81 / 122)
    assert (round(row["published_low"], 3), round(row["published_high"], 3)) == (0.576, 0.742)
    assert (row["paper"], row["overlap_group"], row["group"]) == ("zhang_2022", "pumch", "any_pain_current")
    assert row["citation"].startswith("Zhang X, Pei L, Xu Y, et al.")
    assert "not used, the counts are" in row["caveats"]


def test_equal_shares_of_large_groups_are_consistent(chronic: Figure) -> None:
    # 753 of 1000 against 125 of 166: the 90 % limits are about 0.06 either way
    row = verdict_on(chronic, share(753, 1000))
    assert row["verdict"] == "consistent"
    assert row["reason"].startswith("Both 90 % limits lie within the margin of 10 points")


def test_small_registry_cannot_show_equality(chronic: Figure) -> None:
    row = verdict_on(chronic, share(38, 50))
    assert row["verdict"] == "compatible but imprecise"
    assert "equality within 10 points is not shown" in row["reason"]


def test_fifty_patients_never_show_ten_points_of_equality_with_117_of_145() -> None:
    figure = find_figure("xue_pain_all")
    near = [verdict_on(figure, share(events, 50))["verdict"] for events in range(30, 49)]
    assert "consistent" not in near
    assert "compatible but imprecise" in near
    row = verdict_on(figure, share(40, 50))
    assert row["can_show_equality"] is False
    assert row["reason"].endswith("; no value could have shown equality.")
    # By hand, downwards: 0.807 against 0.605, errors sqrt(0.605 * 0.395 / 50) = 0.0691 and 0.0328 there, together
    # 0.0765; the test needs 1.96 * sqrt(0.755 * 0.245 * (1 / 50 + 1 / 145)) = 0.1383 and 0.84 * 0.0765 more: 0.203;
    # Fisher's mid-p asks for a little more.
    assert row["detectable_down"] == pytest.approx(0.206, abs=0.005)
    assert row["detectable_up"] < row["detectable_down"] == row["smallest_detectable"]
    assert "Power of 80 % for a truth here 21 points lower or 15 points higher;" in row["reason"]


def test_far_share_without_other_studies_is_different(chronic: Figure) -> None:
    row = verdict_on(chronic, share(30, 100), spread=pool_groups(published_figures()))
    assert row["verdict"] == "different"
    assert row["p_value"] == row["p_adjusted"] < 1e-6


def test_far_share_that_the_other_studies_predict_is_within_the_spread() -> None:
    figure, spread = find_figure("zhang_2022_np_all"), pool_groups(published_figures())
    row = verdict_on(figure, share(60, 100), spread=spread)
    assert row["verdict"] == "different, within between-study spread"
    assert "8 studies predict" in row["reason"]
    assert verdict_on(figure, share(60, 100))["verdict"] == "different"


def test_far_share_beyond_the_other_studies_is_different(pain: Figure) -> None:
    assert verdict_on(pain, share(5, 100), spread=pool_groups(published_figures()))["verdict"] == "different"


def test_gate_goes_first() -> None:
    figure = find_figure("xue_np_among_pain")
    row = judge(figure, share(60, 100), compare_definitions(figure, {"denominator": "assessed"}))
    assert row["verdict"] == "not comparable"
    assert row["reason"] == "The published share is of patients with pain, the local one is not."
    assert math.isnan(row["difference"])
    assert math.isnan(row["p_value"])
    assert row["gate"].startswith("not comparable")


def test_figure_that_contradicts_itself_and_has_no_counts_is_named_so() -> None:
    row = verdict_on(find_figure("ayzenberg_2021_np_among_pain"), share(60, 100))
    assert row["verdict"] == "published figure inconsistent"
    assert "no whole count of 125 gives 65.9 %" in row["reason"]


def test_figure_without_numbers_is_not_assessable() -> None:
    row = verdict_on(find_figure("ringelstein_2022_pain"), {"estimate": -1.0, "std_error": 0.4, "n": 30})
    assert (row["verdict"], row["reason"]) == (
        "not assessable",
        "The published change was not seen as a number.",
    )


@pytest.mark.parametrize("row", [{}, {"n": 0, "estimate": math.nan}, {"n": 4, "events": 2, "estimate": 0.5}])
def test_missing_zero_or_few_local_patients_are_not_assessable(pain: Figure, row: dict[str, Any]) -> None:
    assert verdict_on(pain, row)["verdict"] == "not assessable"


def test_change_of_means_shows_the_published_change() -> None:
    row = verdict_on(find_figure("araki_2014_pain_12m"), {"estimate": -1.9, "std_error": 0.3, "n": 40})
    assert row["published_estimate"] == pytest.approx(-2.1)
    assert row["verdict"] == "compatible but imprecise"
    assert "0.90 and 1.62" in row["reason"]


def test_published_change_that_was_not_seen_is_missing() -> None:
    row = verdict_on(find_figure("araki_2014_edss"), {"estimate": -1.0, "n": 30})
    assert math.isnan(row["published_estimate"])
    medians = replace(find_figure("ringelstein_2022_arr_aqp4"), denominator="assessed")
    assert math.isnan(
        judge(medians, {"estimate": 1.0, "n": 30}, compare_definitions(medians, {}))["published_estimate"]
    )


def test_items_of_the_gate_are_columns_of_their_own(pain: Figure) -> None:
    row = judge(pain, share(35, 50), compare_definitions(pain, {"serostatus": "mixed", "diagnosis": "nmosd"}))
    assert row["gate_same"] == "construct, denominator, time_frame, diagnosis"
    assert row["gate_different"] == ""
    assert row["gate_unknown"] == "instrument, phase, serostatus, care_level"


def test_reason_names_what_is_not_the_same(chronic: Figure) -> None:
    gate = compare_definitions(replace(chronic, care_level="survey"), {"care_level": "specialist_clinic"})
    reason = judge(chronic, share(38, 50), gate)["reason"]
    assert "not the same: care level (published survey, here specialist clinic)" in reason


def test_reweighted_share_is_judged_with_its_own_error(chronic: Figure) -> None:
    row = {"estimate": 0.60, "conf_low": 0.50, "conf_high": 0.70, "std_error": 0.05, "n": 120}
    found = verdict_on(chronic, row)
    assert found["verdict"] == "different"
    assert found["local_n"] == 120
    assert "tested on the logit scale" in found["reason"]
    # the effective number of patients is 0.6 * 0.4 / 0.05^2 = 96
    assert found["smallest_detectable"] == pytest.approx(
        verdict_on(chronic, share(58, 96))["smallest_detectable"], abs=0.015
    )


def test_ratios_are_told_as_factors() -> None:
    figure = find_figure("zhang_2022_or_depression_np_vs_other_pain")
    row = {"estimate": 2.0, "conf_low": 1.0, "conf_high": 4.0, "n": 100}
    found = verdict_on(figure, row)
    low, middle, high = (math.exp(found[name]) for name in ("difference_low", "difference", "difference_high"))
    assert (round(low, 2), round(middle, 2), round(high, 2)) == (0.13, 0.48, 1.75)
    # 2.80 standard errors of 0.6585
    assert found["smallest_detectable"] == pytest.approx(1.845, abs=0.002)
    assert "a truth here a factor of 6.33 lower or higher;" in found["reason"]


def test_reason_says_where_nothing_could_have_been_seen(pain: Figure) -> None:
    tiny = verdict_on(printed(pain, 2, 3), share(3, 5))
    assert "Power below 80 % whatever the truth here; no value" in tiny["reason"]
    assert math.isnan(tiny["smallest_detectable"])
    near_all = verdict_on(printed(pain, 48, 50), share(20, 25))
    assert near_all["reason"].rstrip(".").split("; no value")[0].endswith("points lower alone")


def group_of(cohorts: str, n: list[int], events: list[int]) -> pd.DataFrame:
    """Return published shares of one pool group, one a letter of its cohort."""
    size = len(cohorts)
    rows = published_figures().head(size).assign(pool_group="a", measure="proportion", derived=False)
    return rows.assign(overlap_group=list(cohorts), n=n, events=events, figure=[f"f{i}" for i in range(size)])


def test_largest_figure_of_an_overlap_group_is_the_one_pooled() -> None:
    pooled = pool_groups(group_of("vwxyzz", [50, 60, 70, 80, 90, 10], [20, 30, 28, 44, 50, 1]))["a"]
    assert (pooled.k, pooled.n) == (5, 350)


def test_empty_studies_are_not_pooled() -> None:
    assert pool_groups(group_of("vwxyz", [50, 60, 70, 80, 0], [20, 30, 28, 44, 0])) == {}


def test_p_values_are_adjusted_over_the_family(pain: Figure, chronic: Figure) -> None:
    one, other = (
        (pain, share(32, 60), compare_definitions(pain, {})),
        (
            chronic,
            share(30, 50),
            compare_definitions(chronic, {}),
        ),
    )
    blocked = find_figure("xue_np_among_pain")
    third = (blocked, share(60, 100), compare_definitions(blocked, {"denominator": "assessed"}))
    table = judge_all([one, third, other])
    assert list(table.columns) == list(VERDICT_COLUMNS)
    assert table["local_n"].tolist() == [60, 100, 50]
    p_values = table["p_value"].to_numpy()
    smaller, larger = sorted(p_values[[0, 2]])
    # Holm: the smaller of two times 2, the larger at least as much; the one not tested does not count.
    assert sorted(table["p_adjusted"].dropna()) == pytest.approx([2 * smaller, max(2 * smaller, larger)])
    assert math.isnan(p_values[1])


def test_family_can_turn_a_lone_difference_into_none(chronic: Figure) -> None:
    gate = compare_definitions(chronic, {})
    lone = judge_all([(chronic, share(30, 50), gate)])
    assert lone["verdict"].tolist() == ["different"]
    many = judge_all([(chronic, share(30, 50), gate), *[(chronic, share(38, 50), gate)] * 4])
    assert many["verdict"].tolist() == ["compatible but imprecise"] * 5
    assert "alone does not hold over the family" in many["reason"][0]


def test_reason_says_that_the_time_frame_was_not_stated() -> None:
    assert "does not state the time frame" in verdict_on(find_figure("kanamori_2011_pain"), share(40, 50))["reason"]
    assert "time frame" not in verdict_on(find_figure("qian_2012_pain_current"), share(40, 50))["reason"]


def test_pools_take_one_figure_of_each_overlap_group() -> None:
    pools = pool_groups(published_figures())
    # Kanamori, Qian, Zhang, Asseyer 2018, Valerio, Tong
    assert pools["any_pain_current"].k == 6
    # Sun, Liu, one of two Shanghai papers, Kim, Usmani
    assert pools["tonic_spasm_all"].k == 5
    # Ayzenberg and Chavarro share Berlin patients, so two groups remain: too few
    assert "depression_moderate_severe_all" not in pools
    assert "any_pain_chronic" not in pools


def test_pool_agrees_with_the_evidence() -> None:
    # 72 % (59 to 82), prediction 27 to 95, unadjusted in the evidence; here by the counts, as one study has
    # fewer than five patients without pain
    pooled = pool_groups(published_figures())["any_pain_current"]
    assert pooled.estimate == pytest.approx(0.72, abs=0.02)
    assert pooled.prediction_low < 0.59 < 0.82 < pooled.prediction_high
    assert pooled.tau2 > 0
    assert "fewer than 5 events or patients without in 1 of 6 studies" in pooled.method


def test_pooling_needs_its_columns() -> None:
    with pytest.raises(ValueError, match="figures has no column figure, paper, overlap_group"):
        pool_groups(pd.DataFrame({"pool_group": ["a"], "measure": ["proportion"], "n": [5]}))


@pytest.mark.parametrize(("truth", "local_n", "published_n"), [(0.75, 100, 145), (0.85, 60, 166)])
def test_one_truth_is_rarely_called_different(truth: float, local_n: int, published_n: int, pain: Figure) -> None:
    rng = np.random.default_rng(20240501)
    gate = compare_definitions(pain, {})
    draws = list(zip(rng.binomial(local_n, truth, 1000), rng.binomial(published_n, truth, 1000), strict=True))
    verdicts = {
        (ours, theirs): judge(printed(pain, int(theirs), published_n), share(int(ours), local_n), gate)["verdict"]
        for ours, theirs in set(draws)
    }
    alarms = sum(verdicts[draw] == "different" for draw in draws)
    # 5 % and two Monte Carlo standard errors of 0.69 points
    assert 0.02 <= alarms / 1000 <= 0.0638


@pytest.mark.parametrize("side", ["down", "up"])
def test_printed_smallest_difference_is_found_four_times_in_five(pain: Figure, side: str) -> None:
    gate, truth, n = compare_definitions(pain, {}), 79 / 122, 100
    gap = judge(printed(pain, 79, 122), share(55, n), gate)[f"detectable_{side}"]
    here = truth - gap if side == "down" else truth + gap
    rng = np.random.default_rng(20240502)
    draws = zip(rng.binomial(n, here, 4000).tolist(), rng.binomial(122, truth, 4000).tolist(), strict=True)
    found = np.mean([proportion_difference(ours, n, theirs, 122).p_value < 0.05 for ours, theirs in draws])
    # three Monte Carlo standard errors of 0.63 points
    assert found == pytest.approx(0.80, abs=0.019)


def test_registries_of_one_truth_raise_false_alarms_over_a_family_at_most_one_in_twenty(pain: Figure) -> None:
    rng = np.random.default_rng(20240503)
    gate, runs, family = compare_definitions(pain, {}), 50, 5
    alarms = 0
    for _ in range(runs):
        comparisons = [
            (printed(pain, int(rng.binomial(145, 0.7)), 145), share(int(rng.binomial(100, 0.7)), 100), gate)
            for _ in range(family)
        ]
        alarms += int(judge_all(comparisons, spread={})["verdict"].eq("different").any())
    # 5 % and two Monte Carlo standard errors of 3.1 points
    assert alarms / runs <= 0.112


def test_family_is_named_beside_what_was_adjusted_over_it(pain: Figure, chronic: Figure) -> None:
    pairs = [(pain, share(20, 60)), (chronic, share(60, 100)), (pain, share(33, 50))]
    comparisons = [(figure, row, compare_definitions(figure, {})) for figure, row in pairs]
    far, near, alike = judge_all(comparisons, spread={})["reason"]
    assert far.startswith("Adjusted p below 0.0001 over 3 comparisons")
    # 125 of 166 against 60 of 100: Fisher's mid-p 0.0112 (score 0.0086), twice that among the two that are left
    assert "Adjusted p 0.022 over 3 comparisons" in near
    assert "No significant difference (adjusted p 0.96)" in alike
    assert all("before adjustment" in reason for reason in (far, near, alike))
    single = verdict_on(pain, share(20, 60))["reason"]
    assert single.startswith("P below 0.0001; ")
    assert "alone" not in single


def test_a_significant_difference_within_the_margin_is_consistent_and_says_so(chronic: Figure) -> None:
    # 75 % against 72 %, ten thousand on either side
    row = verdict_on(printed(chronic, 7500, 10_000), share(7200, 10_000))
    assert row["p_value"] < 0.05
    assert row["verdict"] == "consistent"
    assert (
        "within the margin of 10 points, though the difference itself is not chance (p below 0.0001)" in row["reason"]
    )


def test_reason_says_that_printed_numbers_contradict_each_other(pain: Figure) -> None:
    assert "the printed interval is impossible for these counts" in verdict_on(pain, share(35, 50))["reason"]


def test_spread_tells_how_many_studies_counted_other_patients() -> None:
    figure = find_figure("shanghai_2020_tonic_spasm")
    row = verdict_on(figure, share(26, 120), spread=pool_groups(published_figures()))
    assert row["verdict"] == "different, within between-study spread"
    # Sun counted those assessed, the other four all diagnosed
    assert "that 5 studies predict (1 of them with another denominator)" in row["reason"]
    elsewhere = replace(figure, pool_group="no_such_group")
    spread = {"no_such_group": pool_groups(published_figures())["tonic_spasm_all"]}
    assert "that 5 studies predict; the paper" in verdict_on(elsewhere, share(26, 120), spread=spread)["reason"]


ODD_NUMBERS = (0, 1, 0.5, -0.3, 1.2, 5.0, math.nan, None, pd.NA, np.int64(1), np.float32(0.5), math.inf, "x")
ODD_SIZES = (0, 1, 5, np.int64(50), pd.NA, -3, 20.7)
ODD_ROWS = [
    {"estimate": estimate, "n": n, "events": events, "conf_low": low, "conf_high": high, "std_error": error}
    for place, estimate in enumerate(ODD_NUMBERS)
    for n in ODD_SIZES
    for events, low, high, error in (
        (None, math.nan, math.nan, 0.1),
        ((0, 25, 60, -1, np.int64(50))[place % 5], 0.2, 0.8, None),
        (pd.NA, 0.0, math.inf, 0.0),
    )
]
ONE_OF_EACH = (
    "zhang_2022_np_all", "akrivaki_2026_np", "chavarro_2016_r_np_depression", "araki_2014_arr_after",
    "zhang_2022_or_depression_np_vs_no_pain", "argentina_2022_bodily_pain", "araki_2014_pain_6m",
    "tackley_2017_beta_thoracic", "ringelstein_2015_pain_baseline",
)  # fmt: skip


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_odd_local_rows_give_a_verdict_with_a_reason_and_no_silent_gap(name: str) -> None:
    figure = find_figure(name)
    gate = replace(compare_definitions(figure, {}), comparable=True, reason="")
    for local in ODD_ROWS[::2]:
        row = judge(figure, local, gate)
        assert row["verdict"] in VERDICTS
        assert row["reason"].endswith(".")
        assert not {"nan", "inf", "None"} & set(row["reason"].replace(",", " ").split())
        if row["verdict"] == "not assessable":
            continue
        assert row["difference_low"] <= row["difference"] <= row["difference_high"]
        assert 0 <= row["p_value"] <= 1
        assert row["verdict"] != "consistent" or row["can_show_equality"]
