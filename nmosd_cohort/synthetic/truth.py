"""The truth of a scenario, in the units of the questions' rows.

Unless a key says otherwise, values hold in the population of the scenario for each patient's last assessment
in remission, at least 30 days after an attack, whether or not pain was asked at it. Keys that end in
``_assessed`` hold for the last assessment in remission at which pain was asked: asking depends on pain, so a
share among assessed patients differs from the share among all by a known selection.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import rankdata, spearmanr

from nmosd_cohort.codebook import CHRONIC_DAYS
from nmosd_cohort.synthetic.assessments import draw_asked, draw_outcomes
from nmosd_cohort.synthetic.calibrate import calibrate, draw_history, month_12_pairs
from nmosd_cohort.synthetic.course import NEUROPATHIC, NEVER, NO_PAIN, OTHER_PAIN
from nmosd_cohort.synthetic.exact import Truth, exact_values
from nmosd_cohort.synthetic.pain_episodes import draw_spells
from nmosd_cohort.synthetic.pain_model import CERVICAL_ONLY, THORACIC_ONLY
from nmosd_cohort.synthetic.people import stream
from nmosd_cohort.synthetic.scenario import Scenario, read_scenario

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.assessments import Outcomes
    from nmosd_cohort.synthetic.calibrate import History

TRUTH_N = 150_000
TRUTH_SEED = 77
GROUPS = {"neuropathic": NEUROPATHIC, "other_pain": OTHER_PAIN, "no_pain": NO_PAIN}
DRAWN = f"mean over a seeded draw of {TRUTH_N:,} patients"


@dataclass(frozen=True, slots=True)
class _Draw:
    history: History
    outcomes: Outcomes
    asked: NDArray[np.bool_]
    index: NDArray[np.int64]  # each patient's last assessment in remission


def true_values(scenario: str | Path = "review") -> Truth:
    """Return all true values of a scenario by key: what is exact, and the rest from one large seeded draw.

    Returns
    -------
    dict
        Key to ``{"value": float, "how": str}``; ``how`` says exact, solved for or drawn.
        Shares run from 0 to 1. Takes some seconds the first time.

    Examples
    --------
    >>> from nmosd_cohort.synthetic.exact import exact_values
    >>> exact_values(read_scenario("null"))["spearman_pain_bdi"]
    {'value': 0.0, 'how': 'exact by model'}
    """
    return dict(_true_values(read_scenario(scenario)))


@cache
def _true_values(scenario: Scenario) -> Truth:
    drawn = _draw(scenario)
    values = _drawn_pain(drawn) | _drawn_disability(drawn) | _drawn_mood(drawn) | _drawn_sf36(drawn)
    values |= _drawn_lesions(drawn) | _drawn_treatment(drawn)
    return {key: {"value": value, "how": DRAWN} for key, value in values.items()} | exact_values(scenario)


def _draw(scenario: Scenario) -> _Draw:
    calibration = calibrate(scenario)
    history = draw_history(scenario, calibration, TRUTH_N, TRUTH_SEED)
    outcomes = draw_outcomes(scenario, calibration, history, TRUTH_SEED)
    asked = draw_asked(scenario, history.people, history.course, stream(TRUTH_SEED, 11))
    return _Draw(history, outcomes, asked, history.course.last_in_remission())


def _drawn_pain(drawn: _Draw) -> dict[str, float]:
    course = drawn.history.course
    assessed = course.last_in_remission(drawn.asked)
    chronic = _is_chronic(drawn, assessed)
    return {
        "pain_current_assessed": float((course.nrs[assessed] > 0).mean()),
        "neuropathic_current_assessed": float((course.pain_group[assessed] == NEUROPATHIC).mean()),
        "tonic_spasm_current_assessed": float(course.has_spasm[assessed].mean()),
        "chronic_assessed": float(chronic.mean()),
        "chronic_of_pain": float(chronic.sum() / (course.nrs[assessed] > 0).sum()),
        "nrs_mean": float(course.nrs[drawn.index].mean()),
        "nrs_test_retest_correlation": _test_retest(drawn),
    }


def _is_chronic(drawn: _Draw, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether an episode that is open at each assessment began more than three months before."""
    course = drawn.history.course
    spells = draw_spells(drawn.history, drawn.asked, stream(TRUTH_SEED, 12))
    is_last = np.diff(spells.patient, append=-1) != 0
    latest = np.full(drawn.history.people.n, NEVER)
    latest[spells.patient[is_last]] = spells.onset_day[is_last]
    # The last spell is the open one unless the last answers came in an attack; those few are looked up one by one.
    onset = latest[course.patient[rows]]
    later = np.flatnonzero(onset > course.day[rows])
    for k in later[onset[later] < NEVER]:
        own = spells.onset_day[spells.patient == course.patient[rows[k]]]
        earlier = own[own <= course.day[rows[k]]]
        onset[k] = earlier[-1] if len(earlier) else NEVER
    long: NDArray[np.bool_] = (course.nrs[rows] > 0) & (course.day[rows] - onset > CHRONIC_DAYS)
    return long


