"""Numbers that differ by rounding only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmosd_cohort.statistics.estimate import Floats

SAME_WITHIN = 1e-12  # differences nearer than this times the largest value differ by rounding only
TIED_WITHIN = 1e-9  # test statistics nearer than this are one value but for rounding


def grouped(values: Floats, scale: float) -> tuple[Floats, NDArray[np.intp]]:
    """Return the distinct values, those that differ by rounding only being one, and where each value went.

    Examples
    --------
    >>> levels, position = grouped(np.array([0.3, 0.1 + 0.2, 1.0]), 1.0)
    >>> levels.tolist(), position.tolist()
    ([0.3, 1.0], [0, 0, 1])
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.concatenate(([True], np.diff(ordered) > SAME_WITHIN * scale))
    position = np.empty(values.size, dtype=np.intp)
    position[order] = np.cumsum(starts) - 1
    return ordered[starts], position
