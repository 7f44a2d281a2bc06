"""How often verdicts are right: registry and paper drawn from known truths, the table of ``benchmarks/verdicts.md``.

Run as ``python -P benchmarks/verdicts.py`` (some minutes on two cores; ``--quick`` draws a tenth). Both
sides are drawn anew in every repetition. "Different" is any verdict that begins so, each figure a family of
its own unless the line says otherwise. Detection is set beside the power that the package prints for the same
patients and gap; lines that differ from it, or exceed 5 %, by more than two Monte Carlo errors are marked.
"""

from __future__ import annotations

import argparse
import functools
import math
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nmosd_cohort.literature.case_mix import local_row as case_mix_row
from nmosd_cohort.literature.case_mix import reweigh, reweighted_share
from nmosd_cohort.literature.catalogue import find_figure, find_paper
from nmosd_cohort.literature.comparability import GateOutcome, compare_definitions
from nmosd_cohort.literature.figure import Characteristic, Figure
from nmosd_cohort.literature.numbers import Moment
from nmosd_cohort.literature.power import power_to_detect
from nmosd_cohort.literature.verdict import judge, judge_all
from nmosd_cohort.statistics.correlation.coefficients import spearman
from nmosd_cohort.statistics.means.mean import mean
from nmosd_cohort.statistics.paired.change import mean_change
from nmosd_cohort.statistics.shares.proportions import proportion
from nmosd_cohort.statistics.shares.ratios import odds_ratio

TABLE = Path(__file__).with_suffix(".md")
SHARE, RHO, RATIO, CHANGE = (
    "zhang_2022_pain_current",
    "meca_lallana_2022_rho_pain_psychological",
    "ayzenberg_2021_or_depression_np",
    "araki_2014_pain_12m",
)
# Past myelitis here and in the paper, patients here and in the paper.
CASE_MIXES = ((0.50, 0.95, 300, 150), (0.50, 0.95, 100, 60), (0.80, 0.60, 150, 120), (0.30, 0.95, 150, 120))
PAIN_WITH_MYELITIS, PAIN_WITHOUT = 0.85, 0.45
Draw = Callable[[np.random.Generator], tuple[Figure, dict[str, Any]] | None]


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the table: what is drawn, how often, and the gap between the truths."""

    measure: str
    words: str
    draw: Draw
    repetitions: int
    gap: float = 0.0
    power: float = math.nan


@dataclass(frozen=True, slots=True)
class Line:
    """What came out: repetitions with a verdict, share of each verdict, and the printed power."""

    setting: Setting
    judged: int
    verdicts: Counter[str]


def local_row(estimate: Any, **more: Any) -> dict[str, Any]:
    """Return an Estimate as the row that a question would give."""
    names = ("estimate", "std_error", "conf_low", "conf_high", "n")
    return {name: getattr(estimate, name) for name in names} | more


def printed(figure: Figure, **numbers: Any) -> Figure:
    """Return a figure of the catalogue with other numbers, and none of the old."""
    blank: dict[str, Any] = {"estimate": None, "decimals": None, "conf_low": None, "conf_high": None, "p": None}
    empty = replace(figure.numbers, n=None, events=None, groups=(), baseline=None, follow_up=None, statistic=None)
    return replace(figure, numbers=replace(empty, **(blank | numbers)), integrity=replace(figure.integrity))


def open_gate(figure: Figure) -> GateOutcome:
    """Return a gate that lets through: here both sides measure the same."""
    return replace(compare_definitions(figure, {}), comparable=True, reason="")


@functools.cache
def share_row(events: int, n: int) -> dict[str, Any]:
    """Return the row of a share."""
    return local_row(proportion(events, n), events=events, measure="proportion")


def share_setting(here: float, n_here: int, there: float, n_there: int, repetitions: int) -> Setting:
    """Return shares of two populations."""
    figure = find_figure(SHARE)

    def draw(rng: np.random.Generator) -> tuple[Figure, dict[str, Any]]:
        local, paper = int(rng.binomial(n_here, here)), int(rng.binomial(n_there, there))
        return printed(figure, n=n_there, events=paper), share_row(local, n_here)

    gap, power = here - there, math.nan
    if gap:
        even = printed(figure, n=n_there, events=round(there * n_there))
        power = power_to_detect(even, share_row(round(here * n_here), n_here), gap, published=there)
    words = f"{here:.2f} of {n_here} here, {there:.2f} of {n_there} in the paper"
    return Setting("share", words, draw, repetitions, gap, power)


def rank_sample(rng: np.random.Generator, n: int, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """Return two whole-number scores of n patients with a correlation of latent normal values."""
    x = rng.standard_normal(n)
    y = rho * x + math.sqrt(1 - rho**2) * rng.standard_normal(n)
    return np.digitize(x, np.linspace(-1.5, 2, 9)), np.digitize(y, np.linspace(-2, 2, 15))


def correlation_setting(rho: float, n_here: int, n_there: int, repetitions: int) -> Setting:
    """Return Spearman correlations of two samples of one population."""
    figure = find_figure(RHO)

    def draw(rng: np.random.Generator) -> tuple[Figure, dict[str, Any]]:
        here, there = (spearman(*rank_sample(rng, n, rho), n_resamples=100) for n in (n_here, n_there))
        paper = printed(figure, n=n_there, estimate=there.estimate, unit=figure.numbers.unit)
        return paper, local_row(here, measure="spearman")

    return Setting("rank correlation", f"{rho} in {n_here} here, {n_there} in the paper", draw, repetitions)


def ratio_setting(ratio: float, n_here: int, n_there: int, repetitions: int) -> Setting:
    """Return odds ratios of two samples of one population, a quarter of the unexposed with the event."""
    figure = find_figure(RATIO)
    exposed = ratio * (1 / 3) / (1 + ratio * (1 / 3))

    def draw(rng: np.random.Generator) -> tuple[Figure, dict[str, Any]] | None:
        found = []
        for n in (n_here, n_there):
            half = n // 2
            found.append(odds_ratio(int(rng.binomial(half, exposed)), half, int(rng.binomial(half, 0.25)), half))
        here, there = found
        if not (math.isfinite(there.conf_high) and there.conf_low > 0 and math.isfinite(here.conf_high)):
            return None
        numbers = {"estimate": there.estimate, "conf_low": there.conf_low, "conf_high": there.conf_high}
        paper = printed(figure, n=n_there, unit="odds ratio", **numbers)
        return paper, local_row(here, measure="odds_ratio")

    return Setting("odds ratio", f"{ratio} in {n_here} here, {n_there} in the paper", draw, repetitions)


def scores(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return whole scores from 0 to 10, a third of them 0."""
    return np.where(rng.random(n) < 1 / 3, 0, np.clip(np.round(rng.normal(4.5, 2.2, n)), 1, 10))


