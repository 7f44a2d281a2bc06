"""Rate ratios from several rows of one patient: the negative binomial model with errors clustered by patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nmosd_cohort.statistics.estimate import Estimate, Floats, check_conf_level, not_estimable
from nmosd_cohort.statistics.regression.negative_binomial import fit_negative_binomial
from nmosd_cohort.statistics.wald import wald_estimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from nmosd_cohort.statistics.regression.glm import GlmFit

FEWEST_CLUSTERS = 10


def clustered_rate_ratios(
    events: ArrayLike,
    person_years: ArrayLike,
    design: pd.DataFrame,
    patient: ArrayLike,
    *,
    conf_level: float = 0.95,
) -> dict[str, Estimate]:
    """Ratio of the rate of events per person-year per unit of each covariate, over all rows of patients.

    Parameters
    ----------
    events, person_years
        Events and years at risk of each row of `design`, for example one row a patient and period.
    design
        Numeric covariates without an intercept.
    patient
        Label of the patient of each row; rows of one patient need not lie together.
    conf_level
        Coverage of the limits.

    Returns
    -------
    dict
        Column name to rate ratio of the negative binomial model. Limits are those of the sandwich variance summed
        within patients, with t of patients less 1. Below 10 patients there are no limits, and `method` says so.
        Rows without time are left out. `n` is patients.

    Raises
    ------
    ValueError
        As ``negative_binomial_regression``, or if the labels are not one a row.

    Notes
    -----
    Lawless 1987 (doi:10.2307/3314912); sandwich as in Liang and Zeger 1986 (doi:10.1093/biomet/73.1.13), times
    clusters / (clusters - 1), as ``vcovCL`` of R's sandwich package gives it for ``glm.nb``. The ratio is marginal:
    unlike that of total events over total time it gives patients with much time less than their share of weight.

    Examples
    --------
    >>> design = pd.DataFrame({"after": [0, 1] * 10})
    >>> events = [2, 0, 1, 1, 3, 1, 0, 0, 2, 0, 1, 0, 1, 1, 2, 0, 4, 2, 1, 0]
    >>> ratio = clustered_rate_ratios(events, [1] * 20, design, np.repeat(np.arange(10), 2))["after"]
    >>> round(ratio.estimate, 3), ratio.n, ratio.events
    (0.294, 10, 22)
    """
    level = check_conf_level(conf_level)
    counts, years, labels = np.asarray(events, float), np.asarray(person_years, float), np.asarray(patient)
    if not len(labels) == len(counts) == len(years) == len(design):
        raise ValueError(f"{len(labels)} labels of patients for {len(counts)} events and {len(design)} rows of design")
    fit = fit_negative_binomial(counts, years, design)
    kept = years > 0
    matrix = np.column_stack([np.ones(int(kept.sum())), design.to_numpy(dtype=float)[kept]])
    clusters, place = np.unique(labels[kept], return_inverse=True)
    n, total = len(clusters), int(counts.sum())
    method = f"negative binomial model, dispersion {fit.dispersion:.2f}, errors clustered by patient"
    points = np.exp(fit.coefficients[1:])
    if n < FEWEST_CLUSTERS:
        reason = f"{method}: fewer than {FEWEST_CLUSTERS} patients, no limits"
        return {
            name: not_estimable(reason, n, estimate=float(point), conf_level=level)
            for name, point in zip(fit.names, points, strict=True)
        }
    errors = np.sqrt(np.diag(_sandwich(fit, matrix, counts[kept], years[kept], place, n)))
    return {
        name: wald_estimate(
            float(fit.coefficients[at]),
            float(errors[at]),
            n,
            f"{method}, t({n - 1}) limits",
            conf_level=level,
            freedom=n - 1,
            scale="log",
            events=total,
        )
        for at, name in enumerate(fit.names, start=1)
    }


def _sandwich(fit: GlmFit, matrix: Floats, events: Floats, years: Floats, place: np.ndarray, n: int) -> Floats:
    """Return the covariance of the coefficients whose middle is summed within patients."""
    mean = years * np.exp(matrix @ fit.coefficients)
    shrink = 1 + fit.dispersion * mean
    bread = np.linalg.inv(matrix.T @ (matrix * (mean / shrink)[:, None]))
    scores = np.zeros((n, matrix.shape[1]))
    np.add.at(scores, place, matrix * ((events - mean) / shrink)[:, None])
    covariance: Floats = n / (n - 1) * bread @ (scores.T @ scores) @ bread
    return covariance
