"""The faults that a user can cause: two errors of the intake, and what the shell says of each with which code."""

from __future__ import annotations

CONFIGURATION, INPUT = 2, 3  # exit codes, see docs/exit_codes.md


class InputError(ValueError):
    """A file cannot be read at all, so nothing is analysed; the shell ends with exit code 3."""


class ConfigurationError(ValueError):
    """An argument or registry.toml is wrong; the shell ends with exit code 2."""


def code_and_line(fault: ValueError | OSError) -> tuple[int, str]:
    """Return the exit code and the one line that tell a person of a fault that the person can mend.

    Examples
    --------
    >>> code_and_line(InputError("pain.csv is empty")), code_and_line(ValueError("unknown drug"))
    ((3, 'input rejected: pain.csv is empty'), (2, 'cannot run: unknown drug'))
    >>> code_and_line(FileNotFoundError(2, "No such file or directory", "registry.toml"))
    (3, 'cannot read or write registry.toml: No such file or directory')
    """
    if isinstance(fault, InputError):
        return INPUT, f"input rejected: {fault}"
    if isinstance(fault, ValueError):
        return CONFIGURATION, f"cannot run: {fault}"
    return INPUT, f"cannot read or write {fault.filename or 'a file'}: {fault.strerror or fault}"
