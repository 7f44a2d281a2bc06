"""The vocabulary of the package: tables, variables, units, ranges, codes and labels, kept as data."""

from nmosd_cohort.codebook.frames import typed_table
from nmosd_cohort.codebook.reader import (
    CHRONIC_DAYS,
    DAYS_PER_YEAR,
    SEGMENTS,
    Code,
    Table,
    Variable,
    codebook_frame,
    read_codebook,
)

__all__ = [
    "CHRONIC_DAYS",
    "DAYS_PER_YEAR",
    "SEGMENTS",
    "Code",
    "Table",
    "Variable",
    "codebook_frame",
    "read_codebook",
    "typed_table",
]
