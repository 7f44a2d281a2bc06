"""Time without an attack by Kaplan-Meier, and SF-36 bodily pain, after a cell therapy."""

from typing import Any

import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of
from tests.papers.registries import figures_of, people, renamed, rows


@pytest.fixture(scope="module")
def by_hand() -> nc.Registry:
    names = ["a", "b", "c", "d"]
    return registry_of(
        patients=people(names, last_contact_date=["2023-12-01", "2023-02-01", "2024-01-01", "2024-01-01"]),
        treatments=rows("patient_id drug start_date", *((name, "Anti-BCMA CAR-T", "2023-01-01") for name in names)),
        attacks=rows(
            "patient_id attack_date",
            ("a", "2023-03-01"),
            ("c", "2023-01-01"),  # on the day of the start: before
            ("d", "2024-02-01"),  # after the last contact
        ),
    )


@pytest.fixture(scope="module")
def under_another_name() -> nc.Registry:
    return renamed(nc.simulate(n=300, seed=1), {"tocilizumab": "anti-bcma car-t"})


def test_sets_every_figure_beside_the_demo_registry(replay: Any) -> None:
    made, printed = replay("qin_2023")
    assert set(made["verdicts"]["figure"]) == figures_of("qin_2023")
    # A point of the curve is no share over unequal times, and no number of the SF-36 was printed.
    assert set(made["verdicts"]["verdict"]) == {"not comparable", "not assessable"}
    assert made["verdicts"]["local_estimate"].notna().all()
    assert "published 92 %" in printed  # 11 of 12


def test_curve_by_hand(replay: Any, by_hand: nc.Registry) -> None:
    made, printed = replay("qin_2023", by_hand)
    # b leaves after 31 days, so a's attack on day 59 is one of three; of four started, three had none.
    row = made["verdicts"].set_index("figure").loc["qin_2023_relapse_free"]
    assert row["local_estimate"] == pytest.approx(2 / 3)
    assert row["verdict"] == "not comparable"
    assert "no attack, as the paper counts: 0.750" in printed


def test_bodily_pain_is_that_of_the_question(replay: Any, under_another_name: nc.Registry) -> None:
    made, _ = replay("qin_2023", under_another_name)
    asked = nc.change_after_start(nc.simulate(n=300, seed=1), drug="tocilizumab", outcome="sf36_bp", at_months=6)
    change = asked.estimates.query("outcome == 'sf36_bp' and measure == 'mean_change'").iloc[0]
    row = made["verdicts"].set_index("figure").loc["qin_2023_sf36_pain"]
    assert row["local_estimate"] == pytest.approx(change["estimate"])
    assert row["local_n"] == change["n"]


def test_runs_on_a_poor_registry(replay: Any, poor_registry: nc.Registry) -> None:
    made, printed = replay("qin_2023", poor_registry)
    assert made["own"] == {}
    assert "Missing: eligible patients with a known start of anti-bcma car-t" in printed
    assert "No estimate could be made." in printed
