"""Types, sites, worst symptom, first signs and pain by diagnosis on registries small enough to count by hand."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of

IDS = [f"P{number}" for number in range(1, 9)]
EMPTY = {"patients": {"patient_id": ["P1"], "diagnosis": ["nmosd"]}}


def described_registry():
    """Two types; no pain, open episode; untyped; no episode; past eye pain; never asked; NRS 0; MS."""
    return registry_of(
        patients={"patient_id": IDS, "diagnosis": ["nmosd"] * 7 + ["ms"], "had_myelitis": [True] * 3 + [False] * 5},
        assessments={
            "patient_id": ["P1", "P2", "P3", "P4", "P5", "P7", "P8"],
            "assessment_date": ["2020-06-01"] * 7,
            "has_pain": [True, False, True, True, True, None, True],
            "pain_nrs": [5, 0, 4, 3, 6, 0, 5],
        },
        pain={
            "patient_id": ["P1", "P1", "P2", "P3", "P5", "P5", "P8"],
            "pain_type": ["neuropathic", "tonic_spasm", "headache", "unclassified", "eye", "neuropathic", "headache"],
            "pain_sites": ["leg;trunk", "leg", "head", "arm", "eye", None, "head"],
            "pain_qualities": ["burning", "cramping", "pressing", None, "pressing", None, "pressing"],
            "onset_date": ["2020-01-01", "2020-02-01", "2019-01-01", "2020-01-01", "2018-01-01", None, "2019-01-01"],
            "end_date": [None, None, None, None, "2018-02-01", None, None],
        },
    )


def share(result, outcome, **wanted):
    rows = result.estimates
    rows = rows[(rows["outcome"] == outcome) & (rows["measure"] == wanted.pop("measure", "proportion"))]
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def counts(result, outcome, **wanted):
    found = share(result, outcome, **wanted)
    return int(found["events"]), int(found["n"])


def test_types_by_hand(on_backend):
    result = nc.pain_types(on_backend(described_registry()))
    # Known are P1 (two types), P2 and P7 (no pain), P5 (neuropathic; the eye pain is over); P3 and P4 are not.
    assert counts(result, "pain_type_neuropathic") == (2, 4)
    assert counts(result, "pain_type_tonic_spasm") == (1, 4)
    assert counts(result, "pain_type_headache") == (0, 4)
    assert counts(result, "pain_type_eye") == (0, 4)
    assert counts(result, "pain_types_two_or_more") == (1, 4)
    # Of the four with pain two have a type on every open episode.
    assert counts(result, "pain_type_known") == (2, 4)
    several = share(result, "pain_types_two_or_more", measure="bounds_if_not_described")
    assert (several["conf_low"], several["conf_high"]) == (pytest.approx(1 / 6), pytest.approx(3 / 6))
    # Six were asked: at least 2, at most 2 + 2 have it.
    bounds = share(result, "pain_type_neuropathic", measure="bounds_if_not_described")
    assert (bounds["conf_low"], bounds["conf_high"], bounds["n"]) == (pytest.approx(2 / 6), pytest.approx(4 / 6), 6)
    # Qualities are known of P1, P2 and P7.
    assert counts(result, "pain_quality_burning", role="secondary") == (1, 3)
    assert result.flow[["n", "excluded", "reason"]].values.tolist() == [
        [8, 0, ""],
        [7, 1, "another diagnosis"],
        [6, 1, "no assessment on record"],
        [5, 1, "an episode without pain_type"],
        [4, 1, "pain, but no episode on record"],
    ]
    tally = {(row.pain, row.pain_type): row.n for row in result.tally.itertuples()}
    assert tally == {
        ("no", ""): 2,
        ("unknown", ""): 2,
        ("yes", "neuropathic"): 1,
        ("yes", "neuropathic;tonic_spasm"): 1,
    }
    checks = result.checks.set_index("check")
    assert checks.loc["every patient with pain has an episode", "detail"].startswith("1 of 4 patients with pain")
    assert checks.loc["answers and episodes agree", "detail"].startswith("1 patients say that they have no pain")


def test_types_ever_and_other_denominators(on_backend):
    registry = on_backend(described_registry())
    ever = nc.pain_types(registry, time_frame="ever")
    # P1, P2 (an episode is a yes), P5 with the past eye pain, P7 without; P3 and P4 unknown, P6 never asked.
    assert counts(ever, "pain_type_eye") == (1, 4)
    assert counts(ever, "pain_type_headache") == (1, 4)
    assert counts(ever, "pain_types_two_or_more") == (2, 4)
    of_pain = nc.pain_types(registry, denominator="with_pain")
    assert counts(of_pain, "pain_type_neuropathic") == (2, 2)
    assert of_pain.flow["reason"].tolist()[2] == "no pain, or pain not known"
    of_myelitis = nc.pain_types(registry, denominator="with_myelitis")
    assert counts(of_myelitis, "pain_type_neuropathic") == (1, 2)


def test_sites_by_hand(on_backend):
    result = nc.pain_sites(on_backend(described_registry()))
    # Sites are known of P1 (leg and trunk) and P3 (arm); P5 has a blank, P4 no episode.
    assert counts(result, "pain_sites_two_or_more") == (1, 2)
    assert counts(result, "pain_site_leg", role="secondary") == (1, 2)
    bounds = share(result, "pain_site_leg", measure="bounds_if_not_described")
    assert (bounds["conf_low"], bounds["conf_high"]) == (0.25, 0.75)
    assert counts(result, "pain_site_known") == (2, 4)
    assert result.flow["n"].tolist() == [8, 7, 4, 3, 2]


def test_a_type_with_five_patients_is_split():
    registry = registry_of(
        patients={"patient_id": IDS[:5], "diagnosis": ["nmosd"] * 5},
        assessments={"patient_id": IDS[:5], "assessment_date": ["2020-06-01"] * 5, "has_pain": [True] * 5},
        pain={
            "patient_id": [*IDS[:5], "P1"],
            "pain_type": ["neuropathic"] * 5 + ["headache"],
            "pain_sites": ["leg", "leg;arm", "arm", "trunk", "leg", "head"],
            "pain_qualities": ["burning"] * 5 + ["pressing"],
            "onset_date": ["2020-01-01"] * 6,
        },
    )
    sites = nc.pain_sites(registry)
    assert counts(sites, "pain_site_leg", level="neuropathic") == (3, 5)
    assert sites.estimates[sites.estimates["level"] == "headache"].empty
    split = sites.checks.set_index("check").loc["types of pain split by site or quality", "detail"]
    assert split.endswith("headache (1)")
    assert counts(nc.pain_types(registry), "pain_quality_burning", level="neuropathic") == (5, 5)


def test_worst_symptom_by_hand(on_backend):
    ids = IDS[:7]
    registry = registry_of(
        patients={"patient_id": ids, "diagnosis": ["nmosd"] * 7},
        assessments={
            "patient_id": ids,
            "assessment_date": ["2020-06-01"] * 7,
            "has_pain": [True, True, True, False, False, True, None],
            "pain_nrs": [8, 5, 2, 0, 0, 6, None],
            "has_neuropathic_pain": [True, False, True, False, False, True, None],
            "is_pain_worst_symptom": [True, False, False, False, None, None, None],
        },
    )
    result = nc.pain_as_worst_symptom(on_backend(registry))
    # P1 to P4 were asked, one named pain; three of them have pain.
    assert counts(result, "pain_worst_symptom", role="primary") == (1, 4)
    assert counts(result, "pain_worst_symptom", group="with_pain") == (1, 3)
    assert counts(result, "pain_worst_symptom", level="NRS 7 to 10") == (1, 1)
    assert counts(result, "pain_worst_symptom", level="neuropathic", reference="") == (1, 2)
    # P5 has no pain, so it cannot be the worst symptom.
    assert counts(result, "pain_worst_symptom", term="without pain counts as no, asked or not") == (1, 5)
    bounds = share(result, "pain_worst_symptom", measure="bounds_if_never_asked")
    assert (bounds["conf_low"], bounds["conf_high"]) == (pytest.approx(1 / 7), pytest.approx(4 / 7))
    difference = share(result, "pain_worst_symptom", measure="risk_difference")
    assert difference["estimate"] == pytest.approx(1 / 2 - 0)
    assert result.flow["n"].tolist() == [7, 4]


def attack_registry():
    """P1: two entries of one attack and another; P2: three attacks; P3: one without signs; P4: none."""
    rows = [
        ("P1", "2010-01-01", "myelitis", "weakness"),
        ("P1", "2010-01-15", "myelitis", "new_or_worse_pain"),
        ("P1", "2012-01-01", "optic_neuritis", "visual_loss"),
        ("P2", "2011-01-01", "myelitis", "new_or_worse_pain;weakness"),
        ("P2", "2012-01-01", "myelitis;optic_neuritis", "visual_loss"),
        ("P2", "2013-01-01", None, "new_or_worse_pain"),
        ("P3", "2011-01-01", "brainstem", None),
    ]
    names = ("patient_id", "attack_date", "attack_type", "first_signs")
    return registry_of(
        patients={"patient_id": IDS[:4], "diagnosis": ["nmosd"] * 4},
        attacks={name: [row[place] for row in rows] for place, name in enumerate(names)},
    )


def test_first_signs_by_hand(on_backend):
    result = nc.pain_as_first_sign(on_backend(attack_registry()))
    # Attacks with signs: P1 yes (second entry of the attack) and no; P2 yes, no, yes. Three of five.
    primary = share(result, "attack_heralded_by_pain", measure="attack_share", role="primary")
    assert (primary["estimate"], primary["n"], primary["events"]) == (pytest.approx(3 / 5), 2, 3)
    assert "5 attacks of 2 patients" in primary["method"]
    # Each patient the same: (1/2 + 2/3) / 2.
    each = share(result, "attack_heralded_by_pain", term="each patient counts the same", measure="attack_share")
    assert each["estimate"] == pytest.approx(7 / 12)
    myelitis = share(result, "attack_heralded_by_pain", level="myelitis", measure="attack_share")
    assert (myelitis["estimate"], myelitis["n"]) == (1.0, 2)
    assert share(result, "attack_heralded_by_pain", level="mixed", measure="attack_share")["estimate"] == 0.0
    bounds = share(result, "attack_heralded_by_pain", measure="bounds_if_not_described")
    assert (bounds["conf_low"], bounds["conf_high"]) == (0.5, pytest.approx(4 / 6))
    assert counts(result, "ever_heralded_by_pain") == (2, 2)
    # P4 has no attack, P3 none with signs.
    assert result.flow["n"].tolist() == [4, 3, 2]
    assert "1 of 6 attacks" in result.checks.set_index("check").loc["first signs known", "detail"]
    tally = {(row.attack_type, row.is_heralded): row.n for row in result.tally.itertuples()}
    assert tally["brainstem", "unknown"] == 1
    assert tally["not recorded", "yes"] == 1
    assert sum(tally.values()) == 6


def diagnosis_registry(n_ms=10):
    """Twenty with NMOSD, twelve in pain; ten with MS, three in pain; ages 35 to 54, half men."""
    ids = [f"N{i}" for i in range(20)] + [f"M{i}" for i in range(n_ms)]
    pain = [i % 5 < 3 for i in range(20)] + [i in (0, 3, 7) for i in range(n_ms)]
    return registry_of(
        patients={
            "patient_id": ids,
            "diagnosis": ["nmosd"] * 20 + ["ms"] * n_ms,
            "sex": ["male" if i % 2 else "female" for i in range(20 + n_ms)],
            "birth_date": [f"{1965 + i % 20}-01-01" for i in range(20)]
            + [f"{1965 + 2 * i}-01-01" for i in range(n_ms)],
        },
        assessments={
            "patient_id": ids,
            "assessment_date": ["2020-06-01"] * (20 + n_ms),
            "has_pain": pain,
            "pain_nrs": [i % 6 + 3 if yes else 0 for i, yes in enumerate(pain)],
            "has_neuropathic_pain": [yes and i % 3 != 1 for i, yes in enumerate(pain)],
        },
        pain={
            "patient_id": [one for one, yes in zip(ids, pain, strict=True) if yes],
            "pain_type": ["neuropathic"] * sum(pain),
            "onset_date": ["2019-01-01"] * sum(pain),
        },
    )


def test_diagnoses_by_hand(on_backend):
    result = nc.pain_and_diagnosis(on_backend(diagnosis_registry()))
    # 12/20 - 3/10 = 0.3; Newcombe from Wilson limits 0.3866 to 0.7812 and 0.1078 to 0.6032:
    # 0.3 - sqrt(0.2134^2 + 0.3032^2) = -0.0708; 0.3 + sqrt(0.1812^2 + 0.1922^2) = 0.5642.
    difference = share(result, "any", measure="risk_difference")
    assert difference["estimate"] == pytest.approx(0.3)
    assert (difference["conf_low"], difference["conf_high"]) == (
        pytest.approx(-0.0708, abs=2e-4),
        pytest.approx(0.5642, abs=2e-4),
    )
    assert (difference["role"], difference["level"], difference["reference"]) == ("primary", "nmosd", "ms")
    assert share(result, "any", measure="risk_ratio")["estimate"] == pytest.approx(2.0)
    assert counts(result, "chronic", level="ms") == (3, 10)
    family = result.estimates[result.estimates["p_adjusted"].notna()]
    assert set(family["measure"]) == {"standardised_risk_difference", "probability_superiority"}
    assert (family["p_adjusted"] >= family["p_value"]).all()
    assert result.flow["n"].tolist()[:2] == [30, 30]


def test_kind_of_pain_from_its_own_last_visit_and_not_where_none_with_pain_tells(on_backend):
    """N1 told the kind at the visit before; N2 never; N3 no pain. M1 has neuropathic pain, M2 none. No episodes."""
    ids = ["N1", "N1", "N2", "N3", "M1", "M2"]
    registry = registry_of(
        patients={"patient_id": ["N1", "N2", "N3", "M1", "M2"], "diagnosis": ["nmosd"] * 3 + ["ms"] * 2},
        assessments={
            "patient_id": ids,
            "assessment_date": ["2019-06-01", *["2020-06-01"] * 5],
            "has_pain": [True, True, True, False, True, False],
            "has_neuropathic_pain": [True, None, None, None, True, None],
        },
    )
    result = nc.pain_and_diagnosis(on_backend(registry))
    own = share(result, "neuropathic", level="nmosd")
    assert (own["events"], own["n"]) == (1, 2)  # N1 and N3
    assert own["denominator"] == "patients of this diagnosis who were asked, kind of pain known"
    assert counts(result, "neuropathic", level="ms") == (1, 2)
    assert result.checks.set_index("check").loc["neuropathic pain known", "detail"].startswith("1 of 5 patients asked")
    # Chronic pain is known of those without pain alone: their 0 of 1 is no answer.
    assert "chronic" not in set(result.estimates["outcome"])
    details = result.checks.loc[result.checks["check"] == "chronic pain", "detail"].tolist()
    assert [detail.split(" (")[0] for detail in details] == [
        f"of no patient with {code} and pain is it known" for code in ("nmosd", "ms")
    ]


def test_standardised_to_the_group_studied():
    """MS shares by sex 3/4 of men, 0 of 4 women; NMOSD three men to one woman: 3/4 * 3/4 = 0.5625 directly."""
    people = [("nmosd", "male")] * 12 + [("nmosd", "female")] * 4 + [("ms", "male")] * 4 + [("ms", "female")] * 4
    pain = [True, False] * 8 + [True, True, True, False] + [False] * 4
    ids = [f"P{i}" for i in range(len(people))]
    registry = registry_of(
        patients={
            "patient_id": ids,
            "diagnosis": [one for one, _ in people],
            "sex": [sex for _, sex in people],
            "birth_date": ["1975-01-01"] * len(ids),
        },
        assessments={"patient_id": ids, "assessment_date": ["2020-06-01"] * len(ids), "has_pain": pain},
    )
    result = nc.pain_and_diagnosis(registry)
    assert share(result, "any", measure="standardised_share")["estimate"] == pytest.approx(0.75 * 0.75)
    assert "the same in all patients" in " ".join(result.checks["detail"])


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        (nc.pain_types, "has_pain"),
        (nc.pain_sites, "has_pain"),
        (nc.pain_as_worst_symptom, "assessments.is_pain_worst_symptom"),
        (nc.pain_as_first_sign, "attacks"),
        (nc.pain_and_diagnosis, "patients.diagnosis = nmosd"),
    ],
)
def test_without_data_it_says_what_is_missing(question, missing, on_backend):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = question(on_backend(registry_of(**EMPTY)))
        figure = nc.plot(result)
    assert result.estimates["estimate"].notna().sum() == 0
    unmet = result.checks[result.checks["status"] == "not assessable"]
    assert unmet["detail"].str.contains(missing, regex=False).any()
    assert figure.texts
    assert result.flow["n"].iloc[0] == 1


def test_pain_without_descriptions_or_comparators():
    registry = registry_of(
        patients={"patient_id": ["P1"], "diagnosis": ["nmosd"]},
        assessments={"patient_id": ["P1"], "assessment_date": ["2020-06-01"], "has_pain": [True], "pain_nrs": [4]},
        attacks={"patient_id": ["P1"], "attack_date": ["2010-01-01"]},
    )
    for question, name in ((nc.pain_types, "pain.pain_type"), (nc.pain_sites, "pain.pain_sites")):
        result = question(registry)
        assert result.estimates.empty
        assert result.checks["detail"].str.contains(name, regex=False).any()
    assert nc.pain_as_first_sign(registry).checks["detail"].str.contains("attacks.first_signs").any()
    result = nc.pain_and_diagnosis(registry)
    assert result.estimates.empty
    assert result.checks["detail"].str.contains("patients.diagnosis = ms", regex=False).any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda registry: nc.pain_types(registry, time_frame="chronic"), "current, ever"),
        (lambda registry: nc.pain_types(registry, denominator="all"), "assessed, with_pain, with_myelitis"),
        (lambda registry: nc.pain_sites(registry, time_frame="now"), "current, ever"),
        (lambda registry: nc.pain_as_worst_symptom(registry, neuropathic_by="x"), "recorded, dn4, paindetect"),
        (lambda registry: nc.pain_and_diagnosis(registry, comparator="als"), "nmosd, mogad, ms"),
        (lambda registry: nc.pain_and_diagnosis(registry, comparator="nmosd"), "must differ"),
        (lambda registry: nc.pain_as_first_sign(registry, conf_level=95), "between 0 and 1"),
        (lambda registry: nc.pain_as_first_sign(registry, diagnosis="als"), "must be one of"),
    ],
)
def test_wrong_options_list_the_right_ones(call, message):
    with pytest.raises(ValueError, match=message):
        call(registry_of(**EMPTY))


def test_plots_and_backends_agree(review):
    assert nc.plot(nc.pain_sites(described_registry())).axes
    assert nc.plot(nc.pain_as_worst_symptom(review)).axes
    here, there = nc.pain_types(review), nc.pain_types(review.to_duckdb())
    pd.testing.assert_frame_equal(here.estimates, there.estimates)
    pd.testing.assert_frame_equal(here.tally, there.tally)
    assert nc.plot(here).axes
    assert nc.plot(nc.pain_as_first_sign(attack_registry())).axes
    assert nc.plot(nc.pain_and_diagnosis(diagnosis_registry())).axes
