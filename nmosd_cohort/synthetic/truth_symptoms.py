"""The truth about types, sites, qualities, worst symptom, first signs and patients with MS, as the questions count.

Shares hold for the last assessment in remission at which it was asked. They are exact given the population, which is
one large seeded draw.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from nmosd_cohort.codebook import DAYS_PER_YEAR
from nmosd_cohort.synthetic.assessments import draw_asked
from nmosd_cohort.synthetic.calibrate import calibrate, draw_history
from nmosd_cohort.synthetic.comparators import comparator_pain_chance
from nmosd_cohort.synthetic.pain_episodes import OTHER_SHARES, SITE_SHARES, SITES, TYPES
from nmosd_cohort.synthetic.patients import SYNDROMES, attacks_table, draw_syndromes
from nmosd_cohort.synthetic.people import stream
from nmosd_cohort.synthetic.symptoms import (
    QUALITIES,
    draw_first_signs,
    draw_worst_symptom,
    quality_shares,
    worst_symptom_chances,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.calibrate import History
    from nmosd_cohort.synthetic.scenario import Scenario

TRUTH_N = 40_000
TRUTH_SEED = 78
SECOND_SITE_SHARE, SITES_MISSING_SHARE = 0.35, 0.05
N_SUBSETS = 2 ** len(SITES)


@cache
def symptom_truth(scenario: Scenario) -> dict[str, float]:
    """Return the true values by outcome: pain_type_neuropathic, pain_sites_two_or_more, pain_worst_symptom and so on.

    Examples
    --------
    >>> from nmosd_cohort.synthetic.scenario import read_scenario
    >>> truth = symptom_truth(read_scenario("review"))
    >>> truth["pain_quality_cramping_of_tonic_spasm"]
    0.85
    """
    history = draw_history(scenario, calibrate(scenario), TRUTH_N, TRUTH_SEED)
    asked = draw_asked(scenario, history.people, history.course, stream(TRUTH_SEED, 11))
    kinds = _kinds(history, history.course.last_in_remission(asked))
    truth = _types(kinds) | _sites(kinds) | _qualities(scenario, kinds)
    truth |= _worst(scenario, history, asked) | _first_signs(scenario, history)
    return truth | _comparators(scenario, history, asked)


def _kinds(history: History, rows: NDArray[np.int64]) -> dict[tuple[str, ...], float]:
    """Return how often each combination of types is open at these assessments; the empty one is no pain."""
    course, traits = history.course, history.people.recorded_pain
    patient, pain = course.patient[rows], course.nrs[rows] > 0
    neuropathic, spasm = pain & traits.is_neuropathic[patient], pain & traits.has_spasms[patient]
    other = float((pain & ~neuropathic & ~spasm).mean())
    shares: dict[tuple[str, ...], float] = {
        (): float((~pain).mean()),
        ("neuropathic",): float((neuropathic & ~spasm).mean()),
        ("neuropathic", "tonic_spasm"): float((neuropathic & spasm).mean()),
        ("tonic_spasm",): float((spasm & ~neuropathic).mean()),
    }
    return shares | {(name,): other * share for name, share in zip(TYPES[2:8], OTHER_SHARES, strict=True)}


def _types(kinds: dict[tuple[str, ...], float]) -> dict[str, float]:
    known = {types: share for types, share in kinds.items() if "unclassified" not in types}
    total = sum(known.values())
    truth = {
        f"pain_type_{name}": sum(share for types, share in known.items() if name in types) / total
        for name in TYPES
        if name != "unclassified"
    }
    return truth | {"pain_types_two_or_more": kinds["neuropathic", "tonic_spasm"] / total}


def _subsets(kind: str) -> NDArray[np.float64]:
    """Return the chance of each subset of SITES in an episode of a type."""
    main = SITE_SHARES[TYPES.index(kind)]
    chances = np.zeros(N_SUBSETS)
    for one, first in enumerate(main):
        chances[1 << one] += (1 - SECOND_SITE_SHARE) * first
        for other, second in enumerate(main):
            chances[(1 << one) | (1 << other)] += SECOND_SITE_SHARE * first * second
    return chances


def _sites(kinds: dict[tuple[str, ...], float]) -> dict[str, float]:
    numbers = np.arange(N_SUBSETS)
    total = np.zeros(N_SUBSETS)
    for types, share in kinds.items():
        if not types:
            continue
        chances = _subsets(types[0])
        for kind in types[1:]:
            both = np.zeros(N_SUBSETS)
            np.add.at(both, numbers[:, None] | numbers, np.outer(chances, _subsets(kind)))
            chances = both
        total += share * (1 - SITES_MISSING_SHARE) ** len(types) * chances
    total /= total.sum()
    is_several = np.array([int(number).bit_count() > 1 for number in numbers])
    truth = {f"pain_site_{site}": float(total[numbers >> bit & 1 == 1].sum()) for bit, site in enumerate(SITES)}
    return truth | {"pain_sites_two_or_more": float(total[is_several].sum())}


def _qualities(scenario: Scenario, kinds: dict[tuple[str, ...], float]) -> dict[str, float]:
    told = 1 - scenario.number("symptoms.qualities_missing_share")
    known = {types: share * told ** len(types) for types, share in kinds.items()}
    truth = {}
    for place, quality in enumerate(QUALITIES):
        felt = 0.0
        for types, share in known.items():
            without = np.prod([1 - quality_shares(scenario, kind)[place] for kind in types])
            felt += share * (1 - float(without))
        truth[f"pain_quality_{quality}"] = felt / sum(known.values())
        for kind in ("neuropathic", "tonic_spasm"):
            truth[f"pain_quality_{quality}_of_{kind}"] = float(quality_shares(scenario, kind)[place])
    return truth


def _worst(scenario: Scenario, history: History, asked: NDArray[np.bool_]) -> dict[str, float]:
    nrs = history.course.nrs
    _, was_asked = draw_worst_symptom(scenario, nrs, asked, stream(TRUTH_SEED, 41))
    scores = nrs[history.course.last_in_remission(was_asked)]
    chances = worst_symptom_chances(scenario)
    bands = {"NRS 1 to 3": (1, 3), "NRS 7 to 10": (7, 10)}
    truth = {"pain_worst_symptom": chances[scores], "pain_worst_symptom_with_pain": chances[scores[scores > 0]]}
    for band, (low, high) in bands.items():
        truth[f"pain_worst_symptom_{band}"] = chances[scores[(scores >= low) & (scores <= high)]]
    return {name: float(values.mean()) for name, values in truth.items()}


def _first_signs(scenario: Scenario, history: History) -> dict[str, float]:
    syndromes = draw_syndromes(scenario, history, stream(TRUTH_SEED, 20))
    attacks = attacks_table(scenario, history, syndromes, stream(TRUTH_SEED, 23))
    drawn = draw_first_signs(scenario, attacks, stream(TRUTH_SEED, 42)).assign(patient_id=attacks["patient_id"])
    each = drawn.drop_duplicates("attack")
    told = each[each["first_signs"].notna()]
    shares = scenario.numbers("symptoms.first_sign_pain_shares").tolist()
    by_type = {f"attack_heralded_by_pain_{name}": share for name, share in zip(SYNDROMES, shares, strict=True)}
    return by_type | {
        "attack_heralded_by_pain": float(each["chance"].mean()),
        "ever_heralded_by_pain": float(told.groupby("patient_id")["is_heralded"].any().mean()),
    }


def _comparators(scenario: Scenario, history: History, asked: NDArray[np.bool_]) -> dict[str, float]:
    """Return shares with pain of NMOSD and of MS, crude and if MS had the age and sex of NMOSD."""
    course, people = history.course, history.people
    rows = course.last_in_remission(asked)
    patient = course.patient[rows]
    age = (course.day[rows] - people.birth_day[patient]) / DAYS_PER_YEAR
    standardised = float(comparator_pain_chance(scenario, age, people.is_female[patient]).mean())
    own, ms = float((course.nrs[rows] > 0).mean()), scenario.number("comparators.ms_pain_share")
    severe = course.nrs[rows][course.nrs[rows] > 0]
    counts = np.bincount(severe, minlength=11)[1:] / len(severe)
    shares = scenario.numbers("comparators.ms_nrs_shares")
    below = np.cumsum(shares) - shares / 2
    return {
        "nmosd_pain": own,
        "ms_pain": ms,
        "ms_pain_standardised": standardised,
        "pain_difference": own - ms,
        "pain_difference_standardised": own - standardised,
        "nrs_superiority_with_pain": float(counts @ below),
    }
