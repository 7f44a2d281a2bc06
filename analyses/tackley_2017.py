"""Tackley and co-workers 2017: level of the cord lesion and pain, replayed on a registry.

What the paper did, as far as its abstract says: 76 patients with AQP4-IgG and myelitis from two British centres,
26 of them scanned prospectively; in one linear model the severity of chronic pain rose with a persisting thoracic
lesion and fell with a cervical one; lesion length, lesion burden and relapses did not matter.

What is replayed: pain in the four cells of lesion level; both standardised coefficients, each given the other, in
all with past myelitis and in the seropositive alone; the same model with length and attacks beside them. What
cannot be: how and when the paper scored pain was not seen, so the NRS stands for it; whether a lesion persists is
told here by the last MRI before the score; and which of its two samples the coefficients are of is not stated.

Run on a registry: ``python analyses/tackley_2017.py registry.toml``; without one, on the demo registry.
"""

# %% [markdown]
# ## The registry and the paper's numbers

# %%
from dataclasses import asdict

import nmosd_cohort as nc

PAPER = "tackley_2017"
LEVELS = ["cervical", "thoracic"]
CELLS = ["cervical_only", "thoracic_only", "both", "neither"]
FEWEST_PER_CELL = 8  # as in the question, for cervical only, thoracic only and the other two together
registry = nc.script_registry()
nc.show(nc.cite(PAPER), title="Tackley 2017")
published = nc.published_figures().query("paper == @PAPER")
nc.show(published[["figure", "denominator", "n", "estimate", "p", "unit", "caveats"]])
own = {}

# %% [markdown]
# ## All with past myelitis
# The paper's linear coefficients, and the odds ratios of more pain, which need no equal steps of the scale.

# %%
nc.show(
    nc.lesion_level_and_pain(registry),
    measures=["median", "probability_superiority", "odds_ratio", "standardised_coefficient"],
)

# %% [markdown]
# ## The four cells among the seropositive, as in the paper

# %%
patients = nc.patient_frame(registry, needs=["pain_nrs"], serostatus="aqp4_positive")
chosen = patients["had_myelitis"].fillna(False) & patients["lesion_level"].notna()
seropositive = patients[chosen.astype(bool)].astype({"pain_nrs": float})
sizes = seropositive["lesion_level"].value_counts().reindex(CELLS, fill_value=0)
by_cell = seropositive.groupby("lesion_level")["pain_nrs"].agg(["count", "median", "mean"])
if seropositive.empty:
    nc.show("Missing: seropositive patients with past myelitis, a pain score and an MRI of both levels before it.")
else:
    nc.show(by_cell.reindex(CELLS).rename_axis("lesion_level").reset_index())

# %% [markdown]
# ## Both levels in one linear model
# Coefficients in standard deviations, each given the other level. They describe; they do not say what causes pain.

# %%
others = sizes["both"] + sizes["neither"]
if min(sizes["cervical_only"], sizes["thoracic_only"], others) < FEWEST_PER_CELL:
    words = ", ".join(f"{cell} {n}" for cell, n in sizes.items())
    nc.show(f"Missing: {FEWEST_PER_CELL} seropositive patients in each of the cells that a model needs ({words}).")
elif seropositive["pain_nrs"].nunique() < 2:
    nc.show("Missing: different pain scores; all are the same.")
else:
    levels = seropositive[LEVELS].astype(float)
    for level in LEVELS:
        beta = nc.statistics.standardised_coefficient(seropositive["pain_nrs"], levels, None, level)
        nc.show({f"{level} lesion, seropositive alone": beta})
        own[f"tackley_2017_beta_{level}"] = (asdict(beta), {"serostatus": "aqp4_positive"})

# %% [markdown]
# ## With lesion length and attacks beside the levels
# In the paper neither mattered. Coefficients in points of the NRS.

# %%
factors = [*LEVELS, "lesion_segments", "attack_count"]
model = nc.model_terms(seropositive, "pain_nrs", factors, needs=factors)
if own and not model.refusal:
    nc.show(nc.statistics.linear_regression(model.outcome, model.terms))
else:
    nc.show(f"Missing for the model: {model.refusal or 'patients in each of the cells'}.")

# %% [markdown]
# ## Beside the paper
# The answers here are of the seropositive alone, where the registry has enough of them.

# %%
verdicts = nc.validate(registry, papers=[PAPER], own=own)
nc.show(verdicts, title="Here and in the paper")