def mean_setting(n_here: int, n_there: int, repetitions: int) -> Setting:
    """Return means of whole scores of two samples of one population."""
    figure = replace(find_figure(SHARE), measure="mean", construct="pain_intensity")

    def draw(rng: np.random.Generator) -> tuple[Figure, dict[str, Any]]:
        there = scores(rng, n_there)
        paper = printed(figure, n=n_there, estimate=float(there.mean()), sd=float(there.std(ddof=1)), unit="points")
        return paper, local_row(mean(scores(rng, n_here)), measure="mean")

    return Setting("mean", f"whole scores of {n_here} here, {n_there} in the paper", draw, repetitions)


def change_setting(n_here: int, n_there: int, correlation: float, repetitions: int) -> Setting:
    """Return changes of normal scores by 1.5 points, whose correlation the paper does not print."""
    figure = find_figure(CHANGE)
    covariance = 4.0 * np.array([[1, correlation], [correlation, 1]])

    def draw(rng: np.random.Generator) -> tuple[Figure, dict[str, Any]]:
        here, there = (rng.multivariate_normal([5.0, 3.5], covariance, n) for n in (n_here, n_there))
        moments = [Moment(mean=float(row.mean()), sd=float(row.std(ddof=1))) for row in there.T]
        paper = printed(figure, n=n_there, baseline=moments[0], follow_up=moments[1], unit="points")
        return paper, local_row(mean_change(*here.T, np.ones(n_here)), measure="mean_change")

    words = f"correlation {correlation}, {n_here} here, {n_there} in the paper"
    return Setting("change of means", words, draw, repetitions)


