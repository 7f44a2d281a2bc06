"""Asseyer and co-workers 2020: the ventral posterior nucleus of the thalamus and pain, replayed on a registry.

What the paper did, as far as its abstract and a news brief say: 32 AQP4-IgG positive patients, picked for imaging out
of 76 screened, 37 controls; neuropathic pain by painDETECT; volumes of the nuclei of the thalamus; rank correlation
of the volume with average and with worst pain; volume and thoracic lesions with and without neuropathic pain.

What is replayed: the volume, where imaging holds the measure ``VOLUME`` below; thoracic lesions with and without
neuropathic pain. What cannot be: the controls; the other nuclei; the share with neuropathic pain, since whoever is
picked for imaging is no sample; the printed correlations name no n (their p fits 23 patients). A registry holds one
window of the pain score, so average or worst pain, never both, answers.

Run on a registry: ``python analyses/asseyer_2020.py registry.toml``; without one, on the demo registry.
"""

# %% [markdown]
# ## The registry and the paper's numbers
# `VOLUME` is the name that imaging.measure has in the registry, `DAYS_APART` how far MRI and visit may lie apart.

# %%
from dataclasses import asdict

import pandas as pd

import nmosd_cohort as nc
from nmosd_cohort.codebook import SEGMENTS
from nmosd_cohort.cohort.lesions import covered_mri
from nmosd_cohort.cohort.tally import collect

PAPER = "asseyer_2020"
VOLUME = "thalamus_ventral_posterior_volume"
DAYS_APART = 365
IN_REGISTRY = {
    "construct": "lesion_level_and_neuropathic_pain",
    "denominator": "other: seropositive patients with an MRI of the cervical and thoracic cord",
}
registry = nc.script_registry()
nc.show(nc.cite(PAPER), title="Asseyer 2020")
published = nc.published_figures().query("paper == @PAPER")
nc.show(published[["figure", "denominator", "n", "events", "estimate", "p", "caveats"]])
own = {}

# %% [markdown]
# ## The volume nearest to the visit
# Seropositive patients in remission with a painDETECT or without pain; neuropathic is a painDETECT of 19 or more.

# %%
patients = nc.patient_frame(registry, serostatus="aqp4_positive", neuropathic_by="paindetect")
images = registry.frame("imaging")
images = images[images["measure"].eq(VOLUME).fillna(False).astype(bool) & images["value"].notna()]
images = images[["patient_id", "mri_date", "value"]].merge(patients, on="patient_id")
visit = pd.to_datetime(images["assessment_day"].astype(int), unit="D")
images["days_apart"] = (pd.to_datetime(images["mri_date"]) - visit).abs().dt.days
images = images[images["days_apart"].le(DAYS_APART)].sort_values(["days_apart", "mri_date"], kind="stable")
measured = images.drop_duplicates("patient_id").rename(columns={"value": "volume"}).reset_index(drop=True)
nc.show(f"Seropositive patients with the volume: {len(measured)}.")
if measured.empty:
    nc.show(f"Missing: imaging rows with the measure {VOLUME}; nothing of the thalamus can be answered.")

# %% [markdown]
# ## Volume and intensity of pain
# Spearman's correlation in everybody with the volume, in those with neuropathic pain, and given age, since volumes
# shrink with age and the paper's abstract names no adjustment. Small samples: read the limits.

# %%
window = registry.frame("assessments")["pain_recall"].dropna()
recall = str(window.mode().iloc[0]) if len(window) else "not stated"
figure = "asseyer_2020_rho_worst_pain" if recall == "worst_24h" else "asseyer_2020_rho_average_pain"
scored = measured.dropna(subset=["pain_nrs", "age_years"])
is_neuropathic = scored["has_neuropathic_pain"].fillna(False).astype(bool)
for name, part in (("all", scored), ("neuropathic pain", scored[is_neuropathic])):
    volume, pain, age = (part[column].astype(float) for column in ("volume", "pain_nrs", "age_years"))
    if len(part) < 10 or min(volume.nunique(), pain.nunique(), age.nunique()) < 2:
        nc.show(f"Missing for the correlation, {name}: 10 patients with the volume, a pain score and age.")
        continue
    rho = nc.statistics.spearman(volume, pain)
    given_age = nc.statistics.partial_spearman(volume, pain, pd.DataFrame({"age": age}))
    nc.show(f"Pain score of the window {recall}, {name}:", {"Spearman": rho, "Spearman given age": given_age})
    if name == "all" and recall.startswith(("average", "worst")):
        own[figure] = rho

