"""Tables of a simulated registry: valid, repeatable, and consistent with one another."""

from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmosd_cohort.codebook import read_codebook
from nmosd_cohort.intake.registry import ACCOUNTING_COLUMNS, FINDING_COLUMNS, Registry
from nmosd_cohort.synthetic.generate import simulate


@pytest.fixture(scope="module")
def registry():
    return simulate("review", n=1500, seed=5)


def test_every_table_is_in_codebook_form_with_unique_keys(registry: Registry):
    for name, table in read_codebook().items():
        frame = registry.tables[name]
        assert list(frame.columns) == list(table.variables)
        assert not frame.duplicated(list(table.key)).any(), name
        for variable in table.variables.values():
            if variable.required:
                assert frame[variable.name].notna().all()


def test_same_seed_same_registry_other_seed_another():
    first, again, other = (simulate("review", n=60, seed=seed) for seed in (3, 3, 4))
    for name in first.tables:
        pd.testing.assert_frame_equal(first.tables[name], again.tables[name])
    assert not first.tables["patients"].equals(other.tables["patients"])


def test_the_reader_has_nothing_to_find(registry: Registry):
    open_module = pytest.importorskip("nmosd_cohort.intake.open")
    opened = open_module.open_registry(dict(registry.tables))
    assert opened.findings.empty, opened.findings[["kind", "table", "variable"]].drop_duplicates().to_string()
    assert opened.quarantine.empty
    for name, table in registry.tables.items():
        pd.testing.assert_frame_equal(opened.tables[name], table)


def test_accounting_identity_and_columns(registry: Registry):
    accounting = registry.accounting
    assert tuple(accounting.columns) == ACCOUNTING_COLUMNS
    assert tuple(registry.findings.columns) == FINDING_COLUMNS
    parts = accounting[["records_accepted", "records_quarantined", "records_empty"]].sum(axis=1)
    assert (accounting["records_read"] == parts).all()
    cells = accounting[["cells_accepted", "cells_missing", "cells_rejected", "cells_not_mapped"]].sum(axis=1)
    assert (accounting["cells_read"] == cells).all()


def test_provenance_tells_how_to_remake_it(registry: Registry):
    provenance = registry.provenance
    assert provenance["name"] == "Synthetic registry, scenario review"
    assert (provenance["scenario"], provenance["n"], provenance["seed"]) == ("review", 1500, 5)
    assert provenance["data_cut"] == "2025-12-31"
    assert provenance["truth"]["pain_current"] == {"value": 0.72, "how": "exact by model"}


def test_pain_now_has_an_open_episode_and_no_pain_has_none(registry: Registry):
    assessments = registry.tables["assessments"][["patient_id", "assessment_date", "has_pain"]]
    pairs = assessments.dropna().merge(registry.tables["pain"], on="patient_id", how="left")
    began = pairs["onset_date"].isna() | (pairs["onset_date"] <= pairs["assessment_date"])
    lasts = pairs["end_date"].isna() | (pairs["end_date"] >= pairs["assessment_date"])
    pairs["is_open"] = (began & lasts & pairs["pain_type"].notna()).astype(bool)
    # An episode of unknown onset may look open before it began, so only known onsets can contradict a no.
    known = pairs[pairs["onset_date"].notna() | ~pairs["is_open"]]
    has_open = pairs.groupby(["patient_id", "assessment_date"]).agg(p=("has_pain", "first"), o=("is_open", "max"))
    contradicted = known[~known["has_pain"].astype(bool) & known["is_open"]]
    assert has_open.loc[has_open["p"].astype(bool), "o"].all()
    assert contradicted.empty


def test_pain_answers_agree(registry: Registry):
    table = registry.tables["assessments"]
    asked = table[table["has_pain"].notna()]
    assert (asked["has_pain"] == (asked["pain_nrs"] > 0)).all()
    assert table.loc[table["has_pain"].isna(), ["pain_nrs", "has_neuropathic_pain", "dn4"]].isna().all(axis=None)
    without = asked[~asked["has_pain"]]
    assert not without["has_neuropathic_pain"].any()
    assert not without["has_tonic_spasm"].any()
    assert (table["dn4_interview"].dropna() <= table["dn4"].dropna()).all()


