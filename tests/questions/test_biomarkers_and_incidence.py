"""Laboratory values by pain, and incidence: by hand on small registries, and what is not assessable."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import nmosd_cohort as nc
from nmosd_cohort.codebook.catchment import read_population
from tests.conftest import registry_of

N = 24


def lab_registry(**changes):
    """Patients p00 to p23; the even ones have pain. Their C5a is 4, 8 or 16 with pain and 2, 4 or 8 without."""
    names = [f"p{at:02d}" for at in range(N)]
    has_pain = [at % 2 == 0 for at in range(N)]
    values = [2.0 ** (1 + (at // 2) % 3 + pain) for at, pain in enumerate(has_pain)]
    labs = {
        "patient_id": names,
        "sample_date": ["2024-06-10"] * N,
        "analyte": ["C5a"] * N,
        "specimen": ["plasma"] * N,
        "value": values,
        "limit_operator": [None] * N,
        "unit": ["ng/mL"] * N,
    }
    return registry_of(
        patients={"patient_id": names, "diagnosis": ["nmosd"] * N,
                  "sex": ["male" if at % 5 == 0 else "female" for at in range(N)],
                  "birth_date": [f"19{50 + at}-01-01" for at in range(N)]},
        assessments={"patient_id": names, "assessment_date": ["2024-06-01"] * N, "has_pain": has_pain,
                     "has_neuropathic_pain": [pain and at % 4 == 0 for at, pain in enumerate(has_pain)],
                     "hads_a": [at % 12 for at in range(N)]},
        labs=labs | changes,
    )  # fmt: skip


def rows_of(result, **conditions):
    rows = result.estimates
    for column, value in conditions.items():
        rows = rows[rows[column] == value]
    return rows


def test_geometric_means_and_ratio_by_hand(on_backend):
    result = nc.biomarkers_and_pain(on_backend(lab_registry()), scores=["hads_a"])
    # Geometric mean of 4, 8, 16 is 8; of 2, 4, 8 is 4; the ratio 2.
    means = rows_of(result, measure="geometric_mean", group="with_pain").set_index("level")
    assert means.loc["yes", "estimate"] == pytest.approx(8)
    assert means.loc["no", "estimate"] == pytest.approx(4)
    assert (means["unit"] == "ng/mL").all()
    crude = rows_of(result, measure="geometric_mean_ratio", group="with_pain", role="sensitivity")
    assert crude["estimate"].item() == pytest.approx(2)
    # Of nine kinds of pairs five are higher with pain and three are tied: (6 + 2 / 2) / 9.
    higher = rows_of(result, measure="probability_superiority")["estimate"].item()
    assert higher == pytest.approx((6 + 2 / 2) / 9)
    primary = rows_of(result, role="primary")
    assert primary["outcome"].tolist() == ["c5a_plasma"]
    assert primary["p_adjusted"].item() == primary["p_value"].item()
    assert primary["n"].item() == N


def test_values_below_the_limit_are_censored_and_counted():
    operators = ["below" if at % 6 == 1 else None for at in range(N)]  # the value 2 without pain
    result = nc.biomarkers_and_pain(lab_registry(limit_operator=operators), scores=["hads_a"])
    below = rows_of(result, measure="share_below_limit")
    assert (below["events"].item(), below["n"].item()) == (4, N)
    means = rows_of(result, measure="geometric_mean", group="with_pain").set_index("level")["estimate"]
    assert means["no"] < 4
    assert means["yes"] == pytest.approx(8)


def test_too_many_below_the_limit_leave_ranks_only():
    result = nc.biomarkers_and_pain(lab_registry(limit_operator=["below"] * 14 + [None] * 10), scores=["hads_a"])
    assert {"share_below_limit", "probability_superiority", "spearman"} == set(result.estimates["measure"])
    assert result.checks["detail"].str.contains("58% of 24 values").any()


def test_specimens_and_units_stand_apart():
    specimens = ["plasma"] * 12 + ["serum"] * 12
    result = nc.biomarkers_and_pain(lab_registry(specimen=specimens), analytes=["c5a"], scores=["hads_a"])
    assert sorted(result.definitions["analytes"]) == ["c5a_plasma", "c5a_serum"]
    assert rows_of(result, measure="share_below_limit")["n"].tolist() == [12, 12]
    assert result.checks["check"].str.contains("one specimen and unit").any()


def test_samples_outside_the_window_and_of_attacks_are_not_compared(on_backend):
    registry = lab_registry()
    far = nc.biomarkers_and_pain(on_backend(registry), scores=["hads_a"], window_days=8)
    assert far.estimates.empty
    assert far.flow["n"].tolist()[-1] == 0
    attacks = {"patient_id": [f"p{at:02d}" for at in range(8)], "attack_date": ["2024-06-05"] * 8}
    tables = dict(registry.tables)
    tables["attacks"] = registry_of(attacks=attacks).tables["attacks"]
    result = nc.biomarkers_and_pain(on_backend(replace(registry, tables=tables)), scores=["hads_a"])
    assert rows_of(result, measure="share_below_limit")["n"].item() == N - 8
    assert rows_of(result, level="in_attack")["n"].item() == 8


def test_zero_has_no_logarithm_and_small_groups_are_told():
    values = [0.0] * 10 + [4.0 + at for at in range(14)]
    result = nc.biomarkers_and_pain(lab_registry(value=values), scores=["hads_a"])
    assert result.checks["detail"].str.contains("10 samples have the value 0").any()
    assert result.checks["detail"].str.contains("patients in one group, 5 are needed").any()


def test_a_covariate_that_splits_as_pain_does_is_told():
    registry = lab_registry()
    tables = dict(registry.tables)
    sexes = ["female", "male"] * (N // 2)
    tables["patients"] = tables["patients"].assign(sex=np.array(sexes, dtype=object))
    result = nc.biomarkers_and_pain(replace(registry, tables=tables), scores=["hads_a"])
    assert result.checks["detail"].str.contains("is a combination of").any()
    assert rows_of(result, role="primary").empty


def test_what_is_missing_is_named():
    assert nc.biomarkers_and_pain(registry_of()).checks["detail"].str.contains("table labs").all()
    result = nc.biomarkers_and_pain(lab_registry(), analytes=["il6"])
    assert result.checks["detail"].tolist() == ["labs.analyte has no dated value of il6"]
    assert nc.biomarkers_and_pain(lab_registry(), scores=["eq_vas"]).checks["check"].str.contains("eq_vas").any()
    for options, message in (({"scores": ["mood"]}, "hads_a"), ({"covariates": ["height"]}, "male"),
                             ({"most_censored": 2}, "most_censored")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            nc.biomarkers_and_pain(registry_of(), **options)


def disease_registry():
    dates = ["2018-03-01", "2019-02-01", "2019-12-31", "2020-01-01", "2020-06-30", None]
    return registry_of(
        patients={
            "patient_id": list("abcdef"),
            "diagnosis": ["nmosd"] * 6,
            "diagnosis_date": dates,
            "onset_date": ["2017-01-01"] * 6,
            "birth_date": ["2010-01-01", "2009-01-01", "1950-01-01", "1980-01-01", None, None],
            "death_date": ["2020-03-01", None, None, None, None, None],
            "last_contact_date": ["2020-03-01", "2019-05-01", "2021-01-01", "2021-01-01", "2021-01-01", None],
        }
    )


POPULATION = {2019: 200_000, 2020: 300_000}


def test_incidence_and_prevalence_by_hand(on_backend):
    result = nc.incidence_and_prevalence(on_backend(disease_registry()), population=POPULATION)
    incidence = rows_of(result, outcome="incidence")
    # Two new cases in 2019 and two in 2020: 4 in 500,000 person-years.
    assert incidence["events"].tolist() == [4, 2, 2]
    assert incidence["estimate"].tolist() == pytest.approx([0.8, 1.0, 2 / 3])
    # Exact Poisson limits of 4 events are 1.0899 and 10.2416.
    assert incidence["conf_low"].iloc[0] == pytest.approx(1.0899 / 5, abs=1e-4)
    assert incidence["conf_high"].iloc[0] == pytest.approx(10.2416 / 5, abs=1e-4)
    # On 1 July 2019 a and b live with it; on 1 July 2020 b to e, a having died; of them b was last seen before.
    prevalence = rows_of(result, outcome="prevalence")
    assert prevalence["events"].tolist() == [2, 4, 3]
    assert prevalence["role"].tolist() == ["description", "primary", "sensitivity"]
    assert result.checks["detail"].str.contains("1 of 6 patients have no diagnosis_date").any()
    assert result.flow["n"].tolist() == [6, 5, 4]


def test_age_groups_and_standardisation():
    population = {2019: {"0-17": 50_000, "18+": 150_000}, 2020: {"0-17": 50_000, "18+": 250_000}}
    standard = {"0-17": 1, "18+": 3}
    result = nc.incidence_and_prevalence(disease_registry(), population=population, standard=standard)
    ages = rows_of(result, group="age_group").set_index("level")
    # b is 10 at diagnosis; c and d are adults; e has no known age.
    assert ages["events"].tolist() == [1, 2]
    standardised = rows_of(result, measure="age_standardised_rate_per_100000")["estimate"].item()
    assert standardised == pytest.approx(1 / 4 * 1.0 + 3 / 4 * 0.5)
    assert result.checks["detail"].str.contains("1 of 4 cases have no known age").any()
    with pytest.raises(ValueError, match="standard must have"):
        nc.incidence_and_prevalence(disease_registry(), population=population, standard={"all": 1})
    plain = nc.incidence_and_prevalence(disease_registry(), population=population)
    assert plain.checks["detail"].str.contains("give standard").any()


def test_years_that_the_data_cut_leaves_open_are_left_out():
    registry = replace(disease_registry(), provenance={"data_cut": "2020-11-30"})
    result = nc.incidence_and_prevalence(registry, population=POPULATION)
    assert list(result.definitions["population"]) == ["2019"]
    assert result.checks["detail"].str.contains("2020 not over").any()
    none = nc.incidence_and_prevalence(registry, population={2020: 300_000})
    assert none.estimates.empty


def test_a_clinic_registry_has_no_population_and_registry_toml_can_give_one(tmp_path):
    result = nc.incidence_and_prevalence(disease_registry())
    assert result.estimates.empty
    assert result.checks["status"].tolist() == ["not assessable"]
    head = '[registry]\nname = "t"\ndata_cut = "2021-01-01"\n[catchment]\npopulation = { 2019 = 100000 }\n'
    source = '[[source]]\nfile = "p.csv"\n[[source.table]]\ntable = "patients"\n[source.table.columns]\n'
    mapped = 'patient_id = "id"\ndiagnosis = { value = "nmosd" }\ndiagnosis_date = "when"\n'
    (tmp_path / "p.csv").write_text("id,when\na,2019-04-01\n", "utf-8")
    (tmp_path / "registry.toml").write_text(head + source + mapped, "utf-8")
    registry = nc.open_registry(tmp_path / "registry.toml")
    assert registry.provenance["catchment"] == {"population": {"2019": 100000}}
    assert rows_of(nc.incidence_and_prevalence(registry), role="primary")["estimate"].tolist() == [1.0, 1.0]
    (tmp_path / "registry.toml").write_text(head.replace("100000", '"many"') + source + mapped, "utf-8")
    with pytest.raises(nc.open_registry.__globals__["ConfigurationError"], match=r"\[catchment\]: population of 2019"):
        nc.open_registry(tmp_path / "registry.toml")


@pytest.mark.parametrize(
    ("population", "message"),
    [
        ({}, "must map"),
        (7, "must map"),
        ({"soon": 5}, "calendar year"),
        ({2019: -1}, "above 0"),
        ({2019: True}, "above 0"),
        ({2019: {"old": 5}}, "not written"),
        ({2019: {"20-10": 5}}, "not written"),
        ({2019: {"0-20": 5, "20+": 5}}, "overlap"),
        ({2019: {}}, "missing or overlap"),
        ({2019: 5, 2020: {"0+": 5}}, "same age groups"),
    ],
)
def test_a_population_that_cannot_be_read(population, message):
    with pytest.raises(ValueError, match=message):
        read_population(population)


def test_wrong_case_date_lists_the_right_ones():
    with pytest.raises(ValueError, match="diagnosis_date, onset_date"):
        nc.incidence_and_prevalence(registry_of(), case_date="entry_date")


def test_default_analytes_are_the_commonest(review):
    result = nc.biomarkers_and_pain(review, scores=["hads_a"])
    assert result.definitions["analytes"] == ["c5a_plasma", "il6_serum"]
    families = rows_of(result, measure="geometric_mean_ratio", group="with_pain")
    adjusted = families[families["p_adjusted"].notna()]
    assert len(adjusted) == 2
    assert (adjusted["p_adjusted"] >= adjusted["p_value"] - 1e-12).all()
    assert np.isfinite(adjusted["p_adjusted"]).all()
