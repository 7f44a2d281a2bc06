"""How often limits at a nominal 95 % hold the truth: the table of ``benchmarks/coverage.md``.

Run as ``python -P benchmarks/coverage.py`` (about a quarter of an hour on two cores; ``--quick`` draws a tenth).
Shares and their differences are summed over all possible counts, without chance; the rest is simulated, and
a coverage that differs from 95 % by more than two Monte Carlo errors, or a sum by more than a point, is marked.
"""

from __future__ import annotations

import argparse
import functools
import math
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from nmosd_cohort.statistics.correlation.coefficients import spearman
from nmosd_cohort.statistics.correlation.kendall import kendall_tau_b
from nmosd_cohort.statistics.estimate import Estimate
from nmosd_cohort.statistics.longitudinal.mixed_model import change_from_baseline
from nmosd_cohort.statistics.means.standardised_difference import hedges_g
from nmosd_cohort.statistics.pooling.proportions import pool_proportions
from nmosd_cohort.statistics.ranks.median_and_shift import hodges_lehmann_shift
from nmosd_cohort.statistics.ranks.superiority import probability_superiority
from nmosd_cohort.statistics.regression.firth import firth_logistic
from nmosd_cohort.statistics.regression.negative_binomial import negative_binomial_regression
from nmosd_cohort.statistics.shares.proportions import proportion, proportion_difference
from nmosd_cohort.statistics.survival.cox import cox_regression
from nmosd_cohort.statistics.survival.kaplan_meier import kaplan_meier

NOMINAL = 0.95
TABLE = Path(__file__).with_suffix(".md")
Draw = Callable[[np.random.Generator], Estimate]
# Shares of an EDSS-like score in patients without and with neuropathic pain.
EDSS_WITHOUT = np.array([3, 5, 8, 12, 14, 12, 10, 8, 7, 6, 5, 4, 3, 2, 1]) / 100
EDSS_WITH = np.array([1, 2, 3, 5, 7, 9, 10, 11, 12, 11, 10, 8, 6, 3, 2]) / 100


@dataclass(frozen=True, slots=True)
class Study:
    """One line of the table: a method in a setting, its true value, and how often to draw."""

    method: str
    setting: str
    truth: float
    draw: Draw
    replicates: int


@dataclass(frozen=True, slots=True)
class Line:
    """What was found: coverage, its Monte Carlo error (0 if summed), misses on either side, draws without limits."""

    method: str
    setting: str
    draws: str
    coverage: float
    error: float
    below: float
    above: float
    without: int


def holds(found: Estimate, truth: float) -> int:
    """Return 0 if the limits hold the truth, -1 if they lie below it, 1 above, 2 if there are none."""
    if math.isnan(found.conf_low) or math.isnan(found.conf_high):
        return 2
    slack = 1e-9 * max(1.0, abs(truth))
    return int(found.conf_low > truth + slack) - int(found.conf_high < truth - slack)


def simulate(study: Study) -> Line:
    """Return the line of a study, drawn with a seed of its own."""
    rng = np.random.default_rng(zlib.crc32(f"{study.method} {study.setting}".encode()))
    sides = np.array([side_of(study, rng) for _ in range(study.replicates)])
    usable = sides[sides != 2]
    coverage = float((usable == 0).mean())
    error = math.sqrt(NOMINAL * (1 - NOMINAL) / usable.size)
    below, above = float((usable == -1).mean()), float((usable == 1).mean())
    without = study.replicates - usable.size
    return Line(study.method, study.setting, f"{study.replicates:,}", coverage, error, below, above, without)


def side_of(study: Study, rng: np.random.Generator) -> int:
    """Return on which side of the truth one draw lies; a sample that the method refuses has no limits."""
    try:
        return holds(study.draw(rng), study.truth)
    except ValueError:
        return 2


def summed(method: str, setting: str, outcomes: Iterator[tuple[float, Estimate]], truth: float) -> Line:
    """Return the line of a method from the probability of every possible sample."""
    shares = dict.fromkeys((-1, 0, 1, 2), 0.0)
    for probability, found in outcomes:
        shares[holds(found, truth)] += probability
    return Line(method, setting, "all samples", shares[0], 0.0, shares[-1], shares[1], 0)


def shares(n: int, truth: float) -> Iterator[tuple[float, Estimate]]:
    """Yield the probability of each number of events and Wilson's limits."""
    for events in range(n + 1):
        yield float(stats.binom.pmf(events, n, truth)), proportion(events, n)


