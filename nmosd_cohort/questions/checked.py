"""Arguments of a question, checked before anything is read, in the same words for every question."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from functools import wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from nmosd_cohort.cohort.arguments import check_registry
from nmosd_cohort.statistics.estimate import check_conf_level, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")

WHOLE = ("seed", "min_days_after_attack", "n_resamples", "n_draws", "n_imputations", "lag_days", "lead_days")
MONTHS = ("at_months", "months_before", "months_after", "before_months", "after_months")
MOST_MONTHS = 600
TEXTS = ("drug", "drug_class", "comparator", "treatment", "reference")
FLAGS = ("randomised", "needs_mri", "adjust_for_length", "adjust_for_site")
LISTS = ("analytes", "measures", "scores", "covariates", "events", "failures", "durability_days")


def checked(question: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """Return the question, which then refuses an argument of the wrong kind whether or not the data would use it.

    Raises
    ------
    TypeError
        If the registry is none, or an argument is of another type than its default or annotation allows.
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> nc.attacks_after_start(nc.simulate(n=20, seed=1), drug=3)
    Traceback (most recent call last):
    TypeError: drug is 3; it must be a text, for example 'tocilizumab'
    """
    parameters = signature(question).parameters

    @wraps(question)
    def ask(*arguments: Asked.args, **options: Asked.kwargs) -> Answer:
        bound = signature(question).bind(*arguments, **options)
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            may_be_none = parameters[name].default is None or "None" in str(parameters[name].annotation)
            if value is not None or not may_be_none:
                _check(name, value)
        return question(*arguments, **options)

    return ask


def _check(name: str, value: Any) -> None:
    if name == "registry":
        check_registry(value)
    elif name == "conf_level":
        check_conf_level(value)
    elif name in WHOLE:
        whole_number(name, value if not isinstance(value, bool) else math.nan)
    elif name in MONTHS:
        _check_months(name, value)
    elif name in TEXTS and not (isinstance(value, str) and value.strip()):
        raise TypeError(f"{name} is {value!r}; it must be a text, for example 'tocilizumab'")
    elif name in FLAGS and not isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; it must be True or False")
    elif name in LISTS and (isinstance(value, str) or not isinstance(value, Iterable)):
        raise TypeError(f"{name} is {value!r}; it must be a list or tuple, for example [{value!r}]")
    elif name in ("window_days", "at_days", "onset_days", "days_apart") and not isinstance(value, tuple | list):
        whole_number(name, value if not isinstance(value, bool) else math.nan)
    elif name == "baseline_cut" and not (isinstance(value, numbers.Real) and math.isfinite(value)):
        raise ValueError(f"{name} is {value!r}; it must be a number on the scale of the outcome")


def _check_months(name: str, value: Any) -> None:
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or abs(value) > MOST_MONTHS:
        raise ValueError(f"{name} is {value!r}; it must be a number of months, at most {MOST_MONTHS}")
