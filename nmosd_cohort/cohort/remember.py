"""Frames that several questions need, made once while a block of questions is asked."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Asked = ParamSpec("Asked")
Frame = TypeVar("Frame")
_KEPT: ContextVar[dict[Any, Any] | None] = ContextVar("kept", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Keep the frames of ``remembered`` functions until the block ends; a block inside another shares its frames.

    Outside such a block every call reads the registry anew, so a table that a user changes is never overlooked.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> from nmosd_cohort.cohort.selection import select_patients
    >>> registry = nc.simulate(n=20, seed=1)
    >>> with remembering():
    ...     select_patients(registry) is select_patients(registry)
    True
    """
    if _KEPT.get() is not None:
        yield
        return
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def remembered(function: Callable[Asked, Frame]) -> Callable[Asked, Frame]:
    """Return the function of a registry and options so that ``remembering`` can keep what it returns."""

    @wraps(function)
    def once(*arguments: Asked.args, **options: Asked.kwargs) -> Frame:
        kept = _KEPT.get()
        if kept is None:
            return function(*arguments, **options)
        # The registry itself is kept too, so that no other can come to have its id.
        key = (function, *map(id, arguments), *sorted(options.items()))
        if key not in kept:
            kept[key] = (arguments, function(*arguments, **options))
        frame: Frame = kept[key][1]
        return frame

    return once
