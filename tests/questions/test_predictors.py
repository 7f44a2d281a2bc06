"""Predictors of neuropathic pain and quality of life, and overlap: values by hand, and what is not assessable."""

from __future__ import annotations

import numpy as np
import pytest

import nmosd_cohort as nc
from nmosd_cohort.cohort.composites import FORM
from tests.conftest import registry_of

FAST = {"n_resamples": 100}


def registry(columns, onset=None, attacks=None, **assessments):
    """Return a registry of one visit a patient; extra columns of the patients and assessments tables as lists."""
    size = len(next(iter(assessments.values())))
    names = [f"p{at:03d}" for at in range(size)]
    return registry_of(
        patients={"patient_id": names, "diagnosis": ["nmosd"] * size} | columns,
        assessments={"patient_id": names, "assessment_date": ["2024-01-01"] * size} | assessments,
        attacks=attacks or {},
    )


def onsets(a, b, c, d):
    """Spinal with and without neuropathic pain, other onset with and without."""
    size = a + b + c + d
    return registry(
        {"onset_phenotype": ["myelitis"] * (a + b) + ["optic_neuritis"] * (c + d)},
        has_pain=[True] * a + [False] * b + [True] * c + [False] * d,
        has_neuropathic_pain=[True] * a + [None] * b + [True] * c + [None] * d,
        pain_nrs=[3] * size,
    )


def pick(result, **wanted):
    rows = result.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def check(result, name):
    return result.checks.set_index("check").loc[name]


def test_odds_ratio_and_risks_by_hand(on_backend):
    result = nc.predictors_of_neuropathic_pain(on_backend(onsets(30, 20, 15, 35)))
    crude = pick(result, outcome="neuropathic", measure="crude_odds_ratio", term="spinal_onset")
    assert crude["estimate"] == pytest.approx(30 * 35 / (20 * 15))
    # without a covariate that varies the standardised risks are the plain shares, 30 of 50 and 15 of 50
    assert pick(result, measure="adjusted_risk", level="spinal_onset")["estimate"] == pytest.approx(0.6)
    assert pick(result, measure="adjusted_risk", level="other_onset")["estimate"] == pytest.approx(0.3)
    assert pick(result, measure="adjusted_risk_difference")["estimate"] == pytest.approx(0.3)
    assert check(result, "lesion length")["status"] == "not assessable"


def test_the_four_exposures_are_one_holm_family_and_sparse_risks_are_said(review):
    result = nc.predictors_of_neuropathic_pain(review)
    family = result.estimates[result.estimates["p_adjusted"].notna()]
    assert family["term"].tolist() == ["spinal_onset", "attacks", "aqp4_positive", "lesion_segments"]
    assert family["p_adjusted"].max() >= family["p_value"].max()
    assert family["p_adjusted"].min() == pytest.approx(min(1.0, 4 * family["p_value"].min()))
    sparse = nc.predictors_of_neuropathic_pain(onsets(4, 12, 2, 14))
    assert check(sparse, "risk by spinal onset")["detail"].startswith("6.0 events a parameter")


def test_patients_without_age_leave_the_model_by_a_step_of_the_flow():
    made, *_ = quality(patients={"birth_date": ["1980-01-01"] * 29 + ["1970-01-01"] * 29 + [None] * 2})
    result = nc.predictors_of_quality_of_life(made, **FAST)
    assert result.flow[["n", "excluded", "reason"]].values.tolist()[-1] == [58, 2, "age_per_10_years missing in 2"]
    assert set(result.estimates["n"]) == {58}


def test_firth_where_onset_separates_and_a_wide_interval_is_said():
    result = nc.predictors_of_neuropathic_pain(onsets(12, 13, 0, 20))
    primary = pick(result, role="primary")
    assert np.isfinite(primary["conf_high"])
    assert "Firth" in primary["method"]
    detail = check(result, "spinal_onset precise, neuropathic, adjusted")["detail"]
    assert "tells the direction at best" in detail
    assert check(result, "risk by spinal onset")["status"] == "not assessable"


def test_mixed_onset_is_told_by_the_first_attack_and_else_unknown(on_backend):
    names = {"patient_id": ["p000", "p001"], "attack_date": ["2020-01-01"] * 2,
             "attack_type": ["optic_neuritis;myelitis", "optic_neuritis;brainstem"]}  # fmt: skip
    made = registry(
        {"onset_phenotype": ["mixed"] * 3},
        attacks=names,
        has_pain=[True, False, False],
        has_neuropathic_pain=[True, None, None],
    )
    counted = nc.predictors_of_neuropathic_pain(on_backend(made)).tally
    counted = counted.assign(spinal_onset=counted["spinal_onset"].astype(float).fillna(-1))
    assert counted.set_index("spinal_onset")["n"].to_dict() == {1.0: 1, 0.0: 1, -1.0: 1}


def quality(n=60, patients=None, **extra):
    rng = np.random.default_rng(3)
    pain, bladder = rng.integers(0, 11, n), rng.integers(0, 6, n)
    score = (80 - 5 * pain - 2 * bladder + rng.integers(0, 9, n)).clip(0, 100)
    scales = {f"sf36_{name}": score.tolist() for name in ("pf", "rp", "gh", "vt", "sf", "re", "mh")}
    return (
        registry(patients or {}, pain_nrs=pain.tolist(), edss_bowel_bladder=bladder.tolist(), **scales, **extra),
        pain,
        bladder,
        score,
    )