def share_lines() -> list[Line]:
    """Return Wilson's coverage at single shares, and averaged over shares, as it swings with each share."""
    lines = []
    for n in (10, 30, 70, 145):
        lines += [
            summed("Wilson, share", f"n = {n}, share {truth:g}", shares(n, truth), truth) for truth in (0.05, 0.3, 0.8)
        ]
        grid = [summed("", "", shares(n, truth), truth) for truth in np.linspace(0.05, 0.95, 181)]
        means = [float(np.mean([getattr(line, name) for line in grid])) for name in ("coverage", "below", "above")]
        setting = f"n = {n}, mean over shares 0.05 to 0.95"
        lines.append(Line("Wilson, share", setting, "all samples", means[0], 0.0, means[1], means[2], 0))
    return lines


def differences(n_1: int, p_1: float, n_2: int, p_2: float) -> Iterator[tuple[float, Estimate]]:
    """Yield the probability of each pair of numbers of events and Newcombe's limits."""
    first, second = (stats.binom.pmf(np.arange(n + 1), n, p) for n, p in ((n_1, p_1), (n_2, p_2)))
    for events_1 in range(n_1 + 1):
        for events_2 in range(n_2 + 1):
            probability = float(first[events_1] * second[events_2])
            if probability > 1e-9:
                yield probability, proportion_difference(events_1, n_1, events_2, n_2)


def difference_lines() -> list[Line]:
    """Return the coverage of Newcombe's limits of a difference of shares."""
    settings = [(7, 0.85, 9, 0.2), (20, 0.5, 20, 0.3), (30, 0.1, 60, 0.1), (60, 0.8, 40, 0.65)]
    return [
        summed("Newcombe, difference of shares", f"{p_1:g} of {n_1}, {p_2:g} of {n_2}", cases, p_1 - p_2)
        for n_1, p_1, n_2, p_2 in settings
        for cases in [differences(n_1, p_1, n_2, p_2)]
    ]


def shift_studies() -> Iterator[Study]:
    """Yield Hodges-Lehmann shifts of 1 point: normal scores, and pain scores from 0 to 11 with many ties."""

    def normal(rng: np.random.Generator, n_x: int, n_y: int) -> Estimate:
        return hodges_lehmann_shift(rng.normal(1.0, 2.0, n_x), None, rng.normal(0.0, 2.0, n_y), None)

    def scores(rng: np.random.Generator, n_x: int, n_y: int) -> Estimate:
        return hodges_lehmann_shift(1 + rng.binomial(10, 0.4, n_x), None, rng.binomial(10, 0.4, n_y), None)

    for n_x, n_y in ((7, 9), (20, 30), (60, 60)):
        for kind, draw in (("normal values", normal), ("scores with ties", scores)):
            bound = functools.partial(draw, n_x=n_x, n_y=n_y)
            yield Study("Hodges-Lehmann shift", f"{kind}, {n_x} and {n_y}", 1.0, bound, 10_000)


def superiority_studies() -> Iterator[Study]:
    """Yield the probability of superiority of EDSS-like scores, equal and shifted."""
    levels = np.arange(EDSS_WITH.size)

    def draw(rng: np.random.Generator, n_x: int, n_y: int, x_shares: np.ndarray) -> Estimate:
        x, y = rng.multinomial(n_x, x_shares), rng.multinomial(n_y, EDSS_WITHOUT)
        return probability_superiority(levels, x, levels, y)

    lower = np.cumsum(EDSS_WITHOUT) - EDSS_WITHOUT / 2
    for n_x, n_y in ((8, 10), (15, 15), (30, 60), (100, 100)):
        for words, x_shares in (("equal", EDSS_WITHOUT), ("higher", EDSS_WITH)):
            bound = functools.partial(draw, n_x=n_x, n_y=n_y, x_shares=x_shares)
            setting = f"EDSS {words}, {n_x} and {n_y}"
            yield Study(
                "Brunner-Munzel, P(X > Y)", setting, float(x_shares @ lower), bound, 2000 if n_x < 30 else 10_000
            )


def spearman_studies() -> Iterator[Study]:
    """Yield rank correlations of two normal scores, cut to 11 levels or not."""
    cuts = stats.norm.ppf(np.arange(1, 11) / 11)

    def draw(rng: np.random.Generator, n: int, rho: float, *, is_cut: bool) -> Estimate:
        x, y = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=n).T
        if is_cut:
            x, y = np.searchsorted(cuts, x), np.searchsorted(cuts, y)
        return spearman(x, y, seed=1)

    for n in (30, 71, 145):
        for rho in (0.0, 0.35, 0.7):
            truth = 6 / math.pi * math.asin(rho / 2)
            bound = functools.partial(draw, n=n, rho=rho, is_cut=False)
            yield Study("Bonett-Wright, Spearman", f"continuous, rho {rho:g}, n = {n}", truth, bound, 10_000)
            bound = functools.partial(draw, n=n, rho=rho, is_cut=True)
            setting = f"11 levels each, rho {rho:g}, n = {n}"
            yield Study("Bonett-Wright, Spearman", setting, level_correlation(rho, cuts), bound, 10_000)


