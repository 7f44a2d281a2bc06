"""The segment map: counts and differences by hand, too few lesions, level systems, and the planted effect."""

import pytest

import nmosd_cohort as nc
from nmosd_cohort.codebook import SEGMENTS
from nmosd_cohort.cohort.assessments import index_visits, visits
from nmosd_cohort.cohort.lesions import last_covered_mri
from nmosd_cohort.cohort.segments import scan_segments
from nmosd_cohort.cohort.tally import collect
from nmosd_cohort.statistics.resampling.freedman_lane import freedman_lane_max_t
from tests.conftest import registry_of

MRI, VISIT = "2020-01-01", "2021-01-01"
PLANTED = """
name = "planted"
based_on = "null"
[scans]
t3_t6_nrs_shift = { value = 3.0, source = "assumption" }
"""


def cohort(lesions, nrs, *, myelitis=None, system="cord", episodes=None, **answers):
    """Return one patient a lesion (upper, lower) or None."""
    n = len(lesions)
    ids = [f"p{k:02d}" for k in range(n)]
    seen = [(who, *lesion) for who, lesion in zip(ids, lesions, strict=True) if lesion]
    return registry_of(
        patients={
            "patient_id": ids,
            "diagnosis": ["nmosd"] * n,
            "sex": ["female"] * n,
            "birth_date": ["1980-01-01"] * n,
            "had_myelitis": myelitis or [True] * n,
        },
        assessments={"patient_id": ids, "assessment_date": [VISIT] * n, "pain_nrs": nrs, **answers},
        imaging={"patient_id": ids, "mri_date": [MRI] * n, "region": ["whole_cord"] * n},
        lesions={
            "patient_id": [row[0] for row in seen],
            "mri_date": [MRI] * len(seen),
            "upper_segment": [row[1] for row in seen],
            "lower_segment": [row[2] for row in seen],
            "level_system": [system] * len(seen),
        },
        **({"pain": episodes} if episodes else {}),
    )


def test_counts_and_differences_by_hand(on_backend):
    # T4 in the first three (7, 8, 9), T5 in the first two; the others have 1, 2, 3 and 0.
    lesions = [("T4", "T5"), ("T4", "T5"), ("T4", "T4"), ("C2", "C2"), None, None, None]
    registry = on_backend(cohort(lesions, [7, 8, 9, 1, 2, 3, 0]))
    answer = nc.lesion_segment_map(registry, min_lesions=2, n_draws=5040)
    rows = answer.estimates.set_index(["measure", "level"])
    assert rows.loc[("proportion", "T4"), ["n", "events"]].tolist() == [7, 3]
    assert rows.loc[("proportion", "C2"), "events"] == 1
    assert rows.loc[("adjusted_mean_difference", "T4"), "estimate"] == pytest.approx(8 - 1.5)
    assert rows.loc[("adjusted_mean_difference", "T5"), "estimate"] == pytest.approx(7.5 - 3)
    # All 5040 orders: 1 of 35 choices of three has these patients, and none is as far down (0 + 1 + 2 against 27).
    assert rows.loc[("adjusted_mean_difference", "T4"), "p_value"] == pytest.approx(1 / 35)
    assert ("adjusted_mean_difference", "C2") not in rows.index
    detail = answer.checks.set_index("check").loc["enough lesions at each segment", "detail"]
    assert "C2" in detail
    tally = answer.tally.set_index(["segment", "has_lesion"])["n"]
    assert (tally["T4", "yes"], tally["T4", "no"]) == (3, 4)


def test_only_past_myelitis_and_a_readable_mri_count(on_backend):
    lesions = [("T4", "T5"), ("T6", "T3"), None, None]
    registry = on_backend(cohort(lesions, [5, 5, 5, 5], myelitis=[True, True, False, None]))
    answer = nc.lesion_segment_map(registry)
    assert answer.flow[["n", "excluded"]].to_numpy()[-2:].tolist() == [[2, 2], [1, 1]]
    assert (answer.estimates["measure"] == "proportion").all()
    checks = answer.checks.set_index("check")["status"]
    assert checks["pain by segment"] == "not assessable"
    assert nc.plot(answer).axes


