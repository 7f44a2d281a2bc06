"""Fujihara and co-workers 2021 with Beekman and co-workers 2019: pain and quality of life of 193 North Americans.

What the papers did, as far as their abstracts say: one patient survey, self-reported NMOSD, 61.1 % AQP4-IgG
positive, ages 19 to 76. Beekman: correlations of symptoms with the physical impact on quality of life, and two SF-36
scales. Fujihara, of the same people: pain severity is the strongest of the negative predictors of overall quality
of life; over a quarter of those without a recent relapse have moderate or severe pain. The people count once.

What is replayed: the relative importance of pain for quality of life beside what a registry holds of the other
predictors; rank correlations; the role scales; moderate or severe pain; sex and serostatus, to describe the cohort.
What cannot be: bladder, bowel and sexual dysfunction and the ability to work are not in the codebook, so nobody here
can tell whether pain outweighs them; the survey's own scale of quality of life is not there either; no coefficient
and no cut-off of moderate pain was seen.

Run on a registry: ``python analyses/fujihara_2021.py registry.toml``; without one, on the demo registry.
"""

# %% [markdown]
# ## The registry and the papers' numbers

# %%
from dataclasses import asdict

import pandas as pd

import nmosd_cohort as nc

PAPERS = ["fujihara_2021", "beekman_2019"]
PATIENTS_PER_TERM = 10  # a model of fewer is not fitted
registry = nc.script_registry()
nc.show(*map(nc.cite, PAPERS), title="Fujihara 2021 and Beekman 2019")
published = nc.published_figures().query("paper in @PAPERS")
nc.show(published[["figure", "denominator", "n", "events", "estimate", "caveats"]])
own = {}

# %% [markdown]
# ## Who is described: sex and serostatus
# Among all assessed patients, those of unknown status in the denominator as in the papers. A survey of volunteers is
# another selection than a clinic: differences here say who is in the registry and are not judged.

# %%
patients = nc.patient_frame(registry, needs=["has_pain"])
if len(patients):
    women, positive = int(patients["sex"].eq("female").sum()), int(patients["is_aqp4_positive"].eq(1).sum())
    nc.show(
        {
            "women": nc.statistics.proportion(women, len(patients)),
            "AQP4-IgG positive": nc.statistics.proportion(positive, len(patients)),
        }
    )
else:
    nc.show("Missing: assessed patients.")

# %% [markdown]
# ## Relative importance of pain for overall quality of life
# The survey's scale is not in the codebook. The visual scale of health stands for overall quality of life or, if too
# few have it, SF-36 general health; neither asks about pain. Predictors are those that the registry holds. A
# coefficient shares nothing out where predictors go together; the share of the variation does, averaged over all
# orders in which they can enter. Both are shown.

# %%
columns = {"pain_nrs": "pain", "edss2": "edss", "fss": "fatigue", "bdi_ii": "depression"}
scored = nc.patient_frame(registry, needs=["pain_nrs"])
held = [name for name in columns if scored[name].notna().sum() >= PATIENTS_PER_TERM * len(columns)]
outcome = "eq_vas" if scored["eq_vas"].notna().sum() >= PATIENTS_PER_TERM * len(columns) else "sf36_gh"
model = nc.model_terms(scored[[outcome, *held]].rename(columns=columns), outcome, [columns[name] for name in held])
nc.show({f"left out of the model, {term}": why for term, why in model.left_out.items()})
if "pain" in model.terms and not model.refusal:
    importance = nc.statistics.relative_importance(model.outcome, model.terms, seed=0)
    nc.show(
        importance[["term", "estimate", "conf_low", "conf_high", "n"]], title=f"Shares of the variance of {outcome}"
    )
    coefficients = {
        term: nc.statistics.standardised_coefficient(model.outcome, model.terms, None, term) for term in model.terms
    }
    nc.show("Standardised coefficients, each given the others:", coefficients)
    shares = importance.set_index("term")["estimate"].drop("total")
    nc.show(f"Largest share: {shares.idxmax()}.")
    own["fujihara_2021_pain_qol"] = coefficients["pain"]
else:
    nc.show(f"Missing for the relative importance of pain for {outcome}: {model.refusal or 'pain scores'}.")

# %% [markdown]
# ## Correlations of pain
# Scores turned so that higher is worse on both sides, as the papers print them. The papers correlate with the
# survey's own scale of physical impact; physical functioning, which asks nothing about pain, is the nearest here. The
# physical summary contains bodily pain, so its correlation is partly of pain with itself.

# %%
for quality in ("sf36_pf", "sf36_pcs", "msis29_physical"):
    paired = nc.patient_frame(registry, needs=["pain_nrs", quality])
    worse = paired[quality].astype(float) * (1 if quality.startswith("msis29") else -1)
    pain = paired["pain_nrs"].astype(float)
    if len(paired) < PATIENTS_PER_TERM or min(pain.nunique(), worse.nunique()) < 2:
        nc.show(f"Missing for the correlation: patients with a pain score and {quality}.")
        continue
    linear = nc.statistics.pearson(pain, worse)
    nc.show({f"{quality}, Spearman": nc.statistics.spearman(pain, worse), f"{quality}, Pearson": linear})
    if quality == "sf36_pf":
        stated = {"construct": "pain_and_sf36_physical_functioning", "denominator": "assessed"}
        own["beekman_2019_r_pain_qol"] = (asdict(linear) | {"measure": "pearson"}, stated)
nc.show("Left out: the correlations with the survey's own scales of bladder and of work, which the codebook has not.")

# %% [markdown]
# ## The role scales
# 27.1 with an SD of 39.1 and 54.0 with one of 44.9 are nearly all or nothing, as role limitations are. Which scale
# was meant was not stated, so these stand alone and never beside a summary score.

# %%
for scale in ("sf36_rp", "sf36_re"):
    values = nc.patient_frame(registry, needs=[scale])[scale].astype(float)
    if len(values):
        summary = pd.DataFrame({"scale": [scale], "n": [len(values)], "mean": [values.mean()], "sd": [values.std()]})
        nc.show(summary.dropna(axis="columns"))
    else:
        nc.show(f"Missing: {scale}.")

# %% [markdown]
# ## Moderate or severe pain without a recent attack
# A score of 4 or more at a visit at least 90 days after an attack. The paper prints over a quarter: a lower bound,
# from which nothing can be subtracted, so this share stands alone.

# %%
calm = nc.patient_frame(registry, needs=["pain_nrs"], min_days_after_attack=90)
if len(calm):
    severe = nc.statistics.proportion(int(calm["pain_nrs"].ge(4).sum()), len(calm))
    nc.show("Pain of 4 or more (paper: more than 0.25):", severe)
else:
    nc.show("Missing for moderate or severe pain: pain scores at least 90 days after an attack.")

# %% [markdown]
# ## Beside the papers

# %%
verdicts = nc.validate(registry, papers=PAPERS, own=own)
nc.show(verdicts, title="Here and in the papers")