def level_correlation(rho: float, cuts: np.ndarray) -> float:
    """Return Spearman's correlation of two standard normal scores after cutting both at these points."""
    edges = np.concatenate(([-8.0], cuts, [8.0]))
    corners = np.array(np.meshgrid(edges, edges, indexing="ij")).reshape(2, -1).T
    surface = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf(corners).reshape(edges.size, edges.size)
    cells = np.clip(np.diff(np.diff(surface, axis=0), axis=1), 0, None)
    cells /= cells.sum()
    ranks = [np.cumsum(margin) - margin / 2 - 0.5 for margin in (cells.sum(axis=1), cells.sum(axis=0))]
    spread = math.prod(math.sqrt(float(cells.sum(axis=1 - axis) @ ranks[axis] ** 2)) for axis in (0, 1))
    return float(ranks[0] @ cells @ ranks[1]) / spread


def firth_studies() -> Iterator[Study]:
    """Yield odds ratios of 3 of a binary and 1.2 per point of a whole-number covariate, in small registries."""

    def draw(rng: np.random.Generator, n: int, intercept: float) -> Estimate:
        exposed, attacks = rng.integers(0, 2, n), rng.poisson(2.0, n)
        chance = 1 / (1 + np.exp(-(intercept + math.log(3) * exposed + math.log(1.2) * attacks)))
        design = pd.DataFrame({"exposed": exposed, "attacks": attacks})
        return firth_logistic((rng.random(n) < chance).astype(int), design)["exposed"]

    for n in (30, 60, 120):
        for words, intercept in (("15 % with the event", -2.9), ("half with the event", -0.9)):
            bound = functools.partial(draw, n=n, intercept=intercept)
            yield Study("Firth, odds ratio, profile limits", f"n = {n}, about {words}", 3.0, bound, 4000)


def visit_studies() -> Iterator[Study]:
    """Yield the change to the last of three visits, 2 points, variance growing, a fifth of later visits missed."""
    root = np.linalg.cholesky(np.array([[4.0, 2.4, 2.0], [2.4, 5.0, 3.0], [2.0, 3.0, 6.0]]))

    def draw(rng: np.random.Generator, n: int, *, is_score: bool) -> Estimate:
        scores = np.array([6.0, 5.0, 4.0]) + rng.standard_normal((n, 3)) @ root.T
        scores = np.clip(np.round(scores), 0, 12) if is_score else scores
        scores[:, 1:][rng.random((n, 2)) < 0.2] = np.nan
        row = change_from_baseline(pd.DataFrame(scores, columns=["start", "month 6", "month 12"])).iloc[-1]
        return Estimate(row["estimate"], row["conf_low"], row["conf_high"], n, row["method"])

    for n in (7, 10, 12, 20, 40):
        yield Study(
            "Mixed model, change at month 12",
            f"normal, n = {n}",
            -2.0,
            functools.partial(draw, n=n, is_score=False),
            2000,
        )
    # Rounding and the ends of the scale move the mean a little; the truth is that of two million draws.
    rng = np.random.default_rng(1)
    many = np.clip(np.round(np.array([6.0, 5.0, 4.0]) + rng.standard_normal((2_000_000, 3)) @ root.T), 0, 12).mean(
        axis=0
    )
    for n in (10, 20):
        bound = functools.partial(draw, n=n, is_score=True)
        yield Study(
            "Mixed model, change at month 12", f"whole-number score, n = {n}", float(many[2] - many[0]), bound, 2000
        )


def group_studies() -> Iterator[Study]:
    """Yield Hedges' g of normal scores 0.8 SD apart, and Kendall's tau-b of normal scores at correlation 0.5."""

    def hedges(rng: np.random.Generator, n: int) -> Estimate:
        return hedges_g(rng.normal(0.8, 1.0, n), None, rng.normal(0.0, 1.0, n), None)

    def kendall(rng: np.random.Generator, n: int) -> Estimate:
        x, y = rng.multivariate_normal([0, 0], [[1, 0.5], [0.5, 1]], size=n).T
        return kendall_tau_b(x, y)

    for n in (5, 20):
        yield Study("Hedges g, noncentral t", f"{n} a group", 0.8, functools.partial(hedges, n=n), 10_000)
    for n in (15, 50):
        truth = 2 / math.pi * math.asin(0.5)
        yield Study("Kendall tau-b", f"rho 0.5, n = {n}", truth, functools.partial(kendall, n=n), 10_000)


