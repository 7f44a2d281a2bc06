"""A small registry gets a report that says how little it allows; the published case reports are one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from nmosd_cohort.run import run_report

CASES = Path(__file__).parents[2] / "examples" / "case_reports" / "registry.toml"


def test_the_report_of_thirteen_published_patients_says_how_little_they_allow(tmp_path):
    page, registry = run_report(CASES, tmp_path / "report")
    text = page.read_text(encoding="utf-8")
    assert len(registry.tables["patients"]) == 13
    assert "This registry holds 13 patients. Most questions cannot be answered from so few" in text
    assert "No primary estimate could be made." in text
    verdicts = pd.read_csv(page.parent / "tables" / "verdicts.csv")
    assert set(verdicts["verdict"]) == {"not assessable", "not comparable"}
