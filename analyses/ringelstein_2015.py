"""Ringelstein and co-workers 2015: pain at the last visit on tocilizumab, replayed on a registry.

What the paper did, as far as part of its abstract and the table of a later review say: 8 seropositive women in
Germany, very active disease, drugs against B cells had failed; median pain before tocilizumab and at the last
visit, 10 to 51 months later; who had less pain and who had none; attack rate and EDSS, whose numbers stood in the
part that was not read.

What is replayed: all of it, with the last score in those 10 to 51 months; and the change by signed ranks, since
one median less the other is not the median change. What cannot be: failure of earlier drugs is not in the
codebook, so all starters count.

Run on a registry: ``python analyses/ringelstein_2015.py registry.toml``; without one, on the demo registry.
"""

# %% [markdown]
# ## The registry and the paper's numbers

# %%
import pandas as pd

import nmosd_cohort as nc
from nmosd_cohort.cohort.assessments import visits
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import collect
from nmosd_cohort.cohort.treatment import BASELINE_DAYS, DAYS_PER_MONTH, starters, timed_scores

PAPER = "ringelstein_2015"
DRUG = "tocilizumab"  # as the registry writes it
FIRST_MONTH, LAST_MONTH = 10, 51  # within which the paper's last visits lie
registry = nc.script_registry()
nc.show(nc.cite(PAPER), title="Ringelstein 2015")
published = nc.published_figures().query("paper == @PAPER")
nc.show(published[["figure", "n", "events", "estimate", "quartile_1", "quartile_3", "p", "caveats"]])
own = {}

# %% [markdown]
# ## Pain before the start and at the last visit
# Before: the last score in the 90 days up to the start. After: the last one in the paper's range of months.

# %%
started = starters(registry, eligible(select_patients(registry)), drug=DRUG)
timed = timed_scores(visits(registry), started, outcome="pain_nrs")
scores = collect(timed, ["patient_id", "days_since_start"])
days = scores["days_since_start"]
spans = {"before": (-BASELINE_DAYS, 0), "after": (FIRST_MONTH * DAYS_PER_MONTH, LAST_MONTH * DAYS_PER_MONTH)}
last = {name: scores[days.between(*span)].groupby("patient_id")["score"].last() for name, span in spans.items()}
pairs = pd.concat(last, axis=1).dropna().astype(float)
n = len(pairs)
if n < 2:
    nc.show(f"Missing: two starters of {DRUG} with a pain score before and {FIRST_MONTH} to {LAST_MONTH} months after.")
else:
    medians = {f"median {name}": nc.statistics.median(pairs[name]) for name in spans}
    quartiles = {name: [nc.statistics.quantile(pairs[name], None, share) for share in (0.25, 0.75)] for name in spans}
    change = pairs["after"] - pairs["before"]
    nc.show(medians, {f"quartiles {name}": values for name, values in quartiles.items()})
    nc.show({"change (pseudo-median)": nc.statistics.pseudo_median(change)})
    own["ringelstein_2015_pain_baseline"] = medians["median before"]
    own["ringelstein_2015_pain_follow_up"] = medians["median after"]

# %% [markdown]
# ## Less pain, and none
# Those without pain at the start cannot have less and may still have none: the shares of those with pain at the
# start are shown too. Any fall, a point or more, is no response by the usual rules.

# %%
if n >= 2:
    in_pain = pairs[pairs["before"].gt(0)]
    less_pain, pain_free = int(change.lt(0).sum()), int(pairs["after"].eq(0).sum())
    own["ringelstein_2015_less_pain"] = nc.statistics.proportion(less_pain, n)
    own["ringelstein_2015_pain_free"] = nc.statistics.proportion(pain_free, n)
    nc.show({"less pain": own["ringelstein_2015_less_pain"], "no pain": own["ringelstein_2015_pain_free"]})
    if len(in_pain):
        freed = nc.statistics.proportion(int(in_pain["after"].eq(0).sum()), len(in_pain))
        less = nc.statistics.proportion(less_pain, len(in_pain))
        nc.show({"less pain, of those with pain at the start": less, "no pain, of those": freed})

# %% [markdown]
# ## Attacks and EDSS in the year after the start
# Beside them, responders by the usual rules and what they would have been without any effect.

# %%
nc.show(
    nc.change_after_start(registry, drug=DRUG, at_months=12),
    measures=["pseudo_median_change", "responders_pct30", "no_effect_responders_pct30", "rate", "rate_ratio"],
)

# %% [markdown]
# ## Beside the paper

# %%
verdicts = nc.validate(registry, papers=[PAPER], own=own)
nc.show(verdicts, title="Here and in the paper")
