"""Time and memory of each method on a tally, beside scipy, pingouin and statsmodels on rows in the same run.

Run as ``python -P benchmarks/statistics.py``; it writes ``benchmarks/statistics.md``. Each cell is a fresh process
that draws the same patients, and counts the work alone: for ours once from the tally and once with the making of
the tally from rows. A peer that needs more than 8 GiB or five minutes is stopped, and the table says so.
"""

from __future__ import annotations

import argparse
import platform
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

TABLE = Path(__file__).with_suffix(".md")
SIZES = (1_000, 100_000, 1_000_000)
MOST_BYTES = 8 * 1024**3
MOST_SECONDS = 300
Work = Callable[[pd.DataFrame], object]


def patients(n: int) -> pd.DataFrame:
    """Return one row a patient: all scores are whole numbers, as clinical scales are."""
    rng = np.random.default_rng(1)
    pain = rng.binomial(10, rng.beta(1, 2, n))
    neuropathic = (rng.random(n) < 0.2 + 0.04 * pain).astype(int)
    edss2 = np.clip(rng.poisson(5 + 2 * neuropathic, n), 0, 20)
    after = np.clip(pain + rng.integers(-4, 3, n), 0, 10)
    depression = np.clip(rng.poisson(6 + pain), 0, 63)
    months = 1 + rng.integers(0, 60, n)
    relapse = (rng.random(n) < 0.5).astype(int)
    columns = {
        "pain": pain,
        "after": after,
        "neuropathic": neuropathic,
        "edss2": edss2,
        "depression": depression,
        "thoracic": rng.integers(0, 2, n),
        "attacks": rng.poisson(1.5, n),
        "years": 1 + rng.integers(0, 5, n),
        "months": months,
        "relapse": relapse,
    }
    return pd.DataFrame(columns)


