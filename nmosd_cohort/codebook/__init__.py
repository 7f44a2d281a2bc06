"""The vocabulary of the package: tables, variables, units, ranges, codes and labels, kept as data."""

from nmosd_cohort.codebook.frames import typed_table
from nmosd_cohort.codebook.reader import SEGMENTS, Code, Table, Variable, codebook_frame, read_codebook

__all__ = ["SEGMENTS", "Code", "Table", "Variable", "codebook_frame", "read_codebook", "typed_table"]
