"""Sites of pain, serostatus and the clinician's judgement, counted by hand on six patients."""

from typing import Any

import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of
from tests.papers.registries import figures_of, people, rows


@pytest.fixture(scope="module")
def by_hand() -> nc.Registry:
    names = [f"p{number}" for number in range(1, 7)]
    return registry_of(
        patients=people(names, aqp4_status=["positive"] * 4 + ["negative"] * 2),
        assessments=rows(
            "patient_id assessment_date has_pain has_neuropathic_pain edss",
            *((name, "2024-06-01", name != "p6", name in ("p1", "p2"), 2.0) for name in names),
        ),
        pain=rows(
            "patient_id pain_type pain_sites onset_date",
            ("p1", "neuropathic", "leg;arm", "2020-01-01"),  # two sites in one episode
            ("p2", "neuropathic", "leg", "2020-01-01"),  # one
            ("p3", "headache", "head", "2019-01-01"),  # one, and
            ("p3", "musculoskeletal", "back", "2020-01-01"),  # another
            ("p4", "musculoskeletal", "back", "2019-01-01"),  # the same
            ("p4", "musculoskeletal", "back", "2021-01-01"),  # twice
            ("p5", "other", None, "2021-01-01"),  # silent
        ),
        treatments=rows(
            "patient_id drug drug_class start_date response",
            ("p1", "Gabapentin", "anticonvulsant", "2020-02-01", "none"),
            ("p1", "pregabalin", "anticonvulsant", "2021-02-01", "partial"),
            ("p2", "gabapentin", "anticonvulsant", "2020-02-01", "none"),
            ("p4", "gabapentin", "anticonvulsant", "2020-02-01", "good"),  # not neuropathic
        ),
    )


def test_sets_every_figure_beside_the_demo_registry(replay: Any) -> None:
    made, printed = replay("xue")
    assert set(made["verdicts"]["figure"]) == figures_of("xue")
    assert "60.7 %" in printed
    assert "80.7 %" in printed


def test_sites_are_counted_over_all_episodes_of_patients_with_pain(replay: Any, by_hand: nc.Registry) -> None:
    made, printed = replay("xue", by_hand)
    share = made["own"]["xue_pain_two_sites"]
    assert (share.events, share.n) == (2, 4)  # p1 and p3 of p1 to p4
    assert "two or more sites, of all with pain: 0.400" in printed  # the silent p5 counted as one site: 2 of 5
    assert made["counts"] == [4, 4, 1, 2]  # seropositive with pain and all, seronegative with pain and all
    assert (int(made["was_good"].sum()), len(made["was_good"])) == (1, 2)  # p1 once better, p2 never


def test_two_sites_agree_with_a_count_of_the_rows_of_the_demo_registry(replay: Any, demo: nc.Registry) -> None:
    made, _ = replay("xue")
    diagnosed = set(made["status"]["patient_id"])
    sites: dict[str, set[str]] = {}
    for episode in demo.tables["pain"].to_dict("records"):
        if episode["patient_id"] in diagnosed and isinstance(episode["pain_sites"], str):
            sites.setdefault(episode["patient_id"], set()).update(episode["pain_sites"].split(";"))
    share = made["own"]["xue_pain_two_sites"]
    assert share.events == sum(len(found) >= 2 for found in sites.values())
    assert share.n == len(sites)


def test_the_disability_of_assessed_patients_is_not_set_beside_all_diagnosed(replay: Any) -> None:
    made, _ = replay("xue")
    verdict = made["verdicts"].set_index("figure").loc["xue_pain_and_disability"]
    assert verdict["verdict"] == "not comparable"
    assert verdict["local_estimate"] == pytest.approx(made["difference"].estimate)


def test_says_what_a_poor_registry_lacks(replay: Any, poor_registry: nc.Registry) -> None:
    _, printed = replay("xue", poor_registry)
    assert "Missing for the number of sites" in printed
    assert "Missing for the response" in printed
