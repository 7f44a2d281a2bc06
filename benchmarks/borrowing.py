"""How far the limits of borrowed shares can be trusted: the tables of ``benchmarks/borrowing.md``.

Run as ``python -P benchmarks/borrowing.py`` (a few minutes; ``--quick`` draws a tenth). The first table draws past
studies and a registry from one population. The second sums over all possible counts of a registry, without chance,
at true shares near to the past studies and far from them.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from scipy.special import expit
from scipy.stats import binom

from nmosd_cohort.statistics.pooling.borrowing import BorrowedShare, robust_map

TABLE = Path(__file__).with_suffix(".md")
STUDIES, SPREAD = 6, 0.6  # past studies, and the SD of their logits around 0
DRAWS = 500
SIZES = (10, 20, 40)
SPONDYLITIS_EVENTS, SPONDYLITIS_N = [23, 12, 19, 9, 39, 6, 9, 10], [107, 44, 51, 39, 139, 20, 78, 35]
TRUTHS = (0.05, 0.1, 0.25, 0.5, 0.9)


def _holds(found: BorrowedShare, truth: float) -> tuple[float, ...]:
    """Return whether both limits hold, their widths, squared errors, and whether a conflict is told."""
    own = found.local
    return (
        found.conf_low <= truth <= found.conf_high,
        own.conf_low <= truth <= own.conf_high,
        found.conf_high - found.conf_low,
        own.conf_high - own.conf_low,
        (found.estimate - truth) ** 2,
        (own.estimate - truth) ** 2,
        found.is_in_conflict,
    )


def _drawn(draws: int, seed: int) -> list[str]:
    """Return one row a registry size, past studies and registry drawn from one population."""
    rng = np.random.default_rng(seed)
    found: dict[int, list[tuple[float, ...]]] = {n: [] for n in SIZES}
    for _ in range(draws):
        sizes = rng.integers(30, 171, STUDIES)
        events = rng.binomial(sizes, expit(rng.normal(0, SPREAD, STUDIES)))
        for n in SIZES:
            truth = float(expit(rng.normal(0, SPREAD)))
            registry = int(rng.binomial(n, truth))
            found[n].append(_holds(robust_map(registry, n, prior_events=events, prior_n=sizes), truth))
    lines = []
    for n, rows in found.items():
        held, own, width, own_width, square, own_square, told = (float(part) for part in np.mean(rows, axis=0))
        error = 100 * math.sqrt(held * (1 - held) / draws)
        lines.append(
            f"| {n} | {100 * held:.1f} ({error:.1f}) | {100 * own:.1f} | {100 * width:.0f} | {100 * own_width:.0f} "
            f"| {100 * math.sqrt(square):.1f} | {100 * math.sqrt(own_square):.1f} | {100 * told:.1f} |"
        )
    return lines


def _summed() -> list[str]:
    """Return one row for each registry size and true share, beside the spondylitis trials."""
    lines = []
    for n in SIZES:
        registries = [robust_map(x, n, prior_events=SPONDYLITIS_EVENTS, prior_n=SPONDYLITIS_N) for x in range(n + 1)]
        for truth in TRUTHS:
            chances = binom.pmf(np.arange(n + 1), n, truth)
            held, own, width, own_width, _, _, told = (
                float(part) for part in chances @ np.array([_holds(found, truth) for found in registries])
            )
            lines.append(
                f"| {n} | {100 * truth:.0f} | {100 * held:.1f} | {100 * own:.1f} | {100 * width:.0f} "
                f"| {100 * own_width:.0f} | {100 * told:.1f} |"
            )
    return lines


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description="Coverage of shares that borrow from past studies.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the draws")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    draws = DRAWS // 10 if given.quick else DRAWS
    text = [
        "# Borrowed shares: coverage of 95 % limits",
        "",
        f"Registry and {STUDIES} past studies of 30 to 170 patients from one population (logits with mean 0 and SD "
        f"{SPREAD}), {draws} draws, seed {given.seed}; Monte Carlo error in brackets. All in percent.",
        "",
        "| registry n | coverage, borrowed | coverage, Wilson | width, borrowed | width, Wilson "
        "| root mean square error, borrowed | root mean square error, own | conflict told |",
        "|---|---|---|---|---|---|---|---|",
        *_drawn(draws, given.seed),
        "",
        "Past studies: the eight placebo arms of spondylitis trials (mean 25 %, limits for a further one 11 to 47 %). "
        "Summed over all counts of a registry with one true share, without chance. All in percent.",
        "",
        "| registry n | true share | coverage, borrowed | coverage, Wilson | width, borrowed | width, Wilson "
        "| conflict told |",
        "|---|---|---|---|---|---|---|",
        *_summed(),
        "",
    ]
    TABLE.write_text("\n".join(text), encoding="utf-8")
    print("\n".join(text))


if __name__ == "__main__":
    main()
