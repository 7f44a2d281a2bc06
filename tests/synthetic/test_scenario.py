"""Scenario files: what is shipped, what is refused, and what null changes."""

from pathlib import Path

import pytest

from nmosd_cohort.synthetic.scenario import read_scenario, scenario_frame


@pytest.mark.parametrize("name", ["review", "null"])
def test_every_parameter_has_a_source(name: str):
    frame = scenario_frame(name)
    assert (frame["source"].str.len() > 0).all()
    assert frame["name"].is_unique


def test_null_differs_from_review_only_in_the_links():
    review, null = ({p.name: p.value for p in read_scenario(name).parameters} for name in ("review", "null"))
    drugs = ("antidepressant", "muscle_relaxant", "nonopioid_analgesic", "opioid", "other_anticonvulsant")
    assert {name for name in review if review[name] != null[name]} == {
        "pain.is_linked_to_outcomes",
        *(f"treatment.tocilizumab_{name}" for name in ("nrs_effect", "attack_rate_ratio")),
        *(f"symptoms.{name}" for name in ("qualities_follow_type", "first_sign_pain_shares")),
        "symptoms.worst_symptom_log_odds_per_nrs",
        *(f"symptomatic.antidepressant_share_{name}" for name in ("depressed", "others")),
        *(f"symptomatic.response_{name}" for name in (*drugs, "sodium_channel_blocker")),
        *(f"biomarkers.c5a_{name}_log_ratio" for name in ("pain", "anxiety")),
        *(f"trials.{name}_nrs_effects" for name in ("scrambler", "tens", "car_t")),
        *(f"trials.{name}_spasm_ratio" for name in ("scrambler", "car_t")),
    }


def test_unknown_name_lists_the_shipped_ones():
    with pytest.raises(ValueError, match="review, null"):
        read_scenario("reveiw")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[pain]\ncurrent_share = 0.5", "value, source"),
        ('[pain]\ncurrent_share = { value = 0.5, source = "x", sd = 1 }', "value, source"),
        ('[pain]\ncurent_share = { value = 0.5, source = "x" }', "pain.curent_share"),
        ('[people]\nsite_shares = { value = [0.5, 0.4], source = "x" }', "must sum to 1, not 0.9"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, message: str):
    path = tmp_path / "own.toml"
    path.write_text(f'based_on = "review"\n{text}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_scenario(path)


def test_a_file_that_stands_alone_must_be_complete(tmp_path: Path):
    path = tmp_path / "own.toml"
    path.write_text('[pain]\ncurrent_share = { value = 0.5, source = "x" }\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"lacks attacks\.entered_twice_share"):
        read_scenario(path)


def test_own_scenario_changes_one_parameter_and_is_named_after_its_file(tmp_path: Path):
    path = tmp_path / "little_pain.toml"
    path.write_text('based_on = "review"\n[pain]\ncurrent_share = { value = 0.4, source = "x" }\n', encoding="utf-8")
    scenario = read_scenario(path)
    assert scenario.name == "little_pain"
    assert scenario.number("pain.current_share") == 0.4
    assert scenario.number("pain.tonic_spasm_share") == 0.26


def test_a_list_is_not_taken_for_a_number():
    with pytest.raises(TypeError, match="list of 5 numbers"):
        read_scenario().number("people.site_shares")
