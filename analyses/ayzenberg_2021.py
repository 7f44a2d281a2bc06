"""Ayzenberg and co-workers 2021: chronic pain, depression and quality of life of 166 seropositive patients.

What the paper did, as far as its abstract and that of an earlier poster say: questionnaires at 13 centres, all
patients AQP4-IgG positive; chronic pain, its neuropathic character by painDETECT, pain that goes with spasticity
and painful tonic spasms; severity by the BPI, depression by the BDI-II, quality of life by the SF-36; odds ratios
of chronic pain for each myelitis attack and each upper thoracic segment.

What is replayed, at the last visit in remission: all of it; the questions take everybody, what is computed here takes
seropositive patients. What cannot be: the covariates of the models, the cut-offs of the BDI-II and of moderate pain,
and who was counted as treated were not seen, so the customary cut-offs 14 and 20 and a BPI severity of 4 are used;
the codebook has no test of walking, the EDSS stands in for it; the odds ratios of upper thoracic segments need an
MRI, which not all assessed patients have.

Run on a registry: ``python analyses/ayzenberg_2021.py registry.toml``; without one, on the demo registry.
"""

# %% [markdown]
# ## The registry and the paper's numbers

# %%
from dataclasses import asdict

import nmosd_cohort as nc
from nmosd_cohort.cohort.pain_status import pain_status
from nmosd_cohort.cohort.tally import collect

PAPER = "ayzenberg_2021"
SEROPOSITIVE = {"serostatus": "aqp4_positive"}
WITH_MRI = "other: patients with an MRI of cervical and thoracic cord"
registry = nc.script_registry()
nc.show(nc.cite(PAPER), title="Ayzenberg 2021")
published = nc.published_figures().query("paper == @PAPER")
nc.show(published[["figure", "denominator", "n", "events", "estimate", "p"]])
own = {}

# %% [markdown]
# ## Chronic pain, and neuropathic pain among those with chronic pain
# Chronic here: an open episode of more than three months. How long it had to last in the paper was not seen.

# %%
answers = [
    nc.pain_prevalence(registry, time_frame="chronic", denominator="aqp4_positive"),
    nc.pain_prevalence(registry, pain="neuropathic", time_frame="chronic", denominator="with_pain"),
    nc.lesion_level_and_pain(registry),
    nc.pain_and_depression(registry),
]
nc.show(*answers[:2], measures=["proportion"])

# %% [markdown]
# ## Pain with spasticity and painful tonic spasms among those with chronic pain
# Spasticity is a type of the pain episodes open at the visit, so a centre that seldom codes it looks free of it; spasms
# are the answer given at the visit.

# %%
patients = nc.patient_frame(registry, **SEROPOSITIVE)
chronic_status = collect(pain_status(registry, pain="any", time_frame="chronic"), ["patient_id"])
chronic_status = chronic_status[["patient_id", "status"]].rename(columns={"status": "is_chronic"})
patients = patients.merge(chronic_status, on="patient_id", how="left")
patients["is_spastic"] = patients["pain_types"].str.split(";").map(lambda types: "spasticity" in types).astype(bool)
chronic = patients[patients["is_chronic"].fillna(False)]
if registry.frame("pain")["pain_type"].eq("spasticity").any() and len(chronic):
    share = nc.statistics.proportion(int(chronic["is_spastic"].sum()), len(chronic))
    own["ayzenberg_2021_spasticity_pain"] = share
    nc.show("Pain with spasticity, of those with chronic pain:", share)
else:
    nc.show("Missing for pain with spasticity: chronic pain, or any episode of that type.")
asked = chronic["has_tonic_spasm"].dropna()
if len(asked):
    share = nc.statistics.proportion(int(asked.sum()), len(asked))
    own["ayzenberg_2021_tonic_spasm_among_pain"] = share
    nc.show("Painful tonic spasms, of those with chronic pain who were asked:", share)
else:
    nc.show("Missing for tonic spasms: patients with chronic pain who were asked about them.")

# %% [markdown]
# ## Chronic pain, myelitis attacks and the upper thoracic cord
# The question takes both terms together, in everybody with the MRI, by Firth's method. Below, one term at a time in
# seropositive patients; attacks need no MRI. A segment more is also a longer lesion, so the second model of each
# outcome holds the length too.

# %%
nc.show(answers[2], measures=["odds_ratio_per_myelitis_attack", "odds_ratio_per_upper_thoracic_segment"])
models = {
    "chronic pain per attack": ("is_chronic", ["myelitis_attack_count"]),
    "chronic pain per segment": ("is_chronic", ["upper_thoracic_segments"]),
    "chronic pain per segment, given length": ("is_chronic", ["upper_thoracic_segments", "lesion_segments"]),
    "spasticity pain per segment": ("is_spastic", ["upper_thoracic_segments"]),
    "spasticity pain per segment, given length": ("is_spastic", ["upper_thoracic_segments", "lesion_segments"]),
}
ratios = {}
for name, (outcome, terms) in models.items():
    model = nc.model_terms(patients, outcome, terms, needs=terms)
    if not model.refusal:
        ratios[name] = nc.statistics.firth_logistic(model.outcome, model.terms)[terms[0]]
    else:
        nc.show(f"Missing for {name}, seropositive patients: {model.refusal}.")
nc.show("Odds ratios among seropositive patients:", ratios)
if "chronic pain per attack" in ratios:
    own["ayzenberg_2021_or_myelitis_attacks"] = ratios["chronic pain per attack"]
