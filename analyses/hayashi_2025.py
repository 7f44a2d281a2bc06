"""Hayashi and co-workers 2025: one patient on amitriptyline, and what a registry can say of it.

What the case report says: a woman of 48 with AQP4-IgG and myelitis; neuropathic pain of 7 to 8 of 10 came up while
prednisolone was tapered, at 8 mg a day, without an attack; on 5 mg of amitriptyline a day she was back by the next
day to how she had been, without a score. It quotes shares with chronic and neuropathic pain and tonic spasms.

What is replayed: the shares; pain before and after the start of amitriptyline, and in how many patients that is
known at all; pain that the centre judged independent of attacks; pain around the first step down of a steroid.
What cannot be: a change of the patient, since nothing was scored after the start; none is made up here.

Run on a registry: ``python analyses/hayashi_2025.py registry.toml``; without one, on the demo registry.
"""

# %% [markdown]
# ## The registry and the printed numbers

# %%
import nmosd_cohort as nc
from nmosd_cohort.cohort.assessments import visits
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import collect, day, lazy

PAPER = "hayashi_2025"
DRUG, STEROID = "amitriptyline", "prednisolone"  # as the registry writes them
AT_MONTHS, WINDOW_DAYS = 3, 60
RISE = 2  # points of the NRS
registry = nc.script_registry()
nc.show(nc.cite(PAPER), title="Hayashi 2025")
published = nc.published_figures().query("paper == @PAPER")
nc.show(published[["figure", "estimate", "minimum", "maximum", "baseline_minimum", "baseline_maximum", "caveats"]])
own = {}

# %% [markdown]
# ## Shares with chronic pain, neuropathic pain and tonic spasms
# The report does not say of whom its shares are, so they stand beside these without a comparison.

# %%
nc.show(
    nc.pain_prevalence(registry, pain="any", time_frame="chronic"),
    nc.pain_prevalence(registry, pain="neuropathic"),
    nc.pain_prevalence(registry, pain="tonic_spasm"),
    measures=["proportion"],
)

# %% [markdown]
# ## Before and after the start of amitriptyline
# A registry scores every few months, so month 3 stands for the days after the start. Nobody else is compared, and
# patients start when pain is high: a fall is expected without any drug.

# %%
span = {"drug": DRUG, "at_months": AT_MONTHS, "window_days": WINDOW_DAYS}
answer = nc.change_after_start(registry, **span)
nc.show(answer, measures=["baseline_mean", "follow_up_mean", "mean_change", "pseudo_median_change", "corrected_change"])
pairs = nc.start_pairs(registry, **span)
complete = pairs.dropna(subset=["before", "after"])
known = {
    f"patients who ever had {DRUG}": len(pairs),
    "of them with a known start": int(pairs["start_day"].notna().sum()),
    "with a pain score in the 90 days before it": int(pairs["before"].notna().sum()),
    f"with a score before it and around month {AT_MONTHS}": len(complete),
}
nc.show(known)
if complete.empty:
    nc.show(f"Missing: a pain score before and after the start of {DRUG} in anybody, as in the case report.")

# %% [markdown]
# ## Pain apart from attacks
# Patients with an episode of neuropathic pain whose relation to attacks was judged: independent of them in how many.

# %%
included = collect(eligible(select_patients(registry)).select("patient_id"), ["patient_id"])["patient_id"]
episodes = registry.frame("pain")
episodes = episodes[episodes["patient_id"].isin(included) & episodes["pain_type"].eq("neuropathic").fillna(False)]
judged = episodes.dropna(subset=["context"])
is_apart = judged["context"].eq("independent").groupby(judged["patient_id"]).any()
if is_apart.empty:
    nc.show("Missing: episodes of neuropathic pain whose relation to attacks was judged.")
else:
    nc.show({"neuropathic pain independent of attacks": nc.statistics.proportion(int(is_apart.sum()), len(is_apart))})

# %% [markdown]
# ## Pain around the first step down of the steroid
# A step is a course with a lower dose than the course before it, in one unit. Pain rose if the first score in the
# 90 days after it lies 2 points or more above the last score in the 90 days before.

# %%
courses = collect(
    lazy(registry.tables["treatments"]).select("patient_id", "drug", "dose", "dose_unit", step_day=day("start_date")),
    ["patient_id", "step_day", "dose"],
)
courses = courses[courses["drug"].str.lower().eq(STEROID).fillna(False)].dropna(subset=["step_day", "dose"])
is_lower = courses["dose"].lt(courses.groupby(["patient_id", "dose_unit"], dropna=False)["dose"].shift())
steps = courses[is_lower.fillna(False)].groupby("patient_id", as_index=False)["step_day"].min()
pain = collect(visits(registry).select("patient_id", "assessment_day", "pain_nrs"), ["patient_id", "assessment_day"])
around = pain.dropna().merge(steps, on="patient_id")
since = around["assessment_day"] - around["step_day"]
before = around[since.between(-90, 0)].groupby("patient_id")["pain_nrs"].last()
after = around[since.between(1, 90)].groupby("patient_id")["pain_nrs"].first()
change = (after - before).dropna()
if change.empty:
    nc.show(f"Missing: patients with a lower dose of {STEROID} on record and pain scores on both sides of it.")
else:
    rose = nc.statistics.proportion(int(change.ge(RISE).sum()), len(change))
    nc.show({f"pain rose by {RISE} points or more after the first lower dose of {STEROID}": rose})

# %% [markdown]
# ## Beside the case report
# One patient without a score after the start: the registry's change has nothing to be compared with.

# %%
found = answer.estimates.query("outcome == 'pain_nrs' and measure == 'mean_change'")
if len(found):
    definitions = {"construct": "pain_change_after_start", "denominator": "assessed", "time_frame": "current"}
    own["hayashi_2025_amitriptyline_pain"] = (found.iloc[0].to_dict(), definitions)
verdicts = nc.validate(registry, papers=[PAPER], own=own)
nc.show(verdicts, title="Here and in the case report")
