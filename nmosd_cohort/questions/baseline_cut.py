"""Change in starters below and above a baseline, never without the change that the cut alone would make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nmosd_cohort.questions.before_after import DENOMINATOR
from nmosd_cohort.questions.parts import estimate_row

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.statistics.paired.regression_to_the_mean import RegressionToTheMean

NAME = "change by baseline"
FEWEST_IN_A_PART = 5
ADVICE = "whether those with worse scores change more is what the slope of Blomqvist tells, not these rows"


def baseline_cut_rows(
    counted: pd.DataFrame,
    corrected: Callable[[pd.DataFrame], RegressionToTheMean],
    outcome: str,
    *,
    cut: float,
    denominator: str = DENOMINATOR,
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return, below and above the cut, the change, the change expected without effect, and the difference of both.

    Patients chosen by their baseline move towards the mean without any effect; the line of the untreated repeats,
    read at the baselines of each part, says how far. Where that line is not known no row is given.

    Parameters
    ----------
    counted
        before, after; n where a row is more than one starter.
    corrected
        What makes the change of a part, the expected one and the rest.
    cut
        Score that parts them: below it, or at least it.

    Notes
    -----
    James 1973 (Biometrics 29:121); Barnett, van der Pols and Dobson 2005 (doi:10.1093/ije/dyh299).

    Examples
    --------
    >>> import pandas as pd
    >>> from nmosd_cohort.statistics.paired.regression_to_the_mean import regression_to_the_mean
    >>> pairs = pd.DataFrame({"before": [3.0, 8.0], "after": [3.0, 5.0], "n": [6, 6]})
    >>> alone = lambda part: regression_to_the_mean(part["before"], part["after"], part["n"], first=[], second=[])
    >>> baseline_cut_rows(pairs, alone, "pain_nrs", cut=4)[1][0][1]
    'not assessable'
    """
    rows: list[dict[str, Any]] = []
    checks: list[Check] = [(NAME, "note", ADVICE)]
    is_below = counted["before"] < cut
    for words, part in ((f"below {cut:g}", counted[is_below]), (f"at least {cut:g}", counted[~is_below])):
        n = int(part["n"].sum()) if "n" in part else len(part)
        if n < FEWEST_IN_A_PART:
            checks.append((NAME, "not assessable", f"{n} starters with a baseline {words}; {FEWEST_IN_A_PART} needed"))
            continue
        report = corrected(part)
        if not report.identifiable:
            detail = f"regression to the mean is not known ({report.reason}), so that the change {words} would mislead"
            return [], [(NAME, "not assessable", detail)]
        labels = {
            "outcome": outcome,
            "term": f"baseline {words}",
            "denominator": f"{denominator}, baseline {words}",
            "role": "sensitivity",
            "unit": "points",
        }
        rows += [
            estimate_row(report.crude_change, measure="mean_change", **labels),
            estimate_row(report.expected_change, measure="expected_change_without_effect", **labels),
            estimate_row(report.corrected_change, measure="corrected_change", **labels),
        ]
    return rows, checks
