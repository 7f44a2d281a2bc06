"""The committed synthetic registry is what its command makes."""

from __future__ import annotations

from pathlib import Path

import nmosd_cohort as nc
from nmosd_cohort.synthetic.export import write_tables

COMMITTED = Path(__file__).parents[2] / "synthetic_data" / "codebook_form"


def test_the_codebook_form_registry_is_made_again_byte_for_byte(tmp_path):
    made = write_tables(nc.simulate("review", n=60, seed=1), tmp_path / "made")
    names = sorted(path.name for path in COMMITTED.iterdir())
    assert names == sorted(path.name for path in made.iterdir())
    assert [name for name in names if (made / name).read_bytes() != (COMMITTED / name).read_bytes()] == []
