"""Difference between two arms after treatment at equal scores before it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.columns import check_frame
from nmosd_cohort.statistics.estimate import Estimate, as_values, check_conf_level, not_estimable, patient_counts
from nmosd_cohort.statistics.paired.minimum_patients import too_few
from nmosd_cohort.statistics.regression.linear import adjusted_mean_difference


def ancova(
    before: ArrayLike,
    after: ArrayLike,
    group: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    covariates: pd.DataFrame | None = None,
    conf_level: float = 0.95,
) -> Estimate:
    """Difference in mean score after treatment, arm 1 less arm 0, between patients with equal scores before it.

    Parameters
    ----------
    before, after
        Scores of the same patients.
    group
        1 for patients of one arm, 0 for the reference arm.
    counts
        Patients in each row; None counts every row once.
    covariates
        More numeric columns known before treatment, without an intercept.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        In points of the scale (negative is lower in arm 1); HC3 robust error, t limits. NaN, with the reason in
        `method`, with fewer than 8 patients, fewer than 4 in an arm, or the same score after in all.

    Raises
    ------
    ValueError
        If scores or rows do not match, the group is not 0 and 1, the score before does not vary, or a covariate
        is constant, collinear, not numeric or rests on a single patient.

    Notes
    -----
    Vickers and Altman 2001 (doi:10.1136/bmj.323.7321.1123). Change in place of the score after gives the same
    difference. Robust because arms of unequal size often differ in spread, where the classical error misleads.

    Examples
    --------
    >>> gap = ancova([5, 6, 7, 8, 5, 6, 7, 8], [3, 3, 5, 5, 5, 5, 7, 7], [1, 1, 1, 1, 0, 0, 0, 0], [2] * 8)
    >>> round(gap.estimate, 2), gap.n
    (-2.0, 16)
    """
    level = check_conf_level(conf_level)
    first, second, arm = (
        as_values(values, name=name) for name, values in (("before", before), ("after", after), ("group", group))
    )
    if not first.size == second.size == arm.size:
        raise ValueError(
            f"before, after and group have {first.size}, {second.size} and {arm.size} entries, not the same"
        )
    if not np.isin(arm, (0, 1)).all():
        raise ValueError("group must be 1 for one arm and 0 for the reference arm")
    whole = patient_counts(counts, size=arm.size, name="group")
    n, n_arm = int(whole.sum()), int(whole[arm == 1].sum())
    reason = too_few("ancova", n) or too_few("ancova_arm", min(n_arm, n - n_arm))
    if reason:
        return not_estimable(reason, n, conf_level=level)
    design = pd.DataFrame({"group": arm, "before": first})
    if covariates is not None:
        if len(check_frame(covariates, "covariates")) != arm.size:
            raise ValueError(f"covariates has {len(covariates)} rows but group {arm.size} entries; they must match")
        design = pd.concat([design, covariates.reset_index(drop=True)], axis=1)
    return adjusted_mean_difference(second, design, whole, "group", conf_level=level)