def test_standardised_coefficients_by_hand(on_backend):
    made, pain, bladder, score = quality()
    result = nc.predictors_of_quality_of_life(on_backend(made), **FAST)
    z = [(values - values.mean()) / values.std() for values in (pain, bladder, score)]
    wanted = np.linalg.lstsq(np.column_stack(z[:2]), z[2], rcond=None)[0]
    found = result.estimates.query("measure == 'standardised_coefficient'")["estimate"]
    assert found.tolist() == pytest.approx(wanted.tolist())
    r, s, t = (np.corrcoef(*pair)[0, 1] for pair in ((z[0], z[2]), (z[1], z[2]), (z[0], z[1])))
    total = (r**2 + s**2 - 2 * r * s * t) / (1 - t**2)
    # two orders of entry: alone, and what is left after the other
    assert pick(result, measure="relative_importance", term="pain_nrs")["estimate"] == pytest.approx(
        (r**2 + total - s**2) / 2
    )
    assert pick(result, measure="explained_variance")["estimate"] == pytest.approx(total)
    assert pick(result, measure="rank_of_importance")["estimate"] == 1
    assert pick(result, measure="probability_most_important")["estimate"] == 1
    assert check(result, "sexual_dysfunction among the predictors")["status"] == "not assessable"


def test_composites_say_that_overlap_stays_and_wrong_options_are_named():
    made, *_ = quality(eq_vas=list(range(60)), sf36_pcs=list(range(60)))
    assert (
        "overlap not removable"
        in check(nc.predictors_of_quality_of_life(made, outcome="sf36_pcs", **FAST), "outcome free of pain items")[
            "detail"
        ]
    )
    assert (
        check(nc.predictors_of_quality_of_life(made, outcome="eq_vas", **FAST), "outcome free of pain items")["status"]
        == "note"
    )
    with pytest.raises(ValueError, match="sf36_without_bodily_pain"):
        nc.predictors_of_quality_of_life(made, outcome="qol")
    with pytest.raises(ValueError, match="covariates is 'edss'"):
        nc.predictors_of_neuropathic_pain(made, covariates=("edss",))


@pytest.mark.parametrize(
    "question",
    [nc.predictors_of_neuropathic_pain, nc.predictors_of_quality_of_life, nc.pain_without_construct_overlap],
)
@pytest.mark.filterwarnings("error")
def test_nothing_recorded_gives_reasons_and_no_row(question, on_backend):
    result = question(on_backend(registry_of(patients={"patient_id": ["a"], "diagnosis": ["nmosd"]})))
    assert result.estimates.empty
    assert "not assessable" in set(result.checks["status"])
    assert result.flow["n"].tolist()[0] == 1


def with_shared_bodily_items(n=1500):
    """Return patients whose mood has no link with pain, while the bodily items follow pain."""
    rng = np.random.default_rng(8)
    pain, mood = rng.integers(0, 11, n), rng.integers(0, 30, n)
    total = mood + np.minimum(pain, 10) + rng.integers(0, 6, n)
    form = {name: rng.integers(0, 3, n).tolist() for name in FORM if name not in ("edss_sensory", "edss_ambulation")}
    form["edss_sensory"] = np.minimum(pain // 2, 3).tolist()
    return registry({}, pain_nrs=pain.tolist(), bdi_ii=total.tolist(), bdi_ii_cognitive=mood.tolist(),
                    edss=[2.0] * n, edss_ambulation=[0] * n, **form)  # fmt: skip


def test_shared_bodily_items_bias_the_full_score_and_not_the_corrected_one(on_backend):
    result = nc.pain_without_construct_overlap(on_backend(with_shared_bodily_items()), **FAST)
    full = pick(result, outcome="bdi_ii", measure="spearman")
    rest = pick(result, outcome="bdi_ii_cognitive", measure="spearman")
    change = pick(result, outcome="bdi_ii_cognitive", measure="spearman_part_difference")
    assert full["conf_low"] > 0.2
    assert rest["conf_low"] < 0 < rest["conf_high"]
    assert change["estimate"] == pytest.approx(rest["estimate"] - full["estimate"])
    assert change["conf_high"] < 0
    edss = (
        pick(result, outcome="edss", measure="spearman"),
        pick(result, outcome="edss_without_sensory", measure="spearman"),
    )
    assert edss[0]["conf_low"] > 0
    assert edss[1]["conf_low"] < 0 < edss[1]["conf_high"]
    assert "systems give the recorded EDSS in " in check(result, "edss without overlap")["detail"]
    assert check(result, "edss without overlap")["status"] == "note"


def test_totals_alone_stand_with_the_words_overlap_not_removable():
    made = registry({}, pain_nrs=[0, 1, 2, 3, 4, 5] * 3, bdi_ii=[3, 9, 2, 8, 12, 30] * 3)
    result = nc.pain_without_construct_overlap(made, **FAST)
    assert result.estimates[["outcome", "measure"]].values.tolist() == [["bdi_ii", "spearman"]]
    assert "parts" not in result.estimates["denominator"].iloc[0]
    assert check(result, "bdi_ii without overlap")["detail"].startswith("overlap not removable")
