"""Readable words for measures, outcomes, groups, levels, verdicts and questions, read from the files of labels/."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from nmosd_cohort.codebook import read_codebook
from nmosd_cohort.literature.references import ABBREVIATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAMES_OF_PEOPLE = ("Hodges", "Pearson", "Spearman")
ROLE_ORDER = ("primary", "secondary", "sensitivity", "comparison", "description")


@cache
def labels() -> Mapping[str, Any]:
    """Return every label of the report by section and id.

    Examples
    --------
    >>> labels()["levels"]["no_pain"]
    'No pain'
    """
    merged: dict[str, Any] = {}
    for path in sorted((files("nmosd_cohort.report") / "labels").iterdir(), key=lambda entry: entry.name):
        for section, entries in tomllib.loads(path.read_text("utf-8")).items():
            if isinstance(entries, list):
                merged.setdefault(section, []).extend(entries)
                continue
            known = merged.setdefault(section, {})
            if twice := known.keys() & entries.keys():
                raise ValueError(f"{path.name}: {section} has {', '.join(sorted(twice))} in another file too")
            known.update(entries)
    return merged


@cache
def _codebook_labels() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the labels of the codebook's variables and of its codes."""
    variables: dict[str, str] = {}
    codes: dict[str, str] = {}
    for table in read_codebook().values():
        for name, variable in table.variables.items():
            variables.setdefault(name, variable.label_en)
            for code in variable.codes:
                codes.setdefault(code.code, code.en)
    return variables, codes


def humanise(name: str) -> str:
    """Return an identifier as words, for what has no label of its own.

    Examples
    --------
    >>> humanise("window_days")
    'Window days'
    """
    words = [ABBREVIATIONS.get(word.lower(), word) for word in str(name).replace("_", " ").split()]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def measure_label(measure: str) -> str:
    """Return the name of a measure as a clinician reads it.

    Examples
    --------
    >>> measure_label("probability_superiority")
    'P(higher)'
    """
    entry = labels()["measures"].get(measure)
    return str(entry["label"]) if entry else humanise(measure)


def measure_kind(measure: str, unit: str = "") -> str:
    """Return how numbers of a measure are printed, by the measure or else by its unit.

    Examples
    --------
    >>> measure_kind("risk_difference"), measure_kind("something_new", "share")
    ('share_difference', 'share')
    """
    entry = labels()["measures"].get(measure)
    units = {"share": "share", "ratio": "ratio", "odds": "ratio", "correlation": "correlation"}
    return str(entry["kind"]) if entry else units.get(unit, "rate" if "per " in unit else "mean")


def shows_events(measure: str) -> bool:
    """Return whether the events of a measure are patients of its n, and so may be printed before it.

    Examples
    --------
    >>> shows_events("proportion"), shows_events("rate_ratio")
    (True, False)
    """
    return not labels()["measures"].get(measure, {}).get("n_only", False)


def outcome_label(outcome: str) -> str:
    """Return the name of an outcome, from the labels or else from the codebook.

    Examples
    --------
    >>> outcome_label("sf36_bp"), outcome_label("attack_rate")
    ('SF-36 bodily pain', 'Attacks')
    """
    return str(labels()["outcomes"].get(outcome) or _codebook_labels()[0].get(outcome) or humanise(outcome))


@cache
def _variable_pattern() -> re.Pattern[str]:
    names = [name for name in _codebook_labels()[0] if "_" in name or any(mark.isdigit() for mark in name)]
    names += [level for level in labels()["levels"] if "_" in level]
    return re.compile(rf"\b({'|'.join(sorted(names, key=len, reverse=True))})\b")


def readable(text: str) -> str:
    """Return a text in which names of codebook variables and of groups are replaced by their labels.

    Examples
    --------
    >>> readable("sf36_pf and pain recorded"), readable("at one visit")
    ('SF-36 physical functioning and pain recorded', 'at one visit')
    """

    def label(found: re.Match[str]) -> str:
        name = str(labels()["levels"].get(found.group()) or outcome_label(found.group()))
        return without_capital(name) if found.start() else name

    return _variable_pattern().sub(label, text)


def group_label(group: str) -> str:
    """Return the name of a grouping variable.

    Examples
    --------
    >>> group_label("aqp4_status")
    'AQP4-IgG serostatus'
    """
    return str(labels()["groups"].get(group) or _codebook_labels()[0].get(group) or humanise(group))


