"""Papers that tell the truth: patients are drawn, and what is printed of them is rounded by one of three rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from nmosd_cohort.literature.figure import Figure, Integrity, Provenance, Seeds
from nmosd_cohort.literature.numbers import Group, Moment, Numbers, Scale, Statistic

Printed = dict[str, Any]
RULES = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)
FIGURE = {
    "id": "figure",
    "construct": "any_pain",
    "definition": "drawn for a test",
    "denominator": "assessed",
    "time_frame": None,
    "instrument": None,
    "cutoff": None,
    "phase": "unknown",
    "serostatus": "unknown",
    "provenance": Provenance(level="primary", url=None, read="drawn"),
    "seeds": Seeds(review=None, case_report=None),
    "caveats": (),
    "pool_group": None,
    "margin": None,
    "answers": None,
    "why_not": "drawn for a test",
}
NUMBERS = dict.fromkeys(("n", "estimate", "unit", "decimals", "conf_low", "conf_high", "p"))


def figure_of(measure: str, *, verdict: str = "not checkable", **numbers: Any) -> Figure:
    """Return a figure with these numbers, all else being beside the point."""
    integrity = Integrity(verdict=verdict, note="none")  # type: ignore[arg-type]
    return Figure(measure=measure, numbers=Numbers(**{**NUMBERS, **numbers}), integrity=integrity, **FIGURE)  # type: ignore[arg-type]


def rounded(value: float, decimals: int, rule: str) -> float:
    return float(Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), rounding=rule))


def printed_p(p: float, rng: np.random.Generator, rule: str) -> str:
    """Return p with two to four decimals, or as a bound that holds."""
    bounds = [bound for bound in ("0.001", "0.01", "0.05") if p < float(bound)]
    if bounds and (p < 0.001 or rng.random() < 0.4):
        return f"<{rng.choice(bounds)}"
    decimals = int(rng.integers(2, 5))
    return f"{rounded(p, decimals, rule):.{decimals}f}" if round(p, decimals) < 1 else f"0.{'9' * decimals}"


def share(rng: np.random.Generator, rule: str) -> tuple[str, Printed]:
    """Draw a share with n and 95 % limits by one of the usual methods."""
    n, decimals = int(rng.integers(5, 300)), int(rng.integers(0, 3))
    events = int(rng.binomial(n, rng.uniform(0.02, 0.98)))
    how = rng.choice(["normal", "wilson", "beta", "agresti_coull", "jeffreys", "corrected", "corrected_wilson", "t"])
    wilson_like = stats.binomtest(events, n)
    if how == "corrected":
        half = stats.norm.ppf(0.975) * math.sqrt(events * (n - events) / n**3) + 0.5 / n
        limits: tuple[float, float] = (events / n - half, events / n + half)
    elif how == "corrected_wilson":
        limits = tuple(wilson_like.proportion_ci(method="wilsoncc"))
    elif how == "t":
        answers = np.repeat([1.0, 0.0], [events, n - events])
        half = stats.t.ppf(0.975, n - 1) * answers.std(ddof=1) / math.sqrt(n)
        limits = (events / n - half, events / n + half)
    else:
        limits = proportion_confint(events, n, method=how)
    if rng.random() < 0.5:
        limits = (max(0.0, limits[0]), min(1.0, limits[1]))
    low, high = (rounded(100 * limit, decimals, rule) for limit in limits)
    count = {"events": events} if rng.random() < 0.7 else {}
    estimate = rounded(100 * events / n, decimals, rule)
    return "proportion", {
        "n": n, "estimate": estimate, "decimals": decimals, "conf_low": low, "conf_high": high, "unit": "percent",
        **count,
    }  # fmt: skip


def whole_scores(rng: np.random.Generator, n: int) -> tuple[np.ndarray, Scale]:
    """Draw whole scores, some skewed, with the scale that they are of."""
    kind = rng.integers(0, 4)
    if kind == 0:
        return rng.binomial(10, rng.beta(1, 2, n)).astype(float), Scale(minimum=0, maximum=10, step=1)
    if kind == 1:
        return rng.binomial(20, rng.uniform(0.1, 0.6), n) / 2, Scale(minimum=0, maximum=10, step=0.5)
    if kind == 2:
        return rng.negative_binomial(2, 0.4, n).astype(float), Scale(minimum=0, maximum=None, step=1)
    return rng.integers(0, 101, n).astype(float), Scale(minimum=0, maximum=100, step=1)


def mean_and_spread(rng: np.random.Generator, rule: str) -> tuple[str, Printed]:
    """Mean of whole scores with SD (divisor n - 1 or n) or standard error, some with limits by t."""
    n, decimals = int(rng.integers(4, 80)), int(rng.integers(1, 3))
    scores, scale = whole_scores(rng, n)
    sd = float(scores.std(ddof=int(rng.random() < 0.8)))
    found = {"n": n, "estimate": rounded(scores.mean(), decimals, rule), "decimals": decimals, "scale": scale}
    if rng.random() < 0.2:
        return "mean", {**found, "sem": rounded(scores.std(ddof=1) / math.sqrt(n), decimals, rule), "spread": "sem"}
    half = stats.t.ppf(0.975, n - 1) * scores.std(ddof=1) / math.sqrt(n)
    limits = {
        "conf_low": rounded(scores.mean() - half, decimals, rule),
        "conf_high": rounded(scores.mean() + half, decimals, rule),
    }
    stated = str(rng.choice(["sd", "not stated"]))
    return "mean", {
        **found,
        "sd": rounded(sd, decimals, rule),
        "spread": stated,
        **(limits if rng.random() < 0.5 else {}),
    }


def correlation(rng: np.random.Generator, rule: str) -> tuple[str, Printed]:
    """Pearson or Spearman correlation with Fisher's or Bonett and Wright's limits, and p by t."""
    n, decimals = int(rng.integers(8, 200)), int(rng.integers(2, 4))
    x = rng.standard_normal(n)
    y = rng.uniform(-1, 1) * 2 * x + rng.standard_normal(n)
    is_rank = rng.random() < 0.4
    r, p = stats.spearmanr(x, y) if is_rank else stats.pearsonr(x, y)
    error = math.sqrt((1 + r * r / 2 if is_rank else 1) / (n - 3))
    low, high = (rounded(math.tanh(math.atanh(r) + side * 1.959964 * error), decimals, rule) for side in (-1, 1))
    return "correlation", {
        "n": n, "estimate": rounded(r, decimals, rule), "decimals": decimals, "conf_low": low, "conf_high": high,
        "p": printed_p(float(p), rng, rule), "unit": "Spearman rho" if is_rank else "Pearson r",
    }  # fmt: skip


def paired(rng: np.random.Generator, rule: str) -> tuple[str, Printed]:
    """Scores of 0 to 10 before and after with a paired t test."""
    n, decimals = int(rng.integers(5, 60)), int(rng.integers(1, 3))
    before, after = before_after(rng, n)
    p = float(stats.ttest_rel(before, after).pvalue)
    return "paired_change", paired_numbers(before, after, p, decimals, rng, rule)


def before_after(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw two correlated whole scores that are not all equal and do not all change alike."""
    while True:
        level = rng.standard_normal(n) * rng.uniform(0.3, 2.5) + rng.uniform(2, 7)
        before = np.clip(np.round(level + rng.standard_normal(n)), 0, 10)
        after = np.clip(np.round(level - rng.uniform(-0.5, 3) + rng.standard_normal(n)), 0, 10)
        if before.std() > 0 and after.std() > 0 and (after - before).std() > 0:
            return before, after


