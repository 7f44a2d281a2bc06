"""Share of responders that patients chosen for a high score would show without any effect of treatment."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.distinct import distinct, distinct_pairs
from nmosd_cohort.statistics.estimate import Counts, Estimate, Floats, check_conf_level, not_estimable
from nmosd_cohort.statistics.paired.change import ResponderRule, response
from nmosd_cohort.statistics.paired.minimum_patients import MINIMUM_PATIENTS
from nmosd_cohort.statistics.resampling.bootstrap import check_resamples, resample, usable_replicates

MIN_PAIRS_RESPONDERS = MINIMUM_PATIENTS["repeats_responders"].patients


def no_effect_responders(
    before: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    first: ArrayLike,
    second: ArrayLike,
    pair_counts: ArrayLike | None = None,
    rule: ResponderRule,
    conf_level: float = 0.95,
    seed: int = 0,
    n_resamples: int = 2000,
) -> Estimate:
    """Share of responders to expect among the treated without any effect, of those whom the rule can judge.

    Parameters
    ----------
    before, counts
        Baselines of the treated, and patients with each. Baselines that the rule cannot judge (0 with a
        percentage) are left out, as in `responders`.
    first, second, pair_counts
        Two scores of patients before (or without) treatment, not chosen by their height.
    rule
        As in `responders`.
    conf_level
        Coverage of the limits.
    seed, n_resamples
        Of the bootstrap, which draws treated patients and patients with repeats independently.

    Returns
    -------
    Estimate
        The share of responders among the repeats at each first score, averaged over the treated baselines; a
        baseline at which nobody has repeats takes the nearest first score that somebody has (the lower one
        of two). With fewer than 20 repeats, or nobody to judge, NaN with the reason in `method`.

    Notes
    -----
    Direct standardisation; the question is that of Barnett, van der Pols and Dobson 2005
    (doi:10.1093/ije/dyh299) for shares.

    Examples
    --------
    >>> share = no_effect_responders(
    ...     [4, 8], [1, 3], first=[4, 4, 8, 8], second=[4, 2, 8, 5], pair_counts=[5, 5, 8, 2], rule="pct30"
    ... )
    >>> round(share.estimate, 3)
    0.275
    """
    level = check_conf_level(conf_level)
    n_resamples = check_resamples(n_resamples)
    start, treated = distinct(before, counts, name="before")
    is_judged = response(start, start, rule=rule) != "not_evaluable"
    start, treated = start[is_judged], treated[is_judged]
    one, two, repeats = distinct_pairs(first, second, pair_counts, names=("first", "second"))
    category = response(one, two, rule=rule)
    one, repeats = one[category != "not_evaluable"], repeats[category != "not_evaluable"]
    is_responder = category[category != "not_evaluable"] == "responder"
    n = int(treated.sum())
    if n == 0 or repeats.sum() < MIN_PAIRS_RESPONDERS:
        reason = f"repeats: {int(repeats.sum())}; at least {MIN_PAIRS_RESPONDERS} patients are needed"
        return not_estimable(reason if n else "no baseline that the rule can judge", n, conf_level=level)
    rng = np.random.default_rng(seed)
    drawn = np.vstack([treated, resample(treated, n_resamples, rng)])
    drawn_repeats = np.vstack([repeats, resample(repeats, n_resamples, rng)])
    shares = _standardised_shares(start, drawn, one, is_responder, drawn_repeats)
    return _percentile_share(shares, n, f"{n_resamples} resamples, seed {seed}", level)


def _standardised_shares(
    start: Floats, treated: Counts, first: Floats, is_responder: ArrayLike, repeats: Counts
) -> Floats:
    """Return the responder share at each first score averaged over the treated baselines, one a resample."""
    scores, position = np.unique(first, return_inverse=True)
    at_score = (position[:, None] == np.arange(scores.size)).astype(np.int64)
    patients = repeats @ at_score
    responding = repeats @ (at_score * np.asarray(is_responder, dtype=np.int64)[:, None])
    total = np.zeros(len(treated))
    for column, baseline in enumerate(start):
        distance = np.where(patients > 0, np.abs(scores - baseline), math.inf)
        nearest = distance.argmin(axis=1)[:, None]
        share = np.take_along_axis(responding, nearest, 1) / np.take_along_axis(patients, nearest, 1)
        total += treated[:, column] * share[:, 0]
    shares: Floats = total / treated.sum(axis=1)
    return shares


def _percentile_share(shares: Floats, n: int, label: str, level: float) -> Estimate:
    """Return the first share with percentile limits of the others, its resamples."""
    usable, reason = usable_replicates(shares[1:])
    if reason:
        return not_estimable(reason, n, estimate=float(shares[0]), conf_level=level)
    low, high = np.quantile(usable, [(1 - level) / 2, (1 + level) / 2])
    method = f"repeats standardised to the treated baselines, bootstrap of patients, percentile, {label}"
    error = float(usable.std(ddof=1))
    return Estimate(float(shares[0]), float(low), float(high), n, method, std_error=error, conf_level=level)
