"""The patients at hand weighted to the patients of a paper, as its Table 1 describes them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import pandas as pd

from nmosd_cohort.literature.figure import Characteristic, Paper, Variable
from nmosd_cohort.statistics.columns import check_columns, check_frame, numeric_column
from nmosd_cohort.statistics.estimate import Estimate, as_number, not_estimable, patient_counts
from nmosd_cohort.statistics.pooling.quartiles import mean_from_quartiles
from nmosd_cohort.statistics.weighting.moment_weights import SMALLEST_SHARE, MomentWeights, moment_weights
from nmosd_cohort.statistics.weighting.targets import Target
from nmosd_cohort.statistics.weighting.weighted_outcome import weighted_proportion

VARIABLES: tuple[str, ...] = get_args(Variable)
SHARES = ("female", "aqp4_positive", "had_myelitis")
FEWEST_PRINTED = 10  # means of fewer patients do not describe a population
MOST_MISSING = 0.20
# A median this far from the middle of its quartiles, in halves of their distance, gives no mean (see quartiles).
FURTHEST_LEAN = 1 / 3


@dataclass(frozen=True, slots=True)
class Table1:
    """What a paper's Table 1 gives as targets.

    Parameters
    ----------
    targets
        One for each variable that can be used.
    approximated
        By variable, how its mean was made of a median and quartiles.
    unusable
        By variable of the format, why it gives no target.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_paper
    >>> read_table_1(find_paper("kong_2016")).targets[0].variable
    'aqp4_positive'
    """

    targets: tuple[Target, ...]
    approximated: Mapping[str, str]
    unusable: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CaseMix:
    """Patients of a registry weighted to those of a paper, or why they cannot be.

    Parameters
    ----------
    paper
        Key of the paper.
    used
        Variables that the weights balance.
    approximated, unused
        By variable: how its printed mean was made of a median, and why it was not used.
    outcome
        The outcome of the patients weighted, one entry a row.
    weights
        Their weights; None if there was no variable to weight by.
    n_outcome, n_left_out
        Patients with the outcome known, and those of them left out as a variable used is not known.
    refusal
        Why there is no reweighted estimate; empty if there is.
    """

    paper: str
    used: tuple[str, ...]
    approximated: Mapping[str, str]
    unused: Mapping[str, str]
    outcome: pd.Series[float]
    weights: MomentWeights | None
    n_outcome: int
    n_left_out: int
    refusal: str


def read_table_1(paper: Paper, *, match_sd: bool = False) -> Table1:
    """Targets that a paper's Table 1 gives, and why a variable of the format gives none.

    Parameters
    ----------
    paper
        The paper; read is its ``table_1``.
    match_sd
        Whether the weighted patients must have the printed SDs too. It costs effective sample size.

    Returns
    -------
    Table1
        Shares from events and n, else from the percentage; means as printed; medians with quartiles as means of a
        sample that is not too skewed (Luo 2018, Wan 2014). A median without quartiles, a line of fewer than 10
        patients and a variable on several lines give no target. Age at onset gives none where age and duration
        do, as it follows from them.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_paper
    >>> read_table_1(find_paper("kong_2016")).unusable["edss"]
    'the paper does not print it'
    """
    targets: dict[str, Target] = {}
    approximated: dict[str, str] = {}
    unusable: dict[str, str] = {}
    for variable in VARIABLES:
        lines = [line for line in paper.table_1 if line.variable == variable]
        found = _target(lines, match_sd)
        if isinstance(found, str):
            unusable[variable] = found
            continue
        targets[variable], how = found
        if how:
            approximated[variable] = how
    if {"age_years", "duration_years", "onset_age_years"} <= targets.keys():
        del targets["onset_age_years"]
        approximated.pop("onset_age_years", None)
        unusable["onset_age_years"] = "it follows from age and duration"
    return Table1(tuple(targets.values()), approximated, unusable)


def reweigh(
    frame: pd.DataFrame,
    paper: Paper,
    *,
    outcome: str,
    counts: str | None = None,
    variables: Sequence[str] = VARIABLES,
    match_sd: bool = False,
    smallest_share: float = SMALLEST_SHARE,
    most_missing: float = MOST_MISSING,
) -> CaseMix:
    """Weigh the patients at hand so that they have the means that a paper prints of its own.

    Parameters
    ----------
    frame
        One row a patient, or a cell of a tally: the outcome, and the variables of Table 1 as numbers (yes 1, no
        0), missing where unknown. A variable may be absent.
    paper
        The paper; read are ``key`` and ``table_1``.
    outcome
        Column of the outcome; patients without it are not weighed.
    counts
        Column with the patients in each row; None counts each row once.
    variables
        Variables to weigh by, if printed.
    match_sd
        Whether the weighted patients must have the printed SDs too.
    smallest_share
        Weights whose effective sample size is below this share of the patients with the outcome are refused.
    most_missing
        A variable that is missing in more than this share of the patients with the outcome is not used. Those in
        whom one that is used is missing are left out and counted: their outcome is taken to be like that of
        the others of their kind.

    Returns
    -------
    CaseMix
        With ``refusal`` if no weights may be used.

    Raises
    ------
    ValueError
        If a column is missing or not numeric, a variable is not one of Table 1, or a share is not from 0 to 1.

    Notes
    -----
    Matching-adjusted indirect comparison without a common comparator, see ``moment_weights``. It can only remove
    differences in what is weighed by: unmeasured ones stay (Phillippo 2016, NICE DSU technical support document
    18).

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_paper
    >>> cells = pd.DataFrame({"aqp4_positive": [1, 1, 0, 0], "has_pain": [1, 0, 1, 0], "n": [40, 40, 5, 15]})
    >>> found = reweigh(cells, find_paper("kong_2016"), outcome="has_pain", counts="n", variables=["aqp4_positive"])
    >>> found.used, round(reweighted_share(found).estimate, 3)
    (('aqp4_positive',), 0.415)
    """
    wanted = [variables] if isinstance(variables, str) else list(variables)
    if unknown := [name for name in wanted if name not in VARIABLES]:
        raise ValueError(f"variables has {', '.join(unknown)}; Table 1 has {', '.join(VARIABLES)}")
    limit = as_number("most_missing", most_missing, low=0, high=1)
    check_columns(check_frame(frame), [outcome, *([] if counts is None else [counts])])
    given = None if counts is None else frame[counts].to_numpy()
    n = pd.Series(patient_counts(given, size=len(frame), name="frame"), index=frame.index)
    known = pd.Series(numeric_column(frame[outcome], outcome), index=frame.index).notna()
    n_outcome = int(n[known].sum())
    printed = read_table_1(paper, match_sd=match_sd)
    covariates, unused = _covariates(frame[known], n[known], printed, wanted, limit)
    complete = covariates.notna().all(axis=1)
    values = pd.Series(numeric_column(frame[outcome], outcome), index=frame.index)[known][complete]
    left_out = n_outcome - int(n[known][complete].sum())
    used = tuple(str(name) for name in covariates.columns)
    weights, refusal = None, "the paper prints nothing of its patients that is known of these"
    if used:
        targets = [target for target in printed.targets if target.variable in used]
        rows, sizes = covariates[complete], n[known][complete].to_numpy()
        weights = moment_weights(rows, targets, sizes, smallest_share=smallest_share)
        weights = _counting_left_out(weights, n_outcome, left_out, smallest_share)
        refusal = weights.refusal
    approximated = {name: how for name, how in printed.approximated.items() if name in used}
    return CaseMix(paper.key, used, approximated, unused, values, weights, n_outcome, left_out, refusal)


def reweighted_share(case_mix: CaseMix, *, target_error: bool = True, conf_level: float = 0.95) -> Estimate:
    """Share with the outcome if the patients were like those of the paper in what they were weighed by.

    Parameters
    ----------
    case_mix
        From ``reweigh``, with an outcome of 0 and 1.
    target_error
        Whether the limits count that Table 1 is itself of so many patients. Without it the estimate is for a
        population that has exactly the printed means; so it is set against a figure of exactly these patients,
        whose own error has their sampling already.
    conf_level
        Coverage of the limits.

    Raises
    ------
    ValueError
        If the outcome is not 0 or 1.

    Examples
    --------
    See ``reweigh``.

    >>> nobody = CaseMix("xue", (), {}, {}, pd.Series(dtype=float), None, 40, 0, "nothing is printed")
    >>> reweighted_share(nobody).method
    'not estimable: nothing is printed'
    """
    if case_mix.weights is None:
        return not_estimable(case_mix.refusal, case_mix.n_outcome - case_mix.n_left_out, conf_level=conf_level)
    values = case_mix.outcome.to_numpy()
    return weighted_proportion(case_mix.weights, values, target_error=target_error, conf_level=conf_level)


def local_row(case_mix: CaseMix, estimate: Estimate) -> dict[str, Any]:
    """Return a reweighted estimate as the local row that ``verdict.judge`` reads: no counts, its own error.

    Examples
    --------
    >>> nobody = CaseMix("xue", (), {}, {}, pd.Series(dtype=float), None, 40, 0, "nothing is printed")
    >>> local_row(nobody, Estimate(0.4, 0.3, 0.5, 40, "by hand", std_error=0.05))["std_error"]
    0.05
    """
    return {
        "estimate": estimate.estimate,
        "std_error": estimate.std_error,
        "conf_low": estimate.conf_low,
        "conf_high": estimate.conf_high,
        "n": estimate.n,
        "effective_n": math.nan if case_mix.weights is None else case_mix.weights.effective_n,
    }


def _counting_left_out(weights: MomentWeights, n_outcome: int, left_out: int, share: float) -> MomentWeights:
    """Refuse weights whose effective sample size is too small a share of all patients with the outcome."""
    if weights.refusal or not left_out or not weights.effective_n < share * n_outcome:
        return weights
    refusal = (
        f"the effective sample size of {weights.effective_n:.1f} is below {share:.0%} of the {n_outcome} patients, "
        f"{left_out} of whom are left out as a variable is not known of them"
    )
    return replace(weights, refusal=refusal)


def _target(lines: Sequence[Characteristic], match_sd: bool) -> tuple[Target, str] | str:
    """Return the target that lines of one variable give with how it was approximated, or why they give none."""
    if not lines:
        return "the paper does not print it"
    if len(lines) > 1:
        return "the paper prints it on several lines"
    line = lines[0]
    if line.n is not None and line.n < FEWEST_PRINTED:
        return f"the paper prints it for {line.n} patients only"
    if line.variable in SHARES:
        return _share_target(line)
    if line.mean is not None:
        return Target(line.variable, line.mean, line.sd, line.n, match_sd and line.sd is not None), ""
    return _median_target(line, match_sd)


def _share_target(line: Characteristic) -> tuple[Target, str] | str:
    if line.events is not None and line.n:
        return Target(line.variable, line.events / line.n, n=line.n), ""
    if line.percent is None:
        return "the paper prints no share of it"
    return Target(line.variable, line.percent / 100, n=line.n), ""


def _median_target(line: Characteristic, match_sd: bool) -> tuple[Target, str] | str:
    if line.median is None:
        return "the paper prints neither mean nor median of it"
    if line.quartile_1 is None or line.quartile_3 is None:
        return "the paper prints its median without quartiles, which gives no mean"
    if line.n is None:
        return "the paper prints its median without the number of patients"
    low, high = line.quartile_1, line.quartile_3
    if not low <= line.median <= high or low == high:
        return "the printed median and quartiles are not in rising order or all equal"
    lean = abs(2 * line.median - low - high) / (high - low)
    if lean > FURTHEST_LEAN:
        return f"its printed median lies {lean:.0%} off the middle of the quartiles, too skewed for a mean"
    found = mean_from_quartiles(line.median, line.n, quartiles=(low, high))
    return Target(line.variable, found.mean, found.sd, line.n, match_sd), found.method


def _covariates(
    frame: pd.DataFrame, counts: pd.Series[int], printed: Table1, variables: Sequence[str], most_missing: float
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the columns to weigh by, and by variable why it is not among them."""
    unused = {name: why for name, why in printed.unusable.items() if name in variables}
    columns: dict[str, Any] = {}
    total = int(counts.sum())
    for name in (target.variable for target in printed.targets if target.variable in variables):
        if name not in frame:
            unused[name] = "it is not known here"
            continue
        values = numeric_column(frame[name], name)
        recorded = int(counts[~np.isnan(values)].sum())
        if total - recorded > most_missing * total:
            unused[name] = f"it is known of {recorded} of {total} patients here"
        else:
            columns[name] = values
    return pd.DataFrame(columns, index=frame.index), unused