# %% [markdown]
# ## Volume with neuropathic pain and without pain

# %%
groups = {name: measured.loc[measured["pain_group"].eq(name).fillna(False)] for name in ("neuropathic", "no_pain")}
volumes = [group["volume"].astype(float) for group in groups.values()]
if min(map(len, volumes)) >= 2:
    own["asseyer_2020_thalamic_volume"] = nc.statistics.mean_difference(volumes[0], None, volumes[1], None)
    nc.show("Mean volume, neuropathic pain less no pain:", own["asseyer_2020_thalamic_volume"])
    shift = nc.statistics.hodges_lehmann_shift(volumes[0], None, volumes[1], None)
    nc.show("Median of all pairwise differences:", shift)
else:
    nc.show("Missing for the difference: two patients with neuropathic pain and two without pain, with the volume.")

# %% [markdown]
# ## Thoracic lesions with and without neuropathic pain
# Lesions that touch T1 to T12 on the last MRI of both cord levels before the visit, of all seropositive patients who
# have one, not only those picked for measuring. The paper prints a p value and no counts. More lesions may only be a
# longer disease, so the share with any thoracic lesion is also given at equal number of attacks.

# %%
order = {segment: place for place, segment in enumerate(SEGMENTS)}
mri = collect(covered_mri(registry), ["patient_id", "mri_day"]).merge(patients, on="patient_id")
mri = mri[mri["mri_day"] <= mri["assessment_day"]].drop_duplicates("patient_id", keep="last")
mri = mri[mri["thoracic"].notna() & mri["has_neuropathic_pain"].notna()]
lesions = registry.frame("lesions")[["patient_id", "mri_date", "upper_segment", "lower_segment"]].dropna()
touches = lesions["upper_segment"].map(order).le(order["T12"]) & lesions["lower_segment"].map(order).ge(order["T1"])
lesions = lesions[touches.astype(bool)].merge(mri[["patient_id", "mri_day"]], on="patient_id")
same_day = pd.to_datetime(lesions["mri_date"]).eq(pd.to_datetime(lesions["mri_day"].astype(int), unit="D"))
mri["thoracic_lesions"] = mri["patient_id"].map(lesions[same_day].groupby("patient_id").size()).fillna(0).astype(int)
neuropathic = mri["has_neuropathic_pain"].astype(bool)
counts = [mri.loc[group, "thoracic_lesions"].astype(float) for group in (neuropathic, ~neuropathic)]
if min(map(len, counts)) >= 2:
    difference = nc.statistics.mean_difference(counts[0], None, counts[1], None)
    own["asseyer_2020_thoracic_lesions"] = (asdict(difference), IN_REGISTRY)
    more = nc.statistics.probability_superiority(counts[0], None, counts[1], None)
    shares = [int(number) for group in counts for number in (group.gt(0).sum(), len(group))]
    nc.show(
        {
            "mean number of lesions, neuropathic pain less none": difference,
            "P(more lesions with neuropathic pain)": more,
            "share with any, difference": nc.statistics.proportion_difference(*shares),
        }
    )
    terms = ["thoracic", "attack_count"]
    model = nc.model_terms(mri, "has_neuropathic_pain", terms, needs=terms)
    if not model.refusal:
        nc.show("Odds ratios of neuropathic pain:", nc.statistics.firth_logistic(model.outcome, model.terms))
    else:
        nc.show(f"Missing for the odds ratios: {model.refusal}.")
else:
    nc.show("Missing for thoracic lesions: patients with and without neuropathic pain and an MRI of both cord levels.")

# %% [markdown]
# ## Beside the paper

# %%
verdicts = nc.validate(registry, papers=[PAPER], own=own)
nc.show(verdicts, title="Here and in the paper")
