"""The whole catalogue put through the tests of integrity, as one table."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from nmosd_cohort.literature.catalogue import chosen_papers
from nmosd_cohort.literature.figure import Paper
from nmosd_cohort.literature.integrity.figure_checks import check_figure
from nmosd_cohort.literature.integrity.lineage import check_lineage

COLUMNS = ("figure", "paper", "check", "status", "printed", "recomputed", "detail")


def check_figures(papers: str | Paper | Iterable[str | Paper] | None = None) -> pd.DataFrame:
    """Test the printed numbers of every published figure, one row a figure and check.

    Parameters
    ----------
    papers
        Papers to test, or their keys in the catalogue; one may stand by itself. None takes all of it.

    Returns
    -------
    DataFrame
        ``figure, paper, check, status, printed, recomputed, detail``, in the order of the papers; what follows from
        several figures or from the texts that quote them stands behind the figure's own checks. ``status`` is
        ``consistent``, ``inconsistent``, ``informative`` or ``not checkable``.

    Raises
    ------
    ValueError, TypeError
        If no paper has such a key, or it is no key.

    Notes
    -----
    ``inconsistent`` says that the printed numbers cannot all be true by any rounding rule and usual method; not
    which of them is wrong, nor why.

    Examples
    --------
    >>> found = check_figures(["zhang_2022"])
    >>> wrong = found[found.status == "inconsistent"]
    >>> wrong[["check", "printed", "recomputed"]].values.tolist()
    [['limits of a share', '39.9 to 92.9', '57.6 to 74.2 (Wilson)']]
    """
    known = chosen_papers(papers)
    found = {figure.id: list(check_figure(figure)) for paper in known for figure in paper.figures}
    for figure, check in check_lineage(known):
        found[figure.id].append(check)
    rows = [
        (figure.id, paper.key, check.check, check.status, check.printed, check.recomputed, check.detail)
        for paper in known
        for figure in paper.figures
        for check in found[figure.id]
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))
