"""The command line: it parses, calls the library and sets the exit code; it decides nothing else."""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import contextmanager
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nmosd_cohort._version import __version__
from nmosd_cohort.report.streams import write_what_can_be_written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from nmosd_cohort.intake.registry import Registry

MOST_NAMED = 5  # near names that a message lists where there are too many right ones
HELP = (
    "Pain in NMOSD registries: check an export, answer the questions of the literature, report.\n\n"
    "Exit codes: 0 clean; 1 finished with warnings; 2 bad arguments or configuration; 3 input rejected; "
    "4 finished, but more records in quarantine than the set limit; 6 finished, and what --fail-on names was found; "
    "70 internal error."
)
app = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


class Exit(IntEnum):
    """Exit codes, as the help and the docs list them."""

    CLEAN = 0
    WARNINGS = 1
    CONFIGURATION = 2
    INPUT = 3
    QUARANTINE = 4
    FOUND = 6
    INTERNAL = 70


class FailOn(StrEnum):
    """Verdict on which ``validate`` ends with code 6."""

    DIFFERENT = "different"
    NEVER = "never"


RegistryPath = Annotated[Path, typer.Argument(help="registry.toml, or a folder of files in codebook form")]
Out = Annotated[
    Path, typer.Option("--out", help="folder of the report; an earlier report there is replaced at the end")
]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


@app.command()
def demo(out: Out = Path("nmosd_report"), seed: int = 1) -> None:
    """Run the main job on the demo registry (synthetic patients, with planted errors)."""
    from importlib.resources import as_file, files

    with as_file(files("nmosd_cohort.synthetic") / "demo_registry") as folder:
        code = _report(folder / "registry.toml", out, seed=seed, command="nmosd-cohort demo")
    # The demo's errors are planted: to find them is success.
    raise typer.Exit(Exit.CLEAN if code is Exit.WARNINGS else code)


@app.command()
def report(source: RegistryPath, out: Out = Path("nmosd_report"), seed: int = 1, diagnosis: str = "nmosd") -> None:
    """Check a registry, answer the five questions, set the published figures beside them, write the report."""
    raise typer.Exit(_report(source, out, seed=seed, command="nmosd-cohort report", diagnosis=diagnosis))


@app.command()
def check(
    source: RegistryPath, findings: Annotated[Path | None, typer.Option(help="write the findings to this CSV")] = None
) -> None:
    """Read a registry and say what is wrong with it; nothing is analysed."""
    registry = _open(source)
    typer.echo(f"{registry.provenance.get('name', source)}")
    typer.echo(registry.accounting.to_string(index=False))
    if registry.findings.empty:
        typer.echo("no findings")
    else:
        counts = registry.findings.groupby(["severity", "kind", "file", "column"], dropna=False).size()
        typer.echo(counts.rename("findings").reset_index().to_string(index=False))
    if findings is not None:
        with _plain_errors():
            from nmosd_cohort.report.files import write_private

            write_private(findings, registry.findings)
        typer.echo(f"findings with the offending cells, for local use only: {findings}")
    raise typer.Exit(_exit_code(registry))