def test_other_level_systems_are_left_out_and_counted(on_backend):
    registry = on_backend(cohort([("T4", "T5")] * 6 + [None] * 6, [4] * 6 + [1] * 6, system="vertebral"))
    assert nc.lesion_segment_map(registry, level_system="cord").flow["n"].iloc[-1] == 6
    answer = nc.lesion_segment_map(registry, min_lesions=5)
    assert answer.definitions["level_system"] == "vertebral"
    unknown = on_backend(cohort([("T4", "T5")] * 6 + [None] * 6, [4] * 6 + [1] * 6, system=None))
    checks = nc.lesion_segment_map(unknown, min_lesions=5).checks.set_index("check")["status"]
    assert checks["level system known"] == "not met"


def test_spasticity_counts_episodes_and_spasms_and_unknown_stays_unknown(on_backend):
    lesions = [("T4", "T5")] * 3 + [None] * 4
    episodes = {"patient_id": ["p00"], "pain_type": ["spasticity"], "onset_date": ["2020-06-01"], "end_date": [None]}
    spasms = [None, True, True, False, False, False, None]
    registry = on_backend(cohort(lesions, [3] * 7, episodes=episodes, has_tonic_spasm=spasms, has_pain=[True] * 7))
    answer = nc.lesion_segment_map(registry, outcome="spasticity_or_spasm", min_lesions=2)
    row = answer.estimates.set_index(["measure", "level"]).loc[("adjusted_risk_difference", "T4")]
    assert (row["n"], row["estimate"]) == (6, pytest.approx(1.0))
    assert "outcome known" in answer.flow["step"].tolist()


@pytest.mark.parametrize("outcome", ["neuropathic", "tonic_spasm", "spasticity_or_spasm"])
def test_yes_or_no_outcomes_and_lesion_length(review, outcome):
    answer = nc.lesion_segment_map(review, outcome=outcome, adjust_for_length=True, n_draws=199)
    effects = answer.estimates[answer.estimates["role"] == "primary"]
    assert len(effects) > 10
    assert effects["estimate"].abs().max() < 1
    assert (effects["conf_low"] < effects["conf_high"]).all()
    assert nc.plot(answer).axes


def test_nothing_delivered_is_not_assessable():
    answer = nc.lesion_segment_map(registry_of())
    assert answer.estimates.empty
    assert "lesions.upper_segment" in answer.checks.set_index("check").loc["pain by segment", "detail"]


@pytest.mark.parametrize(
    "options", [{"outcome": "nrs"}, {"level_system": "spine"}, {"min_lesions": -1}, {"neuropathic_by": "x"}]
)
def test_wrong_options_are_refused(options, review):
    with pytest.raises(ValueError, match=next(iter(options))):
        nc.lesion_segment_map(review, **options)


def test_a_planted_effect_is_found_where_it_is(tmp_path):
    path = tmp_path / "planted.toml"
    path.write_text(PLANTED, "utf-8")
    answer = nc.lesion_segment_map(nc.simulate(path, n=600, seed=3), n_draws=499)
    effects = answer.estimates[answer.estimates["role"] == "primary"].set_index("level")
    assert effects["estimate"].idxmax() in ("T3", "T4", "T5", "T6")
    assert (effects.loc[["T3", "T4", "T5", "T6"], "p_adjusted"] <= 0.05).all()
    assert (effects.loc[["C4", "C6", "C8", "T1", "T9", "T10"], "p_adjusted"] > 0.05).all()


def test_family_wise_error_without_an_effect():
    """40 parts of 60 patients of a registry whose recorded pain knows nothing of the lesions."""
    registry = nc.simulate("null", n=4000, seed=700)
    index = index_visits(visits(registry), needs=["pain_nrs"], min_days_after_attack=30)
    scans = scan_segments(registry, last_covered_mri(registry, index))
    people = collect(index.select("patient_id", "pain_nrs", "age_years"), ["patient_id"]).merge(scans, on="patient_id")
    wrong = 0
    for part in range(40):
        own = people.iloc[60 * part : 60 * (part + 1)]
        tested = [name for name in SEGMENTS if 8 <= own[name].sum() <= 52]
        covariates = own[["age_years"]].astype(float)
        found = freedman_lane_max_t(own[["pain_nrs"]], own[tested], covariates, seed=part, n_draws=199)
        wrong += bool(found["p_adjusted"].min() <= 0.05)
    # 5 % of 40 is 2; more than 6 has a chance below 0.004.
    assert wrong <= 6
