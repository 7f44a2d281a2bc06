"""Every published figure beside the registry's own answer, with a verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nmosd_cohort.cohort.assessments import SCORES
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import tally
from nmosd_cohort.literature.catalogue import read_catalogue
from nmosd_cohort.literature.comparability import compare_definitions
from nmosd_cohort.literature.verdict import judge_all
from nmosd_cohort.questions.change_after_start import change_after_start
from nmosd_cohort.questions.lesion_level_and_pain import lesion_level_and_pain
from nmosd_cohort.questions.neuropathic_pain_and_disability import neuropathic_pain_and_disability
from nmosd_cohort.questions.neuropathic_pain_and_quality_of_life import neuropathic_pain_and_quality_of_life
from nmosd_cohort.questions.pain_and_depression import pain_and_depression
from nmosd_cohort.questions.pain_prevalence import pain_prevalence

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.literature.figure import Answers, Figure
    from nmosd_cohort.result import Result

QUESTIONS: dict[str, Any] = {
    question.__name__: question
    for question in (
        pain_prevalence,
        neuropathic_pain_and_disability,
        neuropathic_pain_and_quality_of_life,
        lesion_level_and_pain,
        pain_and_depression,
        change_after_start,
    )
}
MOST_UNASKED_SHARE = 0.10  # of all diagnosed; the margin within which two shares count as equal
CATALOGUE_DIAGNOSIS = "nmosd"
CATALOGUE_SCALE = "bdi_ii"  # what a figure's `select` calls the depression instrument


def validate(registry: Registry, *, diagnosis: str = "nmosd") -> pd.DataFrame:
    """One row a published figure: the registry's own value, the published one, their difference and a verdict.

    A figure is compared only where construct, denominator and time frame allow it; each question is asked
    once for each set of definitions that the figures need. p-values are Holm-adjusted over all figures that
    could be compared.

    Parameters
    ----------
    registry
        Checked tables.
    diagnosis
        Code of patients.diagnosis. The figures are of NMOSD: with another diagnosis none is comparable.

    Returns
    -------
    pandas.DataFrame
        Columns ``literature.verdict.VERDICT_COLUMNS``; shares run from 0 to 1. ``verdict`` is one of: not
        comparable, not assessable, published figure inconsistent, consistent, compatible but imprecise,
        different, different, within between-study spread. Each has its ``reason`` and, where there is a
        difference, the smallest that this registry could have seen with 80 % power.

    References
    ----------
    Altman and Bland 2003 (difference of two estimates); Schuirmann 1987 (equivalence); Holm 1979.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> verdicts = nc.validate(nc.simulate(n=150, seed=1))
    >>> len(verdicts) == len(nc.published_figures())
    True
    """
    asked: dict[tuple[str, str], Result] = {}
    known = {"serostatus": _serostatus(registry, diagnosis), "phase": "remission"}
    comparisons, silent = [], {}
    for figure in (figure for paper in read_catalogue() for figure in paper.figures):
        local = _local(registry, figure, diagnosis, asked)
        gate = compare_definitions(figure, known | local.definitions)
        if diagnosis != CATALOGUE_DIAGNOSIS:
            gate = replace(gate, comparable=False, reason=f"the published patients have NMOSD, these {diagnosis}")
        comparisons.append((figure, local.row, gate))
        if local.why_not:
            silent[figure.id] = local.why_not
    verdicts = judge_all(comparisons)
    unanswered = verdicts["figure"].isin(list(silent))
    verdicts.loc[unanswered, "verdict"] = "not assessable"
    verdicts.loc[unanswered, "reason"] = verdicts.loc[unanswered, "figure"].map(silent)
    return verdicts


@dataclass(frozen=True, slots=True)
class Local:
    """What the registry says to one figure: the row (empty if none), its definitions, and why there is no row."""

    row: dict[str, Any]
    definitions: dict[str, Any]
    why_not: str = ""


def _local(registry: Registry, figure: Figure, diagnosis: str, asked: dict[tuple[str, str], Result]) -> Local:
    """Ask the question of a figure, once for each set of arguments, and take the row that answers it."""
    if figure.answers is None:
        return Local({}, {}, str(figure.why_not))
    arguments = _arguments(figure.answers)
    key = (figure.answers.question, repr(sorted(arguments.items())))
    if key not in asked:
        asked[key] = QUESTIONS[figure.answers.question](registry, diagnosis=diagnosis, **arguments)
    result = asked[key]
    definitions = dict(result.definitions)
    if figure.answers.question != "pain_prevalence":
        # These questions have rows of several denominators and outcomes; the row itself tells.
        del definitions["denominator"]
    if definitions.get("neuropathic_by", "recorded") != "recorded":
        definitions["instrument"] = definitions["neuropathic_by"]
    if figure.answers.select.get("outcome") == "chronic_pain":
        del definitions["time_frame"]
    if why_not := _too_many_unasked(result):
        return Local({}, definitions, why_not)
    return Local(_pick(result, figure), definitions)


def _too_many_unasked(result: Result) -> str:
    """Return why a share of all diagnosed patients says nothing, if too many of them were never asked."""
    if result.definitions.get("denominator") != "all_diagnosed":
        return ""
    bounds = result.estimates[result.estimates["measure"] == "bounds_if_never_asked"].iloc[0]
    if not bounds["conf_high"] - bounds["conf_low"] > MOST_UNASKED_SHARE:
        return ""
    return (
        f"Too many of the registry's patients have no answer: their share lies anywhere from "
        f"{100 * bounds['conf_low']:.0f} to {100 * bounds['conf_high']:.0f} %."
    )


def _arguments(answers: Answers) -> dict[str, Any]:
    """Return the arguments of the question; EDSS and attack rate come with every change_after_start."""
    arguments = dict(answers.arguments)
    if arguments.get("outcome", "pain_nrs") not in SCORES:
        del arguments["outcome"]
    # The registry's own instrument is compared; the gate says that it is another one.
    arguments.pop("depression", None)
    return arguments


def _pick(result: Result, figure: Figure) -> dict[str, Any]:
    """Return the one row that the figure's ``select`` names.

    Raises
    ------
    ValueError
        If more than one row fits, which is a fault of the catalogue.
    """
    assert figure.answers is not None
    wanted = dict(figure.answers.select)
    scale = str(result.definitions.get("instrument", CATALOGUE_SCALE))
    if "outcome" in wanted:
        wanted["outcome"] = str(wanted["outcome"]).replace(CATALOGUE_SCALE, scale)
    rows = result.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    if len(rows) > 1:
        raise ValueError(f"figure {figure.id}: its select fits {len(rows)} rows of {result.name}, not one")
    return {} if rows.empty else dict(rows.iloc[0])


def _serostatus(registry: Registry, diagnosis: str) -> str:
    """Return aqp4_positive if every eligible patient is known to be, unknown if none was tested, else mixed."""
    counts = tally(eligible(select_patients(registry, diagnosis=diagnosis)), ["is_aqp4_positive"])
    values = set(counts["is_aqp4_positive"].fillna(-1).astype(int))
    if values <= {-1}:
        return "unknown"
    return "aqp4_positive" if values == {1} else "mixed"
