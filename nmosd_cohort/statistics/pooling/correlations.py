"""Correlations of several studies put together on Fisher's z scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.correlation.fisher_z import Kind, correlation_from_summary
from nmosd_cohort.statistics.estimate import as_values, check_conf_level, check_counts
from nmosd_cohort.statistics.pooling.random_effects import Pooled, PoolOptions, pool_studies
from nmosd_cohort.statistics.pooling.studies import Studies, make_studies


def pool_correlations(
    correlations: ArrayLike,
    n: ArrayLike,
    *,
    kind: Kind | Sequence[Kind],
    labels: Sequence[str] | None = None,
    conf_level: float = 0.95,
    **options: Unpack[PoolOptions],
) -> Pooled:
    """Mean over studies of their correlation, from -1 to 1.

    Parameters
    ----------
    correlations, n
        Correlation, and patients (four or more), of each study.
    kind
        ``pearson`` or ``spearman`` for all, or one for each study. The two are different correlations: a mean
        over both is only as good as their likeness, and `method` says so.
    labels
        Name of each study; None numbers them.
    conf_level
        Coverage of the limits.
    **options
        See ``pool_studies``.

    Returns
    -------
    Pooled
        tanh of the mean Fisher z: the correlation of the study in the middle, not the mean of correlations.

    Raises
    ------
    ValueError
        If a correlation is not between -1 and 1 or is perfect, a study has fewer than four patients, or lengths
        differ.

    Notes
    -----
    Variance of z: 1 / (n - 3) for Pearson (Fisher 1921), (1 + r^2 / 2) / (n - 3) for Spearman (Bonett and Wright
    2000, doi:10.1007/BF02294183). The rest as ``pool_studies``.

    Examples
    --------
    >>> pooled = pool_correlations([0.34, 0.52, 0.41], [71, 40, 122], kind=["pearson", "spearman", "spearman"])
    >>> round(pooled.estimate, 3)
    0.406
    """
    return pool_studies(
        correlation_studies(correlations, n, kind=kind, labels=labels, conf_level=conf_level), **options
    )


def correlation_studies(
    correlations: ArrayLike,
    n: ArrayLike,
    *,
    kind: Kind | Sequence[Kind],
    labels: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> Studies:
    """Correlations of studies, to be pooled; arguments as ``pool_correlations``.

    Examples
    --------
    >>> correlation_studies([0.34, 0.52], [71, 40], kind="spearman").scale
    'fisher_z'
    """
    level = check_conf_level(conf_level)
    values = as_values(correlations, name="correlations")
    patients = check_counts(n, size=values.size, name="n")
    kinds = [kind] * values.size if isinstance(kind, str) else list(kind)
    if len(kinds) != values.size:
        raise ValueError(f"kind has {len(kinds)} entries for {values.size} studies; give one for all or one for each")
    perfect = np.abs(values) == 1
    if perfect.any():
        study = int(np.argmax(perfect)) + 1
        raise ValueError(
            f"the correlation of study {study} is perfect; it has no variance on the z scale: leave it out"
        )
    own = [
        correlation_from_summary(float(value), int(size), kind=one, conf_level=level)
        for value, size, one in zip(values, patients, kinds, strict=True)
    ]
    errors = np.array([study.std_error for study in own]) / (1 - values**2)
    notes = [one.capitalize() for one in kinds] if len(set(kinds)) > 1 else None
    return make_studies(
        np.arctanh(values), errors**2, own, "fisher_z", labels=labels, null=0.0, conf_level=level, notes=notes
    )