def run(setting: Setting) -> Line:
    """Return the verdicts of a setting, drawn with a seed of its own."""
    rng = np.random.default_rng(zlib.crc32(f"{setting.measure} {setting.words}".encode()))
    found: Counter[str] = Counter()
    seen: dict[tuple[Any, ...], str] = {}
    for _ in range(setting.repetitions):
        drawn = setting.draw(rng)
        if drawn is None:
            continue
        figure, row = drawn
        key = (figure.numbers.events, row.get("events"), figure.numbers.estimate, row["estimate"])
        if key not in seen:
            seen[key] = str(judge(figure, row, open_gate(figure))["verdict"])
        found[seen[key]] += 1
    return Line(setting, found.total(), found)


def run_family(papers: int, n_here: int, repetitions: int) -> tuple[int, int]:
    """Return in how many repetitions a family of equal truths had a "different", and how many there were."""
    rng = np.random.default_rng(papers * n_here)
    figure = find_figure(SHARE)
    gate = open_gate(figure)
    truths, sizes = rng.uniform(0.1, 0.9, papers), rng.integers(25, 170, papers)
    alarms = 0
    for _ in range(repetitions):
        there = [printed(figure, n=int(n), events=int(rng.binomial(n, p))) for n, p in zip(sizes, truths, strict=True)]
        here = [share_row(int(rng.binomial(n_here, p)), n_here) for p in truths]
        verdicts = judge_all([(one, row, gate) for one, row in zip(there, here, strict=True)], spread={})
        alarms += bool(verdicts["verdict"].str.startswith("different").any())
    return alarms, repetitions


def settings(scale: float) -> list[Setting]:
    """Return every line of the table."""
    many, few = round(4000 * scale), round(2000 * scale)
    listed = [
        share_setting(p, n_here, p, n_there, many)
        for n_there in (29, 122)
        for n_here in (20, 50, 150, 500)
        for p in (0.1, 0.3, 0.5, 0.75, 0.9)
    ]
    listed += [correlation_setting(rho, n, 71, few) for rho in (0.0, 0.34, 0.75) for n in (40, 200)]
    listed += [ratio_setting(ratio, n, 166, few) for ratio in (1.0, 3.44) for n in (80, 300)]
    listed += [mean_setting(n, 40, few) for n in (20, 60, 300)]
    listed += [change_setting(n, 7, r, few) for n in (10, 40) for r in (0.3, 0.8)]
    listed += [
        share_setting(there + sign * 0.2, n_here, there, n_there, many)
        for n_there in (29, 122)
        for n_here in (20, 50, 150, 500)
        for there, sign in ((0.3, 1), (0.66, -1), (0.75, 1))
    ]
    return listed


def share_text(part: int, whole: int) -> str:
    """Return a percentage with one decimal."""
    return f"{100 * part / whole:.1f}" if whole else ""


def table_lines(lines: Sequence[Line]) -> list[str]:
    """Return the two tables: equal truths, and truths twenty points apart."""
    equal, apart = ([line for line in lines if bool(line.setting.gap) is is_apart] for is_apart in (False, True))
    head = "| measure | setting | judged | different % | consistent % | compatible but imprecise % | |"
    text = ["## Equal truths: at most 5 % may be called different", "", head, "|---|---|--:|--:|--:|--:|---|"]
    for line in equal:
        alarms, n = _different(line), line.judged
        excess = alarms / n - 0.05
        mark = "too many" if excess > 2 * math.sqrt(0.05 * 0.95 / n) else ""
        others = " | ".join(share_text(line.verdicts[name], n) for name in ("consistent", "compatible but imprecise"))
        cells = f"{line.setting.measure} | {line.setting.words} | {n:,} | {share_text(alarms, n)} | {others} | {mark}"
        text.append(f"| {cells} |")
    head = "| setting | judged | different % | printed power % | |"
    text += ["", "## Truths 20 points apart: detection and the printed power", "", head, "|---|--:|--:|--:|---|"]
    for line in apart:
        found, n = _different(line), line.judged
        error = math.sqrt(max(line.setting.power * (1 - line.setting.power), 1e-4) / n)
        mark = "off" if abs(found / n - line.setting.power) > 2.5 * error else ""
        text.append(
            f"| {line.setting.words} | {n:,} | {share_text(found, n)} | {100 * line.setting.power:.1f} | {mark} |"
        )
    return text


