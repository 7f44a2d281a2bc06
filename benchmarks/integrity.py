"""False alarms and power of the tests of printed numbers: the table of ``benchmarks/integrity.md``.

Run as ``python -m benchmarks.integrity`` from the root (some minutes; ``--quick`` draws a tenth). Ten thousand papers
that tell the truth are drawn, with rounding half up, half to even or by cutting off; then the same kinds with one
wrong number each.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from nmosd_cohort.literature.integrity.figure_checks import check_figure
from tests.literature.integrity.honest_papers import KINDS, RULES, figure_of

TABLE = Path(__file__).with_suffix(".md")
HONEST, WRONG = 10_000, 100
Printed = dict[str, Any]


def another_digit(value: float, decimals: int, rng: np.random.Generator) -> float:
    """Return the number with one of its digits, but for the last, replaced by another one."""
    digits = list(f"{abs(value):.{decimals}f}")
    places = [place for place, digit in enumerate(digits) if digit != "."][:-1] or [0]
    place = int(rng.choice(places))
    digits[place] = str(rng.choice([digit for digit in "0123456789" if digit != digits[place]]))
    return float("".join(digits)) * (-1 if value < 0 else 1)


def wrong_digit(name: str) -> Callable[[Printed, np.random.Generator], Printed | None]:
    """Return what replaces a digit of one of the printed numbers."""

    def make(numbers: Printed, rng: np.random.Generator) -> Printed | None:
        if numbers.get(name) is None:
            return None
        return {**numbers, name: another_digit(numbers[name], numbers["decimals"] or 0, rng)}

    return make


def other_p(numbers: Printed, rng: np.random.Generator) -> Printed | None:
    """Print a p that belongs to another result: any from 0.001 to 1, small ones as often as large ones."""
    return {**numbers, "p": f"{10 ** rng.uniform(-3, 0):.3f}"} if numbers.get("p") else None


def other_n(numbers: Printed, rng: np.random.Generator) -> Printed | None:
    """Print the n of another table: a tenth to a third more patients."""
    return {**numbers, "n": numbers["n"] + max(1, round(numbers["n"] * rng.uniform(0.1, 0.33)))}


def sem_called_sd(numbers: Printed, rng: np.random.Generator) -> Printed | None:
    """Call a standard error an SD, or the SD a standard error."""
    if numbers.get("sem") is not None:
        return {**numbers, "sd": numbers["sem"], "sem": None, "spread": "sd"}
    return {**numbers, "spread": "sem"} if numbers.get("sd") is not None else None


def other_mean_after(numbers: Printed, rng: np.random.Generator) -> Printed | None:
    """Print another digit in the mean after."""
    after = numbers.get("follow_up")
    if after is None:
        return None
    return {**numbers, "follow_up": replace(after, mean=another_digit(after.mean, numbers["decimals"], rng))}


ERRORS: dict[str, Callable[[Printed, np.random.Generator], Printed | None]] = {
    "a digit of the estimate": wrong_digit("estimate"),
    "a digit of the upper limit": wrong_digit("conf_high"),
    "a digit of the lower limit": wrong_digit("conf_low"),
    "a digit of the SD": wrong_digit("sd"),
    "a digit of the mean after": other_mean_after,
    "p of another result": other_p,
    "n of another table": other_n,
    "SD and SEM confused": sem_called_sd,
}


def outcomes(task: tuple[str, str | None, int]) -> tuple[int, int, int]:
    """Return papers drawn, those called inconsistent, and those with anything unexpected, of a kind and an error."""
    kind, error, papers = task
    rng = np.random.default_rng(zlib.crc32(f"{kind} {error}".encode()))
    drawn = alarms = noticed = 0
    for _ in range(papers * 20):
        measure, numbers = KINDS[kind](rng, str(rng.choice(RULES)))
        changed = numbers if error is None else ERRORS[error](numbers, rng)
        if changed is None:
            continue
        try:
            figure = figure_of(measure, verdict="inconsistent", **changed)
        except ValueError:  # the format itself refuses it, as a lower limit above the upper one
            drawn, alarms, noticed = drawn + 1, alarms + 1, noticed + 1
        else:
            statuses = {check.status for check in check_figure(figure)}
            drawn, alarms = drawn + 1, alarms + ("inconsistent" in statuses)
            noticed += bool(statuses & {"inconsistent", "informative"})
        if drawn == papers:
            break
    return drawn, alarms, noticed


def main() -> None:
    """Draw the papers and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the papers; nothing is written")
    quick = parser.parse_args().quick
    share = 10 if quick else 1
    honest = [(kind, None, HONEST // len(KINDS) // share) for kind in KINDS]
    wrong = [(kind, error, WRONG // share) for kind in KINDS for error in ERRORS]
    with ProcessPoolExecutor(2) as pool:
        found = dict(zip([task[:2] for task in honest + wrong], pool.map(outcomes, honest + wrong), strict=True))
    lines = [
        "# False alarms and power of the tests of printed numbers",
        "",
        *(__doc__ or "").split("\n\n", 1)[1].strip().split("\n"),
        "",
        "| papers that tell the truth | drawn | called inconsistent |",
        "|---|--:|--:|",
        *(f"| {kind} | {found[kind, None][0]} | {found[kind, None][1]} |" for kind in KINDS),
        f"| all | {sum(found[kind, None][0] for kind in KINDS)} | {sum(found[kind, None][1] for kind in KINDS)} |",
        "",
        "With one wrong number. *Noticed* adds the papers with a check that is only informative, which a true paper",
        "can have too. A changed digit is any but the last.",
        "",
        "| kind | what is wrong | drawn | called inconsistent % | noticed % |",
        "|---|---|--:|--:|--:|",
    ]
    for kind, error, _ in wrong:
        drawn, alarms, noticed = found[kind, error]
        if drawn:
            lines.append(f"| {kind} | {error} | {drawn} | {100 * alarms / drawn:.0f} | {100 * noticed / drawn:.0f} |")
    text = "\n".join(lines) + "\n"
    print(text)
    if not quick:
        TABLE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
