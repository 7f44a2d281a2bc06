"""Printed means that weights are to reach, and how well the patients they were printed for fix them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nmosd_cohort.statistics.estimate import Floats, as_number, whole_number


@dataclass(frozen=True, slots=True)
class Target:
    """Mean (or share) of one variable in the population that the weights are to imitate.

    Parameters
    ----------
    variable
        Column of the covariates.
    mean
        Its mean there; of a 0/1 variable the share.
    sd
        Its SD there. It says how well `n` patients fix the mean, and is reached too if `match_sd`.
    n
        Patients whose mean it is; None if unknown.
    match_sd
        Whether the weighted SD must be `sd` as well.

    Raises
    ------
    ValueError
        If the mean is no finite number, the SD is negative, `match_sd` has no SD, or `n` is no whole number of 1
        or more.

    Examples
    --------
    >>> Target("edss", 3.5, sd=2.0, n=122).mean
    3.5
    """

    variable: str
    mean: float
    sd: float | None = None
    n: int | None = None
    match_sd: bool = False

    def __post_init__(self) -> None:
        if not math.isfinite(as_number(f"the target of {self.variable!r}", self.mean)):
            raise ValueError(f"the target of {self.variable!r} is {self.mean}; it must be a finite number")
        if self.sd is not None and not 0 <= self.sd < math.inf:
            raise ValueError(f"the SD of {self.variable!r} is {self.sd}; it must be 0 or more")
        if self.match_sd and self.sd is None:
            raise ValueError(f"the SD of {self.variable!r} is to be matched but is not given")
        if self.n is not None and whole_number(f"n of {self.variable!r}", self.n) < 1:
            raise ValueError(f"n of {self.variable!r} is {self.n}; it must be 1 or more")

    def moments(self, values: Floats) -> list[Moment]:
        """Return what the weights must balance for this target: the variable and, if its SD is matched, its square.

        Parameters
        ----------
        values
            Shape (m,), the variable in each row.

        Examples
        --------
        >>> [moment.gaps.tolist() for moment in Target("edss", 3.0, sd=1.0, match_sd=True).moments(np.array([4.0]))]
        [[1.0], [6.0]]
        """
        size = math.inf if self.n is None else float(self.n)
        spread = math.nan if self.sd is None else self.sd
        found = [Moment(self.variable, values - self.mean, spread, size)]
        if self.match_sd:
            found.append(Moment(f"{self.variable} squared", values**2 - self.mean**2 - spread**2, math.nan, size))
        return found


@dataclass(frozen=True, slots=True)
class Moment:
    """What weighted patients are to have with mean 0.

    Parameters
    ----------
    name
        The variable, or its square.
    gaps
        Shape (m,), the value of each row less the target.
    sd
        SD as printed, NaN if it was not.
    size
        Patients whose mean the target is; infinite if unknown.

    Examples
    --------
    >>> Moment("edss", np.array([1.0, -1.0]), math.nan, 50.0).size
    50.0
    """

    name: str
    gaps: Floats
    sd: float
    size: float


def check_targets(targets: Sequence[Target]) -> None:
    """Raise if there are no targets or two of one variable.

    Examples
    --------
    >>> check_targets([Target("edss", 3.5), Target("edss", 4.0)])
    Traceback (most recent call last):
    ValueError: 'edss' has two targets; give one
    """
    names = [target.variable for target in targets]
    if not names:
        raise ValueError("there are no targets; give at least one mean that the weights are to reach")
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name!r} has two targets; give one")


def sampling_covariance(moments: Sequence[Moment], shares: Floats) -> Floats:
    """Covariance of targets, each known from the patients it was printed for.

    Parameters
    ----------
    moments
        The p moments that have targets.
    shares
        Shape (m,), share of each row in the total weight. A paper prints no correlations: those of the weighted
        patients are used, and their SDs where none was printed.

    Returns
    -------
    Floats
        Shape (p, p). A target of unknown size has no error. Where two targets are of different numbers of
        patients the smaller group is taken to be part of the larger.

    Examples
    --------
    >>> age = Moment("age_years", np.array([-8.0, 8.0]), 10.0, 25.0)
    >>> sampling_covariance([age], np.array([0.5, 0.5])).tolist()
    [[4.0]]
    """
    gaps = np.column_stack([moment.gaps for moment in moments])
    spread = gaps.T @ (shares[:, None] * gaps)
    own = np.sqrt(np.diagonal(spread))
    printed = np.array([moment.sd for moment in moments])
    scale = np.where(np.isnan(printed), own, printed) / own
    sizes = np.array([moment.size for moment in moments])
    covariance: Floats = spread * np.outer(scale, scale) / np.maximum.outer(sizes, sizes)
    return covariance
