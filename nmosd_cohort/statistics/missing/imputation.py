"""Multiple imputation by chained equations, of a frame with counts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nmosd_cohort.statistics.columns import check_columns, check_frame, numeric_column
from nmosd_cohort.statistics.estimate import Counts, Floats, check_option, patient_counts, whole_number
from nmosd_cohort.statistics.missing.imputation_models import LatentDraw, draw_levels, match_means
from nmosd_cohort.statistics.resampling.progress import tracked
from nmosd_cohort.statistics.resampling.seed import check_seed

Kind = Literal["ordinal", "binary", "numeric"]
FEWEST_IMPUTATIONS = 5
OWN_COLUMNS = ("imputation", "n")


@dataclass(frozen=True, slots=True, eq=False)
class Imputations:
    """Completed frames of one multiple imputation.

    Parameters
    ----------
    completed
        Long frame: imputation (1 to m), the columns given, and n, the patients of each row. Rows of patients
        with a missing value are one a patient; the others keep their counts.
    is_missing
        One row a row of one completed frame, one column a variable: True where a value is imputed.
    trace
        One row an imputation, iteration and variable: mean and std_dev of the imputed values, to see whether
        the chains have settled and mix.
    kinds
        How each variable was declared.
    latent
        For each ordered variable, its last draw in each imputation, None where the model could not be used.
    m, n, n_incomplete
        Imputations, patients, and patients with a missing value.
    method
        How the values were made, with the seed.
    notes
        What was not done by the model declared, one sentence a variable and reason.
    """

    completed: pd.DataFrame
    is_missing: pd.DataFrame
    trace: pd.DataFrame
    kinds: dict[str, Kind]
    latent: dict[str, tuple[LatentDraw | None, ...]]
    m: int
    n: int
    n_incomplete: int
    method: str
    notes: tuple[str, ...]

    def frames(self) -> Iterator[pd.DataFrame]:
        """Yield the completed frames one by one, with n and without the column imputation."""
        for _, frame in self.completed.groupby("imputation", sort=True):
            yield frame.drop(columns="imputation")


@dataclass(frozen=True, slots=True)
class _Sample:
    """Values of the variables (NaN where missing), shape (rows, variables), patients and site columns."""

    names: list[str]
    kinds: dict[str, Kind]
    values: Floats
    is_missing: NDArray[np.bool_]
    counts: Counts
    dummies: Floats


def impute(
    frame: pd.DataFrame,
    variables: Mapping[str, Kind],
    counts: ArrayLike | None = None,
    *,
    seed: int,
    cluster: str | None = None,
    m: int | None = None,
    iterations: int = 10,
    donors: int = 5,
    progress: bool | None = None,
) -> Imputations:
    """Complete the missing values of a frame several times by draws from models of the observed ones.

    Parameters
    ----------
    frame
        One row a patient or a cell of a tally. Columns that are not declared are handed back as they are.
    variables
        Column to kind, for every variable that is imputed or predicts: ``ordinal`` (proportional odds, values
        ordered numbers), ``binary`` (0 and 1, logistic), ``numeric`` (predictive mean matching). Outcome,
        covariates of the later analysis and auxiliaries all belong here; items, not the scores made of them.
    counts
        Patients in each row; None counts every row once.
    seed
        Of the draws. Imputation j is the same whatever `m` is.
    cluster
        Column such as the site, without missing labels, that enters every model as 0/1 columns.
    m
        Imputations; None takes the percentage of patients with a missing value, rounded up, and at least 5.
    iterations
        Rounds over the variables in each imputation.
    donors
        Nearest patients among whom a numeric value is drawn.
    progress
        None shows a bar on a terminal when the work lasts longer than two seconds; True at once; False never.

    Returns
    -------
    Imputations
        Its `frames()` yields the completed frames one by one, each to be analysed and the estimates handed to
        `pool_estimates`. Observed values are never changed; without missing values all frames are the one given.

    Raises
    ------
    ValueError
        If `frame` is no frame, `variables` name no kinds, a column is missing from the frame or there twice, holds
        texts or dates, has no observed value, or a binary one holds other values than 0 and 1; if a site label is
        missing; or an option is not allowed.

    Notes
    -----
    Van Buuren and Groothuis-Oudshoorn 2011 (doi:10.18637/jss.v045.i03); number of imputations: White, Royston
    and Wood 2011 (doi:10.1002/sim.4067). Ordered predictors enter as numbers. Parameters of the ordered models
    are drawn from the normal approximation to their posterior. Where covariates separate an ordered variable,
    it is drawn by predictive mean matching instead; a variable with one observed value takes that value. Both
    are told in `notes`. In a small sample predictive mean matching covers less than promised: declare a scale of
    few points ordinal rather than numeric.

    Examples
    --------
    >>> answers = pd.DataFrame({"woman": [0, 1, 0, 1, 1], "nrs": [2, 5, 4, 7, None]})
    >>> made = impute(answers, {"woman": "binary", "nrs": "numeric"}, [20, 20, 20, 20, 20], seed=1)
    >>> made.m, made.n_incomplete, bool(made.completed["nrs"].isna().any())
    (20, 20, False)
    >>> from nmosd_cohort.statistics import mean, pool_estimates
    >>> found = []
    >>> for frame in made.frames():
    ...     found.append(mean(frame["nrs"], frame["n"]))
    >>> pooled = pool_estimates(found, complete_freedom=99).estimate
    >>> len(found), pooled.n, bool(pooled.conf_low < pooled.estimate < pooled.conf_high)
    (20, 100, True)
    """
    sample, rows = _sample(frame, variables, counts, cluster)
    seed = check_seed(seed)
    _check_whole("iterations", iterations, 1)
    _check_whole("donors", donors, 1)
    n = int(sample.counts.sum())
    n_incomplete = int(sample.counts @ sample.is_missing.any(axis=1))
    if m is None:
        m = max(FEWEST_IMPUTATIONS, math.ceil(100 * n_incomplete / n)) if n else FEWEST_IMPUTATIONS
    _check_whole("m", m, 2)
    seeds = np.random.SeedSequence(seed).spawn(m)
    completed, traces, latent, problems = [], [], [], Counter[tuple[str, str]]()
    base = frame.iloc[rows]
    for position, own_seed in enumerate(tracked(seeds, m, label="imputation", progress=progress), start=1):
        values, trace, draws = _chain(sample, iterations, donors, np.random.default_rng(own_seed), problems)
        filled = base.assign(**dict(zip(sample.names, values.T, strict=True)), n=sample.counts)
        filled.insert(0, "imputation", position)
        completed.append(filled)
        traces += [{"imputation": position, **row} for row in trace]
        latent.append(draws)
    ordered = [name for name in sample.names if sample.kinds[name] != "numeric"]
    return Imputations(
        pd.concat(completed),
        pd.DataFrame(sample.is_missing, columns=sample.names, index=base.index),
        pd.DataFrame(traces, columns=["imputation", "iteration", "variable", "mean", "std_dev"]),
        sample.kinds,
        {name: tuple(draws.get(name) for draws in latent) for name in ordered},
        m,
        n,
        n_incomplete,
        f"chained equations, {m} imputations, {iterations} iterations, seed {seed}",
        tuple(f"{name}: {reason} in {n} of {m * iterations} draws" for (name, reason), n in sorted(problems.items())),
    )


def _chain(
    sample: _Sample, iterations: int, donors: int, rng: np.random.Generator, problems: Counter[tuple[str, str]]
) -> tuple[Floats, list[dict[str, object]], dict[str, LatentDraw | None]]:
    """Return one completed set of values, its trace and the last draws of ordered variables."""
    values = _start(sample, rng)
    gaps = sample.is_missing.sum(axis=0)
    to_fill = [int(column) for column in np.argsort(gaps, kind="stable") if gaps[column]]
    trace: list[dict[str, object]] = []
    draws: dict[str, LatentDraw | None] = {}
    for iteration in range(1, iterations + 1):
        for column in to_fill:
            name, missing = sample.names[column], sample.is_missing[:, column]
            drawn, draws[name], problem = _draw(sample, values, column, donors, rng)
            values[missing, column] = drawn
            if problem:
                problems[name, problem] += 1
            moments = {"mean": float(drawn.mean()), "std_dev": float(drawn.std())}
            trace.append({"iteration": iteration, "variable": name, **moments})
    return values, trace, draws


def _draw(
    sample: _Sample, values: Floats, column: int, donors: int, rng: np.random.Generator
) -> tuple[Floats, LatentDraw | None, str]:
    """Return values for the patients in whom one variable is missing, their latent draw, and what went wrong."""
    missing = sample.is_missing[:, column]
    design = np.column_stack((np.delete(values, column, axis=1), sample.dummies))
    outcome, known, target = values[~missing, column], design[~missing], design[missing]
    counts = sample.counts[~missing]
    if np.ptp(outcome) == 0:
        return np.full(len(target), outcome[0]), None, "one observed value only, taken for all"
    problem = ""
    if sample.kinds[sample.names[column]] != "numeric":
        latent = draw_levels(outcome, known, counts, target, rng)
        if latent is not None:
            return latent.values(), latent, ""
        problem = "no finite ordered model, drawn by predictive mean matching"
    return match_means(outcome, known, counts, target, rng, donors=donors), None, problem


def _start(sample: _Sample, rng: np.random.Generator) -> Floats:
    """Return values whose missing ones are random observed ones of the same variable."""
    values = sample.values.copy()
    for column, missing in enumerate(sample.is_missing.T):
        observed, counts = values[~missing, column], sample.counts[~missing]
        if missing.any():
            values[missing, column] = rng.choice(observed, size=int(missing.sum()), p=counts / counts.sum())
    return values


def _sample(
    frame: pd.DataFrame, variables: Mapping[str, Kind], counts: ArrayLike | None, cluster: str | None
) -> tuple[_Sample, Counts]:
    """Return the checked variables with one row a patient who has a missing value, and the row each came from."""
    check_frame(frame)
    if not isinstance(variables, Mapping):
        raise ValueError('variables must map each column to its kind, such as {"nrs": "ordinal"}')
    if not variables:
        raise ValueError("variables is empty; declare each column as ordinal, binary or numeric")
    check_columns(frame, [*variables, *([] if cluster is None else [cluster])])
    taken = [name for name in OWN_COLUMNS if name in frame.columns]
    if taken:
        raise ValueError(
            f"the frame has a column {taken[0]!r}, which the completed frames need; hand it over as counts"
        )
    whole = patient_counts(counts, size=len(frame), name="frame")
    names = list(variables)
    values = np.column_stack([_numbers(frame[name], name, variables[name], whole) for name in names])
    is_missing = np.isnan(values)
    is_incomplete = np.asarray(is_missing.any(axis=1))
    rows = np.repeat(np.arange(len(frame)), np.where(is_incomplete, whole, whole > 0))
    patients = np.where(is_incomplete[rows], 1, whole[rows])
    kinds = {name: variables[name] for name in names}
    dummies = _dummies(frame.iloc[rows], cluster)
    return _Sample(names, kinds, values[rows], is_missing[rows], patients, dummies), rows


def _numbers(column: pd.Series, name: str, kind: Kind, counts: Counts) -> Floats:
    check_option(f"kind of {name!r}", kind, get_args(Kind))
    numbers = numeric_column(column, name)
    observed = numbers[~np.isnan(numbers) & (counts > 0)]
    if not observed.size and counts.any():
        raise ValueError(f"column {name!r} has no observed value; nothing can be learnt about it")
    if np.isinf(observed).any():
        raise ValueError(f"column {name!r} has {int(np.isinf(observed).sum())} infinite values; remove them first")
    if kind == "binary" and not np.isin(observed, (0.0, 1.0)).all():
        raise ValueError(f"column {name!r} is declared binary but holds other values than 0 and 1")
    return numbers


def _dummies(frame: pd.DataFrame, cluster: str | None) -> Floats:
    if cluster is None:
        return np.zeros((len(frame), 0))
    codes = np.asarray(pd.factorize(frame[cluster])[0])
    if (codes < 0).any():
        raise ValueError(f"column {cluster!r} has missing labels; give every patient one, such as 'unknown'")
    dummies: Floats = (codes[:, None] == np.arange(1, codes.max(initial=0) + 1)).astype(np.float64)
    return dummies


def _check_whole(name: str, value: float, least: int) -> None:
    if whole_number(name, value) < least:
        raise ValueError(f"{name} is {value}; it must be a whole number of {least} or more")
