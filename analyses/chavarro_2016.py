"""Chavarro and co-workers 2016: neuropathic pain, depression and who is treated, replayed on a registry.

What the paper did, as far as its abstract says: 71 patients of two centres in Germany and the USA; neuropathic
pain by painDETECT with the BPI, depression by Beck's inventory (which version was not seen); a linear correlation
of a normalised neuropathic-pain score with the depression score, which the authors call confounded by fatigue;
how many of the moderately or severely depressed were on an antidepressant.

What is replayed: the correlation with painDETECT alone, as it stands and with fatigue taken out; the shares with
neuropathic pain and with depression; antidepressants among the depressed. What cannot be: the normalised score,
whose recipe the abstract does not give; and who stayed depressed on treatment, since the paper counted only the
depressed, so that nobody who had recovered could be among them.

Run on a registry: ``python analyses/chavarro_2016.py registry.toml``; without one, on the demo registry.
"""

# %% [markdown]
# ## The registry and the paper's numbers

# %%
from dataclasses import asdict

import nmosd_cohort as nc

PAPER = "chavarro_2016"
FEWEST = 20  # patients for a correlation with a covariate
registry = nc.script_registry()
nc.show(nc.cite(PAPER), title="Chavarro 2016")
published = nc.published_figures().query("paper == @PAPER")
nc.show(published[["figure", "denominator", "n", "events", "estimate", "caveats"]])
own = {}

# %% [markdown]
# ## Pain intensity and depression, and depression by pain group
# The question takes the depression scale that most patients have, and the NRS; the paper's score is neuropathic.

# %%
answer = nc.pain_and_depression(registry)
scale, moderate = answer.definitions["instrument"], answer.definitions["cutoff_moderate"]
label = scale.replace("_", "-").upper()
nc.show(answer, measures=["pearson", "spearman", "partial_spearman", "proportion"])

# %% [markdown]
# ## painDETECT and depression, with and without fatigue
# The paper's r is linear; ranks suit these scores better, and fatigue is taken out of both. Where fewer than half of
# those without pain filled in painDETECT, the correlation is of patients with pain and not compared with the paper's.

# %%
both = nc.patient_frame(registry, needs=["paindetect", scale])
pain_score, depression, fatigue = (both[name].astype(float) for name in ("paindetect", scale, "fss"))
asked = nc.patient_frame(registry, needs=["has_pain", scale])
without_pain, all_without_pain = (int(frame["has_pain"].eq(False).fillna(False).sum()) for frame in (both, asked))
if len(both) < FEWEST or pain_score.nunique() < 2 or depression.nunique() < 2:
    nc.show(f"Missing: painDETECT and {label} at one visit in {FEWEST} patients or more; {len(both)} have them.")
else:
    linear = nc.statistics.pearson(pain_score, depression)
    nc.show(
        f"painDETECT and {label}, {without_pain} of {len(both)} patients without pain:",
        {"linear, as in the paper": linear, "ranks": nc.statistics.spearman(pain_score, depression)},
    )
    known = fatigue.notna()
    if known.sum() >= FEWEST and fatigue.nunique() > 1:
        adjusted = nc.statistics.partial_spearman(
            pain_score[known].to_numpy(), depression[known].to_numpy(), both.loc[known, ["fss"]].astype(float)
        )
        nc.show({"ranks, fatigue taken out": adjusted})
    else:
        nc.show("Missing: a fatigue score (FSS) beside painDETECT, so nothing is adjusted for fatigue.")
    if scale.startswith("bdi"):
        definitions = {
            "construct": "neuropathic_pain_score_and_depression",
            "denominator": "assessed" if 2 * without_pain >= all_without_pain else "with_pain",
            "instrument": f"painDETECT + {label}",
        }
        own["chavarro_2016_r_np_depression"] = (asdict(linear), definitions)

# %% [markdown]
# ## Neuropathic pain: as the centre classified it, and by painDETECT
# Two definitions, two shares.

# %%
nc.show(
    nc.pain_prevalence(registry, pain="neuropathic"),
    nc.pain_prevalence(registry, pain="neuropathic", neuropathic_by="paindetect"),
    measures=["proportion"],
)

# %% [markdown]
# ## Antidepressants among the moderately or severely depressed
# The paper's 40 % is of 20 depressed patients, not of all 71. No course on record may also mean not recorded.

# %%
scored = nc.patient_frame(registry, needs=[scale])
depressed = scored[scored[scale].ge(moderate)] if moderate is not None else scored.head(0)
recorded = registry.frame("treatments")["drug_class"].eq("antidepressant").fillna(False).any()
if depressed.empty or not recorded:
    what = "a course of an antidepressant" if len(depressed) else f"a patient with moderate depression by {label}"
    nc.show(f"Missing: {what}, so the share on treatment is not computed.")
else:
    treated = int(depressed["on_antidepressant"].sum())
    share = nc.statistics.proportion(treated, len(depressed))
    nc.show({f"on an antidepressant, among those with {label} of {moderate} or more": share})
    own["chavarro_2016_antidepressant_use"] = share

# %% [markdown]
# ## Beside the paper

# %%
verdicts = nc.validate(registry, papers=[PAPER], own=own)
nc.show(verdicts, title="Here and in the paper")