def paired_numbers(
    before: np.ndarray, after: np.ndarray, p: float, decimals: int, rng: np.random.Generator, rule: str
) -> Printed:
    """Return means, SDs, n and p as printed."""
    moments = [
        Moment(mean=rounded(one.mean(), decimals, rule), sd=rounded(one.std(ddof=1), decimals, rule))
        for one in (before, after)
    ]
    scale = Scale(minimum=0, maximum=10, step=1)
    return {
        "n": before.size, "decimals": decimals, "baseline": moments[0], "follow_up": moments[1], "spread": "sd",
        "scale": scale, "p": printed_p(p, rng, rule),
    }  # fmt: skip


def table(rng: np.random.Generator, least: int = 8) -> tuple[int, int, int, int]:
    """Draw events and patients of two groups, neither all nor none of them with the event."""
    n_1, n_2 = (int(n) for n in rng.integers(least, 150, 2))
    while True:
        base = rng.uniform(0.1, 0.8)
        events_1, events_2 = (
            int(rng.binomial(n_1, base)),
            int(rng.binomial(n_2, np.clip(base + rng.normal(0, 0.2), 0.03, 0.97))),
        )
        if 0 < events_1 + events_2 < n_1 + n_2:
            return events_1, n_1, events_2, n_2


def odds_ratio(rng: np.random.Generator, rule: str) -> tuple[str, Printed]:
    """Odds ratio of two groups with Woolf limits and Wald p, half a patient added to empty tables."""
    events_1, n_1, events_2, n_2 = table(rng)
    cells = np.array([events_1, n_1 - events_1, events_2, n_2 - events_2], dtype=float)
    if cells.min() == 0:
        cells += 0.5
    estimate, error = math.log(cells[0] * cells[3] / cells[1] / cells[2]), math.sqrt((1 / cells).sum())
    decimals = int(rng.integers(1, 3))
    values = [rounded(math.exp(estimate + reach * error), decimals, rule) for reach in (0, -1.959964, 1.959964)]
    p = float(2 * stats.norm.sf(abs(estimate) / error))
    return "odds_ratio", {
        "n": n_1 + n_2, "estimate": values[0], "decimals": decimals, "conf_low": values[1], "conf_high": values[2],
        "unit": "odds ratio", "p": printed_p(p, rng, rule),
    }  # fmt: skip


