"""P-values adjusted for the size of their family."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Counts, Floats, check_option

Adjustment = Literal["holm", "benjamini_hochberg"]


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
        If they are not numbers, not one-dimensional, or one lies outside 0 to 1.

    Notes
    -----
    Holm 1979, Scandinavian Journal of Statistics 6:65.

    Examples
    --------
    >>> holm([0.01, 0.04, float("nan"), 0.03]).round(2).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    raw = _p_values(p_values)
    order = _tested(raw)
    adjusted = np.full(raw.size, np.nan)
    steps = raw[order] * np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """P-values adjusted so that false alarms are expected to be no larger a share of the alarms than the level.

    Parameters
    ----------
    p_values
        One a hypothesis, in any order. NaN means not tested: it stays NaN and is not counted.

    Returns
    -------
    ndarray
        Adjusted p-values in the order given, never above 1 and never above those of `holm`.

    Raises
    ------
    ValueError
        As `holm`.

    Notes
    -----
    Benjamini and Hochberg 1995 (doi:10.1111/j.2517-6161.1995.tb02031.x). Holds for independent and for
    positively dependent tests: Benjamini and Yekutieli 2001 (doi:10.1214/aos/1013699998).

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, float("nan"), 0.03]).round(2).tolist()
    [0.03, 0.04, nan, 0.04]
    """
    raw = _p_values(p_values)
    falling = _tested(raw)[::-1]
    adjusted = np.full(raw.size, np.nan)
    steps = raw[falling] * (falling.size / np.arange(falling.size, 0, -1))
    adjusted[falling] = np.minimum(np.minimum.accumulate(steps), 1.0)
    return adjusted


def adjust_family(p_values: ArrayLike, families: ArrayLike, *, method: Adjustment = "holm") -> pd.DataFrame:
    """P-values adjusted within each declared family of hypotheses.

    Parameters
    ----------
    p_values
        One a hypothesis; NaN means not tested.
    families
        The family that each hypothesis was declared to belong to.
    method
        ``holm`` guards against any false alarm in a family, ``benjamini_hochberg`` limits the expected share
        of false alarms among the alarms.

    Returns
    -------
    DataFrame
        One row a hypothesis in the order given (the index is kept if `p_values` is a Series), with columns
        family, p_value, p_adjusted, family_size (hypotheses tested in the family) and method.

    Raises
    ------
    ValueError
        If lengths differ, a label is missing, the method is unknown, or a p-value breaks the rules of `holm`.

    Notes
    -----
    Families are fixed before the results are seen; how large each is must be reported beside the p-values.

    Examples
    --------
    >>> adjusted = adjust_family([0.02, 0.03, 0.04], ["SF-36", "SF-36", "EDSS"])
    >>> adjusted["p_adjusted"].tolist(), adjusted["family_size"].tolist()
    ([0.04, 0.04, 0.04], [2, 2, 1])
    """
    check_option("method", method, get_args(Adjustment))
    raw = _p_values(p_values)
    labels = pd.Series(np.asarray(families, dtype=object))
    if labels.size != raw.size:
        raise ValueError(f"families has {labels.size} labels but p_values {raw.size} entries; give one for each")
    missing = int(labels.isna().sum())
    if missing:
        raise ValueError(f"families has {missing} missing labels of {labels.size}; declare a family for each p-value")
    adjusted, sizes = np.full(raw.size, np.nan), np.zeros(raw.size, dtype=np.int64)
    codes = pd.factorize(labels)[0]
    for code in range(codes.max(initial=-1) + 1):
        members = codes == code
        adjusted[members] = holm(raw[members]) if method == "holm" else benjamini_hochberg(raw[members])
        sizes[members] = (~np.isnan(raw[members])).sum()
    index = p_values.index if isinstance(p_values, pd.Series) else None
    columns = {"family": labels.to_numpy(), "p_value": raw, "p_adjusted": adjusted, "family_size": sizes}
    return pd.DataFrame({**columns, "method": method}, index=index)


def _p_values(p_values: ArrayLike) -> Floats:
    try:
        raw = np.asarray(p_values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError("p_values must be numbers, NaN for what was not tested") from error
    if raw.ndim != 1:
        raise ValueError(f"p_values has {raw.ndim} dimensions; it must have one")
    bad = int(((raw < 0) | (raw > 1)).sum())
    if bad:
        raise ValueError(f"p_values: {bad} lie outside 0 to 1")
    return raw


def _tested(raw: Floats) -> Counts:
    """Return where the p-values that are numbers lie, smallest first."""
    tested = np.flatnonzero(~np.isnan(raw))
    order: Counts = tested[np.argsort(raw[tested], kind="stable")]
    return order
