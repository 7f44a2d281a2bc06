"""Model cells: an outcome, a numeric design and counts, checked before any model is fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.columns import check_frame, numeric_column
from nmosd_cohort.statistics.estimate import Counts, Floats, as_values, check_aligned, patient_counts

# A column whose part that no other column explains is shorter than this share of its length is collinear.
COLLINEAR_SHARE = 1e-7


@dataclass(frozen=True, slots=True)
class Cells:
    """One row a combination of outcome and covariates that has patients.

    Parameters
    ----------
    outcome
        Shape (m,).
    design
        Shape (m, p), one column a covariate, no intercept.
    counts
        Shape (m,), patients in each cell, all above 0.
    names
        The p column names.
    """

    outcome: Floats
    design: Floats
    counts: Counts
    names: tuple[str, ...]

    @property
    def n(self) -> int:
        """Patients in all cells together."""
        return int(self.counts.sum())


def model_cells(
    outcome: ArrayLike, design: pd.DataFrame, counts: ArrayLike | None = None, *, name: str = "outcome"
) -> Cells:
    """Return the cells of a model, one row a combination that has patients.

    Parameters
    ----------
    outcome
        Numbers, one a row of `design`.
    design
        Numeric covariates without an intercept; categories as 0/1 columns that leave out the reference.
    counts
        Patients in each row; None counts every row once.
    name
        What the outcome is, for messages.

    Returns
    -------
    Cells
        Rows without patients left out.

    Raises
    ------
    ValueError
        If the design is not a DataFrame, lengths differ, a value is missing, a column holds text, or a column is
        constant or a combination of others; the message names the column.

    Examples
    --------
    >>> model_cells([1, 2, 3], pd.DataFrame({"woman": [1, 0, 1]}), [4, 0, 2]).n
    Traceback (most recent call last):
    ValueError: design column 'woman' has one value only (1); leave it out
    """
    check_aligned(**{name: outcome, "design": design, "counts": counts})
    values = as_values(outcome, name=name)
    matrix = numeric_design(design)
    if len(matrix) != values.size:
        raise ValueError(f"{name} has {values.size} entries but the design {len(matrix)} rows; they must match")
    whole = patient_counts(counts, size=values.size, name=name)
    occupied = whole > 0
    if not occupied.any():
        raise ValueError(f"{name} has no patients: every count is 0 or there are no rows")
    names = tuple(str(column) for column in design.columns)
    check_estimable(matrix[occupied], names)
    return Cells(values[occupied], matrix[occupied], whole[occupied], names)


def event_cells(outcome01: ArrayLike, design: pd.DataFrame, counts: ArrayLike | None = None) -> Cells:
    """Return the cells of a model of an event that some patients have and some have not.

    Raises
    ------
    ValueError
        If the outcome is not 0 or 1, all patients have the same, or as `model_cells`.

    Examples
    --------
    >>> event_cells([0, 1], pd.DataFrame({"woman": [0, 1]}), [4, 0])
    Traceback (most recent call last):
    ValueError: design column 'woman' has one value only (0); leave it out
    """
    cells = model_cells(outcome01, design, counts, name="outcome01")
    if not np.isin(cells.outcome, (0, 1)).all():
        raise ValueError("outcome01 has values other than 0 and 1; code the event as 1")
    events = int(cells.counts @ cells.outcome)
    if events in (0, cells.n):
        raise ValueError(f"outcome01 is {int(events > 0)} in all {cells.n} patients; there is nothing to compare")
    return cells


def merged_cells(cells: Cells) -> Cells:
    """Return cells of which no two are alike, in a fixed order, so that what is drawn from them never depends on it.

    Examples
    --------
    >>> merged_cells(model_cells([1, 0, 1], pd.DataFrame({"woman": [1, 0, 1]}), [4, 3, 2])).counts.tolist()
    [3, 6]
    """
    table = np.column_stack([cells.outcome, cells.design])
    distinct, position = np.unique(table, axis=0, return_inverse=True)
    counts = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(counts, position.ravel(), cells.counts)
    return Cells(distinct[:, 0], distinct[:, 1:], counts, cells.names)


def numeric_design(design: pd.DataFrame) -> Floats:
    """Return a design frame as a float matrix of shape (rows, columns).

    Raises
    ------
    ValueError
        If it is not a DataFrame, a column name occurs twice, a column is not numeric, or a value is missing or
        infinite.

    Examples
    --------
    >>> numeric_design(pd.DataFrame({"woman": [True, False]})).tolist()
    [[1.0], [0.0]]
    """
    twice = check_frame(design, "design").columns[design.columns.duplicated()].tolist()
    if twice:
        raise ValueError(f"design column {twice[0]!r} occurs more than once; names must differ")
    matrix = np.empty(design.shape, dtype=np.float64)
    for position, name in enumerate(design.columns):
        matrix[:, position] = _numeric_column(design[name], str(name))
    return matrix


def _numeric_column(column: pd.Series, name: str) -> Floats:
    numbers = numeric_column(column, name, what="design column")
    bad = int((~np.isfinite(numbers)).sum())
    if bad:
        raise ValueError(
            f"design column {name!r} has {bad} missing or infinite values of {numbers.size}; "
            "leave those patients out and count them"
        )
    return numbers


def check_estimable(matrix: Floats, names: tuple[str, ...]) -> None:
    """Raise if a column is constant or a combination of an intercept and the columns before it.

    Examples
    --------
    >>> check_estimable(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]), ("woman", "man"))
    Traceback (most recent call last):
    ValueError: design column 'man' is a combination of 'woman' and the intercept; leave one of them out
    """
    for name, column in zip(names, matrix.T, strict=True):
        if column.min() == column.max():
            raise ValueError(f"design column {name!r} has one value only ({column[0]:g}); leave it out")
    triangle = np.asarray(np.linalg.qr(standardise(matrix)[0], mode="r"), dtype=np.float64)
    own_part = np.abs(np.diagonal(triangle)) / np.sqrt(len(matrix))
    collinear = np.flatnonzero(own_part < COLLINEAR_SHARE)
    if collinear.size:
        raise ValueError(_collinear_message(triangle, int(collinear[0]), names))


def _collinear_message(triangle: Floats, position: int, names: tuple[str, ...]) -> str:
    shares = np.linalg.lstsq(triangle[:position, :position], triangle[:position, position], rcond=None)[0]
    partners = [repr(names[other]) for other in np.flatnonzero(np.abs(shares) > COLLINEAR_SHARE)]
    return (
        f"design column {names[position]!r} is a combination of {', '.join(partners)} and the intercept; "
        "leave one of them out"
    )


def standardise(matrix: Floats, counts: Counts | None = None) -> tuple[Floats, Floats, Floats]:
    """Return columns with mean 0 and SD 1 over the patients, and the means and SDs taken out.

    Examples
    --------
    >>> standardised, means, deviations = standardise(np.array([[1.0], [3.0]]))
    >>> standardised.ravel().tolist(), means.tolist(), deviations.tolist()
    ([-1.0, 1.0], [2.0], [1.0])
    """
    weights = np.ones(len(matrix)) if counts is None else counts.astype(np.float64)
    means: Floats = weights @ matrix / weights.sum()
    centred = matrix - means
    deviations: Floats = np.sqrt(weights @ centred**2 / weights.sum())
    return centred / deviations, means, deviations


def to_design_units(means: Floats, deviations: Floats) -> Floats:
    """Return the matrix that takes intercept and coefficients of standardised columns to those of the design.

    Examples
    --------
    >>> to_design_units(np.array([4.0]), np.array([2.0])).tolist()
    [[1.0, -2.0], [0.0, 0.5]]
    """
    back: Floats = np.diag(np.concatenate(([1.0], 1 / deviations)))
    back[0, 1:] = -means / deviations
    return back


def with_intercept(matrix: Floats) -> Floats:
    """Return a matrix with a column of ones in front.

    Examples
    --------
    >>> with_intercept(np.array([[5.0], [7.0]])).tolist()
    [[1.0, 5.0], [1.0, 7.0]]
    """
    return np.column_stack([np.ones(len(matrix)), matrix])


def check_column(name: str, names: tuple[str, ...]) -> int:
    """Return the position of a column.

    Raises
    ------
    ValueError
        If the design has no such column; the message lists those it has.

    Examples
    --------
    >>> check_column("age_years", ("woman", "age_years"))
    1
    """
    if name not in names:
        raise ValueError(f"the design has no column {name!r}; it has {', '.join(names) or 'none'}")
    return names.index(name)