def level_label(level: str) -> str:
    """Return the name of a level of a grouping variable; unknown codes stay as they are.

    Examples
    --------
    >>> level_label("thoracic_only"), level_label("female"), level_label("Centre 07")
    ('Thoracic only', 'Female', 'Centre 07')
    """
    return str(labels()["levels"].get(level) or _codebook_labels()[1].get(level) or level)


def without_capital(text: str) -> str:
    """Return words that continue a sentence: the first letter small, abbreviations untouched.

    Examples
    --------
    >>> without_capital("No pain"), without_capital("EDSS"), without_capital("P(higher)")
    ('no pain', 'EDSS', 'P(higher)')
    """
    keeps_it = text[:2].isupper() or not text[1:2].isalpha() or text.startswith(NAMES_OF_PEOPLE)
    return text if keeps_it else text[:1].lower() + text[1:]


def patients_label(*, group: str = "", level: str = "", reference: str = "", term: str = "") -> str:
    """Return whom an estimate is about: everyone, one group, a contrast of two, or a term of a model.

    Examples
    --------
    >>> patients_label(group="pain_group", level="neuropathic", reference="no_pain")
    'Neuropathic pain vs no pain'
    >>> patients_label(group="sex", level="female"), patients_label(), patients_label(term="thoracic")
    ('Sex: female', 'All patients', 'Thoracic lesion')
    """
    if level and reference:
        return f"{level_label(level)} vs {without_capital(level_label(reference))}"
    if term and not level:
        return str(labels()["terms"].get(term) or outcome_label(term))
    if level and group and group not in ("pain_group", "lesion_level"):
        name = level_label(level)
        return f"{group_label(group)}: {name if name == level else without_capital(name)}"
    return level_label(level) if level else "All patients"


def question_title(name: str) -> str:
    """Return the clinical question that a question function answers.

    Examples
    --------
    >>> question_title("pain_prevalence")
    'How many patients have pain?'
    """
    entry = labels()["questions"].get(name)
    return str(entry["title"]) if entry else humanise(name)


def question_short(name: str) -> str:
    """Return a few words for a question, for lists and headings of tables.

    Examples
    --------
    >>> question_short("pain_and_depression")
    'Pain and depression'
    """
    entry = labels()["questions"].get(name)
    return str(entry["short"]) if entry else humanise(name) or "No question asked here"


def question_order(name: str) -> int:
    """Return the place of a question in the report; unknown ones come last.

    Examples
    --------
    >>> question_order("pain_prevalence") < question_order("change_after_start") < question_order("mine")
    True
    """
    names = [question for questions in labels()["chapters"].values() for question in questions]
    return names.index(name) if name in names else len(names)


def chapter(name: str) -> str:
    """Return the chapter of the report that a question belongs to.

    Examples
    --------
    >>> chapter("pain_prevalence"), chapter("mine")
    ('How much pain, and of what kind', 'Further questions')
    """
    of = labels()["chapters"].items()
    return next((title for title, questions in of if name in questions), "Further questions")


def value_words(value: object) -> str:
    """Return a definition's value in words: yes, no, none, lists joined, codes with their label.

    Examples
    --------
    >>> value_words(True), value_words(None), value_words(("sex", "site")), value_words("assessed")
    ('yes', 'none', 'Sex, Centre', 'Assessed patients')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == "" or value == () or value == []:
        return "none"
    if isinstance(value, dict):
        return "; ".join(f"{humanise(key)}: {value_words(item)}" for key, item in value.items())
    if isinstance(value, (set, frozenset)):
        return value_words(sorted(value))
    if isinstance(value, (list, tuple)):
        return ", ".join(value_words(item) for item in value)
    text = str(value)
    known = labels()["levels"].get(text) or labels()["outcomes"].get(text) or _codebook_labels()[0].get(text)
    return str(known or text)


def references_for(methods: Iterable[str]) -> list[Mapping[str, Any]]:
    """Return the references that a set of method texts calls for, in a fixed order.

    Examples
    --------
    >>> [entry["text"][:6] for entry in references_for(["Wilson score interval"])]
    ['Wilson']
    """
    text = " | ".join(methods).lower()
    return [entry for entry in labels()["references"] if any(word in text for word in entry["match"])]