def _test_retest(drawn: _Draw) -> float:
    course = drawn.history.course
    since = course.day - drawn.history.starts[course.patient]
    calm = course.in_remission & (since < 0)
    pair = np.flatnonzero((course.patient[1:] == course.patient[:-1]) & calm[1:] & calm[:-1])
    return float(np.corrcoef(course.nrs[pair], course.nrs[pair + 1])[0, 1])


def _superiority(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return P(X > Y) + P(X = Y) / 2 of two samples."""
    ranks = rankdata(np.concatenate([x, y]))[: len(x)]
    return float((ranks.mean() - (len(x) + 1) / 2) / len(y))


def _drawn_disability(drawn: _Draw) -> dict[str, float]:
    edss = drawn.outcomes.edss[drawn.index]
    by_group = _by_group(drawn, edss)
    values = {"edss_median": float(np.median(edss))}
    for name, group in by_group.items():
        values[f"edss_median_{name}"] = float(np.median(group))
        values[f"probability_edss_at_least_4_{name}"] = float((group >= 4).mean())
        values[f"probability_edss_at_least_6_{name}"] = float((group >= 6).mean())
    values["edss_probability_superiority_neuropathic_vs_no_pain"] = _superiority(
        by_group["neuropathic"], by_group["no_pain"]
    )
    values["edss_probability_superiority_other_pain_vs_no_pain"] = _superiority(
        by_group["other_pain"], by_group["no_pain"]
    )
    return values


def _by_group(drawn: _Draw, scores: NDArray[Any]) -> dict[str, NDArray[Any]]:
    group = drawn.history.course.pain_group[drawn.index]
    return {name: scores[group == code] for name, code in GROUPS.items()}


def _drawn_mood(drawn: _Draw) -> dict[str, float]:
    nrs, bdi = drawn.history.course.nrs[drawn.index], drawn.outcomes.bdi_ii[drawn.index]
    has_pain = nrs > 0
    values = {
        "spearman_pain_bdi": float(spearmanr(nrs, bdi).statistic),
        "spearman_pain_bdi_with_pain": float(spearmanr(nrs[has_pain], bdi[has_pain]).statistic),
        "depression_with_pain": float((bdi[has_pain] >= 14).mean()),
        "depression_without_pain": float((bdi[~has_pain] >= 14).mean()),
    }
    values["depression_risk_difference_pain"] = values["depression_with_pain"] - values["depression_without_pain"]
    return values | {f"depression_{name}": float((of >= 14).mean()) for name, of in _by_group(drawn, bdi).items()}


def _drawn_sf36(drawn: _Draw) -> dict[str, float]:
    values = {}
    for scale, scores in drawn.outcomes.sf36.items():
        by_group = _by_group(drawn, scores[drawn.index])
        values[f"{scale}_mean"] = float(scores[drawn.index].mean())
        values |= {f"{scale}_mean_{name}": float(group.mean()) for name, group in by_group.items()}
    return values


def _drawn_lesions(drawn: _Draw) -> dict[str, float]:
    course = drawn.history.course
    level = drawn.history.people.lesion_level[course.patient[drawn.index]]
    nrs = course.nrs[drawn.index].astype(float)
    thoracic, cervical = nrs[level == THORACIC_ONLY], nrs[level == CERVICAL_ONLY]
    return {
        "nrs_probability_superiority_thoracic_only_vs_cervical_only": _superiority(thoracic, cervical),
        "pain_current_thoracic_only": float((thoracic > 0).mean()),
        "pain_current_cervical_only": float((cervical > 0).mean()),
    }


def _drawn_treatment(drawn: _Draw) -> dict[str, float]:
    course = drawn.history.course
    before, after = month_12_pairs(drawn.history)
    baseline, untreated, treated = course.nrs[before], course.nrs_without_drug[after], course.nrs[after]
    has_baseline = baseline > 0
    falls = {name: (baseline - score)[has_baseline] / baseline[has_baseline] for name, score in
             (("", treated), ("no_effect_", untreated))}  # fmt: skip
    return {
        "tocilizumab_baseline_mean_nrs": float(baseline.mean()),
        "tocilizumab_crude_change_nrs": float((treated - baseline).mean()),
        "tocilizumab_expected_change_without_effect_nrs": float((untreated - baseline).mean()),
        "tocilizumab_responders_pct30": float((falls[""] >= 0.3 - 1e-9).mean()),
        "tocilizumab_no_effect_responders_pct30": float((falls["no_effect_"] >= 0.3 - 1e-9).mean()),
    }
