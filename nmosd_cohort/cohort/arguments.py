"""Arguments that several parts take, checked before anything is read."""

from __future__ import annotations

from nmosd_cohort.intake.registry import Registry


def check_registry(registry: object) -> None:
    """Raise if what was given is no registry.

    Raises
    ------
    TypeError
        If it is anything else; the message says where a registry comes from.

    Examples
    --------
    >>> check_registry(None)
    Traceback (most recent call last):
    TypeError: registry is None, not a Registry; open one with nc.open_registry(...) or nc.simulate(...)
    """
    if not isinstance(registry, Registry):
        given = "None" if registry is None else f"of type {type(registry).__name__}"
        raise TypeError(f"registry is {given}, not a Registry; open one with nc.open_registry(...) or nc.simulate(...)")
