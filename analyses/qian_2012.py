"""Qian and co-workers 2012: pain and pain medication in NMO set against multiple sclerosis, replayed on a registry.

What the paper did, as far as its abstract says: 29 patients with NMO and 66 with multiple sclerosis at one centre,
retrospectively; pain at the visit on a ten-point scale, patients without pain counted as zero, and by the McGill
questionnaire; who was on pain medication, on two or more, and free of pain on it. With disability and cord segments
in the model having pain still differed.

What is replayed: the share with pain; the score; the medication; each against multiple sclerosis where the registry
has such patients (diagnosis ``ms``). What cannot be: the McGill questionnaire, of which the codebook has the short
form alone; no score of it was read in the paper. A registry tells what a drug was given for only if ``indication`` is
filled in; a course with another indication than pain is left out.

Run on a registry: ``python analyses/qian_2012.py registry.toml``; without one, on the demo registry.
"""

# %% [markdown]
# ## The registry and the paper's numbers

# %%
from dataclasses import asdict

import pandas as pd

import nmosd_cohort as nc

PAPER = "qian_2012"
PAIN_DRUGS = ["anticonvulsant", "antidepressant", "opioid", "nonopioid_analgesic"]
registry = nc.script_registry()
nc.show(nc.cite(PAPER), title="Qian 2012")
published = nc.published_figures().query("paper == @PAPER")
nc.show(published[["figure", "denominator", "n", "events", "estimate", "p", "caveats"]])
IN_MS = {"construct": "any_pain", "denominator": "other: patients with multiple sclerosis", "diagnosis": "ms"}
own = {}

# %% [markdown]
# ## Share with pain
# The paper counts a score above zero; here the answer to the question counts, and the score where it was not asked.

# %%
answer = nc.pain_prevalence(registry)
nc.show(answer, measures=["proportion"])
nmosd = nc.patient_frame(registry, needs=["has_pain", "pain_nrs"]).assign(is_nmosd=1)
ms = nc.patient_frame(registry, needs=["has_pain", "pain_nrs"], diagnosis="ms").assign(is_nmosd=0)
patients = pd.concat([nmosd, ms], ignore_index=True)
if len(ms) == 0:
    nc.show("Missing for every comparison: patients with multiple sclerosis (diagnosis ms) with a pain score.")
else:
    ms_share = nc.statistics.proportion(int(ms["has_pain"].sum()), len(ms))
    own["qian_2012_pain_ms"] = (asdict(ms_share), IN_MS)
    nc.show("Share with pain, multiple sclerosis:", ms_share)

# %% [markdown]
# ## The score, zeros included
# The paper compares means. Scores are bounded and bunch at zero, so the chance of the higher score, which needs no
# mean, is set beside the difference.

# %%
scores = {name: frame["pain_nrs"].astype(float) for name, frame in (("NMOSD", nmosd), ("multiple sclerosis", ms))}
nc.show({f"mean score, {name}": nc.statistics.mean(values) for name, values in scores.items() if len(values)})
if min(map(len, scores.values())) >= 2:
    own["qian_2012_pain_intensity"] = nc.statistics.mean_difference(
        scores["NMOSD"], None, scores["multiple sclerosis"], None
    )
    higher = nc.statistics.probability_superiority(scores["NMOSD"], None, scores["multiple sclerosis"], None)
    nc.show({"difference of means": own["qian_2012_pain_intensity"], "P(higher in NMOSD)": higher})

# %% [markdown]
# ## Having pain, at equal disability and length of the cord lesion
# The paper prints p = 0.03 and no odds ratio. Firth's method, because a disease may have no patient without pain.

# %%
terms = ["is_nmosd", "edss2", "lesion_segments"]
model = nc.model_terms(patients, "has_pain", terms)
nc.show({f"left out of the model, {term}": why for term, why in model.left_out.items()})
if not model.refusal:
    nc.show("Odds ratios of pain:", nc.statistics.firth_logistic(model.outcome, model.terms))
else:
    nc.show(f"Missing for the model of both diseases with an MRI of the cervical and thoracic cord: {model.refusal}.")

# %% [markdown]
# ## Pain medication
# Different drugs with a course open at the visit, of a class given for pain and for no other recorded reason. All
# patients are counted, with pain or without. Whoever hurts more is given more: nothing here is an effect of a drug.

# %%
courses = registry.frame("treatments")[["patient_id", "drug", "drug_class", "indication", "start_date", "stop_date"]]
for_pain = courses["drug_class"].isin(PAIN_DRUGS) & courses["indication"].fillna("pain").eq("pain")
courses = courses[for_pain.astype(bool)].merge(patients[["patient_id", "assessment_day"]], on="patient_id")
visit = pd.to_datetime(courses["assessment_day"].astype(int), unit="D")
start, stop = (pd.to_datetime(courses[name]) for name in ("start_date", "stop_date"))
is_open = (start.isna() | start.le(visit)) & (stop.isna() | stop.ge(visit))
drugs = courses[is_open].groupby("patient_id")["drug"].nunique()
patients["drugs"] = patients["patient_id"].map(drugs).fillna(0).astype(int)
counted = {
    "qian_2012_pain_medication": (patients, patients["drugs"].ge(1)),
    "qian_2012_multiple_medications": (patients, patients["drugs"].ge(2)),
    "qian_2012_pain_free_on_medication": (patients[patients["drugs"].ge(1)], patients["pain_nrs"].eq(0)),
}
for figure, (everybody, flags) in counted.items():
    name = figure.removeprefix("qian_2012_")
    groups = [flags[everybody.index[everybody["is_nmosd"].eq(disease)]] for disease in (1, 0)]
    (here, n_here), (there, n_there) = ((int(group.sum()), len(group)) for group in groups)
    if n_here and len(drugs):
        own[figure] = nc.statistics.proportion(here, n_here)
        nc.show(f"{name}, NMOSD:", own[figure])
    else:
        nc.show(f"Missing for {name}: patients with NMOSD and courses of pain drugs on record.")
    if n_here and n_there and len(drugs):
        nc.show(
            {
                f"{name}, multiple sclerosis": nc.statistics.proportion(there, n_there),
                f"{name}, NMOSD less multiple sclerosis": nc.statistics.proportion_difference(
                    here, n_here, there, n_there
                ),
            }
        )

# %% [markdown]
# ## Beside the paper

# %%
verdicts = nc.validate(registry, papers=[PAPER], own=own, results=[answer])
nc.show(verdicts, title="Here and in the paper")
