"""The caller's own number for a figure, checked: the row with its share filled in, and its definitions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from nmosd_cohort.literature.definitions import ITEMS
from nmosd_cohort.literature.scales.difference import CONFIDENCE, number
from nmosd_cohort.statistics.estimate import Estimate
from nmosd_cohort.statistics.shares.proportions import proportion

if TYPE_CHECKING:
    from nmosd_cohort.literature.figure import Figure

Answer = Estimate | tuple[Mapping[str, Any], Mapping[str, Any]]  # or a row and its definitions
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "conf_level", "n", "events")
# What the definitions of a Result say beside ITEMS; the gate does not read it, so that they can be given whole.
ALSO_IN_RESULTS = (
    *("pain", "neuropathic_by", "min_days_after_attack", "conf_level", "by", "covariates", "family", "chronic", "MRI"),
    *("depression", "cutoff_moderate", "drug", "outcome", "at_months", "window_days", "baseline", "estimand"),
    *("comparator", "standardised_to", "attack_gap_days", "onset_days", "days_apart", "level_system", "persistent"),
    *("exposures", "mixed_onset", "firth_below_events_per_parameter", "measures", "contrast", "sex"),
    *("adjust_for_site", "seed", "treated", "on a class", "pain drug", "response", "kind of pain in response rows"),
    *("sodium_channel_blockers", "moderate_pain", "drug_class", "treatment", "at_days", "baseline_cut", "chosen_by"),
    *("durability_days", "before_months", "after_months", "strategy", "attack_that_led_to_start"),
    *("attack_on_day_of_start", "case_date", "population", "standard", "prevalence day"),
    *("kind", "randomised", "months_before", "months_after", "lag_days", "fewest_before", "events", "failures", "rule"),
    *("responder", "n_imputations", "lead_days", "needs_mri", "rise", "analytes", "scores", "most_censored", "of"),
    *("reference", "min_lesions", "adjust_for_length", "n_draws", "n_resamples", "zero"),
)


def own_answer(figure: Figure, answer: Answer) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Return the caller's row for a figure, its definitions, and why there is no number; empty if there is one.

    Parameters
    ----------
    figure
        The published figure.
    answer
        An Estimate with the construct and denominator of the figure, or a row and its definitions. A row of a
        share may leave the estimate out; it is then made from `events` and `n` (Wilson limits).

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If a number of the row is none or cannot be, limits are not of 95 %, or a definition is not known.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> row, _, _ = own_answer(find_figure("zhang_2022_np_all"), ({"events": 40, "n": 100}, {}))
    >>> row["estimate"], round(row["conf_low"], 3)
    (0.4, 0.309)
    """
    if isinstance(answer, Estimate):
        _check_level(figure, answer.conf_level)
        stated = {"construct": figure.construct, "denominator": figure.denominator}
        return _row_of(answer) | {"measure": figure.measure}, stated, _why_not(answer)
    row, definitions = _parts(figure, answer)
    _check_numbers(figure, row)
    _check_definitions(figure, definitions)
    if number(row, "estimate") is not None:
        return row, definitions, ""
    events, n = number(row, "events"), number(row, "n")
    if _is_share(figure, row) and events is not None and n is not None:
        share = proportion(events, n)  # type: ignore[arg-type]
        return row | _row_of(share), definitions, _why_not(share)
    if "estimate" in row:
        return row, definitions, ""  # as a row of a Result that could not be estimated
    more = ", or events and n" if _is_share(figure, row) else ""
    raise ValueError(f"own: the row of {figure.id} has no estimate; give estimate{more}")


def _parts(figure: Figure, answer: object) -> tuple[dict[str, Any], dict[str, Any]]:
    if isinstance(answer, (tuple, list)) and len(answer) == 2:
        row, definitions = answer
        if isinstance(row, (Mapping, pd.Series)) and isinstance(definitions, Mapping):
            return dict(row), dict(definitions)
    raise TypeError(
        f"own: {figure.id} must be an Estimate, or a pair of two mappings (row, definitions), "
        f"for example ({{'events': 40, 'n': 100}}, {{'denominator': 'assessed'}}); not of type {type(answer).__name__}"
    )


def _row_of(answer: Estimate) -> dict[str, Any]:
    names = ("estimate", "std_error", "conf_low", "conf_high", "n", "events")
    return {name: getattr(answer, name) for name in names}


def _why_not(answer: Estimate) -> str:
    return f"{answer.method[:1].upper()}{answer.method[1:]}." if math.isnan(answer.estimate) else ""


def _is_share(figure: Figure, row: Mapping[str, Any]) -> bool:
    return figure.measure == "proportion" and row.get("measure", "proportion") == "proportion"


def _check_level(figure: Figure, level: float | None) -> None:
    if level is not None and not math.isclose(level, CONFIDENCE):
        raise ValueError(f"own: {figure.id} has limits of {100 * level:g} %; give those of {100 * CONFIDENCE:g} %")


def _check_numbers(figure: Figure, row: Mapping[str, Any]) -> None:
    """Raise if a number of the row is a text or cannot be."""
    for name in NUMBERS:
        value = row.get(name)
        if isinstance(value, (str, bytes)) or not pd.api.types.is_scalar(value):
            raise ValueError(f"own: {name} of {figure.id} is {value!r}; it must be a number")
        try:
            float(0 if pd.isna(value) else value)
        except (TypeError, ValueError):
            raise ValueError(f"own: {name} of {figure.id} is {value!r}; it must be a number") from None
    _check_level(figure, number(row, "conf_level"))
    for name in ("n", "events", "std_error"):
        if (number(row, name) or 0) < 0:
            raise ValueError(f"own: {name} of {figure.id} is {row[name]}; it must be 0 or more")
    low, high = number(row, "conf_low"), number(row, "conf_high")
    if low is not None and high is not None and low > high:
        raise ValueError(f"own: conf_low of {figure.id} is {low:g}, above its conf_high {high:g}")
    if _is_share(figure, row):
        _check_share(figure, row)


def _check_share(figure: Figure, row: Mapping[str, Any]) -> None:
    events, n, estimate = (number(row, name) for name in ("events", "n", "estimate"))
    if events is not None and n is not None and events > n:
        raise ValueError(f"own: events of {figure.id} is {events:g}, more than its n {n:g}")
    if estimate is not None and not 0 <= estimate <= 1:
        raise ValueError(f"own: estimate of {figure.id} is {estimate:g}; a share runs from 0 to 1")


def _check_definitions(figure: Figure, definitions: Mapping[str, Any]) -> None:
    unknown = [str(name) for name in definitions if name not in (*ITEMS, *ALSO_IN_RESULTS)]
    if unknown:
        raise ValueError(
            f"own: definitions of {figure.id} have {', '.join(unknown)}; known are pain, {', '.join(ITEMS)}"
        )