def time_studies() -> Iterator[Study]:
    """Yield survival at the median time, and a hazard ratio of 2.5, with a third censored."""

    def times(rng: np.random.Generator, rate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        event, end = rng.exponential(1 / rate), rng.uniform(0.5, 3.0, rate.size)
        return np.minimum(event, end), (event <= end).astype(int)

    def survival(rng: np.random.Generator, n: int) -> Estimate:
        row = kaplan_meier(*times(rng, np.full(n, math.log(2))), times=[1.0]).iloc[0]
        return Estimate(row["estimate"], row["conf_low"], row["conf_high"], n, row["method"])

    def hazard(rng: np.random.Generator, n: int) -> Estimate:
        group = np.arange(n) % 2
        time, event = times(rng, np.where(group == 1, 2.5, 1.0))
        return cox_regression(time, event, pd.DataFrame({"group": group}))["group"]

    for n in (20, 50):
        yield Study(
            "Kaplan-Meier, log-log limits", f"survival 0.5, n = {n}", 0.5, functools.partial(survival, n=n), 4000
        )
        yield Study("Cox, profile limits", f"hazard ratio 2.5, n = {n}", 2.5, functools.partial(hazard, n=n), 2000)


def rate_studies() -> Iterator[Study]:
    """Yield a rate ratio of 0.5 of attacks that cluster in patients, seen for one to three years."""

    def draw(rng: np.random.Generator, n: int) -> Estimate:
        group, years = np.arange(n) % 2, rng.uniform(1.0, 3.0, n)
        events = rng.poisson(rng.gamma(1.0, 1.0, n) * 1.2 * 0.5**group * years)
        return negative_binomial_regression(events, years, pd.DataFrame({"group": group}))["group"]

    for n in (20, 60):
        setting = f"rate ratio 0.5, dispersion 1, n = {n}"
        yield Study("Negative binomial, profile limits with t", setting, 0.5, functools.partial(draw, n=n), 2000)


def pooled_studies() -> Iterator[Study]:
    """Yield the mean logit of studies of 20 to 150 patients whose true logits spread with SD 0.5."""

    def draw(rng: np.random.Generator, k: int) -> Estimate:
        n = rng.integers(20, 150, k)
        events = rng.binomial(n, 1 / (1 + np.exp(-rng.normal(0.4, 0.5, k))))
        found = pool_proportions(events, n, method="logit")
        return Estimate(found.estimate, found.conf_low, found.conf_high, int(n.sum()), found.method)

    for k in (4, 8):
        truth = 1 / (1 + math.exp(-0.4))
        yield Study("Pooled shares, REML, Hartung-Knapp", f"{k} studies", truth, functools.partial(draw, k=k), 4000)


def studies() -> list[Study]:
    """Return every simulated line of the table."""
    required = [*shift_studies(), *superiority_studies(), *spearman_studies(), *visit_studies(), *firth_studies()]
    return [*required, *group_studies(), *time_studies(), *rate_studies(), *pooled_studies()]


def _numbered(position: int, share: float) -> Line:
    study = studies()[position]
    fewer = Study(study.method, study.setting, study.truth, study.draw, max(100, int(study.replicates * share)))
    return simulate(fewer)


def judged(line: Line) -> str:
    """Return whether a coverage is nominal, conservative or liberal."""
    gap = line.coverage - NOMINAL
    within = 2 * line.error if line.error else 0.01
    if abs(gap) <= within:
        return "nominal"
    return "conservative" if gap > 0 else "liberal"


def table(lines: list[Line]) -> str:
    """Return the lines as a Markdown table."""
    columns = "method | setting | draws | coverage % | Monte Carlo error | limits below | limits above | without limits"
    head = [f"| {columns} | |", "|---|---|--:|--:|--:|--:|--:|--:|---|"]
    rows = [
        f"| {line.method} | {line.setting} | {line.draws} | {100 * line.coverage:.1f} | "
        f"{f'{100 * line.error:.1f}' if line.error else '0'} | {100 * line.below:.1f} | {100 * line.above:.1f} | "
        f"{line.without} | {judged(line)} |"
        for line in lines
    ]
    return "\n".join([*head, *rows])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="draw a tenth, and do not write the table")
    quick = parser.parse_args().quick
    lines = [*share_lines(), *difference_lines()]
    with ProcessPoolExecutor() as pool:
        share = 0.1 if quick else 1.0
        lines += list(pool.map(_numbered, range(len(studies())), [share] * len(studies())))
    print(table(lines))
    if not quick:
        words = __doc__.split("\n\n", 1)
        TABLE.write_text(f"# Coverage of nominal 95 % limits\n\n{words[1]}\n{table(lines)}\n", encoding="utf-8")
