"""Write a synthetic registry as files in codebook form, with its truth beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from nmosd_cohort.synthetic.errors import text_tables

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry


def write_tables(registry: Registry, folder: str | Path) -> Path:
    """Write one CSV a table (UTF-8, comma, ISO dates, true and false) and truth.json into a new folder.

    Parameters
    ----------
    registry
        From ``simulate`` on pandas.
    folder
        Must not exist, or be empty.

    Raises
    ------
    ValueError
        If the folder holds anything.

    Examples
    --------
    >>> import tempfile, nmosd_cohort as nc
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = sorted(path.name for path in write_tables(nc.simulate(n=5), folder).iterdir())
    >>> written[:2], written[-1]
    (['assessments.csv', 'attacks.csv'], 'truth.json')
    """
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty; give a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in text_tables(registry.tables).items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    truth = {key: registry.provenance.get(key) for key in ("scenario", "seed", "n", "data_cut", "truth")}
    (folder / "truth.json").write_text(json.dumps(truth, indent=1, default=str) + "\n", encoding="utf-8")
    return folder
