"""How far each single choice of definition moves a prevalence or a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from nmosd_cohort.cohort.arguments import check_registry
from nmosd_cohort.cohort.definition_grid import change_answers, prevalence_answers
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.questions.parts import estimate_row, finish, small_n_check
from nmosd_cohort.statistics.estimate import check_conf_level, check_option
from nmosd_cohort.statistics.paired.change import mean_change
from nmosd_cohort.statistics.paired.signed_rank import pseudo_median
from nmosd_cohort.statistics.resampling.bootstrap import bootstrap_cells
from nmosd_cohort.statistics.shares.proportions import proportion

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result
    from nmosd_cohort.statistics.estimate import Estimate

Of = Literal["prevalence", "change"]
Pain = Literal["any", "neuropathic"]
FEWEST = 5
RESAMPLES = 1000
MISSING = {
    "prevalence": "fewer than 5 eligible patients have an answer: needs assessments.has_pain, or pain_nrs above 0",
    "change": "fewer than 5 starters have a score before and after: needs treatments.drug with start_date and "
    "assessments.pain_nrs",
}
FIXED: Check = (
    "primary definition fixed beforehand",
    "met",
    "it is the default of the question itself; no variant was chosen by its result, and none carries a p-value",
)
LEFT_OUT: Check = (
    "every choice varied",
    "not met",
    "MOG-IgG positive and AQP4-IgG negative patients are out in every definition; changes are of patients with both "
    "scores, not modelled",
)


def definition_multiverse(
    registry: Registry,
    *,
    of: Of = "prevalence",
    pain: Pain = "any",
    drug: str = "tocilizumab",
    diagnosis: str = "nmosd",
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Difference that each single choice of definition makes to a prevalence, or to a change after a start.

    Parameters
    ----------
    registry
        Checked tables.
    of
        ``prevalence`` of pain at the visit, or ``change`` of the pain score after the start of a drug.
    pain
        any or neuropathic, for the prevalence.
    drug
        As in treatments.drug, for the change.
    diagnosis, conf_level
        As in ``pain_prevalence``.
    seed
        Of the bootstrap of patients.

    Returns
    -------
    Result
        The primary definition (``proportion`` or ``change``), each variant with one choice changed (term names
        it), and its ``difference_to_primary``, in the same patients as far as they are in both: limits resample
        patients with their answers under both. ``lowest_of_grid`` and ``highest_of_grid`` of all combinations
        that make sense (of a change these three begin with ``points_``), and ``variance_share``: the part of
        the spread over the combinations that each choice by itself accounts for, a description and no test.

    Raises
    ------
    ValueError
        If an option is not one of those listed.

    References
    ----------
    Steegen, Tuerlinckx, Gelman and Vanpaemel 2016; Simonsohn, Simmons and Nelson 2020; Wilson 1927
    (doi:10.1080/01621459.1927.10502953); Efron 1987 (doi:10.1080/01621459.1987.10478410).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.definition_multiverse(nc.simulate(n=100, seed=1))
    >>> answer.definitions["combinations"]
    208
    """
    check_registry(registry)
    check_option("of", of, get_args(Of))
    check_option("pain", pain, get_args(Pain))
    check_conf_level(conf_level)
    found: dict[Any, Any] = (
        prevalence_answers(registry, pain=pain, diagnosis=diagnosis)
        if of == "prevalence"
        else change_answers(registry, drug=drug, diagnosis=diagnosis)
    )
    n = int(next(iter(found.values())).notna().sum())
    usable = {one: answers for one, answers in found.items() if answers.notna().sum() >= FEWEST}
    outcome = pain if of == "prevalence" else "pain_nrs"
    rows: list[dict[str, Any]] = []
    checks: list[Check] = [("primary definition", "not assessable", MISSING[of])]
    if n >= FEWEST:
        rows = _single_choices(usable, of, outcome, conf_level, seed) + _grid_rows(usable, of, outcome)
        skipped = f"{len(found) - len(usable)} of {len(found)} have fewer than {FEWEST}: left out"
        checks = [FIXED, LEFT_OUT, ("combinations with patients", "note", skipped)]
    steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis))
    why = "no answer under the primary definition" if of == "prevalence" else f"no pair of scores around {drug}"
    return finish(
        registry,
        name="definition_multiverse",
        question=f"Difference that each single choice of definition makes to the {of} of "
        + (f"{pain} pain." if of == "prevalence" else f"the pain score after the start of {drug}."),
        rows=rows,
        steps=[*steps, ("counted in the primary definition", n, steps[-1][1] - n, why)],
        checks=[*checks, *small_n_check(n)],
        tally=_grid(usable),
        definitions={
            "of": of,
            "pain": pain,
            "drug": drug,
            "measure": "proportion" if of == "prevalence" else "change",
            "primary": next(iter(found))._asdict(),
            "combinations": len(found),
            "diagnosis": diagnosis,
            "conf_level": conf_level,
        },
    )


def _grid(usable: dict[Any, pd.Series[Any]]) -> pd.DataFrame:
    """One row a combination: its choices, the patients counted, and the point estimate."""
    rows = [
        {key: str(value) for key, value in one._asdict().items()}
        | {"n": int(answers.notna().sum()), "estimate": _estimate(answers, one, 0.95).estimate}
        for one, answers in usable.items()
    ]
    return pd.DataFrame(rows, columns=None if rows else ["n", "estimate"])


