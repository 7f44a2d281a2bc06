"""What a pooled effect hangs on: single studies, single cohorts, small studies; and the table of a forest plot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, Unpack, get_args

import numpy as np
import pandas as pd

from nmosd_cohort.statistics.estimate import Estimate, as_row, check_option, not_estimable
from nmosd_cohort.statistics.pooling.random_effects import Pooled, PoolOptions, is_rounding, pool_studies
from nmosd_cohort.statistics.pooling.studies import Studies, study_groups, take_studies
from nmosd_cohort.statistics.wald import wald_estimate

FEWEST_STUDIES = 10
Keep = Literal["largest", "all"]


def leave_one_out(studies: Studies, **options: Unpack[PoolOptions]) -> pd.DataFrame:
    """Mean effect over all studies but one, one row for each study left out.

    Parameters
    ----------
    studies
        Two or more, see ``pool_studies``.
    **options
        See ``pool_studies``.

    Returns
    -------
    DataFrame
        Columns left_out, k, estimate, std_error, conf_low, conf_high, p_value, n, method, prediction_low,
        prediction_high, tau2, i2, q, q_p; rows in the order of the studies.

    Raises
    ------
    ValueError
        If there is one study only, or an option is not allowed.

    Examples
    --------
    >>> from nmosd_cohort.statistics.pooling.proportions import share_studies
    >>> table = leave_one_out(share_studies([93, 34, 35, 37], [145, 71, 122, 86]))
    >>> table["estimate"].round(2).tolist()
    [0.39, 0.45, 0.52, 0.47]
    """
    everything = range(len(studies.labels))
    if len(everything) < 2:
        raise ValueError("there is one study; without it there is nothing to pool")
    return pd.DataFrame(
        [
            _row(label, pool_studies(take_studies(studies, [at for at in everything if at != place]), **options))
            for place, label in enumerate(studies.labels)
        ]
    )


def leave_one_group_out(
    studies: Studies,
    overlap_groups: Sequence[str],
    *,
    keep: Keep = "largest",
    **options: Unpack[PoolOptions],
) -> pd.DataFrame:
    """Mean effect over all cohorts but one, one row for each cohort left out.

    Parameters
    ----------
    studies
        See ``pool_studies``.
    overlap_groups
        Cohort of each study: studies that share patients have the same.
    keep
        ``largest`` (default) counts each cohort once, see ``one_per_group``; ``all`` keeps every study, so that
        patients in two of them count twice, and leaves out all of a cohort together.
    **options
        See ``pool_studies``.

    Returns
    -------
    DataFrame
        As ``leave_one_out``, with the cohort in left_out; rows in the order in which cohorts come.

    Raises
    ------
    ValueError
        If there are not as many groups as studies, one is missing, all studies are of one cohort, or an option is
        not allowed.

    Examples
    --------
    >>> from nmosd_cohort.statistics.pooling.proportions import share_studies
    >>> table = leave_one_group_out(share_studies([10, 30, 12], [26, 76, 40]), ["Oxford", "Oxford", "Berlin"])
    >>> table["left_out"].tolist(), table["k"].tolist()
    (['Oxford', 'Berlin'], [1, 1])
    """
    check_option("keep", keep, get_args(Keep))
    groups = study_groups(overlap_groups, studies, name="overlap_groups")
    names = list(dict.fromkeys(groups))
    if len(names) < 2:
        raise ValueError("all studies are of one cohort; without it there is nothing to pool")
    kept = _largest(studies, groups) if keep == "largest" else list(range(len(groups)))
    return pd.DataFrame(
        [
            _row(name, pool_studies(take_studies(studies, [at for at in kept if groups[at] != name]), **options))
            for name in names
        ]
    )


def one_per_group(studies: Studies, overlap_groups: Sequence[str]) -> Studies:
    """Keep of each cohort the study with the most patients, so that no patient counts twice.

    Parameters
    ----------
    studies
        See ``pool_studies``.
    overlap_groups
        Cohort of each study: studies that share patients have the same.

    Returns
    -------
    Studies
        In the order given. Of studies alike in patients (or without numbers) the one with the smaller variance
        stays, then the first.

    Raises
    ------
    ValueError
        If there are not as many groups as studies, or one is missing.

    Examples
    --------
    >>> from nmosd_cohort.statistics.pooling.proportions import share_studies
    >>> one_per_group(share_studies([10, 30, 12], [26, 76, 40]), ["Oxford", "Oxford", "Berlin"]).labels
    ('study 2', 'study 3')
    """
    groups = study_groups(overlap_groups, studies, name="overlap_groups")
    return take_studies(studies, _largest(studies, groups))


def small_study_effect(studies: Studies) -> Estimate:
    """Egger's regression: effect per unit of standard error, 0 if small and large studies tell the same.

    Parameters
    ----------
    studies
        Ten or more, see ``pool_studies``.

    Returns
    -------
    Estimate
        Slope of the effect on its standard error, weighted by the inverse variance, with t(k - 2). Fewer than
        ten studies, or studies of one standard error, give NaN with the reason; effects that all lie on the line
        give no limits. For shares and odds ratios the
        error hangs on the effect itself, so that a slope arises without any small-study effect; `method` says so.

    Notes
    -----
    Egger, Davey Smith, Schneider and Minder 1997 (doi:10.1136/bmj.315.7109.629); ten studies: Sterne et al. 2011
    (doi:10.1136/bmj.d4002). Asymmetry has other causes than unpublished studies.

    Examples
    --------
    >>> from nmosd_cohort.statistics.pooling.studies import study_effects
    >>> small_study_effect(study_effects([0.1, 0.3], [0.02, 0.04])).method
    'not estimable: Egger regression needs 10 studies, there are 2'
    """
    k, n, level = len(studies.labels), sum(study.n for study in studies.own), studies.conf_level
    if k < FEWEST_STUDIES:
        reason = f"Egger regression needs {FEWEST_STUDIES} studies, there are {k}"
        return not_estimable(reason, n, conf_level=level)
    errors = np.sqrt(studies.variances)
    if np.ptp(errors) <= 1e-9 * errors.max():
        return not_estimable("all studies have the same standard error", n, conf_level=level)
    weights = 1 / studies.variances
    centre = float(weights @ errors / weights.sum())
    spread = float(weights @ (errors - centre) ** 2)
    slope = float(weights @ ((errors - centre) * studies.effects)) / spread
    level_at_0 = float(weights @ (studies.effects - slope * errors) / weights.sum())
    line = level_at_0 + slope * errors
    if is_rounding(studies.effects - line, (studies.effects, slope * errors)):
        return not_estimable("all effects lie on the line", n, estimate=slope, conf_level=level)
    left = float(weights @ (studies.effects - line) ** 2) / (k - 2)
    caveat = ""
    if studies.scale in ("logit", "log", "freeman_tukey"):
        caveat = "; errors of shares and ratios hang on the effect, which alone can make a slope"
    method = f"Egger regression, effect per standard error, t({k - 2}){caveat}"
    return wald_estimate(slope, math.sqrt(left / spread), n, method, conf_level=level, freedom=float(k - 2))


def forest_table(studies: Studies, **options: Unpack[PoolOptions]) -> pd.DataFrame:
    """Each study by itself, the mean of all, and where a further study would lie: the rows of a forest plot.

    Parameters
    ----------
    studies
        See ``pool_studies``.
    **options
        See ``pool_studies``.

    Returns
    -------
    DataFrame
        Columns study, kind (``study``, ``pooled`` or ``prediction``), weight, estimate, std_error, conf_low,
        conf_high, p_value, n, method; on the plain scale, weights adding up to 1. Ratios belong on a log axis.

    Examples
    --------
    >>> from nmosd_cohort.statistics.pooling.proportions import share_studies
    >>> table = forest_table(share_studies([117, 125, 81], [145, 166, 122], labels=["A", "B", "C"]))
    >>> table["study"].tolist()
    ['A', 'B', 'C', 'all studies', 'a further study']
    """
    pooled = pool_studies(studies, **options)
    rows = [
        {"study": label, "kind": "study", "weight": weight, **as_row(own)}
        for label, weight, own in zip(studies.labels, pooled.weights, studies.own, strict=True)
    ]
    mean = {"study": "all studies", "kind": "pooled", "weight": 1.0, **as_row(pooled)}
    rows.append(mean)
    if not math.isnan(pooled.prediction_low):
        limits = {"conf_low": pooled.prediction_low, "conf_high": pooled.prediction_high}
        empty = {"weight": math.nan, "std_error": math.nan, "p_value": math.nan}
        rows.append({**mean, "study": "a further study", "kind": "prediction", **limits, **empty})
    return pd.DataFrame(rows)


def _row(left_out: str, pooled: Pooled) -> dict[str, float | int | str]:
    rest = ("prediction_low", "prediction_high", "tau2", "i2", "q", "q_p")
    return {"left_out": left_out, "k": pooled.k, **as_row(pooled), **{name: getattr(pooled, name) for name in rest}}


def _largest(studies: Studies, groups: Sequence[str]) -> list[int]:
    """Return the place of the largest study of each cohort, in rising order."""

    def rank(place: int) -> tuple[int, float, int]:
        return -studies.own[place].n, float(studies.variances[place]), place

    best: dict[str, int] = {}
    for place in sorted(range(len(groups)), key=rank):
        best.setdefault(groups[place], place)
    return sorted(best.values())
