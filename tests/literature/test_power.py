"""What a comparison can find: by hand, from R, and by simulation."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nmosd_cohort.literature.catalogue import find_figure
from nmosd_cohort.literature.differences import difference
from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.literature.power import capability, power_to_detect
from nmosd_cohort.literature.scales.difference import Difference

REFERENCE = pd.read_csv(Path(__file__).parents[1] / "reference" / "verdicts.csv").set_index(["case", "quantity"])[
    "value"
]


def with_counts(events: int, n: int) -> Figure:
    figure = find_figure("zhang_2022_pain_current")
    return replace(figure, numbers=replace(figure.numbers, events=events, n=n, estimate=None))


def share(events: int, n: int) -> dict[str, Any]:
    return {"estimate": events / n, "n": n, "events": events}


@pytest.mark.parametrize("case", ["0.5/20/0.8/30", "0.1/60/0.25/45", "0.66/50/0.81/145"])
def test_power_of_shares_agrees_with_r(case: str) -> None:
    here, n, there, m = (float(part) for part in case.split("/"))
    power = power_to_detect(with_counts(5, int(m)), share(10, int(n)), here - there, published=there)
    assert power == pytest.approx(REFERENCE[f"power {case}", "power"])


def test_power_of_a_change_agrees_with_r() -> None:
    # Araki: 7 patients. With a local error near 0 the freedom is 6; here 10 patients with a printed error of 0.5.
    figure = find_figure("araki_2014_pain_12m")
    few = replace(figure, numbers=replace(figure.numbers, n=10, estimate=-2.0, sem=0.5))
    row = {"estimate": -1.0, "std_error": 1e-9, "n": 1000}
    assert power_to_detect(few, row, 1.2) == pytest.approx(REFERENCE["t_power 2.4/9", "power"], rel=1e-6)
    assert power_to_detect(few, row, -1.2) == pytest.approx(power_to_detect(few, row, 1.2))


def test_power_of_a_ratio_agrees_with_r() -> None:
    figure = find_figure("zhang_2022_or_depression_np_vs_other_pain")
    gap = difference(figure, row := {"estimate": 2.0, "conf_low": 1.0, "conf_high": 4.0, "n": 100})
    assert isinstance(gap, Difference)
    power = power_to_detect(figure, row, 2.4 * gap.std_error)
    assert power == pytest.approx(REFERENCE["t_power 2.4/Inf", "power"], rel=1e-6)


def test_power_without_a_gap_is_the_level() -> None:
    figure = find_figure("zhang_2022_pain_current")
    assert power_to_detect(figure, share(50, 100), 0.0) == pytest.approx(0.05, abs=0.006)
    row = {"estimate": 2.0, "conf_low": 1.0, "conf_high": 4.0, "n": 100}
    assert power_to_detect(find_figure("zhang_2022_or_depression_np_vs_other_pain"), row, 0.0) == pytest.approx(0.05)
    assert power_to_detect(figure, share(50, 100), 0.3, alpha=0.01) < power_to_detect(figure, share(50, 100), 0.3)


def test_power_of_correlations_is_found_by_simulation() -> None:
    rng, runs = np.random.default_rng(20240505), 1000
    figure = find_figure("chavarro_2016_r_np_depression")
    row = {"estimate": 0.2, "n": 80, "measure": "pearson"}
    power = power_to_detect(figure, row, 0.35)
    truth = figure.numbers.estimate
    assert truth is not None
    found = 0
    for _ in range(runs):
        one, other = (
            float(np.corrcoef(rng.multivariate_normal([0, 0], [[1, r], [r, 1]], n, method="cholesky").T)[0, 1])
            for r, n in ((truth + 0.35, 80), (truth, 71))
        )
        gap = difference(replace(figure, numbers=replace(figure.numbers, estimate=other)), row | {"estimate": one})
        assert isinstance(gap, Difference)
        found += gap.p_value < 0.05
    # three Monte Carlo standard errors
    assert found / runs == pytest.approx(power, abs=3 * math.sqrt(power * (1 - power) / runs))


def test_power_on_the_logit_scale_is_near_that_of_the_counts() -> None:
    # a weighted share with the error of 200 patients
    figure = find_figure("xue_pain_all")
    weighted = {"estimate": 0.8, "std_error": math.sqrt(0.8 * 0.2 / 200), "n": 400}
    for gap in (-0.15, -0.1):
        assert power_to_detect(figure, weighted, gap) == pytest.approx(
            power_to_detect(figure, share(160, 200), gap), abs=0.03
        )


@pytest.mark.parametrize(
    ("figure", "row"),
    [
        ("xue_pain_all", {"estimate": 0.8, "n": 50, "events": 40}),
        ("xue_pain_all", {"estimate": 0.8, "n": 150, "std_error": 0.04}),
        ("akrivaki_2026_np", {"estimate": 0.5, "n": 100, "events": 50}),
        ("chavarro_2016_r_np_depression", {"estimate": 0.5, "n": 60, "measure": "spearman"}),
        ("chavarro_2016_r_np_depression", {"estimate": 0.5, "n": 60, "measure": "spearman", "std_error": 0.1}),
        ("araki_2014_pain_12m", {"estimate": -1.0, "n": 40, "std_error": 0.3}),
        ("zhang_2022_or_depression_np_vs_other_pain", {"estimate": 2.0, "conf_low": 1.0, "conf_high": 4.0, "n": 100}),
    ],
)
def test_what_is_just_detectable_has_eighty_percent_power(figure: str, row: dict[str, Any]) -> None:
    published = find_figure(figure)
    found = capability(published, row)
    for gap in (-found.detectable_down, found.detectable_up):
        if not math.isnan(gap):
            assert power_to_detect(published, row, gap) == pytest.approx(0.80, abs=1e-3)
    assert found.smallest_detectable in (found.detectable_down, found.detectable_up)


def test_no_higher_share_can_be_told_from_one_near_all() -> None:
    found = capability(with_counts(48, 50), share(20, 25))
    assert math.isnan(found.detectable_up)
    assert found.smallest_detectable == found.detectable_down < 0.4
    # a printed share of all is taken as 50.5 of 51
    assert math.isnan(capability(with_counts(50, 50), share(20, 25)).detectable_up)


def test_few_patients_see_nothing_either_way() -> None:
    found = capability(with_counts(2, 3), share(3, 5))
    assert math.isnan(found.smallest_detectable)


@pytest.mark.parametrize(("n", "expected"), [(50, False), (2000, True)])
def test_equality_is_in_reach_only_with_many_patients(n: int, expected: bool) -> None:
    events = round(0.8 * n)
    assert capability(find_figure("xue_pain_all"), share(events, n)).can_show_equality is expected
    weighted = {"estimate": 0.8, "std_error": math.sqrt(0.16 / n), "n": n}
    assert capability(find_figure("xue_pain_all"), weighted).can_show_equality is expected


def test_equality_of_correlations_and_means_is_in_reach_with_many_patients() -> None:
    figure = find_figure("chavarro_2016_r_np_depression")
    many = replace(figure, numbers=replace(figure.numbers, n=5000))
    for row in ({"n": 5000}, {"n": 5000, "std_error": 0.012}):
        assert capability(many, {"estimate": 0.5, "measure": "spearman", **row}).can_show_equality
    assert not capability(figure, {"estimate": 0.5, "n": 60, "measure": "pearson"}).can_show_equality
    # limits of correlations are skewed: 0.60 here, as there, would not do, but 0.59 does
    strong = replace(figure, numbers=replace(figure.numbers, estimate=0.6, n=71))
    row = {"estimate": 0.2, "n": 300, "measure": "pearson"}
    alike, smaller = (difference(strong, row | {"estimate": r}) for r in (0.6, 0.59))
    assert isinstance(alike, Difference)
    assert isinstance(smaller, Difference)
    assert not alike.is_within(0.15)
    assert smaller.is_within(0.15)
    assert capability(strong, row).can_show_equality
    wide = replace(find_figure("argentina_2022_bodily_pain"), margin=20.0)
    assert capability(wide, {"estimate": 90.0, "std_error": 3.0, "n": 100}).can_show_equality


def test_far_gaps_are_found_for_certain() -> None:
    row = {"estimate": -1.0, "std_error": 0.3, "n": 40}
    assert power_to_detect(find_figure("araki_2014_pain_12m"), row, 40.0) == 1.0


def test_what_cannot_be_compared_has_no_power() -> None:
    with pytest.raises(ValueError, match="cannot be compared: the published share was not seen"):
        power_to_detect(find_figure("chai_review_pain_ms"), {"estimate": 0.5, "std_error": 0.1, "n": 20}, 0.1)
    with pytest.raises(ValueError, match="cannot be compared: the local share has neither"):
        capability(find_figure("zhang_2022_np_all"), {"estimate": 0.3, "n": 50})
    with pytest.raises(ValueError, match="cannot be compared: medians"):
        power_to_detect(find_figure("ringelstein_2015_pain_baseline"), {"estimate": 5.0, "n": 50}, 1.0)
    for row, words in (({"estimate": 1.0, "n": 50}, "the local correlation"), ({"estimate": 0.1, "n": 9}, "published")):
        with pytest.raises(ValueError, match=words):
            power_to_detect(
                find_figure("beekman_2019_r_pain_qol" if "local" in words else "kong_2016_pain_qol"), row, 0.1
            )


def test_impossible_gaps_are_refused() -> None:
    with pytest.raises(ValueError, match=r"only -0.664 to 0.336 is possible"):
        power_to_detect(find_figure("zhang_2022_pain_current"), share(30, 60), 0.5)
    with pytest.raises(ValueError, match="published is for shares and correlations"):
        power_to_detect(
            find_figure("araki_2014_pain_12m"), {"estimate": -1.0, "std_error": 0.3, "n": 40}, 1.0, published=2.0
        )


@pytest.mark.parametrize(("low", "high", "n", "expected"), [(44.0, 68.0, 400, False), (47.0, 65.0, 400, True)])
def test_equality_with_a_share_known_by_its_limits_is_tried_with_whole_patients(
    low: float, high: float, n: int, expected: bool
) -> None:
    figure = find_figure("akrivaki_2026_np")
    limited = replace(figure, numbers=replace(figure.numbers, conf_low=low, conf_high=high))
    gaps = [difference(limited, share(events, n)) for events in range(n + 1)]
    assert any(isinstance(gap, Difference) and gap.is_within(0.10) for gap in gaps) is expected
    assert capability(limited, share(n // 2, n)).can_show_equality is expected
