"""How many patients each analysis of change needs, and why."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Minimum:
    """Fewest patients for an analysis.

    Parameters
    ----------
    analysis
        Its name in a sentence.
    patients
        Fewest patients.
    why
        What goes wrong with fewer.

    Examples
    --------
    >>> MINIMUM_PATIENTS["mixed_model"].patients
    10
    """

    analysis: str
    patients: int
    why: str


MINIMUM_PATIENTS = MappingProxyType(
    {
        "mixed_model": Minimum("a mixed model", 10, "variance components are guesses"),
        "ancova": Minimum("an analysis of covariance", 8, "robust errors rest on single patients"),
        "ancova_arm": Minimum("an arm of an analysis of covariance", 4, "its spread is a guess"),
        "baseline_change": Minimum("a relation of change to baseline", 10, "a slope follows single patients"),
        "repeats": Minimum("a regression on the first score", 10, "its slope follows single patients"),
        "repeats_two_scores": Minimum("a regression on two first scores", 20, "its slopes follow single patients"),
        "repeats_responders": Minimum("a no-effect share of responders", 20, "a share is coarser than a slope"),
        "gee": Minimum("a model of patients with repeated rows", 10, "robust errors rest on single patients"),
    }
)


def too_few(analysis: str, n: int) -> str:
    """Return why so many patients are too few for an analysis, empty if they are enough.

    Examples
    --------
    >>> too_few("mixed_model", 7)
    '7 patients; a mixed model needs 10, with fewer variance components are guesses'
    >>> too_few("mixed_model", 10)
    ''
    """
    minimum = MINIMUM_PATIENTS[analysis]
    if n >= minimum.patients:
        return ""
    return f"{n} patients; {minimum.analysis} needs {minimum.patients}, with fewer {minimum.why}"
