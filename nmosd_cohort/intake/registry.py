"""Registry, the checked tables of one registry with all that was found wrong on the way in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

FINDING_COLUMNS = (
    "severity",  # reject, warn or info; what is fatal raises InputError and leaves no registry
    "kind",  # rule that was broken, for example out_of_range
    "file",
    "line",  # physical line of the file, counted from 1
    "record",  # data record of the file, counted from 1
    "table",
    "column",  # column as the file calls it
    "variable",  # variable as the codebook calls it
    "value",  # the offending cell alone
    "allowed",  # what is allowed, in words
    "action",  # what was done: cell rejected, row quarantined, kept, nothing read
)
QUARANTINE_COLUMNS = (
    "file",
    "line",
    "record",
    "table",  # empty: no table took the record; else the one table that did not take its row
    "reason",
    "cells",  # raw cells of the record by column, as JSON text
)
ACCOUNTING_COLUMNS = (
    "file",
    "records_read",
    "records_accepted",
    "records_quarantined",
    "records_empty",
    "cells_read",
    "cells_accepted",
    "cells_missing",
    "cells_rejected",
    "cells_not_mapped",
)


@dataclass(frozen=True, repr=False)
class Registry:
    """The checked tables of one registry.

    Parameters
    ----------
    tables
        Every table of the codebook by name, in codebook form: pandas frames with pyarrow types,
        or DuckDB relations with the same columns. A table that was not delivered is empty.
    findings
        One row a problem, columns ``FINDING_COLUMNS``, in the order of file and record.
    quarantine
        What was not taken, as it stood in the file, columns ``QUARANTINE_COLUMNS``. Where ``table`` is
        empty no table took the record; these rows are the quarantined records of the accounting. Where
        it names a table, that table did not take its row but another table took one of the same record.
    accounting
        One row a file, columns ``ACCOUNTING_COLUMNS``. Read is always the sum of the other parts.
    provenance
        Name, data cut, hashes of the files and of the mapping; for a synthetic registry its truth.
    """

    tables: Mapping[str, Any]
    findings: pd.DataFrame
    quarantine: pd.DataFrame
    accounting: pd.DataFrame
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Say how large the registry is; no value of a patient is shown."""
        rows = ", ".join(f"{name} {len(table)}" for name, table in self.tables.items())
        return f"<Registry {self.provenance.get('name', '')!r}: {rows}; {len(self.findings)} findings>"

    def frame(self, table: str) -> pd.DataFrame:
        """Return a table as a pandas frame, also where DuckDB holds it; rows may then be in another order.

        Raises
        ------
        ValueError
            If no table is called so.

        Examples
        --------
        >>> import nmosd_cohort as nc
        >>> registry = nc.simulate(n=20, seed=1)
        >>> len(registry.frame("patients")), len(registry.to_duckdb().frame("patients"))
        (20, 20)
        """
        import pandas as pd

        from nmosd_cohort.codebook import typed_table

        if table not in self.tables:
            raise ValueError(f"there is no table {table!r}; tables are {', '.join(self.tables)}")
        held = self.tables[table]
        if isinstance(held, pd.DataFrame):
            return held
        return typed_table(table, held.to_arrow_table().to_pandas(types_mapper=pd.ArrowDtype))

    def to_duckdb(self) -> Registry:
        """Return the same registry with its tables as relations of one in-memory DuckDB database."""
        import duckdb
        import pyarrow as pa

        connection = duckdb.connect()
        relations = {}
        for name, table in self.tables.items():
            connection.register(f"arrow_{name}", pa.Table.from_pandas(table, preserve_index=False))
            connection.execute(f'create table "{name}" as select * from "arrow_{name}"')
            relations[name] = connection.table(name)
        return replace(self, tables=relations)

    def _repr_html_(self) -> str:
        """Show how many rows each table holds and how many findings there are, in a notebook."""
        from html import escape

        rows = "".join(f"<li>{escape(name)}: {len(table)}</li>" for name, table in self.tables.items())
        return f"<p><b>{escape(str(self.provenance.get('name', 'Registry')))}</b></p><ul>{rows}</ul>"
