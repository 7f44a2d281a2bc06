"""How far each single choice of definition moves a prevalence or a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from nmosd_cohort.cohort.definition_grid import MONTHS, WINDOWS, change_answers, prevalence_answers, timed_pain
from nmosd_cohort.cohort.remember import remembering
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.modelled_change import modelled_rows, visit_grid
from nmosd_cohort.questions.parts import estimate_row, finish, small_n_check
from nmosd_cohort.statistics.estimate import check_conf_level, check_option, not_estimable
from nmosd_cohort.statistics.paired.change import mean_change
from nmosd_cohort.statistics.paired.resampled_pseudo_median import pseudo_medians
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
NOT_RESAMPLED = "of the two estimates; no limits, as the model is not fitted anew to resampled patients"


@checked
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
        patients with their answers under both. Of a change also the one modelled over all visits, whose difference
        has no limits. ``lowest_of_grid`` and ``highest_of_grid`` of all combinations
        that make sense (of a change these three begin with ``points_``), and ``variance_share``: the part of
        the spread over the combinations that each choice by itself accounts for, a description and no test.

    Raises
    ------
    ValueError
        If an option is not one of those listed.

    References
    ----------
    Steegen, Tuerlinckx, Gelman and Vanpaemel 2016 (doi:10.1177/1745691616658637); Simonsohn, Simmons and Nelson 2020
    (doi:10.1038/s41562-020-0912-z); Wilson 1927 (doi:10.1080/01621459.1927.10502953); Hodges and Lehmann 1963
    (doi:10.1214/aoms/1177704172); Kenward and Roger 1997 (doi:10.2307/2533558); Efron 1987
    (doi:10.1080/01621459.1987.10478410).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.definition_multiverse(nc.simulate(n=100, seed=1))
    >>> answer.definitions["combinations"]
    416
    """
    check_option("of", of, get_args(Of))
    check_option("pain", pain, get_args(Pain))
    check_conf_level(conf_level)
    found: dict[Any, Any]
    with remembering():
        if of == "prevalence":
            found = prevalence_answers(registry, pain=pain, diagnosis=diagnosis)
        else:
            found = change_answers(registry, drug=drug, diagnosis=diagnosis)
    primary: Any = next(iter(found))
    n = int(found[primary].notna().sum())
    usable = {one: answers for one, answers in found.items() if answers.notna().sum() >= FEWEST}
    grid = _grid(usable)
    outcome = pain if of == "prevalence" else "pain_nrs"
    rows: list[dict[str, Any]] = []
    checks: list[Check] = [("primary definition", "not assessable", MISSING[of])]
    if n >= FEWEST:
        rows = _single_choices(usable, of, outcome, conf_level, seed)
        modelled, more = _modelled(registry, rows[0], drug, diagnosis, conf_level) if of == "change" else ([], [])
        rows += modelled + _grid_rows(grid, of, outcome, n)
        skipped = f"{len(found) - len(usable)} of {len(found)} have fewer than {FEWEST}: left out"
        checks = [FIXED, *more, ("combinations with patients", "note", skipped)]
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
        tally=grid,
        definitions={
            "of": of,
            "pain": pain,
            "drug": drug,
            "measure": "proportion" if of == "prevalence" else "change",
            "primary": primary._asdict(),
            "combinations": len(found),
            "diagnosis": diagnosis,
            "conf_level": conf_level,
        },
    )


def _grid(usable: dict[Any, pd.Series[Any]]) -> pd.DataFrame:
    """One row a combination: its choices, the patients counted, and the point estimate."""
    rows = [
        {key: str(value) for key, value in one._asdict().items()}
        | {"n": int(answers.notna().sum()), "estimate": _point(answers.dropna().to_numpy(dtype=float), one)}
        for one, answers in usable.items()
    ]
    return pd.DataFrame(rows, columns=None if rows else ["n", "estimate"])


def _point(known: np.ndarray, one: Any) -> float:
    is_mean = getattr(one, "summary", "mean") == "mean"
    return float(known.mean() if is_mean else pseudo_medians(known, np.ones((1, known.size)))[0])


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

    def gap(drawn: np.ndarray) -> Any:
        parts = []
        for column, one in zip((0, 1), specifications[::-1], strict=True):
            known = ~np.isnan(values[:, column])
            answers, n = values[known, column], drawn[:, known]
            if getattr(one, "summary", "mean") == "mean":
                with np.errstate(invalid="ignore", divide="ignore"):
                    parts.append(n @ answers / n.sum(axis=1))
            else:
                parts.append(pseudo_medians(answers, n))
        return parts[0] - parts[1]

    options: dict[str, Any] = {"seed": seed, "n_resamples": RESAMPLES, "conf_level": conf_level}
    return bootstrap_cells(counts, gap, vectorized=True, method="percentile", progress=False, **options)


def _modelled(
    registry: Registry, first: dict[str, Any], drug: str, diagnosis: str, conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the change modelled over all visits as one more choice of summary, and its distance from the primary."""
    timed = timed_pain(registry, drug=drug, diagnosis=diagnosis)
    grid = visit_grid(timed, at_months=MONTHS[0], window_days=WINDOWS[0])
    found, checks = modelled_rows(grid, first["outcome"], conf_level)
    at_target = [row for row in found if row["level"] == f"month {MONTHS[0]}"]
    if not at_target:
        return [], checks or [("modelled change", "not assessable", f"too few scores at month {MONTHS[0]}")]
    own = {"term": "summary: modelled", "group": "choice", "level": "summary", "role": "sensitivity"}
    row = at_target[0] | own | {"measure": "change", "reference": ""}
    apart = float(row["estimate"]) - float(first["estimate"])
    gap = not_estimable(NOT_RESAMPLED, int(row["n"]), estimate=apart, conf_level=conf_level)
    words = {"outcome": first["outcome"], "unit": "points", "denominator": row["denominator"], **own}
    return [row, estimate_row(gap, measure="points_difference_to_primary", **words)], checks


def _grid_rows(grid: pd.DataFrame, of: str, outcome: str, n: int) -> list[dict[str, Any]]:
    """Return the range over all combinations, and the part of the spread that each choice accounts for."""
    frame = grid.drop(columns="n")
    unit = "share" if of == "prevalence" else "points"
    words = f"{len(frame)} combinations of definitions"
    labels = {"role": "description", "outcome": outcome, "denominator": words, "n": n}
    rows = []
    prefix = "" if of == "prevalence" else "points_"
    ends = {"lowest_of_grid": frame["estimate"].idxmin(), "highest_of_grid": frame["estimate"].idxmax()}
    for measure, at in ends.items():
        name = ", ".join(str(frame[choice][int(at)]) for choice in frame.columns.drop("estimate"))
        method = "point estimate of that combination"
        value = {"estimate": frame.loc[at, "estimate"], "n": int(grid["n"][int(at)]), "method": method}
        rows.append(labels | {"measure": f"{prefix}{measure}", "unit": unit, "term": name} | value)
    spread = float(((frame["estimate"] - frame["estimate"].mean()) ** 2).sum())
    for choice in frame.columns.drop("estimate") if spread > 0 else ():
        fitted = frame.groupby(choice)["estimate"].transform("mean")
        share = float(((fitted - frame["estimate"].mean()) ** 2).sum()) / spread
        method = "sum of squares between the values of the choice over the total; choices overlap where unbalanced"
        value = {"measure": "variance_share", "estimate": share, "unit": "share", "method": method}
        rows.append(labels | {"group": "choice", "level": choice} | value)
    return rows
