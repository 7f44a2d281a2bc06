"""Every entry of the epidemiology literature has its figure, with the numbers that were written down for it.

``entries_epidemiology.csv`` was taken from the entries, not from the catalogue: n, events and estimate are as
printed. A remark names the rows that the catalogue holds otherwise, and why.
"""

import math
import re
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from nmosd_cohort.literature.catalogue import find_figure, published_figures, read_catalogue
from nmosd_cohort.literature.figure import Characteristic, Paper
from nmosd_cohort.literature.integrity.percentages import printed_percentages

ENTRIES = pd.read_csv(Path(__file__).parent / "entries_epidemiology.csv", dtype={"remark": str}).fillna({"remark": ""})
OF_TREATMENT = {
    "chavarro2016_antidepressant_nonresponse",
    "chavarro2016_antidepressant_use",
    "chavarro2016_depression_pain_r",
    "huashan2020_pts",
    "kim2012_pts",
    "liu2017_pts_na_channel_vs_gabapentin",
    "liu2017_pts_prevalence",
    "pumch_analgesic_use",
    "pumch_antidepressant_use",
    "qian2012_pain_free_on_medication",
    "xue_anticonvulsant_np_response",
    "zhang2022_pain_prevalence",
}
ROWS = list(ENTRIES.itertuples(index=False, name=None))
LINES = [(paper, line) for paper in read_catalogue() for line in paper.table_1]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _prints_as(percentage: float, printed: float) -> bool:
    """Whether a percentage may be printed so: rounded or cut off at the decimals that are seen to be kept."""
    decimals = len(f"{printed:g}".partition(".")[2])
    return -0.5 <= (percentage - printed) * 10**decimals < 1


def _paper(key: str) -> Paper:
    return next(paper for paper in read_catalogue() if paper.key == key)


def _line(key: str, variable: str) -> Characteristic:
    return next(line for line in _paper(key).table_1 if line.variable == variable)


def test_there_are_143_entries_and_those_of_treatment_that_the_same_papers_hold() -> None:
    names = set(ENTRIES["entry"])
    assert names >= OF_TREATMENT
    assert len(names - OF_TREATMENT) == 143
    assert not ENTRIES.duplicated(["entry", "figure"]).any()


@pytest.mark.parametrize(("entry", "figure", "n", "events", "estimate", "remark"), ROWS)
def test_figure_holds_the_numbers_of_its_entry(
    entry: str, figure: str, n: float, events: float, estimate: float, remark: str
) -> None:
    numbers = find_figure(figure).numbers
    same = [numbers.n, numbers.events, numbers.estimate] == [_number(n), _number(events), _number(estimate)]
    assert same == (remark == ""), f"{entry}: {numbers} beside {n}, {events}, {estimate}"


def test_a_remark_never_hides_another_estimate() -> None:
    for _, figure, _, _, estimate, remark in ROWS:
        if remark:
            assert find_figure(figure).numbers.estimate == _number(estimate)


def test_oxford_level_stands_where_the_review_gives_one() -> None:
    levels = published_figures().set_index("figure")["oxford_level"]
    assert [
        int(levels[name])
        for name in (
            "xue_anticonvulsant_np_response",
            "liu_2017_sodium_channel_blockers",
            "pumch_comorbidity_antidepressant_use",
            "chavarro_2016_antidepressant_use",
            "chavarro_2016_antidepressant_nonresponse",
        )
    ] == [3, 3, 3, 3, 3]
    assert pd.isna(levels["zhang_2022_pain_current"])


def test_two_seed_texts_give_two_upper_ends_for_tonic_spasms() -> None:
    review = find_figure("chai_review_tonic_spasm_range")
    assert review.measure == "share_range"
    assert (review.numbers.minimum, review.numbers.maximum) == (22.61, 43.79)
    assert find_figure("hayashi_2025_tonic_spasm_upper").numbers.estimate == 26.66


def test_printed_chi_square_is_that_of_the_printed_counts() -> None:
    # By hand, n (ad - bc)^2 / (row and column totals): 108 * (36*33 - 21*18)^2 / (57*51*54*54) = 8.359
    for name in ("sun_2017_pain", "sun_2017_tonic_spasm", "sun_2017_modsev_pain"):
        numbers = find_figure(name).numbers
        (a, n_1), (c, n_2) = [(group.events or 0, group.n or 0) for group in numbers.groups]
        b, d = n_1 - a, n_2 - c
        chi_square = (n_1 + n_2) * (a * d - b * c) ** 2 / (n_1 * n_2 * (a + c) * (b + d))
        assert numbers.statistic is not None
        assert chi_square == pytest.approx(numbers.statistic.value, abs=5.1e-4)


def test_groups_print_the_percentage_of_their_counts() -> None:
    checked = 0
    for paper in read_catalogue():
        for figure in paper.figures:
            if figure.integrity.verdict == "inconsistent":
                continue
            for group in figure.numbers.groups:
                if group.percent is not None and group.events is not None and group.n:
                    assert _prints_as(100 * group.events / group.n, group.percent), (figure.id, group.name)
                    checked += 1
    assert checked >= 15


@pytest.mark.parametrize(("paper", "line"), LINES, ids=[f"{paper.key}-{line.variable}" for paper, line in LINES])
def test_line_of_table_1_is_possible(paper: Paper, line: Characteristic) -> None:
    if line.events is not None:
        assert line.n is not None
        assert line.events <= line.n
        assert line.percent is None or _prints_as(100 * line.events / line.n, line.percent)
    values = [line.minimum, line.quartile_1, line.median, line.quartile_3, line.maximum]
    known = [value for value in values if value is not None]
    assert known == sorted(known)
    printed = (line.events, line.percent, line.mean, line.median, line.minimum)
    assert any(value is not None for value in printed), paper.key


