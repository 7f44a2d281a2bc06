"""The correction of a change where another score than that of the answer chose the starters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nmosd_cohort.questions.baseline_cut import NAME as CUT
from nmosd_cohort.questions.baseline_cut import baseline_cut_rows
from nmosd_cohort.questions.before_after import DENOMINATOR, expected_rows, relation_rows
from nmosd_cohort.statistics.paired.related_score import regression_given_related_score

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.statistics.paired.regression_to_the_mean import RegressionToTheMean

IDENTIFIABLE = "regression to the mean identifiable"


def related_score_rows(
    treated: pd.DataFrame,
    free: pd.DataFrame,
    outcome: str,
    *,
    chosen_by: str,
    n: int,
    cut: float | None,
    conf_level: float,
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the change expected without effect and the rest, at equal scores of both kinds, in all and by the cut.

    Parameters
    ----------
    treated, free
        From ``scores_beside``.
    outcome, chosen_by
        The score that changed, and the one that chose the starters.
    n
        Starters with the score before and after.
    cut
        As in ``baseline_cut_rows``, or None.

    Examples
    --------
    >>> import pandas as pd
    >>> treated = pd.DataFrame({"before": [40.0, 50.0], "beside": [7.0, 6.0], "after": [50.0, 60.0]})
    >>> free = pd.DataFrame({"first": [], "beside": [], "second": []}, dtype=float)
    >>> found = related_score_rows(treated, free, "sf36_bp", chosen_by="pain_nrs", n=2, cut=None, conf_level=0.95)
    >>> found[1][0][1]
    'not met'
    """

    def corrected(part: pd.DataFrame) -> RegressionToTheMean:
        return regression_given_related_score(
            part["before"], part["beside"], part["after"],
            first=free["first"], first_related=free["beside"], second=free["second"], conf_level=conf_level,
        )  # fmt: skip

    report = corrected(treated)
    if not report.identifiable:
        detail = (
            f"not identifiable: {chosen_by} is taken to have decided who started, and {report.reason}. It takes "
            f"assessments.{chosen_by} at the visits of {outcome}, in starters and in patients without the treatment; "
            f"or chosen_by, if another score decided"
        )
        checks: list[Check] = [(IDENTIFIABLE, "not met", detail)]
        return [], [*checks, *([] if cut is None else [(CUT, "not assessable", detail)])]
    words = f"{DENOMINATOR}, and the score that chose them beside the first"
    detail = (
        f"at equal {outcome} and {chosen_by}, from {report.n_pairs} patients without the treatment; {len(treated)} of "
        f"{n} starters have both. Assumes that these two scores at that visit and nothing else tied to {outcome} "
        f"decided who started. No share of responders without effect is given: it would take {outcome} alone"
    )
    labels = {"outcome": outcome, "denominator": words}
    pairs = (treated["before"].to_numpy(), treated["after"].to_numpy(), np.ones(len(treated)))
    rows = expected_rows(report, outcome, words)
    rows += relation_rows(pairs, report.correlation, report.n_pairs, labels, conf_level)
    if cut is None:
        return rows, [(IDENTIFIABLE, "met", detail)]
    of_parts, checks = baseline_cut_rows(treated, corrected, outcome, cut=cut, denominator=words)
    return [*rows, *of_parts], [(IDENTIFIABLE, "met", detail), *checks]
