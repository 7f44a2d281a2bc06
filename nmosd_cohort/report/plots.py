"""Plot of a result, and the forest plot of published figures."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nmosd_cohort.report import plots_forest
from nmosd_cohort.report.plots_ascertainment import plot_ascertainment
from nmosd_cohort.report.plots_attacks import plot_attacks
from nmosd_cohort.report.plots_attribution import plot_attribution, plot_multiverse, plot_severity
from nmosd_cohort.report.plots_biomarkers import plot_biomarkers, plot_incidence
from nmosd_cohort.report.plots_cohort import plot_cohort
from nmosd_cohort.report.plots_core import empty_figure, styled, why_empty
from nmosd_cohort.report.plots_drugs import plot_depression_gap, plot_drugs
from nmosd_cohort.report.plots_imaging import plot_brain_imaging, plot_persistent_lesions, plot_segment_map
from nmosd_cohort.report.plots_pain import plot_change, plot_depression, plot_lesion_level
from nmosd_cohort.report.plots_pain_detail import plot_diagnosis, plot_first_sign
from nmosd_cohort.report.plots_pain_types import plot_pain_sites, plot_pain_types
from nmosd_cohort.report.plots_predictors import (
    plot_neuropathic_predictors,
    plot_quality_predictors,
    plot_without_overlap,
)
from nmosd_cohort.report.plots_scales import plot_disability, plot_quality_of_life
from nmosd_cohort.report.plots_shares import plot_prevalence, plot_primary
from nmosd_cohort.report.plots_strategies import plot_strategies
from nmosd_cohort.report.plots_timeline import plot_timeline
from nmosd_cohort.report.plots_treatment import plot_contrast, plot_series
from nmosd_cohort.report.rows import check_result

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from nmosd_cohort.result import Result

PLOTS = {
    "pain_prevalence": plot_prevalence,
    "neuropathic_pain_and_disability": plot_disability,
    "neuropathic_pain_and_quality_of_life": plot_quality_of_life,
    "lesion_level_and_pain": plot_lesion_level,
    "pain_and_depression": plot_depression,
    "change_after_start": plot_change,
    "brain_imaging_and_pain": plot_brain_imaging,
    "lesion_segment_map": plot_segment_map,
    "persistent_lesions_and_pain": plot_persistent_lesions,
    "treatment_contrast": plot_contrast,
    "interrupted_series": plot_series,
    "pain_types": plot_pain_types,
    "pain_sites": plot_pain_sites,
    "pain_as_worst_symptom": plot_prevalence,
    "pain_as_first_sign": plot_first_sign,
    "pain_and_diagnosis": plot_diagnosis,
    "attacks_after_start": plot_attacks,
    "intercurrent_events": plot_strategies,
    "ascertainment": plot_ascertainment,
    "describe_cohort": plot_cohort,
    "patient_timeline": plot_timeline,
    "relapse_attribution": plot_attribution,
    "pain_severity_and_attacks": plot_severity,
    "definition_multiverse": plot_multiverse,
    "depression_treatment_gap": plot_depression_gap,
    "drug_use_and_response": plot_drugs,
    "biomarkers_and_pain": plot_biomarkers,
    "incidence_and_prevalence": plot_incidence,
    "predictors_of_neuropathic_pain": plot_neuropathic_predictors,
    "predictors_of_quality_of_life": plot_quality_predictors,
    "pain_without_construct_overlap": plot_without_overlap,
}
NEEDS_NO_ESTIMATE = ("patient_timeline",)  # drawn from the events of its tally


def plot(result: Result) -> Figure:
    r"""Draw the picture of one result, chosen by the name of its question.

    Parameters
    ----------
    result
        Answer of a question; nothing is computed, only its estimates and counts are drawn.

    Returns
    -------
    matplotlib.figure.Figure
        A figure without global state. If the result has no estimate, the figure says what is missing.

    Raises
    ------
    TypeError
        If it is no Result.

    Examples
    --------
    >>> import pandas as pd
    >>> from nmosd_cohort.result import Result, estimate_frame, flow_frame
    >>> none = pd.DataFrame()
    >>> steps = flow_frame([("assessed", 0, 4, "never asked about pain")])
    >>> answer = Result("Share with pain", estimate_frame([]), steps, none, none, name="pain_prevalence")
    >>> plot(answer).texts[0].get_text().replace("\n", " ")
    'Nothing to draw: 4 patients left at the step "assessed" (never asked about pain).'
    """
    check_result(result, "plot")
    _show_figures_in_notebooks()
    with styled():
        if result.estimates["estimate"].notna().sum() == 0 and result.name not in NEEDS_NO_ESTIMATE:
            return empty_figure(why_empty(result))
        return PLOTS.get(result.name, plot_primary)(result)


def _show_figures_in_notebooks() -> None:
    """Let a running notebook show figures as pictures, as it does by itself once pyplot is loaded."""
    if "IPython" not in sys.modules:
        return
    from IPython.core.getipython import get_ipython
    from IPython.core.pylabtools import print_figure
    from matplotlib.figure import Figure

    shell = get_ipython()
    if shell is not None and shell.display_formatter is not None:
        shell.display_formatter.formatters["image/png"].for_type(Figure, print_figure)


def forest(verdicts: pd.DataFrame) -> Figure:
    """Draw published figures against the registry's own: one row a figure, one panel a scale.

    Parameters
    ----------
    verdicts
        One row a published figure, as ``validate`` returns them.

    Returns
    -------
    matplotlib.figure.Figure
        Published estimates are hollow, local ones have the colour and shape of their verdict.
    """
    with styled():
        return plots_forest.forest(verdicts)
