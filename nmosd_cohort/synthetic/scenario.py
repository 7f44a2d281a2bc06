"""Read a scenario: every parameter of the synthetic registry with its source."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

SHIPPED = ("review", "null", "demo")
SHARES_THAT_SUM_TO_ONE = (
    "people.site_shares",
    "attacks.other_shares",
    "lesions.level_shares",
    "lesions.coverage_shares",
    "pain.nrs_shares",
    "disability.edss_shares",
    "treatment.preventive_shares",
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its name with its section, its value, where the value comes from, and a note."""

    name: str
    value: float | tuple[float, ...]
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named set of parameters; equal sets are equal scenarios, so results can be cached by it."""

    name: str
    parameters: tuple[Parameter, ...]

    def number(self, name: str) -> float:
        """Return a parameter that is one number."""
        value = _values(self)[name]
        if isinstance(value, tuple):
            raise TypeError(f"parameter {name} is a list of {len(value)} numbers, not one number")
        return value

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return a parameter that is a list of numbers, as an array."""
        return np.atleast_1d(np.asarray(_values(self)[name], dtype=np.float64))


@cache
def _values(scenario: Scenario) -> Mapping[str, float | tuple[float, ...]]:
    return {parameter.name: parameter.value for parameter in scenario.parameters}


def read_scenario(scenario: str | Path = "review") -> Scenario:
    """Return a scenario that the package ships, or one from a TOML file of the same form.

    Parameters
    ----------
    scenario
        ``"review"``, ``"null"``, ``"demo"``, or the path of a TOML file. A file may say ``based_on = "review"`` and
        then lists only what differs.

    Raises
    ------
    ValueError
        If the name is neither shipped nor a file, a parameter lacks its source, is unknown or is
        missing, or shares do not sum to 1.

    Examples
    --------
    >>> read_scenario("null").number("treatment.tocilizumab_nrs_effect")
    0.0
    """
    content = tomllib.loads(_scenario_text(scenario))
    parameters = _parameters(content)
    if based_on := content.get("based_on"):
        base = {parameter.name: parameter for parameter in read_scenario(based_on).parameters}
        parameters = base | parameters
    _check(parameters)
    return Scenario(content.get("name", Path(scenario).stem), tuple(parameters.values()))


def scenario_frame(scenario: str | Path = "review") -> pd.DataFrame:
    """Return one row a parameter: name, value, source, note.

    Examples
    --------
    >>> frame = scenario_frame("review")
    >>> frame.loc[frame["name"] == "pain.current_share", "value"].item()
    0.72
    """
    import pandas as pd

    rows = [(item.name, item.value, item.source, item.note) for item in read_scenario(scenario).parameters]
    return pd.DataFrame(rows, columns=["name", "value", "source", "note"])


def _scenario_text(scenario: str | Path) -> str:
    if str(scenario) in SHIPPED:
        return (files("nmosd_cohort.synthetic") / "scenarios" / f"{scenario}.toml").read_text("utf-8")
    if not Path(scenario).is_file():
        raise ValueError(f"no scenario is called {scenario}; allowed: {', '.join(SHIPPED)} or the path of a TOML file")
    return Path(scenario).read_text("utf-8")


def _parameters(content: Mapping[str, Any]) -> dict[str, Parameter]:
    sections = {section: entries for section, entries in content.items() if isinstance(entries, dict)}
    return {
        f"{section}.{name}": _parameter(f"{section}.{name}", entry)
        for section, entries in sections.items()
        for name, entry in entries.items()
    }


def _parameter(name: str, entry: Any) -> Parameter:
    if not isinstance(entry, dict) or not {"value", "source"} <= entry.keys() <= {"value", "source", "note"}:
        raise ValueError(f"parameter {name} must be a table with value, source and, if wanted, note")
    value = entry["value"]
    numbers = tuple(float(item) for item in value) if isinstance(value, list) else float(value)
    return Parameter(name, numbers, entry["source"], entry.get("note", ""))


def _check(parameters: Mapping[str, Parameter]) -> None:
    known = set(_parameters(tomllib.loads(_scenario_text("review"))))
    if unknown := sorted(set(parameters) - known):
        raise ValueError(f"no parameter is called {', '.join(unknown)}; see scenario_frame() for the known ones")
    if missing := sorted(known - set(parameters)):
        raise ValueError(f'the scenario lacks {", ".join(missing)}; add them or based_on = "review"')
    for name in SHARES_THAT_SUM_TO_ONE:
        total = float(np.sum(parameters[name].value))
        if abs(total - 1) > 1e-9:
            raise ValueError(f"{name} must sum to 1, not {total:g}")