@app.command()
def validate(
    source: RegistryPath,
    paper: Annotated[
        list[str] | None,
        typer.Option(help="only these papers, for example xue,zhang_2022; p is adjusted over the papers asked for"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="write verdicts.html, .csv and .json to this folder")] = None,
    fail_on: Annotated[FailOn, typer.Option(help="end with code 6 if a figure has this verdict")] = FailOn.NEVER,
    diagnosis: str = "nmosd",
) -> None:
    """Set the registry's answers beside every published figure that it can be compared with."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with _plain_errors():
        from nmosd_cohort.literature.catalogue import read_catalogue
        from nmosd_cohort.report.terminal import print_verdicts
        from nmosd_cohort.run import run_validate

        papers = [key.strip() for given in paper or () for key in given.split(",")]
        for wanted in papers:
            _check_choice("paper", wanted, [known.key for known in read_catalogue()])
        settings: dict[str, Any] = {"diagnosis": diagnosis, "papers": papers or None}
        verdicts, registry = run_validate(source, out, command="nmosd-cohort validate", **settings)
    print_verdicts(verdicts)
    if out is not None:
        typer.echo(str(out / "verdicts.html"), err=True)
    code = _exit_code(registry)
    found = fail_on is FailOn.DIFFERENT and (verdicts["verdict"] == "different").any()
    raise typer.Exit(Exit.FOUND if found and code is not Exit.QUARANTINE else code)


@app.command()
def figures(
    paper: Annotated[str | None, typer.Option(help="only this paper, for example zhang_2022")] = None,
    construct: Annotated[str | None, typer.Option(help="only this construct, for example neuropathic_pain")] = None,
    provenance: Annotated[str | None, typer.Option(help="only primary, secondary or seed")] = None,
    csv: Annotated[
        Path | None, typer.Option(help="write every column to this CSV file; an earlier such file is replaced")
    ] = None,
) -> None:
    """List the published figures of the catalogue."""
    from nmosd_cohort.literature.catalogue import published_figures
    from nmosd_cohort.report.terminal import print_figures

    frame = published_figures()
    for column, wanted in (("paper", paper), ("construct", construct), ("provenance", provenance)):
        if wanted is not None:
            _check_choice(column, wanted, frame[column])
    for column, wanted in (("paper", paper), ("construct", construct), ("provenance", provenance)):
        frame = frame if wanted is None else frame[frame[column] == wanted]
    if csv is not None:
        with _plain_errors():
            from nmosd_cohort.report.files import write_own

            write_own(csv, frame)
    print_figures(frame)


@app.command()
def cite(
    figure: Annotated[str, typer.Argument(help="id of a figure, or key of a paper")],
    bibtex: Annotated[bool, typer.Option("--bibtex", help="as a BibTeX entry")] = False,
) -> None:
    """Print the reference of the paper that a published figure comes from."""
    with _plain_errors():
        from nmosd_cohort.literature.catalogue import cite as reference

        typer.echo(reference(figure, style="bibtex" if bibtex else "text"))


@app.command()
def codebook(
    table: Annotated[str | None, typer.Argument(help="only this table, for example assessments")] = None,
) -> None:
    """Print the codebook: every table and variable with what is allowed and what it means."""
    from nmosd_cohort.codebook.reader import codebook_frame

    frame = codebook_frame()
    if table is not None:
        _check_choice("table", table, frame["table"])
        frame = frame[frame["table"] == table]
    for name, rows in frame.groupby("table", sort=False):
        typer.echo(f"\n{name}")
        for row in rows.to_dict("records"):
            unit = f" [{row['unit']}]" if row["unit"] else ""
            direction = f" ({row['direction']})" if row["direction"] else ""
            typer.echo(f"  {row['variable']}: {row['label_en']} / {row['label_zh']}{unit}{direction}")
            typer.echo(f"      {row['type']}, {row['allowed']}. {row['meaning']}")


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="new folder for the tables")],
    scenario: Annotated[str, typer.Option(help="review, null, or a TOML file")] = "review",
    n: Annotated[int, typer.Option(min=1, help="patients")] = 300,
    seed: int = 1,
) -> None:
    """Write a synthetic registry with known truth, as CSV files in codebook form."""
    with _plain_errors():
        from nmosd_cohort.synthetic.export import write_tables
        from nmosd_cohort.synthetic.generate import simulate as simulate_registry

        write_tables(simulate_registry(scenario, n=n, seed=seed), out)
    typer.echo(str(out))


def main() -> None:
    """Run the command line; a fault that nobody foresaw ends with code 70 and one line."""
    write_what_can_be_written()
    try:
        app()
    except Exception as fault:
        # Not the text of the fault: a library may have put a patient's value into it.
        where = traceback.extract_tb(fault.__traceback__)[-1]
        place = f"{Path(where.filename).name}, line {where.lineno}"
        typer.echo(f"internal error, please report it: {type(fault).__name__} in {place}", err=True)
        sys.exit(Exit.INTERNAL)


def _report(source: Path, out: Path, *, seed: int, command: str, diagnosis: str = "nmosd") -> Exit:
    # matplotlib complains on stderr where the home directory cannot be written, as under cron.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with _plain_errors(), _progress() as advance:
        from nmosd_cohort.run import run_report

        page, registry = run_report(source, out, seed=seed, command=command, diagnosis=diagnosis, progress=advance)
    typer.echo(str(page))
    return _exit_code(registry)


def _open(source: Path) -> Registry:
    with _plain_errors():
        from nmosd_cohort.intake.open import open_registry

        return open_registry(source)


def _exit_code(registry: Registry) -> Exit:
    if registry.provenance.get("quarantine_exceeded"):
        share, limit = (registry.provenance[f"quarantine_percent{name}"] for name in ("", "_limit"))
        typer.echo(f"{share:.1f} % of the records are in quarantine; the limit is {limit:g} %", err=True)
        return Exit.QUARANTINE
    severities = set(registry.findings["severity"]) if len(registry.findings) else set()
    return Exit.WARNINGS if severities - {"info"} else Exit.CLEAN


def _check_choice(name: str, wanted: str, values: Iterable[Any]) -> None:
    """End with code 2 if a value is unknown; the message names all right ones, or of many the nearest."""
    allowed = sorted({str(value) for value in values})
    if wanted in allowed:
        return
    from nmosd_cohort.codebook.nearest import MOST_LISTED, nearest

    few = len(allowed) <= MOST_LISTED
    said = f"it must be one of {', '.join(allowed)}" if few else nearest(wanted, allowed, most=MOST_NAMED)
    typer.echo(f"{name} is {wanted!r}; {said}", err=True)
    raise typer.Exit(Exit.CONFIGURATION)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn the faults that a user can cause into one line and an exit code."""
    from nmosd_cohort.intake.errors import code_and_line

    try:
        yield
    except (ValueError, OSError) as fault:
        code, line = code_and_line(fault)
        typer.echo(line, err=True)
        raise typer.Exit(code) from None


@contextmanager
def _progress() -> Iterator[Callable[[int, int, str], None] | None]:
    """Show a progress bar where a person watches; stay silent elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda done, total, step: bar.update(task, description=step, completed=done, total=total)


if __name__ == "__main__":
    main()
