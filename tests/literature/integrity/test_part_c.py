"""What is known to be wrong, or right, in the sources: each case is found again from the printed numbers."""

import pytest

from nmosd_cohort.literature.catalogue import read_catalogue
from nmosd_cohort.literature.integrity.catalogue_checks import COLUMNS, check_figures
from nmosd_cohort.literature.integrity.figure_checks import check_figure
from nmosd_cohort.literature.integrity.paired import correlation_needed
from nmosd_cohort.literature.integrity.percentages import check_percentage, fitting_counts, fitting_denominators
from nmosd_cohort.literature.integrity.spread import sd_or_sem

CHECKS = check_figures()
VERDICTS = {figure.id: figure.integrity.verdict for paper in read_catalogue() for figure in paper.figures}


def rows(figure: str, check: str) -> list[tuple[str, str, str]]:
    found = CHECKS[(CHECKS.figure == figure) & (CHECKS.check == check)]
    return list(found[["status", "printed", "recomputed"]].itertuples(index=False, name=None))


def statuses(figure: str) -> set[str]:
    return set(CHECKS[CHECKS.figure == figure].status)


def test_zhang_limits_of_current_pain() -> None:
    assert rows("zhang_2022_pain_current", "limits of a share") == [
        ("inconsistent", "39.9 to 92.9", "57.6 to 74.2 (Wilson)")
    ]
    for figure in ("zhang_2022_np_all", "zhang_2022_depression"):
        assert rows(figure, "limits of a share")[0][0] == "consistent"


def test_ayzenberg_neuropathic_pain_is_no_share_of_125() -> None:
    assert list(fitting_counts("65.9", 125)) == []
    assert "inconsistent" in statuses("ayzenberg_2021_np_among_pain")
    assert ("inconsistent", "65.9 % of 125", "no count") in rows(
        "ayzenberg_2021_np_among_pain", "percentage, those with chronic pain, whom the abstract names"
    )
    assert "81/123" in check_percentage("65.9", 125).detail


def test_xue_117_is_the_denominator_of_two_sites() -> None:
    assert rows("xue_pain_two_sites", "quoted count") == [("informative", "60.7 % (117)", "71 of 117")]
    # it is the review that is wrong, not the paper
    assert "inconsistent" not in statuses("xue_pain_two_sites")
    assert rows("chai_review_pain_two_sites", "percentage")[0][0] == "inconsistent"
    assert list(fitting_denominators("60.7", 117)) == []
    assert check_percentage("60.7", 117, events=71).status == "consistent"


def test_xue_neuropathic_pain_is_a_share_of_117_not_145() -> None:
    assert rows("xue_np_among_pain", "denominator of the paper") == [
        ("informative", "79.5 % of 117, not of 145", "93 of 117")
    ]


def test_araki_prints_an_sd() -> None:
    assert rows("araki_2014_pain_12m", "SD or SEM, after")[0][0::2] == ("informative", "SD")
    assert sd_or_sem("0.9", "1.2", 7, 0, 10, stated="sem").status == "inconsistent"


def test_least_correlations_of_the_tocilizumab_series() -> None:
    assert rows("araki_2014_pain_12m", "correlation before and after")[0][0] == "consistent"
    assert "above -0.407" in rows("araki_2014_pain_12m", "correlation before and after")[0][2]
    assert round(correlation_needed(3.2, 2.2, 1.7, 2.6, 19, 0.05).at_printed, 2) == 0.17


def test_tonic_spasms_have_two_upper_ends() -> None:
    # 43.79 % is 67 of 153, a figure of the catalogue; 26.66 % is none
    expected = [("informative", "22.61 to 43.79 %", "22.61 to 26.66 %")]
    other = [("inconsistent", "22.61 to 26.66 %", "22.61 to 43.79 %")]
    assert rows("hayashi_2025_tonic_spasm_range", "quoted range") == other
    assert rows("chai_review_tonic_spasm_range", "quoted range") == expected
    found = CHECKS[CHECKS.check == "quoted range"]
    assert set(found.figure) == {"chai_review_tonic_spasm_range", "hayashi_2025_tonic_spasm_range"}
    assert found.detail.str.contains("4 of 15 gives it, and only cut off").all()


def test_chavarro_and_the_chi_squares_of_sun_reproduce() -> None:
    assert statuses("chavarro_2016_r_np_depression") == {"consistent"}
    for figure in ("sun_2017_pain", "sun_2017_tonic_spasm", "sun_2017_modsev_pain"):
        for check in ("chi-square and counts", "p and statistic", "p and counts"):
            assert rows(figure, check)[0][0] == "consistent", figure


def test_pooled_edss_of_two_reviews() -> None:
    assert rows("meta_il6_2021_edss", "p and limits")[0][0] == "inconsistent"
    assert rows("meta_il6_2021_edss", "symmetry of limits")[0][0] == "informative"
    assert rows("meta_il6_2021_arr", "symmetry of limits")[0][0] == "inconsistent"
    # z of 0.18 / (0.46 / 3.92) is 1.534, p 0.125
    assert rows("meta_il6_2024_edss", "p and limits")[0][::2] == ("inconsistent", "p 0.0977 to 0.153")


def test_zhang_odds_ratio_is_sparse_but_symmetric() -> None:
    assert rows("zhang_2022_or_spinal_onset", "log symmetry of limits")[0][0] == "consistent"
    assert rows("zhang_2022_or_spinal_onset", "sparse data")[0][0] == "informative"
    assert rows("zhang_2022_or_spinal_onset", "p and limits")[0][0] == "consistent"


@pytest.mark.parametrize(
    ("figure", "events"),
    [("qian_2012_pain_current", 25), ("qian_2012_pain_ms", 27), ("xue_pain_all", 117), ("li_2022_np", 37)],
)
def test_counts_that_fit(figure: str, events: int) -> None:
    [(status, printed, _)] = rows(figure, "percentage")
    assert (status, printed.startswith(f"{events}/")) == ("consistent", True)


def test_one_row_a_figure_and_check() -> None:
    assert tuple(CHECKS.columns) == COLUMNS
    assert set(CHECKS.figure) == set(VERDICTS)
    assert not CHECKS.duplicated(["figure", "check", "detail"]).any()
    assert not CHECKS.isna().any().any()
    one = read_catalogue()[:1]
    assert set(check_figures(one).paper) == {one[0].key}


def test_a_figure_called_consistent_has_no_inconsistent_number() -> None:
    own = {figure.id: check_figure(figure) for paper in read_catalogue() for figure in paper.figures}
    wrong = [
        (figure, check)
        for figure, checks in own.items()
        for check in checks
        if VERDICTS[figure] == "consistent" and check.status == "inconsistent"
    ]
    assert wrong == []


def test_a_figure_called_inconsistent_has_an_inconsistent_number() -> None:
    called = {figure for figure, verdict in VERDICTS.items() if verdict == "inconsistent"}
    computed = set(CHECKS[CHECKS.status == "inconsistent"].figure)
    assert called - computed == set()
