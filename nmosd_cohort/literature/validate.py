"""Every published figure beside the registry's own answer, with a verdict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any

from nmosd_cohort.cohort.arguments import check_registry
from nmosd_cohort.cohort.pain import DN4_CUTOFF, PAINDETECT_CUTOFF
from nmosd_cohort.cohort.remember import remembering
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import tally
from nmosd_cohort.literature.catalogue import chosen_papers, find_figure
from nmosd_cohort.literature.comparability import compare_definitions
from nmosd_cohort.literature.own_answers import Answer, own_answer
from nmosd_cohort.literature.row_definitions import row_diagnosis
from nmosd_cohort.literature.verdict import judge_all
from nmosd_cohort.literature.verdict_words import sentence
from nmosd_cohort.questions.attacks_after_start import attacks_after_start
from nmosd_cohort.questions.brain_imaging_and_pain import brain_imaging_and_pain
from nmosd_cohort.questions.change_after_start import change_after_start
from nmosd_cohort.questions.depression_treatment_gap import depression_treatment_gap
from nmosd_cohort.questions.drug_use_and_response import drug_use_and_response
from nmosd_cohort.questions.incidence_and_prevalence import incidence_and_prevalence
from nmosd_cohort.questions.lesion_level_and_pain import lesion_level_and_pain
from nmosd_cohort.questions.neuropathic_pain_and_disability import neuropathic_pain_and_disability
from nmosd_cohort.questions.neuropathic_pain_and_quality_of_life import neuropathic_pain_and_quality_of_life
from nmosd_cohort.questions.pain_and_depression import pain_and_depression
from nmosd_cohort.questions.pain_and_diagnosis import pain_and_diagnosis
from nmosd_cohort.questions.pain_as_first_sign import pain_as_first_sign
from nmosd_cohort.questions.pain_as_worst_symptom import pain_as_worst_symptom
from nmosd_cohort.questions.pain_prevalence import pain_prevalence
from nmosd_cohort.questions.pain_sites import pain_sites
from nmosd_cohort.questions.pain_types import pain_types
from nmosd_cohort.questions.persistent_lesions_and_pain import persistent_lesions_and_pain
from nmosd_cohort.questions.predictors_of_neuropathic_pain import predictors_of_neuropathic_pain
from nmosd_cohort.result import Result

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.literature.figure import Answers, Figure, Paper

QUESTIONS: dict[str, Any] = {
    question.__name__: question
    for question in (
        pain_prevalence,
        pain_types,
        pain_sites,
        pain_and_diagnosis,
        pain_as_worst_symptom,
        pain_as_first_sign,
        neuropathic_pain_and_disability,
        neuropathic_pain_and_quality_of_life,
        lesion_level_and_pain,
        persistent_lesions_and_pain,
        predictors_of_neuropathic_pain,
        brain_imaging_and_pain,
        pain_and_depression,
        depression_treatment_gap,
        drug_use_and_response,
        change_after_start,
        attacks_after_start,
        incidence_and_prevalence,
    )
}
MOST_UNASKED_SHARE = 0.10  # of all diagnosed; the margin within which two shares count as equal
NEUROPATHIC_CUTOFFS = {"dn4": DN4_CUTOFF, "paindetect": PAINDETECT_CUTOFF}
# What a Result and its registry must have in common.
SAME_REGISTRY = ("name", "data_cut", "mapping_sha256", "scenario", "seed")
CATALOGUE_SCALE = "bdi_ii"  # what a figure's `select` calls the depression instrument


def validate(
    registry: Registry,
    *,
    diagnosis: str = "nmosd",
    papers: str | Paper | Iterable[str | Paper] | None = None,
    own: Mapping[str, Answer] | None = None,
    results: Result | Iterable[Result] | None = None,
) -> pd.DataFrame:
    """One row a published figure: the registry's own value, the published one, their difference and a verdict.

    A figure is compared only where ``literature.comparability.RULES`` allow it; each question is asked
    once for each set of definitions that the figures need. p-values are Holm-adjusted over all figures that
    could be compared.

    Parameters
    ----------
    registry
        Checked tables. ``provenance["care_level"]``, from registry.toml, is compared where it is known.
    diagnosis
        Code of patients.diagnosis. A figure of another disease is not comparable.
    papers
        Keys of the papers to judge; None takes all. The family of p-values is that of these papers, so fewer of
        them adjust less; choose them before the verdicts are seen.
    own
        The caller's own estimates by figure, which go before the answer of the question: for each an Estimate
        with the construct and the denominator of the figure, for which the caller answers; or the row (estimate,
        conf_low, conf_high, std_error, n, events, measure) and its definitions, which the gate then reads. Limits
        are of 95 %. A share without estimate is made from events and n, with Wilson limits.
    results
        Answers of this registry that are already there. One is used instead of asking again if it names the same
        registry and data cut and its definitions state every argument that the question would be asked with;
        the seed may differ.

    Returns
    -------
    pandas.DataFrame
        Columns ``literature.verdict.VERDICT_COLUMNS``; shares run from 0 to 1. ``verdict`` is one of: not
        comparable, not assessable, published figure inconsistent, consistent, compatible but imprecise,
        different, different, within between-study spread. Each has its ``reason`` and, where there is a
        difference, the smallest that this registry could have seen with 80 % power.

    Raises
    ------
    ValueError
        If a paper or a figure is not in the catalogue, an own figure is of a paper left out, or an own estimate
        has other limits, a number that cannot be or a definition that is not known.
    TypeError
        If the registry, a result or an own answer is something else.

    References
    ----------
    Altman and Bland 2003 (difference of two estimates); Schuirmann 1987 (equivalence); Holm 1979.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> verdicts = nc.validate(nc.simulate(n=150, seed=1), papers=["qian_2012"])
    >>> verdicts["paper"].unique().tolist()
    ['qian_2012']
    """
    check_registry(registry)
    figures, given, ready = _chosen(papers), {} if own is None else own, _results(results)
    _check_figures(given, figures)
    owned = {figure.id: Local(*own_answer(figure, given[figure.id])) for figure in figures if figure.id in given}
    known = {
        "serostatus": _serostatus(registry, diagnosis),
        "care_level": registry.provenance.get("care_level"),
        "diagnosis": diagnosis,
    }
    asked: dict[tuple[str, str], Result] = {}
    comparisons, silent = [], {}
    with remembering():
        for figure in figures:
            local = owned.get(figure.id) or _local(registry, figure, diagnosis, asked, ready)
            gate = compare_definitions(figure, _known_of(figure, known) | local.definitions)
            comparisons.append((figure, local.row, gate))
            if local.why_not and (gate.comparable or figure.answers is None):
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


def _chosen(papers: str | Paper | Iterable[str | Paper] | None) -> list[Figure]:
    return [figure for paper in chosen_papers(papers) for figure in paper.figures]


def _results(results: object) -> list[Result]:
    if results is None or isinstance(results, Result):
        return [] if results is None else [results]
    given: list[Any] = list(results) if isinstance(results, Iterable) else [results]
    if not all(isinstance(one, Result) for one in given):
        raise TypeError("results must be a Result or a list of them, for example [nc.pain_prevalence(registry)]")
    return given


def _check_figures(own: Mapping[str, Answer], figures: Sequence[Figure]) -> None:
    """Raise if an own estimate is of no figure, or of one that is left out."""
    if not isinstance(own, Mapping):
        raise TypeError("own must be a mapping from ids of figures to your own answers")
    judged = {figure.id for figure in figures}
    for name in own:
        if name not in judged:
            paper = find_figure(name).paper
            raise ValueError(f"own: {name} is of the paper {paper}, which is not among papers; name it there too")


def _local(
    registry: Registry, figure: Figure, diagnosis: str, asked: dict[tuple[str, str], Result], results: Sequence[Result]
) -> Local:
    """Ask the question of a figure, once for each set of arguments, and take the row that answers it."""
    if figure.answers is None:
        return Local({}, {}, str(figure.why_not))
    name = figure.answers.question
    arguments = _with_defaults(name, _arguments(figure.answers, diagnosis))
    key = (name, repr(sorted(arguments.items())))
    if key not in asked:
        ready = next((result for result in results if _is_answer(result, registry, name, arguments)), None)
        asked[key] = QUESTIONS[name](registry, **arguments) if ready is None else ready
    result = asked[key]
    definitions = dict(result.definitions)
    if name != "pain_prevalence":
        # These questions have rows of several denominators and outcomes; the row itself tells.
        definitions.pop("denominator", None)
    if row_diagnosis(figure.answers):
        definitions.pop("diagnosis", None)
    if definitions.get("serostatus") == "any":
        del definitions["serostatus"]  # nobody was chosen by it, so it is that of the registry
    neuropathic_by = definitions.get("neuropathic_by", "recorded")
    if neuropathic_by != "recorded":
        definitions |= {"instrument": neuropathic_by, "cutoff": NEUROPATHIC_CUTOFFS[neuropathic_by]}
    if figure.answers.select.get("outcome") == "chronic_pain":
        del definitions["time_frame"]
    if why_not := _too_many_unasked(result):
        return Local({}, definitions, why_not)
    row = _pick(result, figure)
    return Local(row, definitions, "" if row else _what_is_missing(result, figure.answers))


def _known_of(figure: Figure, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of the registry's patients, without what a row of another disease says for itself."""
    own = ("diagnosis", "serostatus") if row_diagnosis(figure.answers) else ()
    return {name: value for name, value in known.items() if name not in own}