def test_dn4_has_the_scenario_sensitivity_and_specificity():
    table = simulate("review", n=3000, seed=6).tables["assessments"][["has_neuropathic_pain", "dn4"]].dropna()
    is_positive = table["dn4"] >= 4
    by_class = is_positive.groupby(table["has_neuropathic_pain"]).mean()
    assert by_class[True] == pytest.approx(0.83, abs=0.015)
    assert by_class[False] == pytest.approx(0.10, abs=0.015)


def test_pain_is_not_asked_more_often_where_it_is_absent():
    tables = simulate("review", n=4000, seed=8).tables
    asked = tables["assessments"]["has_pain"].notna()
    # 8 % of assessments and, on top, every one of the 3 % never asked.
    assert 1 - asked.mean() == pytest.approx(1 - 0.92 * 0.97, abs=0.012)
    never = ~asked.groupby(tables["assessments"]["patient_id"]).max()
    assert never.mean() > 0.02


def test_attacks_entered_twice_lie_within_30_days(registry: Registry):
    attacks = registry.tables["attacks"].sort_values(["patient_id", "attack_date"])
    gap = attacks.groupby("patient_id")["attack_date"].diff().dt.days.dropna()
    assert not gap.between(29, 31).any()
    assert 0.015 < (gap < 30).mean() < 0.06


def test_past_myelitis_is_told_alike_by_patients_and_attacks(registry: Registry):
    patients, attacks = registry.tables["patients"], registry.tables["attacks"]
    told = attacks["attack_type"].str.contains("myelitis").groupby(attacks["patient_id"]).max()
    merged = patients.set_index("patient_id")["had_myelitis"]
    assert (merged == told.reindex(merged.index)).all()


def test_lesions_lie_where_the_mri_looked(registry: Registry):
    lesions, imaging = registry.tables["lesions"], registry.tables["imaging"]
    spinal = imaging[imaging["region"] != "brain"].groupby(["patient_id", "mri_date"])["region"].agg(set)
    seen = lesions.merge(spinal.rename("regions"), left_on=["patient_id", "mri_date"], right_index=True)
    assert len(seen) == len(lesions)
    thoracic = seen["lower_segment"].str.startswith("T")
    assert seen.loc[thoracic, "regions"].map(lambda regions: "thoracic_cord" in regions).all()


def test_starters_have_two_unchosen_scores_a_year_apart(registry: Registry):
    treatments = registry.tables["treatments"]
    starts = treatments[treatments["drug"] == "tocilizumab"][["patient_id", "start_date"]]
    assert 0.1 < len(starts) / 1500 < 0.2
    visits = registry.tables["assessments"].merge(starts, on="patient_id")
    early = visits[visits["assessment_date"] < visits["start_date"] - pd.Timedelta(days=90)]
    dates = early.groupby("patient_id")["assessment_date"]
    span = (dates.max() - dates.min()).dt.days
    assert len(span) == len(starts)
    assert (span >= 365 - 60).mean() > 0.95


def test_duckdb_holds_the_same_rows():
    lazy, eager = (simulate("review", n=40, seed=2, backend=backend) for backend in ("duckdb", "pandas"))
    for name, table in eager.tables.items():
        assert lazy.tables[name].count("*").fetchall()[0][0] == len(table)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"backend": "spark"}, "pandas, duckdb"),
        ({"n": 0}, "n must be at least 1"),
        ({"seed": -1}, "seed at least 0"),
        ({"scenario": "nul"}, "review, null"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        simulate(**arguments)


@settings(max_examples=12, deadline=None)
@given(n=st.integers(1, 30), seed=st.integers(0, 10_000), scenario=st.sampled_from(["review", "null"]))
def test_any_size_and_seed_keep_the_dates_in_order(n: int, seed: int, scenario: str):
    tables = simulate(scenario, n=n, seed=seed).tables
    patients = tables["patients"]
    assert len(patients) == n
    order = ("birth_date", "onset_date", "entry_date", "last_contact_date")
    for first, second in pairwise(order):
        assert (patients[first] <= patients[second]).all()
    seen = tables["assessments"].merge(patients, on="patient_id")
    assert seen["assessment_date"].between(seen["entry_date"], seen["last_contact_date"]).all()
    assert (tables["pain"]["onset_date"] <= tables["pain"]["end_date"]).dropna().all()
