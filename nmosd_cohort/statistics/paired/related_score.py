"""Change that patients chosen for a related score would show without any effect of treatment."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Estimate, Floats, as_values, check_conf_level, not_estimable
from nmosd_cohort.statistics.models.design import model_cells
from nmosd_cohort.statistics.paired.change import mean_change
from nmosd_cohort.statistics.paired.minimum_patients import MINIMUM_PATIENTS
from nmosd_cohort.statistics.paired.regression_to_the_mean import RegressionToTheMean
from nmosd_cohort.statistics.regression.least_squares import hc3_covariance, least_squares
from nmosd_cohort.statistics.wald import wald_estimate

FEWEST = MINIMUM_PATIENTS["repeats_two_scores"].patients
METHOD = "line of the second score on both first scores, HC3 robust error"


def regression_given_related_score(
    before: ArrayLike,
    related: ArrayLike,
    after: ArrayLike,
    *,
    first: ArrayLike,
    first_related: ArrayLike,
    second: ArrayLike,
    conf_level: float = 0.95,
) -> RegressionToTheMean:
    """Mean change after start less that expected without effect, where a related score chose the treated.

    Parameters
    ----------
    before, related, after
        Score of the treated at the start, the score beside it that chose them, and the score at follow-up.
    first, first_related, second
        The same of patients without treatment: both scores, and the score the same time later.
    conf_level
        Coverage of the limits.

    Returns
    -------
    RegressionToTheMean
        `correlation` is that of the first and second score. Not identifiable, with the reason, with fewer than 20
        untreated, two treated, or scores that do not vary or are a multiple of each other.

    Raises
    ------
    ValueError
        If scores are not paired or missing.

    Notes
    -----
    Two scores of one visit share what was passing that day. Whoever is chosen by one of them falls back in the other,
    but less than the other's own distance from its mean says. The second score is regressed on both (Barnett, van der
    Pols and Dobson 2005, doi:10.1093/ije/dyh299, with two scores in place of one): right whichever of the two chose,
    if nothing else did. HC3: MacKinnon and White 1985 (doi:10.1016/0304-4076(85)90158-7); limits by t.

    Examples
    --------
    >>> pain = [1, 8, 3, 6, 5, 2, 7, 4, 9, 0] * 2
    >>> score = [80, 30, 70, 60, 40, 75, 35, 55, 20, 90] * 2
    >>> later = [75, 40, 70, 55, 50, 70, 45, 55, 35, 80, 70, 45, 65, 60, 55, 75, 40, 50, 30, 85]
    >>> answer = regression_given_related_score([30, 40, 35], [8, 7, 9], [45, 50, 40],
    ...     first=score, first_related=pain, second=later)
    >>> round(answer.crude_change.estimate, 1), round(answer.expected_change.estimate, 1)
    (10.0, 7.3)
    """
    level = check_conf_level(conf_level)
    treated = _together(before=before, related=related, after=after)
    repeats = _together(first=first, first_related=first_related, second=second)
    n_pairs, crude = len(repeats), mean_change(treated["before"], treated["after"], conf_level=level)
    expected, corrected, reason = _expected(treated, repeats, level)
    one, two = (repeats[name].to_numpy() for name in ("first", "second"))
    varies = n_pairs > 1 and np.ptp(one) > 0 and np.ptp(two) > 0
    correlation = float(np.corrcoef(one, two)[0, 1]) if varies else math.nan
    mean = float(one.mean() + two.mean()) / 2 if n_pairs else math.nan
    return RegressionToTheMean(crude, expected, corrected, correlation, mean, n_pairs, not reason, reason)


def _together(**columns: ArrayLike) -> pd.DataFrame:
    values = {name: as_values(given, name=name) for name, given in columns.items()}
    sizes = {name: one.size for name, one in values.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"scores are not paired: {', '.join(f'{name} has {size}' for name, size in sizes.items())}")
    return pd.DataFrame(values)


def _expected(treated: pd.DataFrame, repeats: pd.DataFrame, level: float) -> tuple[Estimate, Estimate, str]:
    """Return the change expected without effect, the rest, and why there is neither."""
    n, reason = len(treated), ""
    if n < 2:
        reason = f"treated: {n}; at least 2 patients are needed"
    elif len(repeats) < FEWEST:
        reason = f"repeats before start with both scores: {len(repeats)}; at least {FEWEST} patients are needed"
    elif np.ptp(repeats["second"].to_numpy()) == 0:
        reason = "the repeats before start do not vary"
    else:
        try:
            cells = model_cells(repeats["second"], repeats[["first", "first_related"]])
            fit = least_squares(cells)
            covariance = hc3_covariance(fit.influences, fit.leverages, cells)
        except ValueError as problem:
            reason = f"no line of the repeats: {problem}"
    if reason:
        unknown = not_estimable(reason, n, conf_level=level)
        return unknown, unknown, reason
    at: Floats = np.column_stack([np.ones(n), treated["before"], treated["related"]])
    line = at @ fit.coefficients
    middle = at.mean(axis=0)
    of_line = float(middle @ covariance @ middle)
    freedom = min(n, fit.freedom) - 1
    found = [
        wald_estimate(
            float(gap.mean()), math.sqrt(gap.var(ddof=1) / n + of_line), n, f"{METHOD}, t({freedom})",
            conf_level=level, freedom=freedom,
        )
        for gap in (line - treated["before"].to_numpy(), treated["after"].to_numpy() - line)
    ]  # fmt: skip
    return found[0], found[1], ""
