"""Each treatment entry that was read stands in the catalogue, with the numbers that were printed."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from nmosd_cohort.literature.catalogue import find_figure, published_figures, read_catalogue

ROWS: list[dict[str, str]] = list(
    csv.DictReader((Path(__file__).parent / "entries_treatment.csv").read_text(encoding="utf-8").splitlines())
)

# 68 were read; the other 10 are of papers on how common pain is, listed with their figures elsewhere.
ENTRIES = 58

# Typed by hand from what was read: figure, moment, mean, SD, median, quartiles, range.
MOMENTS: list[tuple[str, str, dict[str, float]]] = [
    ("araki_2013_pain", "baseline", {"mean": 4}),
    ("araki_2013_pain", "follow_up", {"mean": 0}),
    ("araki_2014_pain_12m", "baseline", {"mean": 3.0, "sd": 1.5}),
    ("araki_2014_pain_12m", "follow_up", {"mean": 0.9, "sd": 1.2}),
    ("araki_2014_pain_6m", "baseline", {"mean": 3.0, "sd": 1.5}),
    ("araki_2014_pain_6m", "follow_up", {"mean": 1.3, "sd": 1.3}),
    ("tocilizumab_n19_pain", "baseline", {"mean": 3.2, "sd": 2.2}),
    ("tocilizumab_n19_pain", "follow_up", {"mean": 1.7, "sd": 2.6}),
    ("ringelstein_2022_arr_aqp4", "baseline", {"median": 1.5, "minimum": 0, "maximum": 5}),
    ("ringelstein_2022_arr_aqp4", "follow_up", {"median": 0, "minimum": 0, "maximum": 4.2}),
    ("ringelstein_2022_arr_mog", "baseline", {"median": 1.75, "minimum": 0.5, "maximum": 5}),
    ("ringelstein_2022_arr_mog", "follow_up", {"median": 0, "minimum": 0, "maximum": 0.9}),
    ("ringelstein_2022_arr_seronegative", "baseline", {"median": 3.0, "minimum": 1.0, "maximum": 3.0}),
    ("ringelstein_2022_arr_seronegative", "follow_up", {"median": 0.2, "minimum": 0, "maximum": 2.0}),
    ("ayzenberg_2013_arr", "baseline", {"median": 3.0, "minimum": 2.3, "maximum": 3.0}),
    ("ayzenberg_2013_arr", "follow_up", {"median": 0.6, "minimum": 0, "maximum": 1.3}),
    ("ayzenberg_2013_edss", "baseline", {"median": 5.0, "minimum": 4.5, "maximum": 7.0}),
    ("ayzenberg_2013_edss", "follow_up", {"median": 6.5, "minimum": 5.0, "maximum": 7.0}),
    ("mog_optic_neuritis_2024_arr", "baseline", {"median": 1.9, "minimum": 0.4, "maximum": 3.5}),
    ("mog_optic_neuritis_2024_arr", "follow_up", {"median": 0.0, "minimum": 0, "maximum": 4.0}),
    ("ongphichetmetha_2024_edss", "baseline", {"median": 4.5, "quartile_1": 3.0, "quartile_3": 6.0}),
    ("ongphichetmetha_2024_edss", "follow_up", {"median": 4.0, "quartile_1": 2.0, "quartile_3": 5.5}),
    ("ongphichetmetha_2024_arr", "baseline", {"median": 0.92, "quartile_1": 0.68, "quartile_3": 1.78}),
    ("ongphichetmetha_2024_arr", "follow_up", {"median": 0, "quartile_1": 0, "quartile_3": 0.17}),
    ("huang_2018_sf_mpq", "baseline", {"median": 17, "minimum": 0, "maximum": 35}),
    ("huang_2018_sf_mpq", "follow_up", {"median": 11, "minimum": 0, "maximum": 34}),
    ("huang_2018_edss", "baseline", {"median": 4}),
    ("huang_2018_edss", "follow_up", {"median": 3}),
    ("huang_2018_arr", "baseline", {"median": 1.02}),
    ("huang_2018_arr", "follow_up", {"median": 0}),
    ("eculizumab_2026_edss", "baseline", {"mean": 4.2}),
    ("eculizumab_2026_edss", "follow_up", {"mean": 3.6}),
    ("burt_2019_edss", "baseline", {"mean": 4.4}),
    ("burt_2019_edss", "follow_up", {"mean": 3.3}),
    ("mealy_2020_pain", "baseline", {"median": 5.0}),
    ("mealy_2020_pain", "follow_up", {"median": 1.5}),
    ("yang_2022_pain", "baseline", {"minimum": 7, "maximum": 8}),
    ("yang_2022_pain", "follow_up", {"minimum": 2, "maximum": 3}),
    ("hayashi_2025_amitriptyline_pain", "baseline", {"minimum": 7, "maximum": 8}),
    ("hayashi_2025_amitriptyline_pain", "follow_up", {}),
    ("hayashi_2025_prednisolone_dose", "baseline", {"mean": 40}),
    ("hayashi_2025_prednisolone_dose", "follow_up", {"mean": 5}),
    ("maillart_2020_edss", "baseline", {"mean": 3}),
    ("maillart_2020_edss", "follow_up", {"mean": 3}),
    ("maillart_2020_attacks", "baseline", {"mean": 9}),
    ("maillart_2020_attacks", "follow_up", {"mean": 0}),
]

# Figure, limits and p as printed.
LIMITS: list[tuple[str, float | None, float | None, str | None]] = [
    ("du_2021_relapse_hr", 0.06, 0.76, "0.017"),
    ("du_2021_arr", None, None, "0.013"),
    ("meta_il6_2021_edss", -1.89, -0.31, "0.16"),
    ("meta_il6_2021_arr", -2.71, -1.68, "<0.001"),
    ("meta_tocilizumab_2023_edss", -1.04, -0.58, None),
    ("meta_tocilizumab_2023_arr", -1.6, -1.09, None),
    ("meta_il6_2024_edss", -0.41, 0.05, "0.93"),
    ("meta_il6_2024_arr", -1.54, -0.03, "0.04"),
    ("meta_il6_2024_relapse_hr", 0.23, 0.55, "<0.00001"),
    ("yamamura_2019_relapse_hr", 0.16, 0.88, "0.0184"),
    ("yamamura_2019_relapse_hr_aqp4", 0.06, 0.75, None),
    ("yamamura_2019_relapse_hr_seronegative", 0.2, 2.24, None),
    ("yamamura_2019_arr_satralizumab", 0.05, 0.21, None),
    ("yamamura_2019_arr_placebo", 0.19, 0.51, None),
    ("fujihara_2025_arr_before", 0.342, 0.58, None),
    ("fujihara_2025_arr_after", 0.026, 0.183, None),
    ("fujihara_2025_relapse_free", 91.2, 98.7, None),
    ("marignier_2021_progression_hr", 0.148, 0.952, "0.0390"),
    ("pittock_2023_risk_reduction", 89.7, 100.0, "<0.0001"),
    ("pittock_2023_arr_placebo", 0.27, 0.66, None),
    ("pittock_2023_walking", None, None, "0.023"),
    ("araki_2014_pain_12m", None, None, "<0.05"),
    ("araki_2014_arr_after", None, None, "<0.005"),
    ("ringelstein_2015_pain_follow_up", None, None, "0.02"),
    ("ringelstein_2022_arr_mog", None, None, "0.0011"),
    ("huang_2018_sf_mpq", None, None, "<0.0001"),
    ("burt_2019_edss", None, None, "<0.01"),
]

# Figure and the level that the review gives.
LEVELS = {
    "araki_2014_pain_12m": 4,
    "tocilizumab_n19_pain": 4,
    "ringelstein_2015_pain_baseline": 4,
    "ringelstein_2022_pain": 4,
    "yamamura_2019_pain": 2,
    "traboulsee_2020_pain": 2,
    "pittock_2019_edss": 2,
    "pittock_2019_eq_vas": 2,
    "aktas_2025_bodily_pain": 3,
    "huang_2018_sf_mpq": 3,
    "vishnevetsky_2024_pain": 3,
    "mealy_2020_pain": 3,
    "qin_2023_relapse_free": 4,
    "muscle_relaxants_tonic_spasm": 3,
    "opioids_pain": 4,
}


def number(text: str) -> float | None:
    return float(text) if text else None


def test_entries_are_complete_and_each_row_stands_once() -> None:
    pairs = [(row["entry"], row["figure"]) for row in ROWS]
    assert len({entry for entry, _ in pairs}) == ENTRIES
    assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['entry']}-{row['figure']}" for row in ROWS])
def test_printed_numbers_are_those_of_the_catalogue(row: dict[str, str]) -> None:
    numbers = find_figure(row["figure"]).numbers
    same = (number(row["n"]), number(row["estimate"])) == (numbers.n, numbers.estimate)
    assert same != bool(row["remark"])  # a remark stands where they differ, and only there


@pytest.mark.parametrize(("figure_id", "moment", "printed"), MOMENTS)
def test_scores_before_and_after_are_as_printed(figure_id: str, moment: str, printed: dict[str, float]) -> None:
    assert filled(getattr(find_figure(figure_id).numbers, moment)) == printed


@pytest.mark.parametrize(("figure_id", "low", "high", "p"), LIMITS)
def test_limits_and_p_are_as_printed(figure_id: str, low: float | None, high: float | None, p: str | None) -> None:
    numbers = find_figure(figure_id).numbers
    assert (numbers.conf_low, numbers.conf_high, numbers.p) == (low, high, p)


@pytest.mark.parametrize(("figure_id", "level"), LEVELS.items())
def test_level_of_evidence_is_the_reviews_own(figure_id: str, level: int) -> None:
    assert find_figure(figure_id).oxford_level == level


def test_arms_are_kept_apart() -> None:
    arms = find_figure("du_2021_arr").numbers.groups
    assert [(arm.n, arm.mean, arm.sd) for arm in arms] == [(19, 0.1, 0.2), (22, 0.5, 0.6)]
    arms = find_figure("yamamura_2019_relapse_hr").numbers.groups
    assert [(arm.n, arm.events, arm.percent) for arm in arms] == [(41, 8, 20), (42, 18, 43)]
    arms = find_figure("pittock_2023_walking").numbers.groups
    assert [(arm.n, arm.events) for arm in arms] == [(58, 2), (47, 11)]
    arms = find_figure("kim_2012_tonic_spasm").numbers.groups
    assert [(arm.n, arm.events, arm.percent) for arm in arms] == [(40, 10, 25.0), (35, 1, 2.9), (41, 1, 2.4)]
    arms = find_figure("vishnevetsky_2024_pain").numbers.groups
    assert [arm.n for arm in arms] == [19, 21]  # 23 less 4 and 23 less 2 who left


def test_counts_behind_percentages() -> None:
    counts = {
        "ringelstein_2022_relapse_free": 34,  # 20 + 11 + 3
        "qin_2023_relapse_free": 11,
        "toulouse_series_relapse_free": 7,
        "huang_2018_less_pain": 65,
        "aktas_2025_pain_among_low_physical": 32,
        "eculizumab_2026_relapse_free": 37,
        "pittock_2023_attacks": 0,
        "pittock_2023_attacks_placebo": 20,
    }
    assert {name: find_figure(name).numbers.events for name in counts} == counts


def test_pain_scores_carry_the_scale_that_the_checks_need() -> None:
    scales = {"NRS": (0, 10, 1), "EDSS": (0, 10, 0.5)}
    for figure in of_these_papers():
        numbers = figure.numbers
        if figure.instrument in scales and numbers.scale is not None:
            assert (numbers.scale.minimum, numbers.scale.maximum, numbers.scale.step) == scales[figure.instrument]
    araki = find_figure("araki_2014_pain_12m").numbers
    assert (araki.n, araki.spread) == (7, "not stated")
    assert find_figure("traboulsee_2020_baseline_pain").numbers.spread == "sd"


def test_reports_on_the_same_patients_share_an_overlap_group() -> None:
    groups = published_figures().set_index("figure")["overlap_group"]
    same = [
        ("araki_2013_pain", "araki_2014_pain_6m", "tocilizumab_n19_pain", "jrcts031180152_arr_after"),
        ("ringelstein_2015_pain_baseline", "ringelstein_2022_pain"),
        ("aktas_2025_bodily_pain", "marignier_2021_progression_hr"),
        ("pittock_2019_edss", "pittock_2023_attacks_placebo"),
    ]
    for figures in same:
        assert len({groups[name] for name in figures}) == 1


def test_who_was_studied_is_given_where_it_was_printed() -> None:
    tables = {paper.key: {row.variable: row for row in paper.table_1} for paper in read_catalogue()}
    star = tables["traboulsee_2020"]
    assert (star["edss"].mean, star["edss"].sd, star["female"].events, star["female"].n) == (3.9, 1.5, 46, 63)
    assert (tables["araki_2014"]["female"].events, tables["araki_2014"]["aqp4_positive"].events) == (6, 7)
    assert (tables["qin_2023"]["age_years"].median, tables["fujihara_2025"]["age_years"].mean) == (49.5, 51.1)


def test_ranges_that_the_case_report_quotes() -> None:
    ranges = {"hayashi_2025_tonic_spasm_range": (22.61, 26.66), "hayashi_2025_np_range": (41.6, 90.9)}
    for name, limits in ranges.items():
        figure = find_figure(name)
        assert figure.measure == "share_range"
        assert (figure.numbers.minimum, figure.numbers.maximum) == limits


def of_these_papers() -> Iterable[Any]:
    keys = {find_figure(row["figure"]).paper for row in ROWS}
    return (figure for paper in read_catalogue() if paper.key in keys for figure in paper.figures)


def filled(moment: Any) -> dict[str, float]:
    names = ("mean", "sd", "sem", "median", "quartile_1", "quartile_3", "minimum", "maximum")
    return {name: value for name in names if (value := getattr(moment, name)) is not None}
