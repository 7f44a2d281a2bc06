"""Studies pooled by subgroup, with the difference between subgroups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy.stats import chi2, f

from nmosd_cohort.statistics.estimate import Floats, as_row, check_option
from nmosd_cohort.statistics.pooling.heterogeneity import Tau2Method, heterogeneity
from nmosd_cohort.statistics.pooling.random_effects import (
    LIMIT_NAMES,
    NO_SPREAD,
    KnappHartung,
    error_factor,
    weighted_mean,
)
from nmosd_cohort.statistics.pooling.studies import Studies, describe_notes, study_groups, take_studies, to_plain
from nmosd_cohort.statistics.wald import Scale, wald_estimate

SharedTau2 = Literal["common", "separate"]
CONTRASTS: dict[str, tuple[str, Scale]] = {
    "plain": ("difference", "plain"),
    "log": ("ratio of ratios", "log"),
    "logit": ("odds ratio", "log"),
    "fisher_z": ("difference of Fisher z", "plain"),
    "freeman_tukey": ("difference of double arcsines, radians", "plain"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Subgroups:
    """Mean effect of each subgroup of studies, and how far subgroups differ.

    Parameters
    ----------
    groups
        One row a subgroup: group, k, estimate, std_error, conf_low, conf_high, p_value, n, method, tau2.
    differences
        One row for each subgroup but the first: group, reference (the first), contrast, estimate, std_error,
        conf_low, conf_high, p_value, n, method. Shares are contrasted as odds ratio, ratios as ratio.
    q_between
        Weighted sum of squared distances of the subgroup means from their mean.
    freedom, freedom_within
        Degrees of freedom of the test; the second is infinite where it is by chi-square.
    p_value
        Against equal means in all subgroups.
    method
        How the test was made.

    Examples
    --------
    >>> from nmosd_cohort.statistics.pooling.studies import study_effects
    >>> pool_subgroups(study_effects([0.1, 0.2, 0.6], [0.01, 0.01, 0.01]), ["a", "a", "b"]).freedom
    1
    """

    groups: pd.DataFrame
    differences: pd.DataFrame
    q_between: float
    freedom: int
    freedom_within: float
    p_value: float
    method: str


@dataclass(frozen=True, slots=True, eq=False)
class _Means:
    names: tuple[str, ...]
    places: tuple[tuple[int, ...], ...]
    means: Floats
    errors: Floats
    freedoms: Floats
    tau2: Floats


def pool_subgroups(
    studies: Studies,
    groups: Sequence[str],
    *,
    tau2: SharedTau2 = "common",
    tau2_method: Tau2Method = "REML",
    knapp_hartung: KnappHartung = "floor_at_zero",
) -> Subgroups:
    """Mean effect by subgroup of studies, and the difference of each subgroup from the first.

    Parameters
    ----------
    studies
        See ``pool_studies``.
    groups
        Subgroup of each study; at least two subgroups.
    tau2
        ``common`` (default): one variance between studies within all subgroups, as a meta-regression on the
        subgroup. ``separate``: each its own, which needs two studies in each and is poor below about five.
    tau2_method, knapp_hartung
        See ``pool_studies``.

    Returns
    -------
    Subgroups
        ``common``: F test with the studies less the subgroups as degrees of freedom within. ``separate``: Welch's
        test of means with unequal variances, differences by t with Satterthwaite's degrees of freedom. With
        ``none`` and ``fixed`` chi-square and normal limits. Subgroups of studies with the same effect give NaN with
        the reason where there is no floor. Subgroups differ in more than what they are named
        after: a difference is an observation, not an effect.

    Raises
    ------
    ValueError
        If there are not as many groups as studies, one is missing, there are fewer than two subgroups or too few
        studies in them, or an option is not allowed.

    Notes
    -----
    Knapp and Hartung 2003 (doi:10.1002/sim.1482); Welch 1951 (doi:10.1093/biomet/38.3-4.330).

    Examples
    --------
    >>> from nmosd_cohort.statistics.pooling.proportions import share_studies
    >>> shares = share_studies([117, 125, 27, 25], [145, 166, 66, 29])
    >>> found = pool_subgroups(shares, ["clinic", "clinic", "survey", "survey"])
    >>> found.differences["contrast"].tolist(), round(found.p_value, 2)
    (['odds ratio'], 0.61)
    """
    check_option("tau2", tau2, get_args(SharedTau2))
    check_option("tau2_method", tau2_method, get_args(Tau2Method))
    check_option("knapp_hartung", knapp_hartung, get_args(KnappHartung))
    form: KnappHartung = "none" if tau2_method == "fixed" else knapp_hartung
    names, codes = _codes(groups, studies)
    if tau2 == "common":
        found = _common(studies, names, codes, tau2_method, form)
    else:
        found = _separate(studies, names, codes, tau2_method, form)
    means, factor = found
    method = f"{tau2} tau2, {tau2_method}, {LIMIT_NAMES[form]}"
    q_between, freedom, within, p_value = _test(means, factor, is_welch=tau2 == "separate" and form != "none")
    test = "chi-square" if math.isinf(within) else "Welch's test" if tau2 == "separate" else "F test"
    return Subgroups(
        _group_table(studies, means, method),
        _difference_table(studies, means, method, is_common=tau2 == "common"),
        q_between,
        freedom,
        within,
        p_value,
        _told(f"{test} between {len(names)} subgroups, {method}", p_value, "test"),
    )


def _told(method: str, number: float, what: str = "limits") -> str:
    """Return the method, with the reason in front where the number that it rests on is NaN."""
    return f"{what} not estimable: {NO_SPREAD}; {method}" if math.isnan(number) else method


def _codes(groups: Sequence[str], studies: Studies) -> tuple[tuple[str, ...], Floats]:
    """Return the subgroups in the order in which they come, and the number of each study's."""
    given = study_groups(groups, studies, name="groups")
    names = tuple(dict.fromkeys(given))
    if len(names) < 2:
        raise ValueError("all studies are in one subgroup; a comparison needs two")
    return names, np.array([names.index(group) for group in given], dtype=np.float64)


