"""Words of the report: every measure that the demo shows has a name and a way to be printed."""

from dataclasses import replace
from importlib.resources import files

import pytest

from nmosd_cohort.intake.open import open_registry
from nmosd_cohort.literature.catalogue import published_figures
from nmosd_cohort.report.format import check_kind
from nmosd_cohort.report.html import variant
from nmosd_cohort.report.rows import row_count, row_estimate
from nmosd_cohort.report.words import labels, outcome_label, value_words
from nmosd_cohort.result import Result
from nmosd_cohort.run import answer_questions


def test_every_measure_of_the_demo_has_a_label():
    registry = open_registry(files("nmosd_cohort.synthetic") / "demo_registry" / "registry.toml")
    results = answer_questions(registry)
    shown = {measure for result in results for measure in result.estimates["measure"]}
    asked = dict.fromkeys(result.name for result in results)
    in_order = [name for names in labels()["chapters"].values() for name in names]
    assert set(in_order) == set(labels()["questions"])
    assert list(asked) == [name for name in in_order if name != "patient_timeline"]  # one patient is not for a report
    assert not [result.name for result in results if result.estimates["estimate"].notna().sum() == 0]
    assert shown - set(labels()["measures"]) == set()


def test_every_kind_of_number_is_known():
    for entry in labels()["measures"].values():
        check_kind(entry["kind"])


@pytest.mark.parametrize(
    ("measure", "printed"),
    [
        ("proportion", "142/218"),
        ("bounds_if_never_asked", "218"),
        ("limits_if_never_asked", "218"),
        ("rate", "218"),
        ("rate_ratio", "218"),
    ],
)
def test_events_that_are_not_a_part_of_the_patients_beside_them_are_not_printed(measure: str, printed: str):
    assert row_count({"measure": measure, "events": 142, "n": 218}) == printed


def test_possible_range_and_confidence_limits_look_different():
    row = {"unit": "share", "estimate": float("nan"), "conf_low": 0.651, "conf_high": 0.702, "n": 218}
    possible = row | {"measure": "bounds_if_never_asked", "conf_level": None}
    limits = row | {"measure": "limits_if_never_asked", "conf_level": 0.95}
    assert row_estimate(possible) == "between 65.1 % and 70.2 %"
    assert row_estimate(limits) == "between 65.1 % and 70.2 % [95 % interval]"


def test_every_pool_group_and_no_word_of_the_code_stands_in_the_report():
    groups = published_figures()["pool_group"].dropna().unique()
    assert set(groups) - set(labels()["outcomes"]) == set()
    assert outcome_label("relapse_free_after_car_t") == "No relapse after CAR T cells"
    assert value_words("most_used") == "The scale that most patients have"


def test_a_result_is_told_apart_by_its_scale_and_not_by_how_that_was_chosen(prevalence: Result):
    chosen = {"instrument": "BDI-II", "depression": "most_used", "time_frame": "current"}
    assert variant(replace(prevalence, definitions=chosen)) == "BDI-II, current"


def test_a_class_of_drugs_and_the_sort_of_multiverse_tell_results_apart(prevalence: Result):
    by_class = {"drug": "tocilizumab", "drug_class": "cell_therapy", "outcome": "sf36_bp"}
    assert variant(replace(prevalence, definitions=by_class)) == "Cell therapy, SF-36 bodily pain"
    assert variant(replace(prevalence, definitions={"treatment": "cell_therapy"})) == "Cell therapy"
    of_prevalence = {"of": "prevalence", "drug": "tocilizumab", "pain": "any"}
    assert variant(replace(prevalence, definitions=of_prevalence)) == "Any pain, definitions of prevalence"
