"""Kanamori and co-workers 2011: pain in NMO and NMOSD set against multiple sclerosis, replayed on a registry.

What the paper did, as far as its abstract on a mirror says: 37 patients with NMO or NMOSD, 35 of them AQP4-IgG
positive, and 51 with multiple sclerosis at one Japanese centre, November 2008 to February 2009; pain by the short
BPI. The title speaks of quality of life.

What is replayed: the share with pain, in NMOSD and in multiple sclerosis where the registry has such patients
(diagnosis ``ms``), and their difference; severity and interference by the BPI; SF-36 with and without pain. What
cannot be: the abstract gives no time frame, so current pain is taken; numbers of severity and of quality of life
were not read, so ours stand alone.

Run on a registry: ``python analyses/kanamori_2011.py registry.toml``; without one, on the demo registry.
"""

# %% [markdown]
# ## The registry and the paper's numbers

# %%
from dataclasses import asdict

import pandas as pd

import nmosd_cohort as nc

PAPER = "kanamori_2011"
registry = nc.script_registry()
nc.show(nc.cite(PAPER), title="Kanamori 2011")
published = nc.published_figures().query("paper == @PAPER")
nc.show(published[["figure", "denominator", "n", "events", "estimate", "caveats"]])
IN_MS = {"construct": "any_pain", "denominator": "other: patients with multiple sclerosis", "diagnosis": "ms"}
own = {}

# %% [markdown]
# ## Share with pain in NMOSD

# %%
answer = nc.pain_prevalence(registry)
nc.show(answer, measures=["proportion"])

# %% [markdown]
# ## Against multiple sclerosis
# The same answer of the patients with multiple sclerosis; suspected multiple sclerosis is left out. The two diseases
# differ in age, sex and disability, which the difference does not take out; the odds ratio does.

# %%
nmosd = nc.patient_frame(registry, needs=["has_pain"]).assign(is_nmosd=1)
ms = nc.patient_frame(registry, needs=["has_pain"], diagnosis="ms").assign(is_nmosd=0)
terms = ["is_nmosd", "age_years", "is_male", "edss2"]
if len(ms) and len(nmosd):
    counts = [int(number) for frame in (nmosd, ms) for number in (frame["has_pain"].sum(), len(frame))]
    ms_share = nc.statistics.proportion(*counts[2:])
    own["kanamori_2011_pain_ms"] = (asdict(ms_share), IN_MS)
    nc.show("Share with pain, multiple sclerosis:", ms_share)
    nc.show("NMOSD less multiple sclerosis:", nc.statistics.proportion_difference(*counts))
    model = nc.model_terms(pd.concat([nmosd, ms]), "has_pain", terms)
    if not model.refusal:
        ratio = nc.statistics.firth_logistic(model.outcome, model.terms)["is_nmosd"]
        nc.show(f"Odds ratio of pain, the other terms {', '.join(model.terms.columns[1:])} equal:", ratio)
    else:
        nc.show(f"Missing for the odds ratio: {model.refusal}.")
else:
    nc.show("Missing for the comparison: patients with multiple sclerosis (diagnosis ms) who were asked about pain.")

# %% [markdown]
# ## Severity and interference by the BPI
# Medians over everybody asked, pain or not. Severities bunch at zero, so the chance that a patient with NMOSD scores
# higher is compared and not the means.

# %%
for score in ("bpi_severity", "bpi_interference"):
    here, there = (frame[score].dropna().astype(float) for frame in (nmosd, ms))
    if len(here):
        nc.show({f"median {score}, NMOSD": nc.statistics.median(here)})
    else:
        nc.show(f"Missing: {score}.")
    if min(len(here), len(there)) >= 2:
        higher = nc.statistics.probability_superiority(here, None, there, None)
        nc.show({f"P({score} higher in NMOSD than in multiple sclerosis)": higher})

# %% [markdown]
# ## Quality of life and severity of pain
# Rank correlation with the SF-36 summaries, and what is left of it at equal EDSS. The physical summary contains bodily
# pain, so physical functioning, which asks nothing about pain, is set beside it.

# %%
for outcome in ("sf36_pf", "sf36_pcs", "sf36_mcs"):
    scored = nc.patient_frame(registry, needs=["bpi_severity", outcome, "edss2"])
    severity, quality, edss = (scored[name].astype(float) for name in ("bpi_severity", outcome, "edss2"))
    if len(scored) < 20 or min(severity.nunique(), quality.nunique(), edss.nunique()) < 2:
        nc.show(f"Missing for {outcome}: 20 patients with the BPI, this score and EDSS.")
        continue
    crude = nc.statistics.spearman(severity, quality)
    given_edss = nc.statistics.partial_spearman(severity, quality, pd.DataFrame({"edss": edss}))
    nc.show({f"{outcome} and BPI severity": crude, f"{outcome} and BPI severity, given EDSS": given_edss})

# %% [markdown]
# ## Beside the paper

# %%
verdicts = nc.validate(registry, papers=[PAPER], own=own, results=[answer])
nc.show(verdicts, title="Here and in the paper")
