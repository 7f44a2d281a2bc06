"""Disagreements between texts that quote the same figure, and between a paper's percentages and denominators."""

from dataclasses import replace

import pytest

from nmosd_cohort.literature.catalogue import read_catalogue
from nmosd_cohort.literature.figure import Figure, Seeds
from nmosd_cohort.literature.integrity.lineage import check_lineage, paper_denominators, quoted_counts, quoted_ranges
from nmosd_cohort.literature.numbers import Group
from tests.literature.integrity.honest_papers import figure_of


def quoted(low: float, high: float, name: str) -> Figure:
    return replace(figure_of("share_range", minimum=low, maximum=high, unit="percent"), id=name)


def share(percent: float, n: int | None, name: str = "share", **more: object) -> Figure:
    return replace(figure_of("proportion", estimate=percent, n=n, decimals=1, unit="percent"), id=name, **more)  # type: ignore[arg-type]


def test_ranges_that_share_one_end() -> None:
    found = list(quoted_ranges([quoted(22.61, 43.79, "one"), quoted(22.61, 26.66, "two"), quoted(10, 20, "three")]))
    assert [(figure.id, check.status) for figure, check in found] == [("one", "informative"), ("two", "informative")]
    # 4/15 = 26.667 % rounds to 26.67
    assert (
        "26.66 % is no rounded count of up to 500 patients: 4 of 15 gives it, and only cut off." in found[0][1].detail
    )
    assert "another upper end" in found[0][1].detail


def test_lower_ends_are_compared_too_and_equal_ranges_are_not_told() -> None:
    [(_, first), _] = quoted_ranges([quoted(10.0, 40.0, "one"), quoted(20.0, 40.0, "two")])
    assert "another lower end" in first.detail
    assert list(quoted_ranges([quoted(10, 40, "one"), quoted(10, 40, "two")])) == []


def test_an_end_is_traced_to_its_count() -> None:
    source = replace(figure_of("proportion", estimate=43.79, n=153, events=67, decimals=2), id="source")
    found = list(quoted_ranges([quoted(22.61, 43.79, "one"), quoted(22.61, 30.0, "two"), source]))
    assert "43.79 % is 67 of 153 (source)." in found[0][1].detail
    assert "30.0 % is in no figure of the catalogue." in found[0][1].detail
    # the end that a figure has is not the one to doubt
    assert [(figure.id, check.status) for figure, check in found] == [("one", "informative"), ("two", "inconsistent")]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("About 60.7 % (117 patients) with two sites.", ["informative"]),
        ("About 60.7 % (71 cases) with two sites.", ["consistent"]),
        ("About 60.7 % of 117 patients.", []),
        ("About 60.7 % (12) with two sites.", []),
        ("About half (117).", []),
    ],
)
def test_count_in_brackets(text: str, status: list[str]) -> None:
    figure = share(60.7, 117, seeds=Seeds(review=text, case_report=None))
    assert [check.status for _, check in quoted_counts([figure])] == status


def test_percentages_of_a_paper_and_its_denominators() -> None:
    xue = next(paper for paper in read_catalogue() if paper.key == "xue")
    everybody = share(80.7, 145, "all", denominator="all_diagnosed")
    pain = share(79.5, 117, "pain", denominator="with_pain")
    unknown = share(65.9, None, "unknown", denominator="with_pain")
    found = {figure.id: check for figure, check in paper_denominators(replace(xue, figures=(everybody, pain, unknown)))}
    assert set(found) == {"pain", "unknown"}
    assert (found["pain"].status, found["pain"].printed) == ("informative", "79.5 % of 117, not of 145")
    # 77/117 = 65.81, 77.1/117: 65.9 is not to be had
    assert found["unknown"].status == "informative"
    # a group that names its patients speaks for itself
    named = replace(unknown, numbers=replace(unknown.numbers, groups=(Group(name="asked", n=123),)))
    assert list(paper_denominators(replace(xue, figures=(pain, named)))) == []
    fits = share(65.8, None, "fits", denominator="with_pain")
    [(_, check)] = paper_denominators(replace(xue, figures=(share(80.3, 117, denominator="with_pain"), fits)))
    assert check.status == "consistent"


def test_large_denominators_say_nothing() -> None:
    xue = next(paper for paper in read_catalogue() if paper.key == "xue")
    large, unknown = share(50.0, 5000), share(65.9, None)
    assert list(paper_denominators(replace(xue, figures=(large, unknown)))) == []


def test_all_of_the_catalogue() -> None:
    kinds = {check.check for _, check in check_lineage(read_catalogue())}
    assert kinds == {"quoted range", "quoted count", "denominator of the paper"}
