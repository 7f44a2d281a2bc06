"""Values for rank methods when some lie beyond a limit of detection."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.censored.tobit import ABOVE, BELOW
from nmosd_cohort.statistics.estimate import Floats, as_values


def tied_beyond_limits(values: ArrayLike, censoring: ArrayLike) -> Floats:
    """Return values in which all at or below the highest lower limit are tied, and all from the lowest upper limit on.

    Parameters
    ----------
    values
        Measured values, and the limit itself where a value lies beyond it.
    censoring
        0: measured; -1: below the limit; 1: above it.

    Returns
    -------
    numpy.ndarray
        Ranks of these values are known whatever the true values: a value below a limit of 3 cannot be ordered
        against a measured 2, so the two are tied.

    Raises
    ------
    ValueError
        If a lower limit is not below all upper limits: nothing could then be ordered.

    Examples
    --------
    >>> tied_beyond_limits([2, 3, 3, 5, 9], [0, -1, 0, 0, 1]).tolist()
    [3.0, 3.0, 3.0, 5.0, 9.0]
    """
    measured, kind = as_values(values), as_values(censoring, name="censoring")
    lowest = measured[kind == BELOW].max(initial=-np.inf)
    highest = measured[kind == ABOVE].min(initial=np.inf)
    if lowest >= highest:
        raise ValueError(f"a lower limit ({lowest:g}) is not below the lowest upper limit ({highest:g})")
    tied: Floats = np.clip(measured, lowest, highest)
    return tied
