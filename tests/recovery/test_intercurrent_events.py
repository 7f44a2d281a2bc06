"""A rescue that lowers pain, in a registry whose drug does nothing: what each strategy makes of it.

The same patients are drawn twice, once without any rescue, so that what would have been is known for each of them.
"""

from __future__ import annotations

import pytest

import nmosd_cohort as nc

SCENARIO = """
name = "rescue"
based_on = "null"
[treatment]
start_log_odds_per_nrs = { value = 0.0, source = "test", note = "pain does not choose who starts" }
start_log_odds_recent_attack = { value = 0.0, source = "test" }
[rescue]
start_share = { value = SHARE, source = "test" }
taper_share = { value = SHARE, source = "test" }
"""
RESCUE = ("rescue_analgesic",)


@pytest.fixture(scope="module")
def registries(tmp_path_factory):
    """Return the registry with a rescue and the same one without."""
    folder = tmp_path_factory.mktemp("scenarios")
    made = []
    for share in ("0.6", "0.0"):
        path = folder / f"rescue_{share}.toml"
        path.write_text(SCENARIO.replace("SHARE", share), "utf-8")
        made.append(nc.simulate(path, n=3000, seed=77))
    return made


def change(result, level):
    rows = result.estimates
    rows = rows[(rows["measure"] == "mean_change") & (rows["level"] == level) & (rows["term"] == "")]
    assert len(rows) == 1
    return rows.iloc[0]


def test_treatment_policy_shows_the_rescue_and_the_hypothetical_strategy_what_would_have_been(registries):
    options = {"events": RESCUE, "failures": RESCUE, "n_imputations": 8}
    rescued, spared = (nc.intercurrent_events(registry, **options) for registry in registries)
    truth = change(spared, "treatment_policy")
    assert abs(truth["estimate"]) < 3 * truth["std_error"]
    policy, hypothetical = (change(rescued, level) for level in ("treatment_policy", "hypothetical"))
    assert policy["conf_high"] < 0
    assert policy["estimate"] < truth["estimate"] - 3 * policy["std_error"]
    assert abs(hypothetical["estimate"] - truth["estimate"]) < 3 * hypothetical["std_error"]
    assert hypothetical["std_error"] > policy["std_error"]


def test_with_all_events_the_hypothetical_strategy_covers_zero(registries):
    found = nc.intercurrent_events(registries[0], n_imputations=8)
    hypothetical = change(found, "hypothetical")
    assert abs(hypothetical["estimate"]) < 3 * hypothetical["std_error"]
    shifted = found.estimates[found.estimates["term"].str.contains("points higher")]["estimate"].astype(float)
    assert shifted.is_monotonic_increasing
    assert shifted.iloc[0] > hypothetical["estimate"]


def test_only_scores_after_a_rescue_differ(registries):
    rescued, spared = (registry.tables["assessments"] for registry in registries)
    differs = (rescued["pain_nrs"] != spared["pain_nrs"]).fillna(False)
    helped = registries[0].tables["treatments"].query("drug == 'nortriptyline'")
    assert 0 < differs.sum() < len(rescued) / 10
    assert set(rescued.loc[differs, "patient_id"]) <= set(helped["patient_id"])
    assert (rescued["pain_nrs"][differs] < spared["pain_nrs"][differs]).all()
    kept = [column for column in rescued.columns if column != "pain_nrs"]
    assert rescued[kept].equals(spared[kept])


def test_steroids_go_down_in_steps(registries):
    table = registries[0].tables["treatments"]
    courses = table[table["drug"] == "prednisolone"].astype({"dose": float})
    doses = courses.groupby("patient_id")["dose"].apply(tuple)
    stepped = doses[doses.map(len) == 3]
    assert len(stepped) >= 10
    assert all(steps == (10.0, 5.0, 2.5) for steps in stepped)
