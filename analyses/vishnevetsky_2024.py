"""Vishnevetsky and co-workers 2024: nerve stimulation (TENS) against sham, replayed on a registry.

What the trial did, as far as its abstract and register entry say: seropositive patients with neuropathic pain of 4
or more for three months; 46 assigned to four weeks of transcutaneous nerve stimulation or of sham, 40 finished;
pain lower in both arms, no significant difference. The difference itself was not seen as a number.

What is replayed: the change over four weeks in each arm, and the difference of the arms at equal pain before
(analysis of covariance), in patients with neuropathic pain of 4 or more. What cannot be: a registry has no random
arms, and without a comparator device only the change is left, which selection at 4 or more makes fall by itself.

Run on a registry: ``python analyses/vishnevetsky_2024.py registry.toml``; without one, on the demo registry.
"""

# %% [markdown]
# ## The registry and the paper's numbers

# %%
import pandas as pd

import nmosd_cohort as nc

PAPER = "vishnevetsky_2024"
DEVICE, COMPARATOR = "tens", "sham tens"  # as the registry writes them
AT_MONTHS, WINDOW_DAYS = 1, 21
LEAST_PAIN = 4
registry = nc.script_registry()
nc.show(nc.cite(PAPER), title="Vishnevetsky 2024")
published = nc.published_figures().query("paper == @PAPER")
nc.show(published[["figure", "n", "definition", "caveats"]])
own = {}

# %% [markdown]
# ## All who started the device, whatever their pain
# What regression to the mean alone would do stands beside the change, where the registry can tell.

# %%
span = {"at_months": AT_MONTHS, "window_days": WINDOW_DAYS}
nc.show(
    nc.change_after_start(registry, drug=DEVICE, **span),
    measures=["baseline_mean", "follow_up_mean", "mean_change", "expected_change_without_effect", "corrected_change"],
)

# %% [markdown]
# ## Both arms: patients with neuropathic pain of 4 or more
# Neuropathic as classified at the visit before the start. Whoever had both devices is left out.

# %%
arms = {name: nc.start_pairs(registry, drug=name, **span) for name in (DEVICE, COMPARATOR)}
had_both = set.intersection(*(set(arm["patient_id"]) for arm in arms.values()))
pairs = {}
for name, arm in arms.items():
    entered = arm[arm["is_neuropathic_before"].fillna(False) & arm["before"].ge(LEAST_PAIN)]
    pairs[name] = entered[~entered["patient_id"].isin(had_both)].dropna(subset=["after"])
    if len(pairs[name]) < 2:
        nc.show(f"Missing: two patients with neuropathic pain of {LEAST_PAIN} or more before {name} and a score after.")
    else:
        nc.show({f"change with {name}": nc.statistics.mean_change(pairs[name]["before"], pairs[name]["after"])})

# %% [markdown]
# ## Stimulation against sham
# A fall in both arms says nothing of the device; the difference at equal pain before does. It comes from the pain
# after with the pain before as a covariate, not from two tests of change.

# %%
both = pd.concat([pairs[DEVICE].assign(is_active=1.0), pairs[COMPARATOR].assign(is_active=0.0)])
if both["is_active"].nunique() < 2 or both["before"].nunique() < 2:
    nc.show(f"Missing: patients with {DEVICE} and with {COMPARATOR}; without both there is no comparison.")
else:
    gap = nc.statistics.ancova(both["before"], both["after"], both["is_active"])
    nc.show({f"{DEVICE} less {COMPARATOR}": gap})
    own["vishnevetsky_2024_pain"] = gap

# %% [markdown]
# ## Beside the paper

# %%
verdicts = nc.validate(registry, papers=[PAPER], own=own)
nc.show(verdicts, title="Here and in the paper")