def two_by_two(rng: np.random.Generator, rule: str) -> tuple[str, Printed]:
    """Shares of two groups with chi-square, with or without correction, or Fisher's p."""
    events_1, n_1, events_2, n_2 = table(rng)
    decimals = int(rng.integers(1, 3))
    cells = [[events_1, n_1 - events_1], [events_2, n_2 - events_2]]
    how = rng.choice(["pearson", "yates", "likelihood", "fisher"])
    statistic = None
    if how == "fisher":
        p = float(stats.fisher_exact(cells).pvalue)
    else:
        kind = "log-likelihood" if how == "likelihood" else "pearson"
        test = stats.chi2_contingency(cells, correction=how == "yates", lambda_=kind)
        p = float(test.pvalue)
        value = rounded(float(test.statistic), 3, rule)
        statistic = Statistic(name="chi2", value=value, decimals=3, freedom=1) if rng.random() < 0.6 else None
    percents = [rounded(100 * events / n, decimals, rule) for events, n in ((events_1, n_1), (events_2, n_2))]
    groups = (
        Group(name="first", n=n_1, events=events_1, percent=percents[0]),
        Group(name="second", n=n_2, events=events_2, percent=percents[1]),
    )
    return "proportion", {
        "n": n_1, "events": events_1, "estimate": percents[0], "decimals": decimals, "unit": "percent",
        "groups": groups, "statistic": statistic, "p": printed_p(p, rng, rule),
    }  # fmt: skip


def mean_difference(rng: np.random.Generator, rule: str) -> tuple[str, Printed]:
    """Difference of means of two groups with Welch's or Student's limits and p."""
    sizes, decimals = rng.integers(5, 90, 2), int(rng.integers(1, 3))
    one = rng.normal(5, rng.uniform(0.8, 3), sizes[0])
    other = rng.normal(5 + rng.normal(0, 1.5), rng.uniform(0.8, 3), sizes[1])
    test = stats.ttest_ind(one, other, equal_var=bool(rng.random() < 0.5))
    limits = test.confidence_interval()
    groups = tuple(
        Group(
            name=name,
            n=scores.size,
            mean=rounded(scores.mean(), decimals, rule),
            sd=rounded(scores.std(ddof=1), decimals, rule),
        )
        for name, scores in (("first", one), ("second", other))
    )
    return "mean_difference", {
        "n": int(sizes.sum()), "estimate": rounded(one.mean() - other.mean(), decimals, rule), "decimals": decimals,
        "conf_low": rounded(limits.low, decimals, rule), "conf_high": rounded(limits.high, decimals, rule),
        "groups": groups, "spread": "sd", "p": printed_p(float(test.pvalue), rng, rule),
    }  # fmt: skip


def share_difference(rng: np.random.Generator, rule: str) -> tuple[str, Printed]:
    """Difference of two shares in percentage points, with Wald, Newcombe or Agresti-Caffo limits."""
    events_1, n_1, events_2, n_2 = table(rng)
    how = str(rng.choice(["wald", "newcomb", "agresti-caffo"]))
    limits = confint_proportions_2indep(events_1, n_1, events_2, n_2, method=how)
    gap = 100 * (events_1 / n_1 - events_2 / n_2)
    return "between_group_difference", {
        "n": n_1 + n_2, "estimate": rounded(gap, 1, rule), "decimals": 1, "unit": "percentage points",
        "conf_low": rounded(100 * limits[0], 1, rule), "conf_high": rounded(100 * limits[1], 1, rule),
        "groups": (Group(name="first", n=n_1, events=events_1), Group(name="second", n=n_2, events=events_2)),
    }  # fmt: skip


KINDS: dict[str, Callable[[np.random.Generator, str], tuple[str, Printed]]] = {
    "share with limits": share,
    "mean and SD of whole scores": mean_and_spread,
    "correlation with limits and p": correlation,
    "paired change with p": paired,
    "odds ratio with limits and p": odds_ratio,
    "two shares with chi-square and p": two_by_two,
    "difference of means with limits and p": mean_difference,
    "difference of shares with limits": share_difference,
}


def honest_figure(kind: str, rng: np.random.Generator) -> Figure:
    """Draw one paper of a kind."""
    measure, numbers = KINDS[kind](rng, str(rng.choice(RULES)))
    return figure_of(measure, **numbers)
