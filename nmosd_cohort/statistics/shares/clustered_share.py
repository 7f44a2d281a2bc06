"""Share of events that come in clusters, as attacks of patients, with limits that know the clusters."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from nmosd_cohort.statistics.estimate import (
    Counts,
    Estimate,
    check_conf_level,
    check_counts,
    check_option,
    not_estimable,
    patient_counts,
)
from nmosd_cohort.statistics.shares.proportions import share_limits
from nmosd_cohort.statistics.wald import wald_estimate

Weight = Literal["unit", "patient"]
FEW_PATIENTS = 20  # below this the variance rests on so few patients that limits are rough


def clustered_share(
    events: ArrayLike,
    units: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    weight: Weight = "unit",
    conf_level: float = 0.95,
) -> Estimate:
    """Share of all units (attacks, episodes) with the event, where units of one patient may be alike.

    Parameters
    ----------
    events, units
        Units with the event and all units, one entry a patient or a kind of patient. Entries without a unit are
        left out.
    counts
        Patients of each entry; None counts each once.
    weight
        ``unit``: each unit counts the same. ``patient``: each patient counts the same, so it is the mean of the
        patients' own shares.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        `n` is patients, `events` units with the event. Limits on the logit scale with the variance between patients
        and t(patients - 1). If all units or none have the event: Wilson limits as if each patient had one unit.
        NaN limits with one patient, or if all patients have the same share; `method` says why, and how many units
        there are.

    Raises
    ------
    ValueError
        If numbers are not whole, lengths differ, there are more events than units, or the weight is not one of the
        two.

    Notes
    -----
    Ratio estimator with the variance of Rao and Scott 1992 (Biometrics 48:577): K / (K - 1) times the sum of
    squared (events - share x units) over the square of all units, K patients. The design effect in `method` is that
    variance over the binomial one of as many independent units. In simulations of 8 to 150 patients with 3.5 units
    each, alike within a patient, 95 % limits covered 95 to 98 %; those of independent units 79 to 86 %.

    Examples
    --------
    >>> share = clustered_share([2, 0, 1, 3], [3, 2, 1, 4], [5, 5, 5, 5])
    >>> round(share.estimate, 3), round(share.conf_low, 3), round(share.conf_high, 3), share.n
    (0.6, 0.46, 0.725, 20)
    """
    level = check_conf_level(conf_level)
    check_option("weight", weight, get_args(Weight))
    size = int(np.size(events))
    yes, every = check_counts(events, size=size, name="events"), check_counts(units, size=size, name="units")
    if (yes > every).any():
        raise ValueError(f"events exceed units in {int((yes > every).sum())} entries")
    patients = patient_counts(counts, size=size, name="events")
    kept = (every > 0) & (patients > 0)
    return _share(yes[kept], every[kept], patients[kept], weight, level)


def _share(yes: Counts, every: Counts, patients: Counts, weight: Weight, level: float) -> Estimate:
    n, n_events, n_units = int(patients.sum()), int(patients @ yes), int(patients @ every)
    if n == 0:
        return not_estimable("no units", 0, conf_level=level, events=0)
    parts, sizes = (yes / every, np.ones(len(every))) if weight == "patient" else (yes * 1.0, every * 1.0)
    share = float(patients @ parts) / float(patients @ sizes)
    counted = f"{n_units} units of {n} patients"
    if n == 1:
        return not_estimable(f"one patient ({counted})", n, estimate=share, conf_level=level, events=n_events)
    if n_events in (0, n_units):
        low, high = share_limits(0 if n_events == 0 else n, n, "wilson", (1 - level) / 2)
        method = f"all units alike: Wilson limits as if each patient had one, {counted}"
        return Estimate(share, low, high, n, method, conf_level=level, events=n_events)
    spread = float(patients @ (parts - share * sizes) ** 2) / float(patients @ sizes) ** 2
    error = math.sqrt(n / (n - 1) * spread)
    if error <= 1e-12:
        reason = f"all patients have the same share ({counted})"
        return not_estimable(reason, n, estimate=share, conf_level=level, events=n_events)
    effect = error**2 / (share * (1 - share) / n_units)
    few = f", few patients (below {FEW_PATIENTS})" if n < FEW_PATIENTS else ""
    method = f"cluster-robust (Rao-Scott), t({n - 1}) on the logit scale, {counted}, design effect {effect:.2f}{few}"
    slope = share * (1 - share)
    return wald_estimate(
        float(logit(share)),
        error / slope,
        n,
        method,
        conf_level=level,
        freedom=n - 1,
        scale="logit",
        null=None,
        events=n_events,
    )
