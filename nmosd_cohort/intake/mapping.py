"""What a mapping says: which file feeds which table, and how each variable is read from its columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nmosd_cohort.codebook import read_codebook
from nmosd_cohort.codebook.nearest import nearest
from nmosd_cohort.intake.errors import ConfigurationError, InputError
from nmosd_cohort.intake.findings import Finding
from nmosd_cohort.intake.values import ISO_DATE, ValueFormat

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from nmosd_cohort.intake.records import Records

# A row of these tables only carries values: one without any value says nothing. A row of every other table
# is a fact by its key alone, for example an attack whose type is not known.
VALUE_TABLES = ("assessments", "labs")


@dataclass(frozen=True, slots=True)
class Rule:
    """How one variable is read: from one column, a low and a high one, joined ones, or as a constant."""

    variable: str
    columns: tuple[str, ...]
    form: ValueFormat
    join: str = ""
    is_pair: bool = False
    constant: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """One row of one table from each record of a file that `where` takes.

    Parameters
    ----------
    where
        Texts that a column must have, by column; every column must agree.
    is_distinct
        Identical rows collapse to one, for files that repeat the facts of a patient.
    keeps_one
        Of identical rows one is kept, with a warning for each other.
    is_codebook_form
        The file is the table itself, so a row without values is kept as it stands.
    """

    table: str
    rules: tuple[Rule, ...]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_distinct: bool = False
    keeps_one: bool = False
    is_codebook_form: bool = False

    def payload(self) -> tuple[str, ...]:
        """Return the variables that must not all be blank for a record to give a row.

        Examples
        --------
        >>> rules = [Rule(name, (name,), ValueFormat()) for name in ("patient_id", "attack_date")]
        >>> Block("attacks", tuple(rules)).payload()
        ('attack_date',)
        """
        read = [rule.variable for rule in self.rules if rule.constant is None]
        if self.is_codebook_form or self.table == "patients":
            return tuple(read)
        facts = [variable for variable in read if variable != "patient_id"]
        if self.table in VALUE_TABLES:
            key = read_codebook()[self.table].key
            facts = [variable for variable in facts if variable not in key] or facts
        return tuple(facts or read)


@dataclass(frozen=True, slots=True)
class Source:
    """One file, how it is written, and the blocks that it feeds."""

    file: str
    blocks: tuple[Block, ...]
    encoding: str = "utf-8"
    delimiter: str = ","
    ignore: tuple[str, ...] = ()

    def columns_used(self) -> tuple[str, ...]:
        """Return every column that a block reads or selects by."""
        used = [column for block in self.blocks for rule in block.rules for column in rule.columns]
        return tuple(dict.fromkeys([*used, *(column for block in self.blocks for column in block.where)]))


@dataclass(frozen=True, slots=True)
class RegistryMapping:
    """The whole mapping of a registry; without sources its files are in codebook form already."""

    name: str
    data_cut: date | None = None
    language: str = "en"
    quarantine_percent: float = 10.0
    sources: tuple[Source, ...] = ()
    sha256: str = ""
    care_level: str | None = None
    catchment: Mapping[str, Any] | None = None


def codebook_source(table: str, records: Records, data_cut: date | None) -> tuple[Source, list[Finding]]:
    """Return the mapping of a file in codebook form, and a finding for each column that is not in the codebook.

    Raises
    ------
    InputError
        When a required variable has no column.
    """
    variables = read_codebook()[table].variables
    form = ValueFormat(date_format=ISO_DATE, data_cut=data_cut)
    absent = [name for name, variable in variables.items() if variable.required and name not in records.columns]
    if absent:
        raise InputError(
            f"{records.file}: table {table} needs the column {', '.join(absent)}; none of the {len(records.columns)} "
            "columns of the first line has that name. Has the file a header?"
        )
    rules = tuple(Rule(name, (name,), form) for name in records.columns if name in variables)
    source = Source(records.file, (Block(table, rules, is_codebook_form=True),))
    return source, list(_unknown_columns(records, variables))


def _unknown_columns(records: Records, variables: Mapping[str, object]) -> Iterator[Finding]:
    reported = {finding.column for finding in records.findings if finding.kind == "unnamed_column"}
    for name in records.columns:
        if name not in variables and name not in reported:
            hint = nearest(name, variables)
            words = hint if hint.startswith("did") else "a variable of the codebook"
            yield Finding("warn", "unknown_column", records.file, column=name, allowed=words, action="column left out")


def check_columns(sources: Sequence[Source], records: Mapping[str, Records]) -> list[Finding]:
    """Return a finding for each column that the mapping neither uses nor ignores.

    Raises
    ------
    ConfigurationError
        When the mapping names columns that a file does not have; all of them at once.
    """
    problems = []
    findings = []
    for source in sources:
        present = records[source.file].columns
        named = [*source.columns_used(), *source.ignore]
        problems += [
            f'{source.file}: has no column "{column}"; {nearest(column, present)}'
            for column in named
            if column not in present
        ]
        reported = {f.column for f in records[source.file].findings if f.kind == "unnamed_column"}
        findings += [
            Finding(
                "warn",
                "unmapped_column",
                source.file,
                column=column,
                allowed="a column that is mapped or listed under ignore",
                action="column left out",
            )
            for column in present
            if column not in named and column not in reported
        ]
    if problems:
        raise ConfigurationError("registry.toml names columns that are not there\n" + "\n".join(problems))
    return findings