def _different(line: Line) -> int:
    return sum(n for name, n in line.verdicts.items() if name.startswith("different"))


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="draw a tenth, and print instead of writing")
    quick = parser.parse_args().quick
    scale = 0.1 if quick else 1.0
    listed = settings(scale)
    with ProcessPoolExecutor() as pool:
        families = [pool.submit(run_family, papers, n, round(1000 * scale)) for papers, n in ((10, 60), (30, 150))]
        lines = list(pool.map(run_by_place, [(place, scale) for place in range(len(listed))], chunksize=1))
        mixes = case_mix_lines(scale, pool)
        alarms = [(future.result(), words) for future, words in zip(families, ("10 of 60", "30 of 150"), strict=True)]
    text = ["# Verdicts on known truths", "", *(__doc__ or "").strip().splitlines()[2:], "", *table_lines(lines)]
    text += ["", "## A family of figures, all truths equal, adjusted by Holm", ""]
    text += ["| figures and patients here | repetitions | any called different % |", "|---|--:|--:|"]
    text += [f"| {words} | {n:,} | {share_text(found, n)} |" for (found, n), words in alarms]
    text += ["", *mixes, ""]
    if quick:
        print("\n".join(text))
    else:
        TABLE.write_text("\n".join(text), encoding="utf-8")


def run_by_place(job: tuple[int, float]) -> Line:
    """Run one setting by its place in the list: functions made within a function cannot be handed to a process."""
    place, scale = job
    line = run(settings(scale)[place])
    return replace(line, setting=replace(line.setting, draw=no_draw))


def no_draw(rng: np.random.Generator) -> None:
    """Stand in for a draw that was done."""


def case_mix_lines(scale: float, pool: ProcessPoolExecutor) -> list[str]:
    """Return how raw and reweighted verdicts fare where patients alike have the same truth and the mix differs."""
    text = ["## Equal truths in patients alike, another case mix", ""]
    text += ["Pain in 85 % of those with past myelitis and in 45 % of the others, on both sides.", ""]
    head = "| past myelitis | patients | repetitions | refused % | raw different % | reweighted different % | |"
    text += [head, "|---|---|--:|--:|--:|--:|---|"]
    for here, there, n_here, n_there in CASE_MIXES:
        jobs = [(here, there, n_here, n_there, seed) for seed in range(round(2000 * scale))]
        found = Counter(pool.map(case_mix_repetition, jobs, chunksize=50))
        total = found.total()
        refused = sum(n for (_, after), n in found.items() if after is None)
        raw = sum(n for (before, _), n in found.items() if before)
        after = sum(n for (_, after), n in found.items() if after)
        used = total - refused
        mark = "too many" if used and after / used - 0.05 > 2 * math.sqrt(0.05 * 0.95 / used) else ""
        shares = f"{share_text(refused, total)} | {share_text(raw, total)} | {share_text(after, used)}"
        mix = f"{here:.0%} here, {there:.0%} in the paper | {n_here} here, {n_there} in the paper"
        text.append(f"| {mix} | {total:,} | {shares} | {mark} |")
    return text


def case_mix_repetition(job: tuple[float, float, int, int, int]) -> tuple[bool, bool | None]:
    """Return whether the raw and the reweighted verdict were "different"; None where the weights were refused."""
    here, there, n_here, n_there, seed = job
    rng = np.random.default_rng((seed, round(100 * here), n_here))
    paper_myelitis = rng.random(n_there) < there
    events = int((rng.random(n_there) < np.where(paper_myelitis, PAIN_WITH_MYELITIS, PAIN_WITHOUT)).sum())
    myelitis = rng.random(n_here) < here
    pain = rng.random(n_here) < np.where(myelitis, PAIN_WITH_MYELITIS, PAIN_WITHOUT)
    line = Characteristic(variable="had_myelitis", n=n_there, events=int(paper_myelitis.sum()), read="drawn")
    paper = replace(find_paper("zhang_2022"), table_1=(line,))
    figure = printed(find_figure(SHARE), n=n_there, events=events)
    gate = open_gate(figure)
    raw = str(judge(figure, share_row(int(pain.sum()), n_here), gate)["verdict"])
    frame = pd.DataFrame({"had_myelitis": myelitis.astype(float), "outcome": pain.astype(float)})
    case_mix = reweigh(frame, paper, outcome="outcome")
    if case_mix.refusal:
        return raw.startswith("different"), None
    row = case_mix_row(case_mix, reweighted_share(case_mix, target_error=False))
    return raw.startswith("different"), str(judge(figure, row, gate)["verdict"]).startswith("different")


if __name__ == "__main__":
    main()
