"""Mealy and co-workers 2020: scrambler therapy against sham, replayed on a registry.

What the trial did, as far as its abstract and register entry say: 22 patients with NMOSD and central neuropathic
pain of 4 or more, half of them given scrambler therapy on ten weekdays and half a sham; median pain 5.0 before
and 1.5 after in the active arm, no significant fall on sham; depression and anxiety too. No test between the arms
was printed. A review says that the effect had gone by day 60.

What is replayed: pain before the device, after its ten days and at day 60, in patients with neuropathic pain of 4
or more; the difference to another device where the registry has one; depression before and after. What cannot be:
a registry has no random arms and nobody is blind, and whoever starts at 4 or more falls by chance alone.

Run on a registry: ``python analyses/mealy_2020.py registry.toml``; without one, on the demo registry.
"""

# %% [markdown]
# ## The registry and the paper's numbers

# %%
import pandas as pd

import nmosd_cohort as nc
from nmosd_cohort.questions.pain_and_depression import most_used_depression_scale

PAPER = "mealy_2020"
DEVICE, COMPARATOR = "scrambler therapy", "sham scrambler therapy"  # as the registry writes them
WINDOW_DAYS = {0.5: 14, 2: 30}  # months after the start, and how far a score may lie from them
LEAST_PAIN = 4
registry = nc.script_registry()
nc.show(nc.cite(PAPER), title="Mealy 2020")
published = nc.published_figures().query("paper == @PAPER")
nc.show(published[["figure", "n", "baseline_median", "follow_up_median", "caveats"]])
own = {}

# %% [markdown]
# ## All who started the device, whatever their pain

# %%
for months, window in WINDOW_DAYS.items():
    answer = nc.change_after_start(registry, drug=DEVICE, at_months=months, window_days=window)
    nc.show(answer, measures=["baseline_median", "follow_up_median", "pseudo_median_change", "corrected_change"])

# %% [markdown]
# ## Patients with neuropathic pain of 4 or more, as in the trial
# One row a patient with both scores; neuropathic as classified at the visit before the start. Whoever had both
# devices is left out.

# %%
pairs = {}
for months, window in WINDOW_DAYS.items():
    arms = {
        name: nc.start_pairs(registry, drug=name, at_months=months, window_days=window) for name in (DEVICE, COMPARATOR)
    }
    had_both = set.intersection(*(set(arm["patient_id"]) for arm in arms.values()))
    for name, arm in arms.items():
        entered = arm[arm["is_neuropathic_before"].fillna(False) & arm["before"].ge(LEAST_PAIN)]
        pairs[name, months] = entered[~entered["patient_id"].isin(had_both)].dropna(subset=["after"])
for (name, months), entered in pairs.items():
    if len(entered) < 2:
        nc.show(
            f"Missing: two patients in pain of {LEAST_PAIN} or more before {name} and scored near month {months:g}."
        )
        continue
    before, after = entered["before"], entered["after"]
    nc.show(
        f"{name}, month {months:g}:",
        {"before": nc.statistics.median(before), "after": nc.statistics.median(after)},
        {"median of the changes": nc.statistics.median(after - before)},
        {"change (pseudo-median)": nc.statistics.pseudo_median(after - before)},
    )

# %% [markdown]
# ## Device against comparator
# A fall in one arm and none in the other is no test between them: the difference at equal pain before is. In a
# registry the arms are not random.

# %%
soon = min(WINDOW_DAYS)
active, sham = pairs[DEVICE, soon], pairs[COMPARATOR, soon]
arm = pd.concat([active.assign(is_active=1.0), sham.assign(is_active=0.0)])
if active.empty or sham.empty or arm["before"].nunique() < 2:
    nc.show(f"Missing: patients with {DEVICE} and with {COMPARATOR}, so there is nothing to compare it with.")
else:
    nc.show({f"{DEVICE} less {COMPARATOR}": nc.statistics.ancova(arm["before"], arm["after"], arm["is_active"])})

# %% [markdown]
# ## Depression before and after
# The scales of the trial were not seen; the one that most patients here have is used.

# %%
scale = most_used_depression_scale(registry)
mood = nc.change_after_start(registry, drug=DEVICE, outcome=scale, at_months=soon, window_days=WINDOW_DAYS[soon])
nc.show(mood, measures=["baseline_mean", "follow_up_mean", "mean_change"])

# %% [markdown]
# ## Beside the paper
# Median changes are shown side by side and not tested: whole scores give medians no reliable error.

# %%
for figure, entered in ((f"{PAPER}_pain", active), (f"{PAPER}_pain_sham", sham)):
    if len(entered):
        own[figure] = nc.statistics.median(entered["after"] - entered["before"])
verdicts = nc.validate(registry, papers=[PAPER], own=own)
nc.show(verdicts, title="Here and in the paper")
