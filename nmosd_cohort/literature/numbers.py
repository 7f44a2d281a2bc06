"""The numbers of a published figure as printed: what may be written down of them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

Words = Annotated[str, Field(min_length=3)]
PValue = Annotated[str, Field(pattern=r"^<?0?\.\d+$")]
Count = Annotated[int, Field(ge=0)]
Spread = Annotated[float, Field(ge=0)]
STRICT = ConfigDict(extra="forbid")


@dataclass(config=STRICT, frozen=True, slots=True, kw_only=True)
class Moment:
    """A score at one time of a before-after study."""

    mean: float | None = None
    sd: Spread | None = None
    sem: Spread | None = None
    median: float | None = None
    quartile_1: float | None = None
    quartile_3: float | None = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(config=STRICT, frozen=True, slots=True, kw_only=True)
class Group:
    """One of the groups that a printed difference or test is between."""

    name: Words
    n: Count | None
    events: Count | None = None
    percent: float | None = None
    mean: float | None = None
    sd: Spread | None = None
    median: float | None = None
    quartile_1: float | None = None
    quartile_3: float | None = None
    minimum: float | None = None
    maximum: float | None = None


@dataclass(config=STRICT, frozen=True, slots=True, kw_only=True)
class Scale:
    """Lowest and highest answer of one patient, and the step between answers, null where any is possible."""

    minimum: float
    maximum: float | None
    step: Annotated[float, Field(gt=0)] | None


@dataclass(config=STRICT, frozen=True, slots=True, kw_only=True)
class Statistic:
    """A test statistic as printed, with its degrees of freedom where they were seen."""

    name: Literal["chi2", "t", "z", "f", "r", "rho", "u"]
    value: float
    decimals: Annotated[int, Field(ge=0, le=6)] | None = None
    freedom: float | None = None


@dataclass(config=STRICT, frozen=True, slots=True, kw_only=True)
class Numbers:
    """The numbers as printed: percentages stay percentages, null was not seen.

    ``spread`` says what the paper calls the number after the plus-minus sign; ``scale`` what one patient can
    score, which the checks of means and SDs need.
    """

    n: Count | None
    events: Count | None = None
    estimate: float | None
    unit: str | None
    decimals: Annotated[int, Field(ge=0, le=6)] | None
    conf_low: float | None
    conf_high: float | None
    p: PValue | None
    sd: Spread | None = None
    sem: Spread | None = None
    median: float | None = None
    quartile_1: float | None = None
    quartile_3: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    baseline: Moment | None = None
    follow_up: Moment | None = None
    groups: tuple[Group, ...] = ()
    statistic: Statistic | None = None
    spread: Literal["sd", "sem", "not stated"] | None = None
    scale: Scale | None = None

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.events is not None and (self.n is None or self.events > self.n):
            raise ValueError(f"events is {self.events} and n is {self.n}; events need an n that is not smaller")
        if (self.conf_low is None) != (self.conf_high is None):
            raise ValueError("conf_low and conf_high go together; one of them is null")
        if self.conf_low is not None and self.conf_high is not None and self.conf_low > self.conf_high:
            raise ValueError(f"conf_low {self.conf_low} is above conf_high {self.conf_high}")
        if (self.baseline is None) != (self.follow_up is None):
            raise ValueError("baseline and follow_up go together; one of them is null")
        return self
