"""Wrong arguments of the literature part: each gives one line that says what is wrong and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

import nmosd_cohort as nc
from nmosd_cohort.literature.catalogue import find_figure
from nmosd_cohort.literature.definitions import ITEMS
from nmosd_cohort.literature.local_share import one_share
from nmosd_cohort.literature.own_answers import own_answer
from nmosd_cohort.literature.validate import QUESTIONS

FIGURE = "zhang_2022_np_all"
GROUP = "neuropathic_all"
COUNTS = {"events": 9, "n": 20}
REGISTRY = nc.simulate(n=40, seed=1)
ANY = nc.pain_prevalence(REGISTRY)
NEUROPATHIC = nc.pain_prevalence(REGISTRY, pain="neuropathic")
VERDICTS = pd.DataFrame(columns=["figure", "local_estimate", "difference", "verdict"])
PAIR = r"zhang_2022_np_all must be an Estimate, or a pair of two mappings \(row, definitions\)"
NOT_A_REGISTRY = r"not a Registry; open one with nc\.open_registry"
OF_FIGURE = "there is no paper zhang_2022_or_spinal_onset; that is a figure of zhang_2022"
KEYS = r"give keys of papers, for example \['zhang_2022'\]"
RESULTS = "results must be a Result or a list of them"
SHARE = "give a mapping with events and n, or one row"
OTHER_CONSTRUCT = "own share is of any_pain, neuropathic_all of neuropathic_pain"


def validate(**options: Any) -> pd.DataFrame:
    return nc.validate(REGISTRY, **({"papers": ["zhang_2022"]} | options))


def with_own(answer: Any) -> Callable[[], object]:
    return lambda: validate(own={FIGURE: answer})


def with_row(**row: Any) -> Callable[[], object]:
    return with_own((row, {}))


CASES: list[tuple[Callable[[], object], str]] = [
    *((with_own(answer), PAIR) for answer in ((40, 100), "abc", 0.4, None, COUNTS, (COUNTS,), (COUNTS, 5), ANY)),
    (lambda: validate(own={5: (COUNTS, {})}), "5 is no name; give the id of a published figure"),
    (lambda: validate(own=[FIGURE]), "own must be a mapping from ids of figures"),
    (with_row(events=140, n=100), "own: events of zhang_2022_np_all is 140, more than its n 100"),
    (with_row(events=-1, n=100), "own: events of zhang_2022_np_all is -1; it must be 0 or more"),
    (with_row(estimate="x"), "own: estimate of zhang_2022_np_all is 'x'; it must be a number"),
    (with_row(estimate=0.4, n=[9]), r"own: n of zhang_2022_np_all is \[9\]; it must be a number"),
    (with_row(estimate=1j), "own: estimate of zhang_2022_np_all is 1j; it must be a number"),
    (with_row(estimate=40), "own: estimate of zhang_2022_np_all is 40; a share runs from 0 to 1"),
    (with_row(estimate=0.4, conf_low=0.6, conf_high=0.5), "conf_low of zhang_2022_np_all is 0.6, above its conf_high"),
    (with_row(n=100), "the row of zhang_2022_np_all has no estimate; give estimate, or events and n"),
    (
        with_own((COUNTS, {"foo": 1})),
        f"definitions of zhang_2022_np_all have foo; known are pain, {', '.join(ITEMS)}$",
    ),
    *((lambda given=given: nc.validate(given), NOT_A_REGISTRY) for given in (None, "x", {})),
    *((lambda papers=papers: validate(papers=papers), KEYS) for papers in (5, [5], b"x")),
    (lambda: validate(papers=["zhang_2022_or_spinal_onset"]), OF_FIGURE),
    (lambda: validate(papers=""), "there is no paper ''; none of the"),
    *((lambda given=given: validate(results=given), RESULTS) for given in (5, [5], "x", ANY.estimates)),
    *((lambda name=name: nc.cite(name), "is no name; give the key of a paper") for name in (5, None, ["zhang_2022"])),
    (lambda: nc.cite("zhang"), "did you mean zhang_2022, "),
    *(
        (lambda given=given: nc.reweighted_verdicts(REGISTRY, given), "give the frame that validate returns")
        for given in (5, None, {}, VERDICTS["verdict"])
    ),
    (lambda: nc.reweighted_verdicts(None, VERDICTS), NOT_A_REGISTRY),
    (lambda: nc.reweighted_verdicts(REGISTRY, VERDICTS, papers=[5]), KEYS),
    (lambda: nc.reweighted_verdicts(REGISTRY, VERDICTS, papers=["zhang_2022_or_spinal_onset"]), OF_FIGURE),
    *((lambda papers=papers: nc.check_figures(papers), KEYS) for papers in (5, [5])),
    (lambda: nc.patient_frame("x"), NOT_A_REGISTRY),
    *((lambda needs=needs: nc.patient_frame(REGISTRY, needs=needs), "needs has 5; give names") for needs in (5, [5])),
    (lambda: nc.patient_frame(REGISTRY, needs="foo"), "needs has foo; columns are age_years"),
    (lambda: nc.patient_frame(REGISTRY, neuropathic_by="x"), "must be one of recorded, dn4, paindetect"),
    (lambda: nc.patient_frame(REGISTRY, min_days_after_attack="x"), "min_days_after_attack is 'x'; it must be a whole"),
    *((lambda given=given: nc.evidence_for(GROUP, given), SHARE) for given in (5, "x", (9, 20))),
    *(
        (lambda given=given: nc.evidence_for(GROUP, given), OTHER_CONSTRUCT)
        for given in (ANY, ANY.estimates, ANY.estimates.iloc[0], COUNTS | {"outcome": "any_pain"})
    ),
    (lambda: nc.evidence_for(GROUP, COUNTS | {"outcome": "bdi_ii"}), "own share is of depression, neuropathic_all of"),
    (lambda: nc.evidence_for(GROUP, NEUROPATHIC.estimates.iloc[1]), "is a bounds_if_never_asked, not a proportion"),
    (lambda: nc.evidence_for(GROUP, pd.DataFrame([COUNTS, COUNTS])), "2 rows are a share .*; give one row"),
    (lambda: nc.evidence_for(GROUP, NEUROPATHIC.estimates.iloc[:0]), "no rows are a share .*; give one row"),
    (lambda: nc.evidence_for(["a"]), r"no figure is of the pool group \['a'\]; groups are analgesic"),
    (lambda: nc.borrow(None, GROUP), f"own share is None; {SHARE}"),
    (lambda: nc.borrow(ANY, GROUP), OTHER_CONSTRUCT),
    (lambda: nc.borrow(COUNTS, GROUP, too_large="x"), "too_large is 'x'; it must be a whole number"),
    (lambda: nc.pooled_evidence(figures=5), r"figures is of type int; give a frame as published_figures\(\)"),
]


@pytest.mark.parametrize(("call", "words"), CASES, ids=[f"{at}-{words[:40]}" for at, (_, words) in enumerate(CASES)])
def test_a_wrong_argument_is_named_with_what_is_allowed(call: Callable[[], object], words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words) as told:
        call()
    assert "\n" not in str(told.value)


def test_an_own_share_is_made_of_its_counts() -> None:
    own = {"qian_2012_pain_current": ({"events": 40, "n": 100}, {"pain": "any", "denominator": "assessed"})}
    row = nc.validate(REGISTRY, papers="qian_2012", own=own).set_index("figure").loc["qian_2012_pain_current"]
    # Wilson: (40 + 1.9208) / 103.8415 -+ 1.96 sqrt(24 + 0.9604) / 103.8415 = 0.4037 -+ 0.0943
    assert row["local_estimate"] == pytest.approx(0.4)
    assert (row["local_low"], row["local_high"]) == pytest.approx((0.3094, 0.4980), abs=1e-4)
    assert not math.isnan(row["difference"])


def test_own_shares_of_nobody_and_rows_without_a_number_are_taken_as_they_are() -> None:
    figure = find_figure(FIGURE)
    assert own_answer(figure, ({"events": 0, "n": 0}, {}))[2].startswith("Not estimable")
    bounds = dict(NEUROPATHIC.estimates.iloc[1])
    row, _, why_not = own_answer(figure, (bounds, NEUROPATHIC.definitions))
    assert math.isnan(row["estimate"])
    assert why_not == ""


def test_definitions_of_every_question_can_be_given_whole() -> None:
    figure = find_figure(FIGURE)
    for question in QUESTIONS.values():
        stated = question(REGISTRY).definitions
        assert own_answer(figure, ({"estimate": 0.4}, stated))[1] == dict(stated)


def test_one_name_or_result_may_stand_by_itself() -> None:
    pd.testing.assert_frame_equal(nc.check_figures("zhang_2022"), nc.check_figures(["zhang_2022", "zhang_2022"]))
    alone = nc.patient_frame(REGISTRY, needs="edss2")
    pd.testing.assert_frame_equal(alone, nc.patient_frame(REGISTRY, needs=["edss2"]))
    assert nc.reweighted_verdicts(REGISTRY, VERDICTS, papers=["zhang_2022"]).empty
    alone = nc.validate(REGISTRY, papers="qian_2012", results=ANY)
    pd.testing.assert_frame_equal(alone, nc.validate(REGISTRY, papers="qian_2012", results=[ANY]))


@pytest.mark.parametrize("local", [NEUROPATHIC, NEUROPATHIC.estimates, NEUROPATHIC.estimates.iloc[0]])
def test_the_share_of_all_patients_is_taken_from_a_result(local: Any) -> None:
    first = NEUROPATHIC.estimates.iloc[0]
    drawn = nc.evidence_for(GROUP, local).iloc[-1]
    assert (drawn["kind"], drawn["n"], drawn["events"]) == ("local", first["n"], first["events"])
    assert nc.borrow(local, GROUP)["local_events"] == first["events"]


def test_subgroups_are_not_drawn_as_the_registry() -> None:
    by_sex = nc.pain_prevalence(REGISTRY, pain="neuropathic", by=["sex"])
    row = one_share(by_sex, GROUP, {"neuropathic_pain"})
    assert (row["level"], row["n"]) == ("", NEUROPATHIC.estimates["n"].iloc[0])
