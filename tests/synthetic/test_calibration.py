"""Population marginals of 20,000 patients against the figures that the scenario aims at, and the exact pain model."""

from pathlib import Path

import numpy as np
import pytest

from nmosd_cohort.synthetic.assessments import Outcomes, draw_outcomes
from nmosd_cohort.synthetic.calibrate import History, calibrate, draw_history, month_12_pairs
from nmosd_cohort.synthetic.course import NEUROPATHIC, NEVER
from nmosd_cohort.synthetic.exact import exact_values
from nmosd_cohort.synthetic.pain_model import CERVICAL_ONLY, THORACIC_ONLY, solve_pain_model
from nmosd_cohort.synthetic.scenario import Scenario, read_scenario

N = 20_000
SCENARIOS = ("review", "null")


@pytest.fixture(scope="module", params=SCENARIOS)
def drawn(request: pytest.FixtureRequest):
    scenario = read_scenario(request.param)
    calibration = calibrate(scenario)
    history = draw_history(scenario, calibration, N, 404)
    return scenario, history, draw_outcomes(scenario, calibration, history, 404)


def within_error(share: float, target: float, n: int):
    """Four standard errors: a false alarm in about 1 of 16,000 honest draws."""
    return abs(share - target) < 4 * np.sqrt(target * (1 - target) / n)


@pytest.mark.parametrize("name", SCENARIOS)
def test_pain_model_has_its_shares_exactly(name: str):
    model = solve_pain_model(read_scenario(name))
    assert model.probability.sum() == pytest.approx(1, abs=1e-12)
    assert model.share_with_pain() == pytest.approx(0.72, abs=1e-9)
    weight = model.probability @ model.is_neuropathic
    assert model.share_with_pain(model.is_neuropathic) * weight == pytest.approx(0.72 * 0.65, abs=1e-9)
    weight = model.probability @ model.has_spasms
    assert model.share_with_pain(model.has_spasms) * weight == pytest.approx(0.26, abs=1e-9)
    assert np.all(np.diff(model.thresholds) > 0)


def test_thoracic_lesions_hurt_more_than_cervical_ones():
    model = solve_pain_model(read_scenario("review"))
    thoracic, cervical = (model.share_with_pain(model.level == level) for level in (THORACIC_ONLY, CERVICAL_ONLY))
    assert thoracic > 0.8 > 0.7 > cervical


def test_nrs_counts_the_thresholds_below():
    model = solve_pain_model(read_scenario("review"))
    between = (model.thresholds[:-1] + model.thresholds[1:]) / 2
    latent = np.concatenate([[model.thresholds[0] - 1], between, [model.thresholds[-1] + 1]])
    assert model.nrs(latent).tolist() == list(range(11))


def test_shares_at_the_last_assessment_in_remission(drawn: tuple[Scenario, History, Outcomes]):
    scenario, history, outcomes = drawn
    course, index = history.course, history.course.last_in_remission()
    n = len(index)
    assert n > 0.99 * N
    has_pain = course.nrs[index] > 0
    assert within_error(has_pain.mean(), 0.72, n)
    assert within_error((course.pain_group[index] == NEUROPATHIC)[has_pain].mean(), 0.65, has_pain.sum())
    assert within_error(course.has_spasm[index].mean(), 0.26, n)
    assert within_error((outcomes.bdi_ii[index] >= 14).mean(), 0.414, n)
    assert within_error((outcomes.bdi_ii[index] >= 20).mean(), 0.24, n)
    assert within_error(history.people.is_female.mean(), 0.88, N)
    assert within_error(history.people.is_aqp4_positive.mean(), 0.78, N)
    assert within_error((history.starts < NEVER).mean(), 0.15, N)
    for score, share in enumerate(scenario.numbers("pain.nrs_shares"), start=1):
        observed = (course.nrs_without_drug[index] == score).mean()
        assert within_error(observed, 0.72 * share, n), f"NRS {score}"


def test_every_edss_step_has_its_share(drawn: tuple[Scenario, History, Outcomes]):
    scenario, history, outcomes = drawn
    edss = outcomes.edss[history.course.last_in_remission()]
    assert 3 <= np.median(edss) <= 4
    steps = [0, *np.arange(1, 10, 0.5)]
    assert set(np.unique(edss)) <= set(steps)
    # Thresholds were solved on another draw of 60,000, whose own error adds a third.
    for step, share in zip(steps, scenario.numbers("disability.edss_shares"), strict=True):
        assert within_error((edss == step).mean(), share, len(edss) * 0.75), f"EDSS {step}"


def test_ages_durations_and_attacks_are_as_published(drawn: tuple[Scenario, History, Outcomes]):
    _, history, _ = drawn
    people = history.people
    years = (people.last_day - people.onset_day) / 365.25
    onset_age = (people.onset_day - people.birth_day) / 365.25
    assert np.median(years) == pytest.approx(8, abs=0.3)
    assert years.mean() > np.median(years) + 1
    assert onset_age.mean() == pytest.approx(43, abs=0.6)
    assert onset_age.std() == pytest.approx(15, abs=1)
    counts = np.bincount(history.attacks.patient, minlength=people.n)
    assert np.median(counts) == 3
    assert counts.var() > 2 * counts.mean()
    assert np.all((people.birth_day < people.onset_day) & (people.onset_day <= people.entry_day))
    assert np.all(people.entry_day <= people.last_day)


def test_drug_effect_at_month_12_is_the_parameter(drawn: tuple[Scenario, History, Outcomes]):
    scenario, history, _ = drawn
    _, after = month_12_pairs(history)
    effect = (history.course.nrs - history.course.nrs_without_drug)[after]
    error = 4 * effect.std() / np.sqrt(len(effect)) + 1e-12
    assert abs(effect.mean() - scenario.number("treatment.tocilizumab_nrs_effect")) < error


def test_starters_regress_to_the_mean_without_any_effect(drawn: tuple[Scenario, History, Outcomes]):
    _, history, _ = drawn
    before, after = month_12_pairs(history)
    change = history.course.nrs_without_drug[after] - history.course.nrs[before]
    assert change.mean() < -0.5


def test_drug_does_not_end_pain(drawn: tuple[Scenario, History, Outcomes]):
    course = drawn[1].course
    assert np.array_equal(course.nrs > 0, course.nrs_without_drug > 0)
    assert np.all(course.nrs <= course.nrs_without_drug)


def test_an_effect_that_starters_cannot_have_is_refused(tmp_path: Path):
    path = tmp_path / "own.toml"
    entry = '[treatment]\ntocilizumab_nrs_effect = { value = -9, source = "x" }\n'
    path.write_text(f'based_on = "review"\n{entry}', encoding="utf-8")
    with pytest.raises(ValueError, match="tocilizumab_nrs_effect must lie between"):
        calibrate(read_scenario(path))


def test_exact_values_follow_the_parameters():
    truth = exact_values(read_scenario("review"))
    assert truth["neuropathic_current"]["value"] == pytest.approx(0.468)
    assert truth["edss_odds_ratio_neuropathic"]["value"] == pytest.approx(np.exp(0.5))
    null = exact_values(read_scenario("null"))
    assert null["edss_odds_ratio_neuropathic"]["value"] == 1
    assert null["tocilizumab_mean_effect_nrs"]["value"] == 0
