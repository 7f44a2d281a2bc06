"""What one file of the catalogue may hold: a paper and its figures, checked field by field."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from nmosd_cohort.literature.integrity.percentages import printed_percentages
from nmosd_cohort.literature.numbers import STRICT, Count, Numbers, Words
from nmosd_cohort.result import ESTIMATE_COLUMNS

Measure = Literal[
    "proportion",
    "correlation",
    "odds_ratio",
    "hazard_ratio",
    "mean",
    "median",
    "rate",
    "paired_change",
    "median_change",
    "mean_difference",
    "regression_coefficient",
    "rate_ratio",
    "between_group_difference",
    "share_range",
]
TimeFrame = Literal["current", "chronic", "ever", "unspecified"]
Phase = Literal["remission", "attack", "mixed", "unknown"]
Serostatus = Literal["aqp4_positive", "aqp4_negative", "mog_positive", "mixed", "unknown"]
CareLevel = Literal["inpatients", "specialist_clinic", "several_clinics", "survey", "trial", "population"]
Variable = Literal[
    "female",
    "aqp4_positive",
    "had_myelitis",
    "age_years",
    "onset_age_years",
    "duration_years",
    "edss",
    "attacks",
]
Question = Literal[
    "pain_prevalence",
    "pain_types",
    "pain_sites",
    "pain_and_diagnosis",
    "pain_as_worst_symptom",
    "pain_as_first_sign",
    "neuropathic_pain_and_disability",
    "neuropathic_pain_and_quality_of_life",
    "lesion_level_and_pain",
    "persistent_lesions_and_pain",
    "predictors_of_neuropathic_pain",
    "brain_imaging_and_pain",
    "pain_and_depression",
    "depression_treatment_gap",
    "drug_use_and_response",
    "change_after_start",
    "attacks_after_start",
    "incidence_and_prevalence",
]
Denominator = Annotated[
    str,
    Field(pattern=r"^(assessed|all_diagnosed|with_pain|with_myelitis|aqp4_positive|unknown|other: \S.*)$"),
]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


@dataclass(config=STRICT, frozen=True, slots=True, kw_only=True)
class Population:
    """Who was studied, in the paper's words as far as they were seen; null where they were not."""

    country: str | None
    design: str | None
    n_centres: Annotated[int, Field(ge=1)] | None
    serostatus: str | None
    years: str | None
    diagnosis: str | None
    care_level: CareLevel | None = None


@dataclass(config=STRICT, frozen=True, slots=True, kw_only=True)
class Characteristic:
    """One line of a paper's Table 1: who the patients were, as printed.

    A share carries ``events`` of ``n`` or, where the count was not seen, ``percent``; a quantity carries
    ``mean`` with ``sd``, or ``median`` with quartiles or range. ``read`` says where it was read.
    """

    variable: Variable
    n: Count | None
    events: Count | None = None
    percent: Annotated[float, Field(ge=0, le=100)] | None = None
    mean: float | None = None
    sd: Annotated[float, Field(ge=0)] | None = None
    median: float | None = None
    quartile_1: float | None = None
    quartile_3: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    read: Words


