"""P-values adjusted for the size of their family."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Floats


def holm(p_values: ArrayLike) -> Floats:
    """P-values adjusted so that any false alarm in the family is as unlikely as its nominal level says.

    Parameters
    ----------
    p_values
        One a hypothesis, in any order. NaN means not tested: it stays NaN and is not counted.

    Returns
    -------
    ndarray
        Adjusted p-values in the order given, never above 1.

    Raises
    ------
    ValueError
        If they are not one-dimensional, or one lies outside 0 to 1.

    Notes
    -----
    Holm 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, float("nan"), 0.03]).round(2).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    raw = np.asarray(p_values, dtype=np.float64)
    if raw.ndim != 1:
        raise ValueError(f"p_values has {raw.ndim} dimensions; it must have one")
    bad = int(((raw < 0) | (raw > 1)).sum())
    if bad:
        raise ValueError(f"p_values: {bad} lie outside 0 to 1")
    tested = np.flatnonzero(~np.isnan(raw))
    order = tested[np.argsort(raw[tested], kind="stable")]
    adjusted = np.full(raw.size, np.nan)
    steps = raw[order] * np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