def counted(rows: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Return the tally of these columns with the patients in each combination as ``n``."""
    return rows.groupby(list(names)).size().rename("n").reset_index()


def halves(cells: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return EDSS and counts with neuropathic pain, and without."""
    parts = [cells[cells["neuropathic"] == level] for level in (1, 0)]
    return tuple(part[name].to_numpy() for part in parts for name in ("edss2", "n"))  # type: ignore[return-value]


def _ranks(cells: pd.DataFrame) -> object:
    from nmosd_cohort.statistics.ranks.median_and_shift import hodges_lehmann_shift
    from nmosd_cohort.statistics.ranks.superiority import probability_superiority

    return hodges_lehmann_shift(*halves(cells)), probability_superiority(*halves(cells))


def _ranks_scipy(rows: pd.DataFrame) -> object:
    from scipy.stats import mannwhitneyu

    return mannwhitneyu(rows.loc[rows["neuropathic"] == 1, "edss2"], rows.loc[rows["neuropathic"] == 0, "edss2"])


def _ranks_pingouin(rows: pd.DataFrame) -> object:
    from pingouin import mwu

    return mwu(rows.loc[rows["neuropathic"] == 1, "edss2"], rows.loc[rows["neuropathic"] == 0, "edss2"])


def _superiority_scipy(rows: pd.DataFrame) -> object:
    from scipy.stats import brunnermunzel

    return brunnermunzel(rows.loc[rows["neuropathic"] == 1, "edss2"], rows.loc[rows["neuropathic"] == 0, "edss2"])


def _groups(cells: pd.DataFrame) -> object:
    from nmosd_cohort.statistics.ranks.kruskal_wallis import kruskal_wallis

    return kruskal_wallis(cells["edss2"], cells["years"], cells["n"])


def _groups_scipy(rows: pd.DataFrame) -> object:
    from scipy.stats import kruskal

    return kruskal(*(part["edss2"] for _, part in rows.groupby("years")))


def _signed(cells: pd.DataFrame) -> object:
    from nmosd_cohort.statistics.paired.signed_rank import pseudo_median

    return pseudo_median(cells["after"] - cells["pain"], cells["n"])


def _signed_scipy(rows: pd.DataFrame) -> object:
    from scipy.stats import wilcoxon

    return wilcoxon(rows["after"], rows["pain"], method="asymptotic")


def _signed_pingouin(rows: pd.DataFrame) -> object:
    from pingouin import wilcoxon

    return wilcoxon(rows["after"], rows["pain"])


def _spearman(cells: pd.DataFrame) -> object:
    from nmosd_cohort.statistics.correlation.coefficients import spearman

    return spearman(cells["pain"], cells["depression"], cells["n"])


def _spearman_scipy(rows: pd.DataFrame) -> object:
    from scipy.stats import spearmanr

    return spearmanr(rows["pain"], rows["depression"])


def _spearman_pingouin(rows: pd.DataFrame) -> object:
    from pingouin import corr

    return corr(rows["pain"], rows["depression"], method="spearman")


def _kendall(cells: pd.DataFrame) -> object:
    from nmosd_cohort.statistics.correlation.kendall import kendall_tau_b

    return kendall_tau_b(cells["pain"], cells["depression"], cells["n"])


def _kendall_scipy(rows: pd.DataFrame) -> object:
    from scipy.stats import kendalltau

    return kendalltau(rows["pain"], rows["depression"])


def _ordinal(cells: pd.DataFrame) -> object:
    from nmosd_cohort.statistics.ordinal.cumulative_logit import fit_cumulative_link

    return fit_cumulative_link(cells["edss2"], cells[["neuropathic", "thoracic"]], cells["n"])


def _ordinal_statsmodels(rows: pd.DataFrame) -> object:
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    return OrderedModel(rows["edss2"], rows[["neuropathic", "thoracic"]], distr="logit").fit(method="bfgs", disp=False)


def _logistic(cells: pd.DataFrame) -> object:
    from nmosd_cohort.statistics.regression.logistic import logistic_regression

    return logistic_regression(cells["neuropathic"], cells[["pain", "thoracic"]], cells["n"])


def _logistic_statsmodels(rows: pd.DataFrame) -> object:
    from statsmodels.api import Logit, add_constant

    return Logit(rows["neuropathic"], add_constant(rows[["pain", "thoracic"]])).fit(disp=False)


def _linear(cells: pd.DataFrame) -> object:
    from nmosd_cohort.statistics.regression.linear import adjusted_mean_difference

    return adjusted_mean_difference(cells["depression"], cells[["pain", "thoracic"]], cells["n"], "pain")


def _linear_statsmodels(rows: pd.DataFrame) -> object:
    from statsmodels.api import OLS, add_constant

    return OLS(rows["depression"], add_constant(rows[["pain", "thoracic"]])).fit(cov_type="HC3", use_t=True)


def _poisson(cells: pd.DataFrame) -> object:
    from nmosd_cohort.statistics.regression.rate_regression import poisson_regression

    return poisson_regression(cells["attacks"], cells["years"], cells[["neuropathic", "thoracic"]], cells["n"])


def _poisson_statsmodels(rows: pd.DataFrame) -> object:
    from statsmodels.api import GLM, add_constant
    from statsmodels.genmod.families import Poisson

    design = add_constant(rows[["neuropathic", "thoracic"]])
    return GLM(rows["attacks"], design, family=Poisson(), offset=np.log(rows["years"])).fit(cov_type="HC0")


def _survival(cells: pd.DataFrame) -> object:
    from nmosd_cohort.statistics.survival.kaplan_meier import kaplan_meier

    return kaplan_meier(cells["months"], cells["relapse"], cells["n"])


def _survival_statsmodels(rows: pd.DataFrame) -> object:
    from statsmodels.duration.survfunc import SurvfuncRight

    return SurvfuncRight(rows["months"], rows["relapse"]).summary()


def _cox(cells: pd.DataFrame) -> object:
    from nmosd_cohort.statistics.survival.cox import cox_regression

    return cox_regression(cells["months"], cells["relapse"], cells[["neuropathic", "thoracic"]], cells["n"])


def _cox_statsmodels(rows: pd.DataFrame) -> object:
    from statsmodels.duration.hazard_regression import PHReg

    design = rows[["neuropathic", "thoracic"]]
    return PHReg(rows["months"], design, status=rows["relapse"], ties="efron").fit().summary()


def _bootstrap(cells: pd.DataFrame) -> object:
    from nmosd_cohort.statistics.resampling.bootstrap import bootstrap_cells

    values = cells["pain"].to_numpy()
    return bootstrap_cells(cells["n"], lambda n: float(n @ values / n.sum()), seed=1, method="bca", n_resamples=999)


def _bootstrap_scipy(rows: pd.DataFrame) -> object:
    from scipy.stats import bootstrap

    return bootstrap((rows["pain"],), np.mean, method="BCa", n_resamples=999, vectorized=True, batch=10)


# Method -> columns of its tally, ours, and the peers on rows.
METHODS: dict[str, tuple[tuple[str, ...], Work, dict[str, Work]]] = {
    "Mann-Whitney, shift and P(X > Y) with limits": (
        ("neuropathic", "edss2"),
        _ranks,
        {
            "scipy mannwhitneyu (p only)": _ranks_scipy,
            "scipy brunnermunzel (p only)": _superiority_scipy,
            "pingouin mwu": _ranks_pingouin,
        },
    ),
    "Kruskal-Wallis with every pair": (("edss2", "years"), _groups, {"scipy kruskal (p only)": _groups_scipy}),
    "Signed rank, pseudo-median with limits": (
        ("pain", "after"),
        _signed,
        {"scipy wilcoxon (p only)": _signed_scipy, "pingouin wilcoxon": _signed_pingouin},
    ),
    "Spearman with limits": (
        ("pain", "depression"),
        _spearman,
        {"scipy spearmanr (p only)": _spearman_scipy, "pingouin corr": _spearman_pingouin},
    ),
    "Kendall tau-b with limits": (("pain", "depression"), _kendall, {"scipy kendalltau (p only)": _kendall_scipy}),
    "Proportional odds": (
        ("edss2", "neuropathic", "thoracic"),
        _ordinal,
        {"statsmodels OrderedModel": _ordinal_statsmodels},
    ),
    "Logistic": (("neuropathic", "pain", "thoracic"), _logistic, {"statsmodels Logit": _logistic_statsmodels}),
    "Linear, HC3": (("depression", "pain", "thoracic"), _linear, {"statsmodels OLS": _linear_statsmodels}),
    "Poisson, robust": (
        ("attacks", "years", "neuropathic", "thoracic"),
        _poisson,
        {"statsmodels GLM": _poisson_statsmodels},
    ),
    "Kaplan-Meier": (("months", "relapse"), _survival, {"statsmodels SurvfuncRight": _survival_statsmodels}),
    "Cox, Efron": (("months", "relapse", "neuropathic", "thoracic"), _cox, {"statsmodels PHReg": _cox_statsmodels}),
    "Bootstrap of a mean, BCa, 999": (("pain",), _bootstrap, {"scipy bootstrap": _bootstrap_scipy}),
}


def seconds(work: Callable[[], object]) -> float:
    """Return the least time of up to five runs that together last no longer than two seconds, after one to warm up."""
    times = []
    start = time.perf_counter()
    while len(times) < 5 and (len(times) < 1 or time.perf_counter() - start < 2):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def one_cell(method: str, peer: str, n: int) -> str:
    """Return seconds (ours: tally made, and from the tally) and the rise of peak memory in MiB."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    warnings.simplefilter("ignore")
    names, ours, peers = METHODS[method]
    small = patients(200)
    (ours(counted(small, *names)) if peer == "ours" else peers[peer](small))
    rows = patients(n)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if peer == "ours":
        making = seconds(lambda: counted(rows, *names))
        cells = counted(rows, *names)
        working = seconds(lambda: ours(cells))
    else:
        making, working = 0.0, seconds(lambda: peers[peer](rows))
    return f"{making} {working} {(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024}"


def words(method: str, peer: str, n: int) -> str:
    """Return one cell of the table, run in a process of its own."""
    command = [sys.executable, "-P", __file__, "--one", method, peer, str(n)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=MOST_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"over {MOST_SECONDS} s"
    if done.returncode:
        return "over 8 GiB" if "MemoryError" in done.stderr or "allocate" in done.stderr else "fails"
    making, working, rise = map(float, done.stdout.split())
    figure = in_words(working) if peer != "ours" else f"{in_words(working)} (with tally {in_words(making + working)})"
    return f"{figure}, {rise:,.0f} MiB" if rise > 100 else figure


def in_words(time_taken: float) -> str:
    """Return a time in ms below one second, else in s."""
    return f"{1000 * time_taken:.1f} ms" if time_taken < 1 else f"{time_taken:.1f} s"


def main() -> None:
    """Print and write the table."""
    lines = ["| method | on | " + " | ".join(f"{n:,} patients" for n in SIZES) + " |", "|---|---|--:|--:|--:|"]
    for method, (_, _, peers) in METHODS.items():
        for peer in ("ours", *peers):
            label = "tally, nmosd_cohort" if peer == "ours" else f"rows, {peer}"
            cells = [words(method, peer, n) for n in SIZES]
            lines.append(f"| {method if peer == 'ours' else ''} | {label} | {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    peers = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "pandas", "pingouin", "statsmodels"))
    note = f"Python {platform.python_version()}, {peers}; memory above that of the rows is given where over 100 MiB."
    intro = (__doc__ or "").split("\n\n", 1)
    TABLE.write_text(f"# {intro[0]}\n\n{intro[1]}\n{note}\n\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=3, metavar=("METHOD", "PEER", "N"))
    chosen = parser.parse_args().one
    if chosen:
        print(one_cell(chosen[0], chosen[1], int(chosen[2])))
    else:
        main()
