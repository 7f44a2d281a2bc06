"""What an analysis script starts from: the registry named on its command line, or the demo registry."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nmosd_cohort.intake.registry import Registry


def demo_registry() -> Registry:
    """Return the demo registry: synthetic patients in a centre's own files, with planted errors.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> nc.demo_registry().provenance["name"]
    'Demo registry (synthetic)'
    """
    from importlib.resources import as_file, files

    from nmosd_cohort.intake.open import open_registry

    with as_file(files("nmosd_cohort.synthetic") / "demo_registry") as folder:
        return open_registry(folder / "registry.toml")


def script_registry(arguments: Sequence[str] | None = None) -> Registry:
    """Return the registry that a script was given on its command line, the demo registry if it was given none.

    Parameters
    ----------
    arguments
        What stands after the name of the script; by default that of the command line. In a notebook there is
        none, so the demo registry opens: call ``nc.open_registry`` there.

    Raises
    ------
    SystemExit
        If the registry cannot be read, with one line on stderr: code 3 for the files, 2 for registry.toml.
        Code 2 for an option or more than one registry; code 0 after ``--help``, which prints how to call the script.

    Examples
    --------
    >>> script_registry([]).provenance["name"]
    'Demo registry (synthetic)'
    """
    from nmosd_cohort.intake.errors import code_and_line
    from nmosd_cohort.intake.open import open_registry

    named = _of_command_line() if arguments is None else list(arguments)
    if len(named) > 1 or (named and named[0].startswith("-")):
        _say_how_to_call(is_asked=named[0] in ("-h", "--help"))
    if not named:
        return demo_registry()
    try:
        return open_registry(named[0])
    except (ValueError, OSError) as fault:
        code, line = code_and_line(fault)
    sys.stderr.write(f"{line}\n")
    raise SystemExit(code)


def _say_how_to_call(*, is_asked: bool) -> NoReturn:
    """Say in one line how a script is called, and end: 0 where that was asked for, else 2."""
    line = "a script takes one registry.toml, or a folder in codebook form; without one it reads the demo registry"
    (sys.stdout if is_asked else sys.stderr).write(f"{line}\n")
    raise SystemExit(0 if is_asked else 2)


def _of_command_line() -> list[str]:
    """Return what stands after the script; nothing in a notebook or a console, whose arguments are their own."""
    main = sys.modules.get("__main__")
    runs_a_script = hasattr(main, "__file__") and "ipykernel" not in sys.argv[0] and "ipykernel" not in sys.modules
    return sys.argv[1:] if runs_a_script else []
