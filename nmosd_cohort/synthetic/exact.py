"""What the model of a scenario makes exact, without any draw, in the units of the questions' rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nmosd_cohort.synthetic.pain_model import NO_MYELITIS, solve_pain_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.scenario import Scenario

EXACT = "exact by model"
SOLVED = "aimed at and solved on a seeded draw, so met to about a hundredth"

Truth = dict[str, dict[str, Any]]
# Targets that a draw was used to meet.
SOLVED_FOR = {
    "depression_bdi_at_least_14": "mood.depressed_share",
    "depression_bdi_at_least_20": "mood.moderate_share",
    "tocilizumab_started": "treatment.tocilizumab_share",
    "tocilizumab_mean_effect_nrs": "treatment.tocilizumab_nrs_effect",
}
# What recorded pain that is independent of everything else implies.
NO_ASSOCIATION = {
    "spearman_pain_bdi": 0.0,
    "spearman_pain_bdi_with_pain": 0.0,
    "depression_risk_difference_pain": 0.0,
    "edss_probability_superiority_neuropathic_vs_no_pain": 0.5,
    "edss_probability_superiority_other_pain_vs_no_pain": 0.5,
    "nrs_probability_superiority_thoracic_only_vs_cervical_only": 0.5,
}


def exact_values(scenario: Scenario) -> Truth:
    """Return what the model of a scenario makes exact: by key, value and how it is known.

    Shares with pain, conditional odds ratios of the EDSS model (given pain group, age in 10 completed years,
    sex, duration in 10 completed years, AQP4, attacks so far), the drug effect and the attack rate ratio.
    """
    values = _exact_shares(scenario) | _exact_odds_ratios(scenario)
    values["tocilizumab_attack_rate_ratio"] = scenario.number("treatment.tocilizumab_attack_rate_ratio")
    if not is_linked(scenario):
        values |= NO_ASSOCIATION
    exact = {key: {"value": value, "how": EXACT} for key, value in values.items()}
    return exact | {key: {"value": scenario.number(name), "how": SOLVED} for key, name in SOLVED_FOR.items()}


def is_linked(scenario: Scenario) -> bool:
    """Return whether recorded pain is the pain that acts on the other outcomes."""
    return bool(scenario.number("pain.is_linked_to_outcomes"))


def _exact_shares(scenario: Scenario) -> dict[str, float]:
    model = solve_pain_model(scenario)
    pain = scenario.number("pain.current_share")
    neuropathic = scenario.number("pain.neuropathic_share_of_pain")
    myelitis = model.level != NO_MYELITIS
    # Where recorded pain is cut off from the lesions, patients with past myelitis have the pain of all.
    spasm_with_myelitis = (
        model.share_with_pain(myelitis & model.has_spasms) * _weight(model.probability, model.has_spasms, myelitis)
        if is_linked(scenario)
        else scenario.number("pain.tonic_spasm_share")
    )
    return {
        "pain_current": pain,
        "neuropathic_current": pain * neuropathic,
        "neuropathic_current_of_pain": neuropathic,
        "tonic_spasm_current": scenario.number("pain.tonic_spasm_share"),
        "tonic_spasm_current_with_myelitis": spasm_with_myelitis,
        "aqp4_positive": scenario.number("people.aqp4_positive_share"),
        "female": scenario.number("people.female_share"),
    }


def _weight(probability: NDArray[np.float64], which: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
    return float(probability[which & among].sum() / probability[among].sum())


def _exact_odds_ratios(scenario: Scenario) -> dict[str, float]:
    names = {
        "edss_odds_ratio_neuropathic": ("neuropathic", is_linked(scenario)),
        "edss_odds_ratio_other_pain": ("other_pain", is_linked(scenario)),
        "edss_odds_ratio_age_per_10_years": ("age_per_10_years", True),
        "edss_odds_ratio_male": ("male", True),
        "edss_odds_ratio_duration_per_10_years": ("duration_per_10_years", True),
        "edss_odds_ratio_aqp4_positive": ("aqp4_positive", True),
        "edss_odds_ratio_per_attack": ("per_attack", True),
    }
    return {
        key: float(np.exp(scenario.number(f"disability.log_odds_{name}"))) if acts else 1.0
        for key, (name, acts) in names.items()
    }
