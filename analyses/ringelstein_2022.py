"""Ringelstein and co-workers 2022: attacks, EDSS and pain on tocilizumab by antibody, replayed on a registry.

What the paper did, as far as its abstract says: 57 refractory patients of several countries looked back on, 36
with AQP4-IgG, 14 with MOG-IgG and 7 with neither, median 23.8 months on tocilizumab; the median of the patients'
own attack rates before and on it, how many had no attack on it; EDSS and chronic pain, both unchanged.

What is replayed: the same by antibody, from the first course; attack-free time by Kaplan-Meier, because a share
without an attack depends on how long each was watched; and the attack rate over person-time, which the median of
own rates is not. What cannot be: the paper's time before the start was not seen, so the year before is used; its
pain instrument neither, so the NRS stands for it.

Run on a registry: ``python analyses/ringelstein_2022.py registry.toml``; without one, on the demo registry.
"""

# %% [markdown]
# ## The registry and the paper's numbers

# %%
import nmosd_cohort as nc
from nmosd_cohort.codebook import DAYS_PER_YEAR
from nmosd_cohort.cohort.attacks import distinct_attacks
from nmosd_cohort.cohort.selection import select_patients
from nmosd_cohort.cohort.tally import collect, day, lazy
from nmosd_cohort.cohort.treatment import attack_exposure, starters

PAPER = "ringelstein_2022"
DRUG = "tocilizumab"  # as the registry writes it
AT_MONTHS = 23.8  # the paper's median time on the drug
registry = nc.script_registry()
nc.show(nc.cite(PAPER), title="Ringelstein 2022")
published = nc.published_figures().query("paper == @PAPER")
nc.show(published[["figure", "n", "events", "estimate", "baseline_median", "follow_up_median", "p"]])
nc.show(published[["figure", "caveats"]])
own = {}

# %% [markdown]
# ## Who started, by antibody, and how long they stayed on it
# Patients with MOG-IgG and without AQP4-IgG are no longer counted as NMOSD; whatever the diagnosis, they are a group of
# their own here.
# The first course counts, to its stop or the last contact.

# %%
started = starters(registry, select_patients(registry), drug=DRUG)
keys = ["patient_id", "start_day"]
courses = collect(
    lazy(registry.tables["treatments"]).select(
        "patient_id", "drug", start_day=day("start_date"), stop_day=day("stop_date")
    ),
    ["patient_id", "start_day", "stop_day"],
)
courses = courses[courses["drug"].str.lower().eq(DRUG.lower()).fillna(False)].dropna(subset=["start_day"])
stops = courses.groupby(keys, as_index=False)["stop_day"].max()
patients = collect(started, ["patient_id"]).dropna(subset=["start_day", "last_contact_day"]).merge(stops, on=keys)
patients["end_day"] = patients[["stop_day", "last_contact_day"]].min(axis=1)
patients = patients[patients["end_day"].gt(patients["start_day"])]

# %% [markdown]
# ## Attacks before and on the drug
# Time before: the year up to the start. An attack on the day of the start counts as before.

# %%
exposure = collect(attack_exposure(registry, started, months=12), ["patient_id"])
attacks = collect(distinct_attacks(registry), ["patient_id", "attack_day"])
spans = patients[[*keys, "end_day"]].merge(attacks, on="patient_id")
spans = spans[spans["attack_day"].gt(spans["start_day"]) & spans["attack_day"].le(spans["end_day"])]
on_drug = spans.groupby("patient_id")["attack_day"].agg(["min", "count"])
patients = patients.merge(exposure[["patient_id", "events_before", "years_before"]], on="patient_id", how="left")
patients = patients.join(on_drug, on="patient_id")
patients["events_on"] = patients["count"].fillna(0).astype(int)
patients["years_on"] = (patients["end_day"] - patients["start_day"]).astype(float) / DAYS_PER_YEAR
until = patients["min"].fillna(patients["end_day"]).astype(float) - patients["start_day"].astype(float)
patients["years_without"] = until / DAYS_PER_YEAR
is_nmosd = patients["eligibility"].eq("included")
has_aqp4 = patients["aqp4_status"].eq("positive").fillna(False)
groups = {
    "aqp4": is_nmosd & has_aqp4,
    "mog": patients["mog_status"].eq("positive").fillna(False) & ~has_aqp4,
    "seronegative": is_nmosd & patients["aqp4_status"].eq("negative").fillna(False),
}
groups["all"] = groups["aqp4"] | groups["mog"] | groups["seronegative"]

# %% [markdown]
# ## Without an attack on the drug
# The share as the paper counts it, and by Kaplan-Meier at the paper's median time on the drug. A share over unequal
# times and a point of the curve are two things: they are shown together below, not compared.

# %%
shown = ["time", "n", "estimate", "std_error", "conf_low", "conf_high"]
for name, chosen in groups.items():
    group = patients[chosen]
    figure = f"{PAPER}_relapse_free" if name == "all" else f"{PAPER}_relapse_free_{name}"
    if group.empty:
        nc.show(f"Missing: patients of the group {name} with a known start of {DRUG} and time after it.")
        continue
    share = nc.statistics.proportion(int(group["events_on"].eq(0).sum()), len(group))
    has_attack = group["events_on"].gt(0).astype(int)
    curve = nc.statistics.kaplan_meier(group["years_without"], has_attack, times=[AT_MONTHS / 12])
    nc.show({f"{name}, no attack over unequal times": share}, curve[shown])
    if curve["estimate"].notna()[0]:
        own[figure] = (curve.loc[0, shown].to_dict(), {"construct": f"attack_free_at_{AT_MONTHS}_months"})

# %% [markdown]
# ## Attack rates
# The paper's medians of own rates, and the ratio of attacks over person-time, which counts each year once.

# %%
seen = patients[patients["years_before"].gt(0).fillna(False)].astype({"events_before": float, "years_before": float})
for name in ("aqp4", "mog", "seronegative"):
    group = seen[groups[name].loc[seen.index]]
    if len(group) < 2:
        nc.show(f"Missing: two patients of the group {name} with time before and on {DRUG}.")
        continue
    before, on = group["events_before"] / group["years_before"], group["events_on"] / group["years_on"]
    own[f"{PAPER}_arr_{name}"] = nc.statistics.median(on - before)
    ratio = nc.statistics.paired_rate_ratio(
        group["events_before"], group["years_before"], group["events_on"], group["years_on"]
    )
    nc.show(
        {
            f"{name}, median rate before": nc.statistics.median(before),
            f"{name}, median rate on {DRUG}": nc.statistics.median(on),
            f"{name}, rate on it over rate before, by person-time": ratio,
        }
    )

# %% [markdown]
# ## Pain and EDSS

# %%
answer = nc.change_after_start(registry, drug=DRUG, at_months=12)
nc.show(answer, measures=["baseline_median", "follow_up_median", "pseudo_median_change", "corrected_change"])
for figure, outcome in ((f"{PAPER}_pain", "pain_nrs"), (f"{PAPER}_edss", "edss")):
    found = answer.estimates[answer.estimates[["outcome", "measure"]].eq([outcome, "pseudo_median_change"]).all(axis=1)]
    if len(found):
        own[figure] = (found.iloc[0].to_dict(), {})

# %% [markdown]
# ## Beside the paper

# %%
verdicts = nc.validate(registry, papers=[PAPER], own=own)
nc.show(verdicts, title="Here and in the paper")