if "spasticity pain per segment" in ratios:
    stated = {"construct": "spasticity_pain", "denominator": WITH_MRI, **SEROPOSITIVE}
    own["ayzenberg_2021_or_spasticity_upper_thoracic"] = (asdict(ratios["spasticity pain per segment"]), stated)

# %% [markdown]
# ## Depression by severity and character of pain
# A BDI-II of 14 counts as depression, 20 as moderate. Neuropathic is a painDETECT of 19 or more, as the paper's
# instrument; the rest, in pain or not, is the other side. The question takes the depression scale that most patients
# have.

# %%
nc.show(answers[3], measures=["proportion", "spearman"])
mood = nc.patient_frame(registry, needs=["has_pain", "bdi_ii"], neuropathic_by="paindetect", **SEROPOSITIVE)
mood = mood.assign(is_depressed=mood["bdi_ii"].ge(14), is_neuropathic=mood["has_neuropathic_pain"])
depressed = mood[mood["is_depressed"]]
moderate = mood[mood["bdi_ii"].ge(20)]
if len(depressed):
    share = nc.statistics.proportion(len(moderate), len(depressed))
    own["ayzenberg_2021_depression_moderate_of_depressed"] = share
    nc.show("At least moderate, of the depressed:", share)
else:
    nc.show("Missing for the degree of depression: seropositive patients with a BDI-II of 14 or more.")
figures = {"bpi_severity": "or_depression_pain_severity", "is_neuropathic": "or_depression_np"}
for term, figure in figures.items():
    model = nc.model_terms(mood, "is_depressed", [term])
    if not model.refusal:
        ratio = nc.statistics.firth_logistic(model.outcome, model.terms)[term]
        own[f"ayzenberg_2021_{figure}"] = ratio
        nc.show(f"Odds ratio of depression, {term}:", ratio)
    else:
        nc.show(f"Missing for the odds ratio of depression, {term}: {model.refusal}.")

# %% [markdown]
# ## Quality of life explained
# Shares of variance in percent. The physical summary contains bodily pain, so pain severity explains part of itself;
# physical functioning, which asks nothing about pain, is set beside it. How the paper chose its two terms was not
# seen; here they are fixed.

# %%
explained = {
    "physical summary": ("sf36_pcs", ["bpi_severity", "edss"], "r2_physical_qol"),
    "physical functioning": ("sf36_pf", ["bpi_severity", "edss"], ""),
    "mental summary": ("sf36_mcs", ["bdi_ii", "edss"], "r2_mental_qol"),
}
columns = {"bpi_severity": "bpi_severity", "edss": "edss2", "bdi_ii": "bdi_ii"}
for name, (outcome, terms, figure) in explained.items():
    needs = [outcome, *(columns[term] for term in terms)]
    model = nc.model_terms(nc.patient_frame(registry, needs=needs, **SEROPOSITIVE), outcome, needs[1:], needs=needs[1:])
    if model.refusal:
        nc.show(f"Missing for the {name}, seropositive patients: {model.refusal}.")
        continue
    shares = nc.statistics.relative_importance(model.outcome, model.terms, seed=0)
    scaled = shares.assign(**{column: 100 * shares[column] for column in ("estimate", "conf_low", "conf_high")})
    nc.show(scaled[["term", "estimate", "conf_low", "conf_high", "n"]], title=f"Variance of the {name}, percent")
    if figure:
        stated = {"construct": f"{outcome}_explained_by_{'_and_'.join(terms)}", "denominator": "assessed"}
        stated |= SEROPOSITIVE
        own[f"ayzenberg_2021_{figure}"] = (dict(scaled.set_index("term").loc["total"]), stated)

# %% [markdown]
# ## Treated and untreated
# A drug is a course open at the visit; an antidepressant given for depression is none against pain. Without any such
# course on record nobody can be called untreated.

# %%
treated = patients[patients["on_pain_drug"].eq(1)]
severity = treated["bpi_severity"].dropna()
neuropathic = nc.patient_frame(registry, needs=["has_neuropathic_pain"], neuropathic_by="paindetect", **SEROPOSITIVE)
neuropathic = neuropathic[neuropathic["has_neuropathic_pain"]]
no_antidepressant = moderate["on_antidepressant"].eq(0)
no_drug = neuropathic[["on_anticonvulsant", "on_antidepressant"]].eq(0).all(axis=1)
counted = {
    "ayzenberg_2021_modsev_pain_on_treatment": severity.ge(4),
    "ayzenberg_2021_untreated_moderate_depression": no_antidepressant,
    "ayzenberg_2021_untreated_np": no_drug,
}
for figure, flags in counted.items():
    if len(flags) and len(treated):
        own[figure] = nc.statistics.proportion(int(flags.sum()), len(flags))
        nc.show(f"{figure.removeprefix('ayzenberg_2021_')}:", own[figure])
    else:
        nc.show(f"Missing for {figure.removeprefix('ayzenberg_2021_')}: the patients, or drugs on record.")

# %% [markdown]
# ## Beside the paper
# What was computed above is of seropositive patients, as the paper's figures are; the answers of the questions are of
# everybody, and the verdict says so.

# %%
same = published.set_index("figure")[["construct", "denominator", "time_frame", "instrument", "serostatus"]]
for figure in [name for name, value in own.items() if not isinstance(value, tuple)]:
    own[figure] = (asdict(own[figure]), dict(same.loc[figure].dropna()))
verdicts = nc.validate(registry, papers=[PAPER], own=own, results=answers)
nc.show(verdicts, title="Here and in the paper")
