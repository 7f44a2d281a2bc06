"""Tallies or arrays in, estimates out: nothing here knows of registries, diseases or pages.

The public names are loaded on first use. Those of one subject stand in a folder of that name.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nmosd_cohort.statistics.balance.standardised import (
        standardised_category_difference as standardised_category_difference,
    )
    from nmosd_cohort.statistics.balance.standardised import (
        standardised_score_difference as standardised_score_difference,
    )
    from nmosd_cohort.statistics.balance.standardised import (
        standardised_share_difference as standardised_share_difference,
    )
    from nmosd_cohort.statistics.censored.censored_normal import censored_normal as censored_normal
    from nmosd_cohort.statistics.correlation.coefficients import partial_spearman as partial_spearman
    from nmosd_cohort.statistics.correlation.coefficients import pearson as pearson
    from nmosd_cohort.statistics.correlation.coefficients import spearman as spearman
    from nmosd_cohort.statistics.correlation.correlation_difference import (
        correlation_difference as correlation_difference,
    )
    from nmosd_cohort.statistics.correlation.disattenuation import (
        disattenuated_correlation as disattenuated_correlation,
    )
    from nmosd_cohort.statistics.correlation.fisher_z import correlation_from_summary as correlation_from_summary
    from nmosd_cohort.statistics.correlation.fisher_z import spearman_difference as spearman_difference
    from nmosd_cohort.statistics.correlation.kendall import kendall_tau_b as kendall_tau_b
    from nmosd_cohort.statistics.correlation.part_difference import (
        spearman_part_difference as spearman_part_difference,
    )
    from nmosd_cohort.statistics.correlation.repeated_measures import (
        repeated_measures_correlation as repeated_measures_correlation,
    )
    from nmosd_cohort.statistics.estimate import Estimate as Estimate
    from nmosd_cohort.statistics.longitudinal.gee import gee as gee
    from nmosd_cohort.statistics.longitudinal.mixed_model import change_from_baseline as change_from_baseline
    from nmosd_cohort.statistics.longitudinal.mixed_model import clda as clda
    from nmosd_cohort.statistics.longitudinal.mixed_model import mixed_model as mixed_model
    from nmosd_cohort.statistics.longitudinal.segmented import segmented_change as segmented_change
    from nmosd_cohort.statistics.means.mean import mean as mean
    from nmosd_cohort.statistics.means.mean import mean_difference as mean_difference
    from nmosd_cohort.statistics.means.standardised_difference import hedges_g as hedges_g
    from nmosd_cohort.statistics.missing.imputation import impute as impute
    from nmosd_cohort.statistics.missing.missing_patterns import missing_patterns as missing_patterns
    from nmosd_cohort.statistics.missing.missing_patterns import missing_shares as missing_shares
    from nmosd_cohort.statistics.missing.rubin import pool_estimates as pool_estimates
    from nmosd_cohort.statistics.missing.rubin import pool_imputations as pool_imputations
    from nmosd_cohort.statistics.missing.tipping_point import shifted_frames as shifted_frames
    from nmosd_cohort.statistics.missing.tipping_point import tipping_point as tipping_point
    from nmosd_cohort.statistics.missing.tipping_share import tipping_share as tipping_share
    from nmosd_cohort.statistics.models.g_computation import standardised_risk as standardised_risk
    from nmosd_cohort.statistics.models.g_computation import (
        standardised_risk_difference as standardised_risk_difference,
    )
    from nmosd_cohort.statistics.models.g_computation import standardised_risk_ratio as standardised_risk_ratio
    from nmosd_cohort.statistics.multiplicity import adjust_family as adjust_family
    from nmosd_cohort.statistics.multiplicity import benjamini_hochberg as benjamini_hochberg
    from nmosd_cohort.statistics.multiplicity import holm as holm
    from nmosd_cohort.statistics.ordinal.cumulative_logit import fit_cumulative_link as fit_cumulative_link
    from nmosd_cohort.statistics.ordinal.cumulative_logit import odds_ratios as odds_ratios
    from nmosd_cohort.statistics.ordinal.cumulative_logit import standardised_contrast as standardised_contrast
    from nmosd_cohort.statistics.ordinal.cumulative_logit import standardised_probability as standardised_probability
    from nmosd_cohort.statistics.ordinal.cutpoints import brant_test as brant_test
    from nmosd_cohort.statistics.ordinal.cutpoints import cutpoint_odds_ratios as cutpoint_odds_ratios
    from nmosd_cohort.statistics.ordinal.partial_odds import partial_proportional_odds as partial_proportional_odds
    from nmosd_cohort.statistics.ordinal.profile import profile_odds_ratios as profile_odds_ratios
    from nmosd_cohort.statistics.ordinal.proportional_odds import proportional_odds_test as proportional_odds_test
    from nmosd_cohort.statistics.paired.ancova import ancova as ancova
    from nmosd_cohort.statistics.paired.baseline_change import baseline_change_relation as baseline_change_relation
    from nmosd_cohort.statistics.paired.change import mean_change as mean_change
    from nmosd_cohort.statistics.paired.change import responders as responders
    from nmosd_cohort.statistics.paired.change import response as response
    from nmosd_cohort.statistics.paired.no_effect_responders import no_effect_responders as no_effect_responders
    from nmosd_cohort.statistics.paired.regression_to_the_mean import regression_to_the_mean as regression_to_the_mean
    from nmosd_cohort.statistics.paired.regression_to_the_mean import sensitivity_curve as sensitivity_curve
    from nmosd_cohort.statistics.paired.related_score import (
        regression_given_related_score as regression_given_related_score,
    )
    from nmosd_cohort.statistics.paired.signed_rank import pseudo_median as pseudo_median
    from nmosd_cohort.statistics.paired.signed_rank import wilcoxon_signed_rank as wilcoxon_signed_rank
    from nmosd_cohort.statistics.pooling.borrowing import robust_map as robust_map
    from nmosd_cohort.statistics.pooling.correlations import correlation_studies as correlation_studies
    from nmosd_cohort.statistics.pooling.correlations import pool_correlations as pool_correlations
    from nmosd_cohort.statistics.pooling.means import change_studies as change_studies
    from nmosd_cohort.statistics.pooling.means import mean_studies as mean_studies
    from nmosd_cohort.statistics.pooling.means import pool_changes as pool_changes
    from nmosd_cohort.statistics.pooling.means import pool_means as pool_means
    from nmosd_cohort.statistics.pooling.proportions import pool_proportions as pool_proportions
    from nmosd_cohort.statistics.pooling.proportions import share_studies as share_studies
    from nmosd_cohort.statistics.pooling.quartiles import mean_from_quartiles as mean_from_quartiles
    from nmosd_cohort.statistics.pooling.random_effects import pool_effects as pool_effects
    from nmosd_cohort.statistics.pooling.random_effects import pool_studies as pool_studies
    from nmosd_cohort.statistics.pooling.ratios import pool_ratios as pool_ratios
    from nmosd_cohort.statistics.pooling.ratios import pool_two_groups as pool_two_groups
    from nmosd_cohort.statistics.pooling.ratios import ratio_studies as ratio_studies
    from nmosd_cohort.statistics.pooling.ratios import two_group_studies as two_group_studies
    from nmosd_cohort.statistics.pooling.sensitivity import forest_table as forest_table
    from nmosd_cohort.statistics.pooling.sensitivity import leave_one_group_out as leave_one_group_out
    from nmosd_cohort.statistics.pooling.sensitivity import leave_one_out as leave_one_out
    from nmosd_cohort.statistics.pooling.sensitivity import one_per_group as one_per_group
    from nmosd_cohort.statistics.pooling.sensitivity import small_study_effect as small_study_effect
    from nmosd_cohort.statistics.pooling.studies import study_effects as study_effects
    from nmosd_cohort.statistics.pooling.subgroups import pool_subgroups as pool_subgroups
    from nmosd_cohort.statistics.ranks.kruskal_wallis import kruskal_wallis as kruskal_wallis
    from nmosd_cohort.statistics.ranks.mann_whitney import mann_whitney as mann_whitney
    from nmosd_cohort.statistics.ranks.median_and_shift import hodges_lehmann_shift as hodges_lehmann_shift
    from nmosd_cohort.statistics.ranks.median_and_shift import median as median
    from nmosd_cohort.statistics.ranks.median_and_shift import quantile as quantile
    from nmosd_cohort.statistics.ranks.superiority import cliffs_delta as cliffs_delta
    from nmosd_cohort.statistics.ranks.superiority import probability_superiority as probability_superiority
    from nmosd_cohort.statistics.regression.clustered_rates import clustered_rate_ratios as clustered_rate_ratios
    from nmosd_cohort.statistics.regression.e_value import e_value as e_value
    from nmosd_cohort.statistics.regression.e_value import e_value_of_mean_difference as e_value_of_mean_difference
    from nmosd_cohort.statistics.regression.firth import firth_logistic as firth_logistic
    from nmosd_cohort.statistics.regression.importance_rank import importance_rank as importance_rank
    from nmosd_cohort.statistics.regression.linear import adjusted_mean_difference as adjusted_mean_difference
    from nmosd_cohort.statistics.regression.linear import linear_regression as linear_regression
    from nmosd_cohort.statistics.regression.linear import standardised_coefficient as standardised_coefficient
    from nmosd_cohort.statistics.regression.logistic import fit_logistic as fit_logistic
    from nmosd_cohort.statistics.regression.logistic import logistic_regression as logistic_regression
    from nmosd_cohort.statistics.regression.negative_binomial import fit_negative_binomial as fit_negative_binomial
    from nmosd_cohort.statistics.regression.negative_binomial import (
        negative_binomial_regression as negative_binomial_regression,
    )
    from nmosd_cohort.statistics.regression.rate_regression import fit_poisson as fit_poisson
    from nmosd_cohort.statistics.regression.rate_regression import poisson_regression as poisson_regression
    from nmosd_cohort.statistics.regression.rates import overdispersion as overdispersion
    from nmosd_cohort.statistics.regression.rates import paired_rate_ratio as paired_rate_ratio
    from nmosd_cohort.statistics.regression.rates import poisson_rate as poisson_rate
    from nmosd_cohort.statistics.regression.rates import rate_ratio as rate_ratio
    from nmosd_cohort.statistics.regression.relative_importance import relative_importance as relative_importance
    from nmosd_cohort.statistics.regression.self_controlled import (
        self_controlled_rate_ratio as self_controlled_rate_ratio,
    )
    from nmosd_cohort.statistics.resampling.bootstrap import bootstrap_cells as bootstrap_cells
    from nmosd_cohort.statistics.resampling.freedman_lane import freedman_lane_max_t as freedman_lane_max_t
    from nmosd_cohort.statistics.resampling.max_t import max_t as max_t
    from nmosd_cohort.statistics.resampling.permutation import permutation_test as permutation_test
    from nmosd_cohort.statistics.resampling.permutation_limits import (
        permutation_mean_difference as permutation_mean_difference,
    )
    from nmosd_cohort.statistics.resampling.permutation_limits import sign_flip_mean as sign_flip_mean
    from nmosd_cohort.statistics.shares.assessment_bounds import worst_case_bounds as worst_case_bounds
    from nmosd_cohort.statistics.shares.assessment_bounds import worst_case_limits as worst_case_limits
    from nmosd_cohort.statistics.shares.clustered_share import clustered_share as clustered_share
    from nmosd_cohort.statistics.shares.paired_proportions import (
        paired_proportion_difference as paired_proportion_difference,
    )
    from nmosd_cohort.statistics.shares.proportions import proportion as proportion
    from nmosd_cohort.statistics.shares.proportions import proportion_difference as proportion_difference
    from nmosd_cohort.statistics.shares.ratios import odds_ratio as odds_ratio
    from nmosd_cohort.statistics.shares.ratios import risk_ratio as risk_ratio
    from nmosd_cohort.statistics.shares.rogan_gladen import true_prevalence as true_prevalence
    from nmosd_cohort.statistics.shares.rogan_gladen import (
        true_prevalence_estimated_accuracy as true_prevalence_estimated_accuracy,
    )
    from nmosd_cohort.statistics.shares.standardisation import standardised_proportion as standardised_proportion
    from nmosd_cohort.statistics.shares.standardisation import standardised_rate as standardised_rate
    from nmosd_cohort.statistics.shares.two_by_two import mcnemar_mid_p as mcnemar_mid_p
    from nmosd_cohort.statistics.shares.weighted_share import weighted_share as weighted_share
    from nmosd_cohort.statistics.survival.competing_risks import cumulative_incidence as cumulative_incidence
    from nmosd_cohort.statistics.survival.competing_risks import (
        cumulative_incidence_difference as cumulative_incidence_difference,
    )
    from nmosd_cohort.statistics.survival.cox import cox_regression as cox_regression
    from nmosd_cohort.statistics.survival.cox import fit_cox as fit_cox
    from nmosd_cohort.statistics.survival.cox_checks import proportional_hazards_check as proportional_hazards_check
    from nmosd_cohort.statistics.survival.firth_cox import firth_cox as firth_cox
    from nmosd_cohort.statistics.survival.gray import gray_test as gray_test
    from nmosd_cohort.statistics.survival.kaplan_meier import kaplan_meier as kaplan_meier
    from nmosd_cohort.statistics.survival.kaplan_meier import survival_quantile as survival_quantile
    from nmosd_cohort.statistics.survival.logrank import logrank as logrank
    from nmosd_cohort.statistics.survival.recurrent_events import andersen_gill as andersen_gill
    from nmosd_cohort.statistics.survival.recurrent_events import mean_cumulative_count as mean_cumulative_count
    from nmosd_cohort.statistics.survival.restricted_mean import restricted_mean_contrast as restricted_mean_contrast
    from nmosd_cohort.statistics.survival.restricted_mean import restricted_mean_survival as restricted_mean_survival
    from nmosd_cohort.statistics.weighting.moment_weights import moment_weights as moment_weights
    from nmosd_cohort.statistics.weighting.targets import Target as Target
    from nmosd_cohort.statistics.weighting.weighted_outcome import weighted_mean as weighted_mean
    from nmosd_cohort.statistics.weighting.weighted_outcome import weighted_proportion as weighted_proportion

_HOME = {
    "segmented_change": "longitudinal.segmented",
    "proportion": "shares.proportions",
    "proportion_difference": "shares.proportions",
    "risk_ratio": "shares.ratios",
    "odds_ratio": "shares.ratios",
    "paired_proportion_difference": "shares.paired_proportions",
    "mcnemar_mid_p": "shares.two_by_two",
    "standardised_proportion": "shares.standardisation",
    "standardised_rate": "shares.standardisation",
    "true_prevalence": "shares.rogan_gladen",
    "true_prevalence_estimated_accuracy": "shares.rogan_gladen",
    "worst_case_bounds": "shares.assessment_bounds",
    "worst_case_limits": "shares.assessment_bounds",
    "weighted_share": "shares.weighted_share",
    "clustered_share": "shares.clustered_share",
    "quantile": "ranks.median_and_shift",
    "median": "ranks.median_and_shift",
    "hodges_lehmann_shift": "ranks.median_and_shift",
    "probability_superiority": "ranks.superiority",
    "cliffs_delta": "ranks.superiority",
    "mann_whitney": "ranks.mann_whitney",
    "kruskal_wallis": "ranks.kruskal_wallis",
    "mean": "means.mean",
    "mean_difference": "means.mean",
    "hedges_g": "means.standardised_difference",
    "standardised_category_difference": "balance.standardised",
    "standardised_score_difference": "balance.standardised",
    "standardised_share_difference": "balance.standardised",
    "pearson": "correlation.coefficients",
    "spearman": "correlation.coefficients",
    "partial_spearman": "correlation.coefficients",
    "kendall_tau_b": "correlation.kendall",
    "repeated_measures_correlation": "correlation.repeated_measures",
    "correlation_difference": "correlation.correlation_difference",
    "correlation_from_summary": "correlation.fisher_z",
    "spearman_difference": "correlation.fisher_z",
    "disattenuated_correlation": "correlation.disattenuation",
    "mean_change": "paired.change",
    "wilcoxon_signed_rank": "paired.signed_rank",
    "pseudo_median": "paired.signed_rank",
    "responders": "paired.change",
    "response": "paired.change",
    "regression_given_related_score": "paired.related_score",
    "regression_to_the_mean": "paired.regression_to_the_mean",
    "sensitivity_curve": "paired.regression_to_the_mean",
    "no_effect_responders": "paired.no_effect_responders",
    "baseline_change_relation": "paired.baseline_change",
    "ancova": "paired.ancova",
    "mixed_model": "longitudinal.mixed_model",
    "change_from_baseline": "longitudinal.mixed_model",
    "clda": "longitudinal.mixed_model",
    "gee": "longitudinal.gee",
    "fit_cumulative_link": "ordinal.cumulative_logit",
    "odds_ratios": "ordinal.cumulative_logit",
    "profile_odds_ratios": "ordinal.profile",
    "standardised_probability": "ordinal.cumulative_logit",
    "standardised_contrast": "ordinal.cumulative_logit",
    "cutpoint_odds_ratios": "ordinal.cutpoints",
    "brant_test": "ordinal.cutpoints",
    "proportional_odds_test": "ordinal.proportional_odds",
    "partial_proportional_odds": "ordinal.partial_odds",
    "linear_regression": "regression.linear",
    "adjusted_mean_difference": "regression.linear",
    "standardised_coefficient": "regression.linear",
    "fit_logistic": "regression.logistic",
    "logistic_regression": "regression.logistic",
    "firth_logistic": "regression.firth",
    "fit_poisson": "regression.rate_regression",
    "poisson_regression": "regression.rate_regression",
    "fit_negative_binomial": "regression.negative_binomial",
    "clustered_rate_ratios": "regression.clustered_rates",
    "clustered_rate": "regression.clustered_rate",
    "self_controlled_rate_ratio": "regression.self_controlled",
    "negative_binomial_regression": "regression.negative_binomial",
    "standardised_risk": "models.g_computation",
    "standardised_risk_difference": "models.g_computation",
    "standardised_risk_ratio": "models.g_computation",
    "relative_importance": "regression.relative_importance",
    "importance_rank": "regression.importance_rank",
    "spearman_part_difference": "correlation.part_difference",
    "e_value": "regression.e_value",
    "e_value_of_mean_difference": "regression.e_value",
    "poisson_rate": "regression.rates",
    "rate_ratio": "regression.rates",
    "paired_rate_ratio": "regression.rates",
    "overdispersion": "regression.rates",
    "kaplan_meier": "survival.kaplan_meier",
    "survival_quantile": "survival.kaplan_meier",
    "logrank": "survival.logrank",
    "fit_cox": "survival.cox",
    "cox_regression": "survival.cox",
    "firth_cox": "survival.firth_cox",
    "proportional_hazards_check": "survival.cox_checks",
    "restricted_mean_survival": "survival.restricted_mean",
    "restricted_mean_contrast": "survival.restricted_mean",
    "cumulative_incidence": "survival.competing_risks",
    "cumulative_incidence_difference": "survival.competing_risks",
    "gray_test": "survival.gray",
    "mean_cumulative_count": "survival.recurrent_events",
    "andersen_gill": "survival.recurrent_events",
    "pool_effects": "pooling.random_effects",
    "pool_studies": "pooling.random_effects",
    "pool_proportions": "pooling.proportions",
    "pool_means": "pooling.means",
    "pool_changes": "pooling.means",
    "pool_correlations": "pooling.correlations",
    "pool_ratios": "pooling.ratios",
    "pool_two_groups": "pooling.ratios",
    "pool_subgroups": "pooling.subgroups",
    "study_effects": "pooling.studies",
    "share_studies": "pooling.proportions",
    "mean_studies": "pooling.means",
    "change_studies": "pooling.means",
    "correlation_studies": "pooling.correlations",
    "ratio_studies": "pooling.ratios",
    "two_group_studies": "pooling.ratios",
    "leave_one_out": "pooling.sensitivity",
    "leave_one_group_out": "pooling.sensitivity",
    "one_per_group": "pooling.sensitivity",
    "small_study_effect": "pooling.sensitivity",
    "forest_table": "pooling.sensitivity",
    "mean_from_quartiles": "pooling.quartiles",
    "missing_patterns": "missing.missing_patterns",
    "missing_shares": "missing.missing_patterns",
    "impute": "missing.imputation",
    "pool_imputations": "missing.rubin",
    "pool_estimates": "missing.rubin",
    "shifted_frames": "missing.tipping_point",
    "tipping_point": "missing.tipping_point",
    "tipping_share": "missing.tipping_share",
    "censored_normal": "censored.censored_normal",
    "bootstrap_cells": "resampling.bootstrap",
    "permutation_test": "resampling.permutation",
    "permutation_mean_difference": "resampling.permutation_limits",
    "sign_flip_mean": "resampling.permutation_limits",
    "max_t": "resampling.max_t",
    "freedman_lane_max_t": "resampling.freedman_lane",
    "robust_map": "pooling.borrowing",
    "Target": "weighting.targets",
    "moment_weights": "weighting.moment_weights",
    "weighted_mean": "weighting.weighted_outcome",
    "weighted_proportion": "weighting.weighted_outcome",
    "holm": "multiplicity",
    "benjamini_hochberg": "multiplicity",
    "adjust_family": "multiplicity",
    "Estimate": "estimate",
}

__all__ = [*sorted(_HOME)]


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use."""
    if name not in _HOME:
        raise AttributeError(f"nmosd_cohort.statistics has no {name!r}; it has {', '.join(sorted(_HOME))}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
