"""Odds ratios by the logistic model, by Firth's where events are few or a covariate separates them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nmosd_cohort.statistics.regression.firth import firth_logistic
from nmosd_cohort.statistics.regression.logistic import ENOUGH_EVENTS, logistic_regression

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.statistics.estimate import Estimate

# An interval whose ends differ by more than this factor tells the direction at best.
WIDEST_FACTOR = 20.0


@dataclass(frozen=True, slots=True)
class OddsRatios:
    """Odds ratios of one model by column, and what there is to say about it; none where ``why_not`` has words."""

    ratios: dict[str, Estimate]
    checks: list[Check]
    why_not: str = ""


def sparse_odds_ratios(
    outcome01: NDArray[np.float64],
    design: pd.DataFrame,
    counts: NDArray[np.int64],
    *,
    name: str,
    conf_level: float,
) -> OddsRatios:
    """Odds ratio of each column with profile limits; Firth's with fewer than 10 events a parameter or separation.

    Parameters
    ----------
    outcome01
        1 with the event, 0 without, one a row of ``design``.
    design
        Numeric columns without a missing value.
    counts
        Patients in each row.
    name
        Of the model, for its checks.
    conf_level
        Coverage of the limits.

    Returns
    -------
    OddsRatios
        A check has the events for each parameter (the fewer of events and non-events) and which model was taken.

    Notes
    -----
    Events for each parameter: Peduzzi et al 1996 (doi:10.1016/S0895-4356(96)00236-3); Firth's model: Heinze and
    Schemper 2002 (doi:10.1002/sim.1047).

    Examples
    --------
    >>> import pandas as pd
    >>> design = pd.DataFrame({"spinal_onset": [0.0, 0.0, 1.0]})
    >>> found = sparse_odds_ratios(
    ...     np.array([0.0, 1, 1]), design, np.array([9, 5, 6]), name="crude", conf_level=0.95)
    >>> round(found.ratios["spinal_onset"].estimate, 1), found.checks[0][2]
    (22.5, '9.0 events a parameter (11 with, 9 without, 1 parameter): Firth model, as below 10')
    """
    events, n = round(float(counts @ outcome01)), int(counts.sum())
    if design.empty or not 0 < events < n:
        lacking = "no covariate that varies" if 0 < events < n else f"{events} of {n} patients have the event"
        return OddsRatios({}, [], lacking)
    per_parameter = min(events, n - events) / design.shape[1]
    words = f"{per_parameter:.1f} events a parameter ({events} with, {n - events} without, {design.shape[1]} "
    words += "parameter)" if design.shape[1] == 1 else "parameters)"
    label = f"events per parameter, {name}"
    try:
        if per_parameter >= ENOUGH_EVENTS:
            ratios = logistic_regression(outcome01, design, counts, conf_level=conf_level)
            return OddsRatios(ratios, [(label, "met", words)])
        reason = f"as below {ENOUGH_EVENTS}"
    except ValueError as problem:
        reason = f"as {problem}"
    try:
        ratios = firth_logistic(outcome01, design, counts, conf_level=conf_level)
    except ValueError as problem:
        return OddsRatios({}, [(label, "not met", words)], str(problem))
    return OddsRatios(ratios, [(label, "not met", f"{words}: Firth model, {reason}")])


def width_checks(ratios: dict[str, Estimate], name: str) -> list[Check]:
    """Return a check for each ratio whose limits differ by more than a factor of 20.

    Examples
    --------
    >>> from nmosd_cohort.statistics.estimate import Estimate
    >>> width_checks({"spinal_onset": Estimate(15.8, 1.4, 182, 122, "as printed")}, "adjusted")[0][2]
    'the interval runs from 1.4 to 182, a factor of 130: it tells the direction at best, not the size'
    """
    checks: list[Check] = []
    for term, ratio in ratios.items():
        if ratio.conf_low > 0 and ratio.conf_high / ratio.conf_low > WIDEST_FACTOR:
            factor = ratio.conf_high / ratio.conf_low
            limits = f"the interval runs from {ratio.conf_low:.3g} to {ratio.conf_high:.3g}, a factor of {factor:.3g}"
            checks.append(
                (f"{term} precise, {name}", "not met", f"{limits}: it tells the direction at best, not the size")
            )
    return checks