@dataclass(config=STRICT, frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the numbers were read: in the paper itself, in another text, or only in the two seed texts.

    ``url`` is the address of the paper (publisher, PubMed, PMC, trial registry); ``read`` says in words what
    was read, which may have been a copy elsewhere.
    """

    level: Literal["primary", "secondary", "seed"]
    url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None
    read: Words


@dataclass(config=STRICT, frozen=True, slots=True, kw_only=True)
class Seeds:
    """What the review and the case report say of the figure; null where they do not mention it."""

    review: Words | None
    case_report: Words | None


@dataclass(config=STRICT, frozen=True, slots=True, kw_only=True)
class Integrity:
    """Whether the printed numbers agree with one another, as a reader judged it.

    The arithmetic is done anew by ``literature.integrity``; a test holds the two together. ``verdict`` is
    about the numbers of the figure itself, ``note`` may tell of other texts that quote it.
    """

    verdict: Literal["consistent", "inconsistent", "not checkable"]
    note: str


@dataclass(config=STRICT, frozen=True, slots=True, kw_only=True)
class Answers:
    """The question that gives the registry's own value, and the row of its estimates to take."""

    question: Question
    arguments: dict[str, str | int]
    select: dict[str, str]

    @model_validator(mode="after")
    def _columns_exist(self) -> Self:
        unknown = sorted(set(self.select) - set(ESTIMATE_COLUMNS))
        if unknown:
            raise ValueError(f"select has {', '.join(unknown)}; columns are {', '.join(ESTIMATE_COLUMNS)}")
        if "measure" not in self.select:
            raise ValueError("select must name the measure")
        return self


@dataclass(config=STRICT, frozen=True, slots=True, kw_only=True)
class Figure:
    """One number that a paper printed, or that follows from two that it printed.

    ``denominator`` types who was counted. ``aqp4_positive`` is used where the question can be asked of
    seropositive patients alone (prevalence); elsewhere a seropositive cohort is ``assessed`` and its
    ``serostatus`` says the rest. ``oxford_level`` is the level of evidence (Oxford 2011) that the review
    gives, kept as its label. ``care_level`` is that of the paper unless given. ``paper``, ``citation`` and
    ``overlap_group`` are filled in by the reader.
    """

    id: Identifier
    construct: Identifier
    definition: Words
    denominator: Denominator
    time_frame: TimeFrame | None
    instrument: str | None
    cutoff: str | None
    phase: Phase
    serostatus: Serostatus
    measure: Measure
    numbers: Numbers
    provenance: Provenance
    seeds: Seeds
    caveats: tuple[Words, ...]
    integrity: Integrity
    pool_group: Identifier | None
    margin: Annotated[float, Field(gt=0)] | None
    answers: Answers | None
    why_not: Words | None = None
    care_level: CareLevel | None = None
    oxford_level: Annotated[int, Field(ge=1, le=5)] | None = None
    paper: str = ""
    citation: str = ""
    overlap_group: str = ""

    @property
    def share(self) -> float | None:
        """Share from 0 to 1: from the counts where both are known, else as printed."""
        numbers = self.numbers
        if self.measure != "proportion":
            return None
        if numbers.events is not None and numbers.n:
            return numbers.events / numbers.n
        return None if numbers.estimate is None else numbers.estimate / 100

    @model_validator(mode="after")
    def _answerable_or_not(self) -> Self:
        if (self.answers is None) == (self.why_not is None):
            raise ValueError("a figure has either answers or why_not, and not both")
        return self

    @model_validator(mode="after")
    def _percentage_fits_counts(self) -> Self:
        numbers = self.numbers
        if self.measure != "proportion" or self.integrity.verdict == "inconsistent":
            return self
        if numbers.events is None or not numbers.n or numbers.estimate is None:
            return self
        fits = printed_percentages(numbers.events, numbers.n, numbers.decimals or 0)
        if Decimal(str(numbers.estimate)) not in fits:
            raise ValueError(
                f"numbers.estimate is {numbers.estimate}, but {numbers.events} of {numbers.n} prints as "
                f"{' or '.join(str(value) for value in sorted(fits))}; correct it or mark it inconsistent"
            )
        return self


@dataclass(config=STRICT, frozen=True, slots=True, kw_only=True)
class Paper:
    """One paper, with the figures that were taken from it."""

    key: Identifier
    authors: str | None
    title: str | None
    journal: str | None
    year: Annotated[int, Field(ge=1990, le=2100)] | None
    doi: Annotated[str, Field(pattern=r"^10\.\S+/\S+$")] | None
    pmid: Annotated[str, Field(pattern=r"^\d+$")] | None
    registry: str | None
    population: Population
    overlap_group: Identifier | None
    extent_read: Words
    table_1: tuple[Characteristic, ...] = ()
    figures: Annotated[tuple[Figure, ...], Field(min_length=1)]
