"""Scores with and without the part that overlaps with pain: SF-36 means, depression items, EDSS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nmosd_cohort.instruments.edss import SYSTEMS, edss_from_systems

if TYPE_CHECKING:
    from collections.abc import Sequence

SCALES = tuple(f"sf36_{scale}" for scale in ("pf", "rp", "bp", "gh", "vt", "sf", "re", "mh"))
SCALES_WITHOUT_PAIN = tuple(scale for scale in SCALES if scale != "sf36_bp")
FORM = tuple(f"edss_{name}" for name in (*SYSTEMS, "ambulation"))


def scale_mean(cells: pd.DataFrame, scales: Sequence[str]) -> pd.Series[float]:
    """Return the mean of SF-36 scales of each row; missing where one of them is.

    Examples
    --------
    >>> cells = pd.DataFrame({"sf36_pf": [40.0, 80.0], "sf36_mh": [60.0, None]})
    >>> scale_mean(cells, ["sf36_pf", "sf36_mh"]).tolist()
    [50.0, nan]
    """
    scores = cells[list(scales)].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    return pd.Series(scores.mean(axis=1), index=cells.index)


def edss_of_form(cells: pd.DataFrame, *, without: Sequence[str] = ()) -> pd.Series[float]:
    """Return the EDSS from the columns ``FORM`` of each row, with the systems of ``without`` set to 0.

    Examples
    --------
    >>> cells = pd.DataFrame([dict.fromkeys(FORM, 0) | {"edss_sensory": 2}])
    >>> edss_of_form(cells).tolist(), edss_of_form(cells, without=["sensory"]).tolist()
    ([2.0], [0.0])
    """
    form = cells[list(FORM)].rename(columns=lambda name: name.removeprefix("edss_"))
    return edss_from_systems(form, without=without)
