"""Zhang and co-workers 2022: factors that go with neuropathic pain, replayed on a registry.

What the paper did, as far as its abstract says: 122 patients interviewed face to face at one hospital; pain
by the BPI, neuropathic pain by DN4 and NPSI, depression by the BDI-II, quality of life by the SF-36; three
groups (neuropathic pain, other pain, no pain) set against each other by regression.

What is replayed: the shares; EDSS and SF-36 by pain group; depression and onset in the spinal cord as factors
of neuropathic pain; who takes an analgesic or an antidepressant. What cannot be: the abstract does not list the
covariates of its model, so the odds ratio of spinal onset here has depression, age, sex and duration beside it;
of whom nobody took an antidepressant it does not say; the NPSI is not in the codebook.

Run on a registry: ``python analyses/zhang_2022.py registry.toml``; without one, on the demo registry.
"""

# %% [markdown]
# ## The registry and the paper's numbers
# The printed numbers carry their caveats: the interval of the first is impossible for its counts.

# %%
import nmosd_cohort as nc

PAPER = "zhang_2022"
registry = nc.script_registry()
nc.show(nc.cite(PAPER), title="Zhang 2022")
published = nc.published_figures().query("paper == @PAPER")
nc.show(published[["figure", "denominator", "n", "events", "estimate", "conf_low", "conf_high", "caveats"]])

# %% [markdown]
# ## Shares with pain, with neuropathic pain, and neuropathic pain among those with pain
# Three denominators, three numbers: they are never set against each other.

# %%
answers = [
    nc.pain_prevalence(registry, pain="any"),
    nc.pain_prevalence(registry, pain="neuropathic"),
    nc.pain_prevalence(registry, pain="neuropathic", denominator="with_pain"),
    nc.neuropathic_pain_and_disability(registry),
    nc.neuropathic_pain_and_quality_of_life(registry),
    nc.pain_and_depression(registry),
]
nc.show(*answers[:3], measures=["proportion"])

# %% [markdown]
# ## EDSS and quality of life by pain group
# The paper tested EDSS and SF-36 between groups; it prints no values, so these stand alone.

# %%
nc.show(answers[3], measures=["median", "probability_superiority", "odds_ratio"])
nc.show(answers[4], measures=["adjusted_mean_difference"])

# %% [markdown]
# ## Neuropathic pain and depression
# Odds ratios of depression: neuropathic pain against other pain, and against no pain.

# %%
nc.show(answers[5], measures=["proportion", "odds_ratio"])

# %% [markdown]
# ## Onset in the spinal cord
# Neuropathic pain against no pain. Few patients without pain had such an onset, so Firth's penalised
# likelihood is used: the maximum-likelihood odds ratio of the paper, 15.8, is the cautionary case.

# %%
patients = nc.patient_frame(registry, needs=["pain_group", "onset_phenotype", "bdi_ii", "age_years", "is_male"])
compared = patients[patients["pain_group"].isin(["neuropathic", "no_pain"])]
factors = {
    "spinal_onset": compared["onset_phenotype"].eq("myelitis"),
    "depressed": compared["bdi_ii"].ge(14),
    "age_per_10_years": compared["age_years"] / 10,
    "male": compared["is_male"],
    "duration_per_10_years": compared["disease_duration_years"] / 10,
}
compared = compared.assign(**factors, is_neuropathic=compared["pain_group"].eq("neuropathic"))
model = nc.model_terms(compared, "is_neuropathic", list(factors))
nc.show({f"left out of the model, {term}": why for term, why in model.left_out.items()})
own = {}
if not model.refusal:
    ratios = nc.statistics.firth_logistic(model.outcome, model.terms)
    nc.show("Odds ratios of neuropathic pain against no pain:", ratios)
    own["zhang_2022_or_spinal_onset"] = ratios["spinal_onset"]
else:
    nc.show(f"Missing for the odds ratio: {model.refusal}.")

# %% [markdown]
# ## Who takes an analgesic, who an antidepressant
# A course of an anticonvulsant, antidepressant, opioid or other analgesic open at the visit counts as an analgesic; an
# antidepressant given for depression does not. The paper's share is of those in pain. Of whom it says that nobody took
# an antidepressant is not known, so that share stands alone.

# %%
asked = nc.patient_frame(registry, needs=["has_pain"])
in_pain = asked[asked["has_pain"].astype(bool)]
if in_pain["on_pain_drug"].any():
    own["zhang_2022_analgesic_use"] = nc.statistics.proportion(int(in_pain["on_pain_drug"].sum()), len(in_pain))
    nc.show("Taking an analgesic, of those in pain:", own["zhang_2022_analgesic_use"])
    antidepressants = int(in_pain["on_antidepressant"].sum())
    nc.show("Taking an antidepressant, of those in pain:", nc.statistics.proportion(antidepressants, len(in_pain)))
else:
    nc.show("Missing for the drugs: patients in pain with a course of an analgesic on record.")

# %% [markdown]
# ## Beside the paper

# %%
verdicts = nc.validate(registry, papers=[PAPER], own=own, results=answers)
nc.show(verdicts, title="Here and in the paper")