def test_table_1_of_a_paper_holds_each_variable_once() -> None:
    for paper in read_catalogue():
        variables = [line.variable for line in paper.table_1]
        assert len(variables) == len(set(variables)), paper.key


# Read by hand in the tables and abstracts themselves.
CHARACTERISTICS = [
    ("papadopoulou_2019", "female", {"n": 39, "events": 36, "percent": 92.3}),
    ("papadopoulou_2019", "attacks", {"median": 3, "minimum": 1, "maximum": 22}),
    ("papadopoulou_2019", "duration_years", {"mean": 8.8, "sd": 8}),
    ("meca_lallana_2022", "edss", {"median": 3.0, "quartile_1": 1.5, "quartile_3": 4.5}),
    ("meca_lallana_2022", "age_years", {"n": 71, "mean": 47.4, "sd": 14.9}),
    ("seok_2017", "female", {"n": 35, "events": 29}),
    ("argentina_2022", "edss", {"n": 53, "mean": 3.06, "sd": 2.01}),
    ("kanamori_2011", "aqp4_positive", {"n": 37, "events": 35}),
    ("fujihara_2021", "female", {"n": 193, "events": 171, "percent": 88.6}),
    ("beekman_2019", "female", {"n": 193, "events": 171, "percent": 88.6}),
]


@pytest.mark.parametrize(("key", "variable", "printed"), CHARACTERISTICS)
def test_table_1_holds_what_was_printed(key: str, variable: str, printed: dict[str, float]) -> None:
    line = _line(key, variable)
    assert {name: getattr(line, name) for name in printed} == printed


def test_figures_of_the_cohort_itself_agree_with_table_1() -> None:
    pairs = [
        ("meca_lallana_2022_age", "age_years", "mean"),
        ("meca_lallana_2022_edss", "edss", "median"),
        ("argentina_2022_edss", "edss", "mean"),
        ("papadopoulou_2019_edss", "edss", "median"),
        ("papadopoulou_2019_attacks", "attacks", "median"),
        ("kim_2018_duration", "duration_years", "median"),
        ("laboratory_series_2011_onset_age", "onset_age_years", "mean"),
    ]
    for name, variable, statistic in pairs:
        figure = find_figure(name)
        assert getattr(_line(figure.paper, variable), statistic) == figure.numbers.estimate
        assert figure.why_not is not None


def test_care_level_is_that_of_the_design() -> None:
    levels = published_figures().drop_duplicates("paper").set_index("paper")["care_level"]
    assert levels["xue"] == levels["shanghai_2020"] == "inpatients"
    assert levels["zhang_2022"] == levels["pumch_comorbidity"] == "specialist_clinic"
    assert levels["ayzenberg_2021"] == levels["meca_lallana_2022"] == "several_clinics"
    assert levels["fujihara_2021"] == levels["liang_2025"] == "survey"
    assert levels["tian_2020"] == "population"
    assert pd.isna(levels["sun_2017"])


def test_cohorts_that_share_patients_are_one_group() -> None:
    groups = published_figures().drop_duplicates("paper").set_index("paper")["overlap_group"]
    assert len({groups[key] for key in ("ayzenberg_2021", "asseyer_2018", "asseyer_2020", "papadopoulou_2019")}) == 1
    assert groups["elsone_2013"] == groups["zhao_2013"] == groups["tackley_2017"]
    assert groups["shi_2016"] == groups["liu_2017"]
    assert groups["kim_2017"] == groups["kim_2012"]


SHARE = re.compile(r"(\d+) of (?:all |the )?(\d+)(?: \w+)? (?:is|was|gives|are|would be) (\d+(?:\.\d+)?) ?%")


def test_shares_worked_out_in_words_are_right() -> None:
    found = [
        (figure.id, match.groups())
        for paper in read_catalogue()
        for figure in paper.figures
        for text in (*figure.caveats, figure.integrity.note, figure.definition)
        for match in SHARE.finditer(text)
    ]
    assert len(found) >= 100
    for name, (events, n, percent) in found:
        decimals = len(percent.partition(".")[2])
        assert Decimal(percent) in printed_percentages(int(events), int(n), decimals), (name, events, n, percent)


@pytest.mark.parametrize(("figure_id", "period"), [("pellkofer_2013_np", "three"), ("ozdogar_2025_pain", "twelve")])
def test_pain_within_a_stated_period_is_not_set_beside_current_pain(figure_id: str, period: str) -> None:
    figure = find_figure(figure_id)
    assert figure.answers is None
    assert figure.why_not is not None
    assert period in figure.why_not
    assert figure.pool_group is not None
    # Neither current nor chronic nor ever, so the format has no word for it.
    assert figure.time_frame == "unspecified"


def test_117_patients_are_60_7_percent_of_no_whole_number() -> None:
    # Xue by the review: 117 / 0.607 = 192.8, and neither 192 nor 193 patients give 60.7 %.
    fits = [n for n in range(117, 1000) if Decimal("60.7") in printed_percentages(117, n, 1)]
    assert fits == []
    assert find_figure("chai_review_pain_two_sites").integrity.verdict == "inconsistent"
