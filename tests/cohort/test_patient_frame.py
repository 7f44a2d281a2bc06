"""The frame has the patients and the assessment of the questions, on both backends, and nothing unknown becomes no."""

import pandas as pd
import pytest

import nmosd_cohort as nc


@pytest.fixture(scope="module")
def registry() -> nc.Registry:
    return nc.simulate(n=200, seed=1)


def test_share_with_pain_is_that_of_the_question(registry: nc.Registry) -> None:
    patients, row = nc.patient_frame(registry), nc.pain_prevalence(registry).estimates.iloc[0]
    assert (len(patients), int(patients["has_pain"].sum())) == (row["n"], row["events"])


def test_both_backends_give_the_same_frame(registry: nc.Registry) -> None:
    needs = ["has_pain", "edss2", "bdi_ii"]
    there = nc.patient_frame(registry.to_duckdb(), needs=needs)
    pd.testing.assert_frame_equal(there, nc.patient_frame(registry, needs=needs), check_dtype=False)


def test_open_episodes_name_types_and_sites_once(registry: nc.Registry) -> None:
    patients = nc.patient_frame(registry)
    for text in (*patients["pain_types"], *patients["pain_sites"]):
        parts = text.split(";")
        assert parts == sorted(set(parts))
    episodes = registry.tables["pain"]
    one = patients[patients["pain_types"] != ""].iloc[0]
    own = episodes[episodes["patient_id"] == one["patient_id"]]
    assert set(one["pain_types"].split(";")) <= set(own["pain_type"])


def test_drugs_are_counted_and_lesions_stay_unknown_without_an_mri_of_both_levels(registry: nc.Registry) -> None:
    patients = nc.patient_frame(registry)
    assert set(patients["on_anticonvulsant"]) == {0, 1}
    assert patients.loc[patients["lesion_level"].isna(), "thoracic"].isna().all()


def test_unknown_column_is_named(registry: nc.Registry) -> None:
    with pytest.raises(ValueError, match="needs has pain_score; columns are"):
        nc.patient_frame(registry, needs=["pain_score"])


def test_serostatus_leaves_out_the_others_and_the_unknown(registry: nc.Registry) -> None:
    everybody = nc.patient_frame(registry)
    for chosen, code in (("aqp4_positive", "positive"), ("aqp4_negative", "negative")):
        kept = nc.patient_frame(registry, serostatus=chosen)
        assert kept["patient_id"].tolist() == everybody.loc[everybody["aqp4_status"].eq(code), "patient_id"].tolist()
        assert len(kept) > 0
    with pytest.raises(ValueError, match="serostatus"):
        nc.patient_frame(registry, serostatus="positive")


def test_any_pain_drug_is_that_of_the_question() -> None:
    demo = nc.demo_registry()
    patients = nc.patient_frame(demo)
    asked = nc.drug_use_and_response(demo).estimates.query("outcome == 'on_pain_drug' and group == ''").iloc[0]
    assert (int(patients["on_pain_drug"].sum()), len(patients)) == (asked["events"], asked["n"])
    # An antidepressant given for depression alone is no pain drug.
    classes = patients[["on_anticonvulsant", "on_antidepressant", "on_opioid", "on_nonopioid_analgesic"]]
    assert 0 < patients["on_pain_drug"].sum() < classes.eq(1).any(axis=1).sum()


def test_a_table_is_the_same_frame_whichever_backend_holds_it(registry: nc.Registry) -> None:
    for name in registry.tables:
        there = registry.to_duckdb().frame(name)
        assert sorted(map(str, there.itertuples(index=False))) == sorted(
            map(str, registry.frame(name).itertuples(index=False))
        )
        assert there.dtypes.equals(registry.frame(name).dtypes)
    with pytest.raises(ValueError, match="there is no table 'visits'; tables are patients"):
        registry.frame("visits")