def _places(codes: Floats, count: int) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(np.flatnonzero(codes == code).tolist()) for code in range(count))


def _common(
    studies: Studies, names: tuple[str, ...], codes: Floats, tau2_method: Tau2Method, form: KnappHartung
) -> tuple[_Means, float]:
    """Return subgroup means at one tau2, and the Hartung-Knapp factor in their errors."""
    k, p = codes.size, len(names)
    if k <= p:
        raise ValueError(f"{k} studies in {p} subgroups leave no variance between studies; one subgroup needs two")
    whole = codes.astype(np.int64)
    spread = heterogeneity(studies.effects, studies.variances, groups=whole, tau2_method=tau2_method)
    weights = 1 / (studies.variances + spread.tau2)
    sums = np.bincount(whole, weights=weights)
    means = np.bincount(whole, weights=weights * studies.effects) / sums
    factor = 1.0
    if form != "none":
        factor = error_factor(studies.effects, means[whole], weights, k - p, spread.tau2, form)
    freedom = np.full(p, math.inf if form == "none" else k - p)
    found = _Means(
        names, _places(codes, p), means, np.sqrt(factor / sums), freedom, np.full(p, spread.tau2, dtype=np.float64)
    )
    return found, factor


def _separate(
    studies: Studies, names: tuple[str, ...], codes: Floats, tau2_method: Tau2Method, form: KnappHartung
) -> tuple[_Means, float]:
    """Return subgroup means each at its own tau2; the factor is within their errors."""
    places = _places(codes, len(names))
    for name, place in zip(names, places, strict=True):
        if len(place) < 2:
            raise ValueError(f"subgroup {name} has one study; a variance of its own needs two: take tau2='common'")
    rows = []
    for place in places:
        part = take_studies(studies, place)
        spread = heterogeneity(part.effects, part.variances, tau2_method=tau2_method)
        mean = weighted_mean(part.effects, part.variances, spread.tau2, knapp_hartung=form)
        rows.append((*mean, spread.tau2))
    means, errors, freedoms, tau2 = np.array(rows, dtype=np.float64).T
    return _Means(names, places, means, errors, freedoms, tau2), 1.0


def _test(found: _Means, factor: float, *, is_welch: bool) -> tuple[float, int, float, float]:
    """Return Q between subgroups without the factor, both degrees of freedom, and the p-value."""
    weights = 1 / found.errors**2
    share = weights / weights.sum()
    q_between = float(weights @ (found.means - share @ found.means) ** 2)
    p = found.means.size
    statistic, within = q_between / (p - 1), float(found.freedoms.min())
    if is_welch:
        imbalance = float(((1 - share) ** 2 / found.freedoms).sum())
        statistic /= 1 + 2 * (p - 2) / (p**2 - 1) * imbalance
        within = (p**2 - 1) / (3 * imbalance)
    if math.isinf(within):
        return q_between, p - 1, within, float(chi2.sf(q_between, p - 1))
    return q_between * factor, p - 1, within, float(f.sf(statistic, p - 1, within))


def _group_table(studies: Studies, found: _Means, method: str) -> pd.DataFrame:
    rows = []
    for index, (name, place) in enumerate(zip(found.names, found.places, strict=True)):
        part = take_studies(studies, place)
        mean, error, freedom = (float(part[index]) for part in (found.means, found.errors, found.freedoms))
        text = "; ".join(filter(None, (_told(method, error), describe_notes(part))))
        estimate = to_plain(part, mean, error, freedom, method=text)
        rows.append({"group": name, "k": len(place), **as_row(estimate), "tau2": float(found.tau2[index])})
    return pd.DataFrame(rows)


def _difference_table(studies: Studies, found: _Means, method: str, *, is_common: bool) -> pd.DataFrame:
    contrast, scale = CONTRASTS[studies.scale]
    sizes = [sum(studies.own[place].n for place in places) for places in found.places]
    rows = []
    for index in range(1, len(found.names)):
        squares = found.errors[[0, index]] ** 2
        freedom = float(found.freedoms[0])
        if not is_common and math.isfinite(freedom):
            freedom = float(squares.sum() ** 2 / (squares**2 / found.freedoms[[0, index]]).sum())
        estimate = wald_estimate(
            float(found.means[index] - found.means[0]),
            math.sqrt(float(squares.sum())),
            sizes[0] + sizes[index],
            _told(f"{contrast}, {method}", float(squares.sum())),
            conf_level=studies.conf_level,
            freedom=freedom,
            scale=scale,
        )
        names = {"group": found.names[index], "reference": found.names[0], "contrast": contrast}
        rows.append({**names, **as_row(estimate)})
    return pd.DataFrame(rows)
