"""Xue and co-workers: pain of patients admitted to one Chinese hospital, replayed on a registry.

What the paper did, as far as it was read (the review's sentences and a news brief; neither abstract nor paper):
the notes of 145 patients admitted from July 2016 to June 2019; any pain in the notes counts, headache and the
eye pain of optic neuritis included, and silent notes count as no pain. Pain went with seropositivity and with
itch; sex, age, age at onset, course, relapses, disability, cord level, brain lesions and other autoimmune
disease made no difference.

What is replayed: the shares at any time on record; pain in two or more parts of the body; the correlates that a
registry holds. What cannot be: itch and other autoimmune disease are not in the codebook; which kind of brain
lesion was meant is not known; response of neuropathic pain to an anticonvulsant, because neither what counted as
better nor how many were treated was seen (what the registry's clinicians judged is shown alone).

Run on a registry: ``python analyses/xue.py registry.toml``; without one, on the demo registry.
"""

# %% [markdown]
# ## The registry and the paper's numbers
# The 117 that the review prints beside the 60.7 % is the number with pain, not the number with two sites.

# %%
from dataclasses import asdict

import nmosd_cohort as nc
from nmosd_cohort.cohort.pain_status import pain_status
from nmosd_cohort.cohort.tally import collect

PAPER = "xue"
registry = nc.script_registry()
nc.show(nc.cite(PAPER), title="Xue")
published = nc.published_figures().query("paper == @PAPER")
nc.show(published[["figure", "denominator", "n", "events", "estimate", "caveats"]])
own = {}

# %% [markdown]
# ## Shares with pain and with neuropathic pain
# At any time on record, as in a review of notes. All diagnosed patients are the denominator of the first two, so
# silence counts as no pain here too: the bounds show what that could hide. The third is of those with pain.

# %%
answers = [
    nc.pain_prevalence(registry, pain="any", time_frame="ever", denominator="all_diagnosed"),
    nc.pain_prevalence(registry, pain="neuropathic", time_frame="ever", denominator="all_diagnosed"),
    nc.pain_prevalence(registry, pain="neuropathic", time_frame="ever", denominator="with_pain"),
]
nc.show(*answers, measures=["proportion", "bounds_if_never_asked"])

# %% [markdown]
# ## Pain in two or more parts of the body
# Sites of all recorded episodes together, among patients who ever had pain. An episode without sites is silent: the
# first share leaves patients without any site out, the second counts them as one site, as a review of notes would.

# %%
status = collect(pain_status(registry, pain="any", time_frame="ever"), ["patient_id"])
with_pain = set(status.loc[status["status"].fillna(False), "patient_id"])
episodes = registry.frame("pain")[["patient_id", "pain_sites"]].dropna(subset=["pain_sites"])
sites = episodes.assign(site=episodes["pain_sites"].astype(str).str.split(";")).explode("site")
sites = sites.assign(site=sites["site"].str.strip())
sites = sites[sites["patient_id"].isin(with_pain) & sites["site"].ne("")]
site_counts = sites.groupby("patient_id")["site"].nunique()
two_or_more = int(site_counts.ge(2).sum())
if len(site_counts):
    two_sites = nc.statistics.proportion(two_or_more, len(site_counts))
    own["xue_pain_two_sites"] = two_sites
    nc.show(
        {
            "two or more sites, of those with a site on record": two_sites,
            "two or more sites, of all with pain": nc.statistics.proportion(two_or_more, len(with_pain)),
        }
    )
else:
    nc.show("Missing for the number of sites: no patient with pain has an episode with its sites on record.")

# %% [markdown]
# ## What goes with pain
# Differences in the share with pain at any time, by what the registry knows. The paper found only serostatus and
# itch, by tests one at a time; an absence of a difference among 145 patients is no proof of none.

# %%
correlates = ("aqp4_status", "sex", "age_group", "duration_group", "attack_group", "edss_group", "had_myelitis")
ever = nc.pain_prevalence(registry, time_frame="ever", denominator="all_diagnosed", by=correlates)
nc.show(ever, measures=["risk_difference"])
split = ever.estimates.query("measure == 'proportion' and group == 'aqp4_status'").drop_duplicates("level")
split = split.set_index("level")
if {"positive", "negative"} <= set(split.index):
    counts = [int(split.loc[level, column]) for level in ("positive", "negative") for column in ("events", "n")]
    serostatus = nc.statistics.odds_ratio(*counts)
    nc.show("Odds ratio of pain, seropositive against seronegative:", serostatus)
    own["xue_pain_and_serostatus"] = serostatus
else:
    nc.show("Missing for the odds ratio of serostatus: both seropositive and seronegative patients.")

# %% [markdown]
# ## Disability with and without pain
# The paper reports no difference, without a number. EDSS is ordinal, so the chance that a patient with pain has the
# higher EDSS says more than the difference in means; both are of assessed patients now, not of all 145 then.

# %%
patients = nc.patient_frame(registry, needs=["has_pain", "edss2"])
edss = patients["edss2"].astype(float) / 2
has_pain = patients["has_pain"].astype(bool)
if min(has_pain.sum(), (~has_pain).sum()) >= 2:
    higher = nc.statistics.probability_superiority(edss[has_pain], None, edss[~has_pain], None)
    difference = nc.statistics.mean_difference(edss[has_pain], None, edss[~has_pain], None)
    nc.show({"P(EDSS higher with pain)": higher, "mean EDSS, with pain less without": difference})
    stated = {"construct": "pain_and_edss", "denominator": "assessed", "time_frame": "current"}
    own["xue_pain_and_disability"] = (asdict(difference), stated)
else:
    nc.show("Missing for disability: patients with pain and patients without, both with an EDSS.")

# %% [markdown]
# ## Neuropathic pain and the anticonvulsants
# Gabapentin and pregabalin given for pain to patients who ever had neuropathic pain, and how the clinician judged it.
# Nobody untreated stands beside them, so this is not an effect.

# %%
neuropathic = collect(pain_status(registry, pain="neuropathic", time_frame="ever"), ["patient_id"])
neuropathic_ids = set(neuropathic.loc[neuropathic["status"].fillna(False), "patient_id"])
courses = registry.frame("treatments")
courses = courses[courses["drug"].str.lower().isin(["gabapentin", "pregabalin"]).fillna(False).astype(bool)]
courses = courses[courses["patient_id"].isin(neuropathic_ids) & courses["response"].notna()]
was_good = courses["response"].isin(["good", "partial"]).groupby(courses["patient_id"]).any()
if len(was_good):
    nc.show("Good or partial response on record:", nc.statistics.proportion(int(was_good.sum()), len(was_good)))
else:
    nc.show("Missing for the response: no course of gabapentin or pregabalin with the clinician's judgement.")

# %% [markdown]
# ## Beside the paper

# %%
verdicts = nc.validate(registry, papers=[PAPER], own=own, results=answers)
nc.show(verdicts, title="Here and in the paper")