def _what_is_missing(result: Result, answers: Answers) -> str:
    """Return the check that says why a row is not there: of several the one that has most words with it in common."""
    missing = result.checks[result.checks["status"] == "not assessable"]
    if missing.empty:
        return "The registry has no patients for this."
    wanted = _words(*answers.select.values(), *answers.arguments.values())
    shared = [len(wanted & _words(name)) for name in missing["check"]]
    check = missing.iloc[shared.index(max(shared))]
    return sentence(f"the registry has no value for this ({check['check']}: {check['detail']})")


def _words(*texts: object) -> set[str]:
    return set(re.findall(r"[a-z]+", " ".join(map(str, texts)).lower()))


def _is_answer(result: Result, registry: Registry, name: str, arguments: Mapping[str, Any]) -> bool:
    """Return whether a Result is of this registry and was asked with exactly these arguments, seed apart."""
    if result.name != name:
        return False
    if any(result.provenance.get(key) != registry.provenance.get(key) for key in SAME_REGISTRY):
        return False
    stated = result.definitions
    return all(
        option in stated and _comparable(stated[option]) == _comparable(value) for option, value in arguments.items()
    )


def _with_defaults(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return every argument of a question but registry and seed, so that alike calls are seen to be alike."""
    options = signature(QUESTIONS[name]).parameters.values()
    return {option.name: option.default for option in options if option.name not in ("registry", "seed")} | dict(
        arguments
    )


def _comparable(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _too_many_unasked(result: Result) -> str:
    """Return why a share of all diagnosed patients says nothing, if too many of them were never asked."""
    if result.definitions.get("denominator") != "all_diagnosed":
        return ""
    bounds = result.estimates[result.estimates["measure"] == "bounds_if_never_asked"].iloc[0]
    if not bounds["conf_high"] - bounds["conf_low"] > MOST_UNASKED_SHARE:
        return ""
    return (
        f"Too many of the registry's patients have no answer: the share lies anywhere from "
        f"{100 * bounds['conf_low']:.0f} to {100 * bounds['conf_high']:.0f} %."
    )


def _arguments(answers: Answers, diagnosis: str) -> dict[str, Any]:
    """Return the arguments of the question; EDSS and attack rate come with every change_after_start."""
    arguments = {"diagnosis": diagnosis} | answers.arguments
    if arguments.get("outcome") in ("edss", "attack_rate"):
        del arguments["outcome"]
    # The registry's own instrument is compared; the gate says that it is another one.
    arguments.pop("depression", None)
    if answers.question == "pain_and_diagnosis" and diagnosis == arguments.get("comparator", "ms"):
        arguments["comparator"] = "nmosd"
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
    """Return mixed if both kinds are among the eligible patients, unknown if an untested one leaves it open."""
    counts = tally(eligible(select_patients(registry, diagnosis=diagnosis)), ["is_aqp4_positive"])
    found = counts["is_aqp4_positive"]
    values = set(found.dropna().astype(int))
    if len(values) > 1:
        return "mixed"
    if not values or found.isna().any():
        return "unknown"
    return "aqp4_positive" if values == {1} else "aqp4_negative"
