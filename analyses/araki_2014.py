"""Araki and co-workers 2014: pain, attacks and EDSS after the start of tocilizumab, replayed on a registry.

What the paper did, as far as its abstract and the table of a later review say: 7 seropositive patients in whom
earlier drugs had done little; pain scores, attacks and EDSS before and twelve months after the start of
tocilizumab (pain at six months too); other drugs went on; no comparator.

What is replayed: the same means and their change, the attack rate of the year before and the year after, EDSS;
and what the paper's means and SDs can say of the change without the correlation of both scores, which was not
printed. What cannot be: a refractory course is not in the codebook, so all starters count.

Run on a registry: ``python analyses/araki_2014.py registry.toml``; without one, on the demo registry.
"""

# %% [markdown]
# ## The registry and the paper's numbers

# %%
import nmosd_cohort as nc
from nmosd_cohort.literature.integrity.paired import correlation_needed, paired_change_range

PAPER = "araki_2014"
DRUG = "tocilizumab"  # as the registry writes it
CORRELATIONS = (-0.4, 0.0, 0.3, 0.5, 0.8)  # of pain before and after, which the paper does not print
registry = nc.script_registry()
nc.show(nc.cite(PAPER), title="Araki 2014")
published = nc.published_figures().query("paper == @PAPER")
moments = ["baseline_mean", "baseline_sd", "follow_up_mean", "follow_up_sd", "n"]
nc.show(published[["figure", "estimate", "sd", *moments, "p"]], published[["figure", "caveats"]])

# %% [markdown]
# ## Twelve and six months after the start
# A change after start, not an effect. What regression to the mean alone would do stands beside it.

# %%
measures = [
    *("baseline_mean", "follow_up_mean", "mean_change", "pseudo_median_change"),
    *("expected_change_without_effect", "corrected_change", "rate", "rate_ratio"),
]
at_12 = nc.change_after_start(registry, drug=DRUG, at_months=12)
at_6 = nc.change_after_start(registry, drug=DRUG, at_months=6)
nc.show(at_12, at_6, measures=measures)

# %% [markdown]
# ## What the paper's numbers can say
# The change of the means is known, its limits only for an assumed correlation of both scores.

# %%
printed = published.set_index("figure")[moments]
for months in (12, 6):
    before, sd_before, after, sd_after, n = printed.loc[f"araki_2014_pain_{months}m"]
    nc.show(
        f"Month {months}, the paper's change by correlation:",
        paired_change_range(before, sd_before, after, sd_after, int(n), correlations=CORRELATIONS),
    )
before, sd_before, after, sd_after, n = printed.loc["araki_2014_pain_12m"]
needed = correlation_needed(before, sd_before, after, sd_after, int(n), 0.05)
nc.show(
    f"p below 0.05 at month 12 needs a correlation above {needed.at_printed:.2f}; rounding leaves "
    f"{needed.low:.2f} to {needed.high:.2f} open."
)

# %% [markdown]
# ## With the correlation of this registry
# The starters here tell what correlation is likely; the paper's limits with it.

# %%
pairs = nc.start_pairs(registry, drug=DRUG, at_months=12).dropna(subset=["before", "after"])
correlation = nc.statistics.pearson(pairs["before"], pairs["after"])
nc.show({"pain before and at month 12, all starters with both": correlation})
if correlation.conf_low > -1:
    likely = (correlation.conf_low, correlation.estimate, correlation.conf_high)
    nc.show(paired_change_range(before, sd_before, after, sd_after, int(n), correlations=likely))
else:
    nc.show(f"Missing: starters of {DRUG} with a pain score before and at month 12, enough for a correlation.")

# %% [markdown]
# ## Beside the paper

# %%
rows = {
    "araki_2014_pain_12m": (at_12, "pain_nrs", "mean_change", ""),
    "araki_2014_pain_6m": (at_6, "pain_nrs", "mean_change", ""),
    "araki_2014_pain_baseline": (at_12, "pain_nrs", "baseline_mean", "baseline"),
    "araki_2014_arr_before": (at_12, "attack_rate", "rate", "before"),
    "araki_2014_arr_after": (at_12, "attack_rate", "rate", "after"),
    "araki_2014_edss": (at_12, "edss", "pseudo_median_change", ""),
}
own = {}
for figure, (answer, *labels) in rows.items():
    found = answer.estimates[answer.estimates[["outcome", "measure", "level"]].eq(labels).all(axis=1)]
    if len(found):
        own[figure] = (found.iloc[0].to_dict(), {})
verdicts = nc.validate(registry, papers=[PAPER], own=own)
nc.show(verdicts, title="Here and in the paper")
