"""Qin and co-workers 2023: attacks and bodily pain after CAR T cells, replayed on a registry.

What the paper did, as far as its abstract says: phase 1, one arm; 12 seropositive patients, relapsed or
refractory, one infusion of CAR T cells (CT103A) after two other drugs; 11 had no attack over a median of 5.5
months; all said that disability and quality of life were better. That the pain scale of the SF-36 rose is said by
a review alone.

What is replayed: time without an attack by Kaplan-Meier, which the count of 11 of 12 over unequal times is not;
SF-36 bodily pain before and after. What cannot be: the two drugs given before the cells cannot be told apart from
them, here as there, and there is no comparator.

Run on a registry: ``python analyses/qin_2023.py registry.toml``; without one, on the demo registry.
"""

# %% [markdown]
# ## The registry and the paper's numbers

# %%
import nmosd_cohort as nc
from nmosd_cohort.cohort.attacks import distinct_attacks
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import collect
from nmosd_cohort.cohort.treatment import DAYS_PER_MONTH, starters

PAPER = "qin_2023"
DRUG = "anti-bcma car-t"  # as the registry writes it
AT_MONTHS = 5.5  # the paper's median follow-up
CURVE_MONTHS = sorted({3, AT_MONTHS, 12, 24})
registry = nc.script_registry()
nc.show(nc.cite(PAPER), title="Qin 2023")
published = nc.published_figures().query("paper == @PAPER")
nc.show(published[["figure", "definition", "n", "events", "caveats"]])
own = {}

# %% [markdown]
# ## Months without an attack after the start
# From the first course to the first attack or the last contact, whatever was taken after. An attack on the day of
# the start counts as before.

# %%
started = starters(registry, eligible(select_patients(registry)), drug=DRUG)
patients = collect(started, ["patient_id"]).dropna(subset=["start_day", "last_contact_day"])
patients = patients[patients["last_contact_day"].gt(patients["start_day"])]
attacks = collect(distinct_attacks(registry), ["patient_id", "attack_day"]).merge(patients, on="patient_id")
later = attacks["attack_day"].gt(attacks["start_day"]) & attacks["attack_day"].le(attacks["last_contact_day"])
first = attacks[later].groupby("patient_id")["attack_day"].min()
first_day = patients["patient_id"].map(first)
has_attack = first_day.notna().astype(int)
months = (first_day.fillna(patients["last_contact_day"]) - patients["start_day"]).astype(float) / DAYS_PER_MONTH
if patients.empty:
    nc.show(f"Missing: eligible patients with a known start of {DRUG} and time under observation after it.")
else:
    watched = (patients["last_contact_day"] - patients["start_day"]).astype(float) / DAYS_PER_MONTH
    nc.show(
        {
            "no attack, as the paper counts": nc.statistics.proportion(int(has_attack.eq(0).sum()), len(patients)),
            "months of follow-up (median)": nc.statistics.median(watched),
        }
    )
    curve = nc.statistics.kaplan_meier(months, has_attack, times=CURVE_MONTHS)
    nc.show("Share without an attack, by Kaplan-Meier:", curve.drop(columns=["p_value", "method"]))

# %% [markdown]
# ## SF-36 bodily pain before and after
# A high score means freedom from pain. Patients knew what they got.

# %%
answer = nc.change_after_start(registry, drug=DRUG, outcome="sf36_bp", at_months=6)
nc.show(
    answer, measures=["baseline_mean", "follow_up_mean", "mean_change", "pseudo_median_change", "rate", "rate_ratio"]
)

# %% [markdown]
# ## Beside the paper
# A share over unequal follow-up and a point of the curve are two things: they are shown together, not compared.

# %%
at_median = curve[curve["time"].eq(AT_MONTHS)].dropna(subset=["estimate"]) if len(patients) else patients
if len(at_median):
    row = at_median[["estimate", "std_error", "conf_low", "conf_high", "n"]].iloc[0].to_dict()
    own["qin_2023_relapse_free"] = (row, {"construct": f"attack_free_at_{AT_MONTHS}_months"})
change = answer.estimates.query("outcome == 'sf36_bp' and measure == 'mean_change'")
if len(change):
    definitions = {"construct": "bodily_pain_change_after_start", "denominator": "assessed", "instrument": "SF-36"}
    own["qin_2023_sf36_pain"] = (change.iloc[0].to_dict(), definitions)
verdicts = nc.validate(registry, papers=[PAPER], own=own)
nc.show(verdicts, title="Here and in the paper")