def _estimate(answers: pd.Series[Any], one: Any, conf_level: float) -> Estimate:
    known = answers.dropna().to_numpy(dtype=float)
    if not hasattr(one, "summary"):
        return proportion(int(known.sum()), known.size, conf_level=conf_level)
    if one.summary == "mean":
        return mean_change(np.zeros(known.size), known, conf_level=conf_level)
    return pseudo_median(known, conf_level=conf_level)


def _single_choices(
    usable: dict[Any, pd.Series[Any]], of: str, outcome: str, conf_level: float, seed: int
) -> list[dict[str, Any]]:
    """Return the primary definition, and each variant that differs in one choice with its difference."""
    primary = next(iter(usable))
    labels = {"outcome": outcome, "unit": "share" if of == "prevalence" else "points"}
    measure = "proportion" if of == "prevalence" else "change"
    words = ", ".join(f"{key} {value}" for key, value in primary._asdict().items())
    first = _estimate(usable[primary], primary, conf_level)
    rows = [estimate_row(first, role="primary", measure=measure, denominator=words, **labels)]
    for one, answers in usable.items():
        changed = [key for key in primary._fields if getattr(one, key) != getattr(primary, key)]
        if len(changed) != 1:
            continue
        name = f"{changed[0]}: {getattr(one, changed[0])}"
        split = labels | {"term": name, "group": "choice", "level": changed[0], "role": "sensitivity"}
        split["denominator"] = "the primary definition but for this choice"
        rows.append(estimate_row(_estimate(answers, one, conf_level), measure=measure, **split))
        gap = _difference(usable[primary], answers, (primary, one), conf_level, seed)
        prefix = "" if of == "prevalence" else "points_"
        rows.append(estimate_row(gap, measure=f"{prefix}difference_to_primary", **split))
    return rows


def _difference(
    first: pd.Series[Any], other: pd.Series[Any], specifications: tuple[Any, Any], conf_level: float, seed: int
) -> Estimate:
    """Return other less first, limits from resampling patients with their answers under both definitions."""
    both = pd.DataFrame({"first": first, "other": other}).dropna(how="all")
    cells = both.groupby(["first", "other"], dropna=False).size().reset_index(name="n")
    values = cells[["other", "first"]].to_numpy(dtype=float)
    counts = cells["n"].to_numpy(dtype=np.int64)
    means = all(getattr(one, "summary", "mean") == "mean" for one in specifications)

    def mean_gap(drawn: np.ndarray) -> Any:
        known = ~np.isnan(values)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (drawn @ np.where(known, values, 0.0)) / (drawn @ known)
        return mean[..., 0] - mean[..., 1]

    def gap(drawn: np.ndarray) -> float:
        parts = []
        for column, one in zip((0, 1), specifications[::-1], strict=True):
            known = ~np.isnan(values[:, column]) & (drawn > 0)
            if not known.any():
                return float("nan")
            answers, n = values[known, column], drawn[known]
            parts.append(answers @ n / n.sum() if one.summary == "mean" else _walsh_median(answers, n))
        return float(parts[0] - parts[1])

    options: dict[str, Any] = {"seed": seed, "n_resamples": RESAMPLES, "conf_level": conf_level}
    if means:
        return bootstrap_cells(counts, mean_gap, vectorized=True, method="percentile", progress=False, **options)
    return bootstrap_cells(counts, gap, method="percentile", progress=False, **options)


def _walsh_median(values: np.ndarray, counts: np.ndarray) -> float:
    return pseudo_median(values, counts).estimate


def _grid_rows(usable: dict[Any, pd.Series[Any]], of: str, outcome: str) -> list[dict[str, Any]]:
    """Return the range over all combinations, and the part of the spread that each choice accounts for."""
    frame = _grid(usable).drop(columns="n")
    unit = "share" if of == "prevalence" else "points"
    words = f"{len(frame)} combinations of definitions"
    labels = {"role": "description", "outcome": outcome, "denominator": words, "n": None}
    rows = []
    prefix = "" if of == "prevalence" else "points_"
    ends = {"lowest_of_grid": frame["estimate"].idxmin(), "highest_of_grid": frame["estimate"].idxmax()}
    for measure, at in ends.items():
        one = list(usable)[int(at)]
        name = ", ".join(str(value) for value in one)
        method = "point estimate of that combination"
        value = {"estimate": frame.loc[at, "estimate"], "n": int(usable[one].notna().sum()), "method": method}
        rows.append(labels | {"measure": f"{prefix}{measure}", "unit": unit, "term": name} | value)
    spread = float(((frame["estimate"] - frame["estimate"].mean()) ** 2).sum())
    for choice in frame.columns.drop("estimate") if spread > 0 else ():
        fitted = frame.groupby(choice)["estimate"].transform("mean")
        share = float(((fitted - frame["estimate"].mean()) ** 2).sum()) / spread
        method = "sum of squares between the values of the choice over the total; choices overlap where unbalanced"
        value = {"measure": "variance_share", "estimate": share, "unit": "share", "method": method}
        rows.append(labels | {"group": "choice", "level": choice} | value)
    return rows
