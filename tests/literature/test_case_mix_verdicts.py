"""Verdicts before and after weighting, of registries made by hand."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd
import pytest

import nmosd_cohort as nc
from nmosd_cohort.literature.catalogue import find_figure, find_paper, published_figures
from nmosd_cohort.literature.comparability import GateOutcome
from nmosd_cohort.literature.figure import Answers, Characteristic, Figure, Paper
from nmosd_cohort.literature.reweighted import REWEIGHTED_COLUMNS, reweighted_verdicts
from nmosd_cohort.literature.verdict import judge_all, pool_groups
from nmosd_cohort.questions.case_mix_frame import local_case_mix
from nmosd_cohort.statistics.shares.proportions import proportion
from tests.conftest import registry_of

# Half of 400 patients had myelitis; 80 % of these have pain and 30 % of the others.
GROUPS = [(True, True, 160), (True, False, 40), (False, True, 60), (False, False, 140)]


@pytest.fixture(scope="module")
def registry() -> nc.Registry:
    rows = [(myelitis, pain) for myelitis, pain, n in GROUPS for _ in range(n)]
    names = [f"p{place}" for place in range(len(rows))]
    return registry_of(
        patients={
            "patient_id": names,
            "diagnosis": ["nmosd"] * len(rows),
            "sex": ["female", "male"] * (len(rows) // 2),
            "aqp4_status": ["positive", "positive", "negative", "negative"] * (len(rows) // 4),
            "had_myelitis": [myelitis for myelitis, _ in rows],
        },
        assessments={
            "patient_id": names,
            "assessment_date": ["2024-01-01"] * len(rows),
            "has_pain": [pain for _, pain in rows],
            "edss": [4.0 if myelitis else 2.0 for myelitis, _ in rows],
        },
    )


@pytest.fixture(scope="module", autouse=True)
def read_once(registry: nc.Registry) -> Iterator[None]:
    """Read the patients once a question and the pool groups once: they are the same in all these tests."""
    pools = pool_groups(published_figures())

    @cache
    def patients(**arguments: Any) -> pd.DataFrame:
        return local_case_mix(registry, **arguments)

    def of_this(given: nc.Registry, **arguments: Any) -> pd.DataFrame:
        assert given is registry
        return patients(**arguments).copy()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nmosd_cohort.literature.reweighted.local_case_mix", of_this)
        patch.setattr("nmosd_cohort.literature.verdict.pool_groups", lambda _: pools)
        yield


def line(variable: Any, **printed: Any) -> Characteristic:
    return Characteristic(variable=variable, n=printed.pop("n", 200), read="made for this test", **printed)


def figure_of(events: int, n: int, denominator: str = "assessed", **select: str) -> Figure:
    figure = find_figure("zhang_2022_pain_current")
    answers = Answers(
        question="pain_prevalence",
        arguments={"pain": "any", "time_frame": "current", "denominator": denominator},
        select={"measure": "proportion", "role": "primary", **select},
    )
    numbers = replace(figure.numbers, events=events, n=n, estimate=None)
    return replace(figure, id="made", paper="made", numbers=numbers, answers=answers, pool_group=None)


def paper_of(figure: Figure, *lines: Characteristic) -> Paper:
    return replace(find_paper("zhang_2022"), key="made", table_1=lines, figures=(figure,))


def raw_of(figure: Figure, events: int, n: int) -> pd.DataFrame:
    """Return the verdict frame for a local share."""
    share = proportion(events, n)
    row = {name: getattr(share, name) for name in ("estimate", "conf_low", "conf_high", "n", "events")}
    return judge_all([(figure, row, GateOutcome((), True, ""))])


def only(registry: nc.Registry, raw: pd.DataFrame, paper: Paper, **options: Any) -> pd.Series:
    table = reweighted_verdicts(registry, raw, [paper], **options)
    assert tuple(table.columns) == REWEIGHTED_COLUMNS
    assert len(table) == 1
    return table.iloc[0]


def test_raw_differs_and_reweighted_does_not(registry: nc.Registry) -> None:
    # 95 % with myelitis: 0.95 * 0.8 + 0.05 * 0.3 = 0.775, so 155 of 200 if patients alike have pain alike.
    figure = figure_of(155, 200)
    row = only(registry, raw_of(figure, 220, 400), paper_of(figure, line("had_myelitis", events=190)))
    assert (row["raw_estimate"], row["raw_verdict"]) == (0.55, "different")
    assert row["reweighted_estimate"] == pytest.approx(0.775)
    assert row["reweighted_verdict"] in ("consistent", "compatible but imprecise")
    assert row["reweighted_low"] < 0.775 < row["reweighted_high"]
    # Weights 1.9 and 0.1 on 200 each.
    assert row["effective_share"] == pytest.approx(400 / (200 * 1.9**2 + 200 * 0.1**2))
    assert row["effective_n"] == pytest.approx(400 * row["effective_share"])
    assert row["largest_weight"] == pytest.approx(1.9)
    assert (row["variables"], row["left_out"], row["figure"], row["paper"]) == ("had_myelitis", 0, "made", "made")
    assert row["difference"] == pytest.approx(0, abs=1e-9)
    assert row["difference_low"] < 0 < row["difference_high"]
    assert row["not_used"].endswith("attacks: the paper does not print it")


def test_another_truth_still_differs(registry: nc.Registry) -> None:
    figure = figure_of(110, 200)
    row = only(registry, raw_of(figure, 220, 400), paper_of(figure, line("had_myelitis", events=190)))
    assert row["raw_verdict"] in ("consistent", "compatible but imprecise")
    assert row["reweighted_verdict"] == "different"


def test_error_of_a_table_1_of_other_patients_is_counted(registry: nc.Registry) -> None:
    # Here 0.775, published 0.855. Logits differ by 0.537; errors 0.201 there and 0.154 here, without that of Table 1:
    # z = 2.12. The share moves by 0.5 for each unit of the target, whose variance is 0.95 * 0.05 / 20: z = 1.86.
    figure = figure_of(171, 200)
    raw = raw_of(figure, 220, 400)
    same = only(registry, raw, paper_of(figure, line("had_myelitis", events=190)))
    other = only(registry, raw, paper_of(figure, line("had_myelitis", events=19, n=20)))
    assert (same["reweighted_verdict"], other["reweighted_verdict"]) == ("different", "compatible but imprecise")
    assert same["reweighted_estimate"] == pytest.approx(other["reweighted_estimate"])
    assert "the error of Table 1 is counted" not in same["reason"]
    unknown = replace(
        figure, numbers=replace(figure.numbers, n=None, events=None, estimate=85.5, conf_low=79.9, conf_high=89.7)
    )
    row = only(registry, raw.assign(figure=unknown.id), paper_of(unknown, line("had_myelitis", events=190)))
    assert "the figure of an unknown number" in row["reason"]


def test_family_is_that_of_the_figures_reweighted(registry: nc.Registry) -> None:
    # z = 2.12, p = 0.034: different alone, and not among two such figures.
    one = figure_of(171, 200)
    two = replace(one, id="other")
    paper = replace(paper_of(one, line("had_myelitis", events=190)), figures=(one, two))
    raw = raw_of(one, 220, 400)
    table = reweighted_verdicts(registry, pd.concat([raw, raw.assign(figure="other")]), [paper])
    assert table["reweighted_verdict"].tolist() == ["compatible but imprecise"] * 2


def test_too_little_left_is_not_assessable(registry: nc.Registry) -> None:
    figure = figure_of(155, 200)
    paper = paper_of(figure, line("had_myelitis", events=190))
    row = only(registry, raw_of(figure, 220, 400), paper, smallest_share=0.6)
    assert row["reweighted_verdict"] == "not assessable"
    assert row["reason"].startswith("The effective sample size of 221.0 is below 60% of the 400 patients")
    assert pd.isna(row["reweighted_estimate"])
    assert row["effective_n"] == pytest.approx(220.99, abs=0.01)
    none = only(registry, raw_of(figure, 220, 400), paper_of(figure, line("duration_years", mean=7.0)))
    assert none["reason"] == "The paper prints nothing of its patients that is known of these."
    assert pd.isna(none["effective_n"])


def test_what_a_reader_must_know_is_said(registry: nc.Registry) -> None:
    figure = figure_of(155, 200)
    lines = [
        line("had_myelitis", events=200),
        line("aqp4_positive", percent=60.0, n=None),
        line("edss", n=150, mean=4.0, sd=1.0),
    ]
    row = only(registry, raw_of(figure, 220, 400), paper_of(figure, *lines))
    assert row["variables"] == "aqp4_positive, had_myelitis, edss"
    for words in (
        "Table 1 is of 150 patients, the figure of 200, so the error of Table 1 is counted beside that of the figure.",
        "Of a kind that the paper does not have, so without weight: 200.",
        "The paper gives no number of patients for aqp4_positive.",
    ):
        assert words in row["reason"]
    lines = [line("edss", median=3.2, quartile_1=2.0, quartile_3=4.0), line("female", events=100)]
    row = only(registry, raw_of(figure, 220, 400), paper_of(figure, *lines))
    assert "The mean of edss is from median, quartiles as of a normal sample" in row["reason"]
    row = only(registry, raw_of(figure, 220, 400), paper_of(figure, line("female", events=100)))
    assert "already have these means" in row["reason"]


def test_patients_left_out_are_told(registry: nc.Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    patients = local_case_mix(registry)
    patients.loc[patients.index[:40], "had_myelitis"] = float("nan")
    monkeypatch.setattr("nmosd_cohort.literature.reweighted.local_case_mix", lambda *_, **__: patients)
    figure = figure_of(155, 200)
    row = only(registry, raw_of(figure, 220, 400), paper_of(figure, line("had_myelitis", events=190)))
    assert row["left_out"] == 40
    assert "Left out as a variable is not known of them: 40 of 400." in row["reason"]


def test_table_1_of_other_patients_is_not_used(registry: nc.Registry) -> None:
    lines = [line("aqp4_positive", events=150), line("had_myelitis", events=200)]
    for figure, local, words in (
        (figure_of(80, 120, "with_pain"), (100, 220), "The figure is of the patients with pain, Table 1 of all."),
        (figure_of(80, 120, "aqp4_positive"), (110, 200), "patients aqp4 positive, Table 1 of others too."),
        (figure_of(80, 120, group="sex", level="female"), (110, 200), "The figure is of a subgroup"),
    ):
        row = only(registry, raw_of(figure, *local), paper_of(figure, *lines))
        assert words in row["reason"]
        assert (row["reweighted_verdict"], row["variables"]) == ("not assessable", "")
        assert pd.isna(row["left_out"])
    figure = figure_of(80, 120, "with_myelitis")
    row = only(registry, raw_of(figure, 160, 200), paper_of(figure, *lines))
    assert row["variables"] == "aqp4_positive, had_myelitis"
    assert row["reweighted_verdict"] != "not assessable"


def test_a_share_that_is_not_the_registrys_own_is_not_reweighted(registry: nc.Registry) -> None:
    figure = figure_of(155, 200)
    row = only(registry, raw_of(figure, 200, 400), paper_of(figure, line("had_myelitis", events=190)))
    assert row["reason"].startswith("The local share is not the registry's own answer")


def test_two_figures_of_one_question_are_each_weighted(registry: nc.Registry) -> None:
    one = figure_of(155, 200)
    two = replace(one, id="other", numbers=replace(one.numbers, events=150))
    paper = replace(paper_of(one, line("had_myelitis", events=190)), figures=(one, two))
    raw = raw_of(one, 220, 400)
    table = reweighted_verdicts(registry, pd.concat([raw, raw.assign(figure="other")]), [paper])
    assert table["figure"].tolist() == ["made", "other"]
    assert table["reweighted_estimate"].tolist() == pytest.approx([0.775, 0.775])


def test_figures_without_a_difference_or_a_table_1_are_left_out(registry: nc.Registry) -> None:
    figure = figure_of(155, 200)
    lines = [line("had_myelitis", events=190)]
    raw = raw_of(figure, 220, 400)
    assert reweighted_verdicts(registry, raw, [paper_of(figure)]).empty
    assert reweighted_verdicts(registry, raw.assign(difference=float("nan")), [paper_of(figure, *lines)]).empty
    correlation = replace(figure, measure="correlation")
    assert reweighted_verdicts(registry, raw, [paper_of(correlation, *lines)]).empty
    with pytest.raises(ValueError, match="no column figure, local_estimate"):
        reweighted_verdicts(registry, pd.DataFrame({"difference": [], "verdict": []}))
