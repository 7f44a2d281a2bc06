"""The demo delivery: reads with few findings, and the committed copy is what the code writes."""

from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest

from nmosd_cohort.intake.open import open_registry
from nmosd_cohort.synthetic.demo import write_demo
from nmosd_cohort.synthetic.generate import simulate


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, write_demo(folder)


def test_it_reads_with_few_findings(demo: tuple[Path, pd.DataFrame]):
    folder, log = demo
    opened = open_registry(folder / "registry.toml")
    rejected = opened.findings[opened.findings["severity"] == "reject"]
    rows = opened.accounting["records_read"].sum()
    # Each planted error is one affected record; none is silent and nothing else is wrong.
    assert len(rejected[["table", "record"]].drop_duplicates()) == len(log) == 26
    assert len(log) / rows < 0.02
    assert len(opened.tables["patients"]) == 220 + 55  # with MS


def test_what_is_not_wrong_arrives_unchanged(demo: tuple[Path, pd.DataFrame]):
    opened = open_registry(demo[0] / "registry.toml")
    simulated = simulate("demo", n=220, seed=7)
    for name in ("pain", "lesions", "imaging", "treatments", "labs"):
        assert opened.tables[name].equals(simulated.tables[name]), name
    both = opened.tables["assessments"].merge(
        simulated.tables["assessments"], on=["patient_id", "assessment_date"], suffixes=("", "_true")
    )
    assert len(both) == len(opened.tables["assessments"])
    for variable in ("has_pain", "edss", "sf36_pcs", "has_tonic_spasm"):
        known = both[variable].notna()
        assert known.sum() > 1000
        assert (both.loc[known, variable] == both.loc[known, f"{variable}_true"]).all()


def test_the_committed_copy_is_what_the_code_writes(demo: tuple[Path, pd.DataFrame]):
    committed = Path(str(files("nmosd_cohort.synthetic"))) / "demo_registry"
    names = sorted(path.name for path in demo[0].iterdir())
    assert names == sorted(path.name for path in committed.iterdir())
    for name in names:
        assert (demo[0] / name).read_bytes() == (committed / name).read_bytes(), name
    assert sum(path.stat().st_size for path in committed.iterdir()) < 600_000
