"""The gate stops what may not be compared, and lists the rest."""

import math
from dataclasses import replace

import pytest

from nmosd_cohort.literature.catalogue import find_figure, read_catalogue
from nmosd_cohort.literature.comparability import ITEMS, MARGINS, RULES, compare_definitions, margin_of
from nmosd_cohort.literature.definitions import cutoff_of, local_definitions, published_definitions


@pytest.mark.parametrize("denominator", ["assessed", "all_diagnosed", "with_myelitis", "aqp4_positive"])
def test_share_of_those_with_pain_is_never_set_beside_a_share_of_all(denominator: str) -> None:
    gate = compare_definitions(find_figure("xue_np_among_pain"), {"denominator": denominator})
    assert not gate.comparable
    assert gate.reason == "the published share is of patients with pain, the local one is not"


def test_share_of_all_is_never_set_beside_a_share_of_those_with_pain() -> None:
    gate = compare_definitions(find_figure("zhang_2022_np_all"), {"denominator": "with_pain"})
    assert gate.reason == "the local share is of patients with pain, the published one is not"


def test_like_is_compared_with_like() -> None:
    definitions = {
        "construct": "neuropathic_pain",
        "denominator": "with_pain",
        "time_frame": "current",
        "instrument": "id pain",
        "cutoff": 2,
        "phase": "remission",
        "serostatus": "mixed",
        "diagnosis": "nmosd",
    }
    gate = compare_definitions(find_figure("tong_2022_np_among_pain"), definitions)
    assert gate.comparable
    assert [item.item for item in gate.items] == list(ITEMS)
    assert gate.listed("same") == "construct, denominator, time_frame, instrument, cutoff, phase, diagnosis"
    assert gate.listed("unknown") == "serostatus, care_level"
    assert gate.listed("different") == ""
    assert str(gate).startswith("comparable; same: construct, denominator")


@pytest.mark.parametrize(
    ("definitions", "reason"),
    [
        ({"construct": "any_pain"}, "the construct differs: published neuropathic pain, local any pain"),
        ({"pain": "tonic_spasm"}, "the construct differs: published neuropathic pain, local tonic spasm"),
        ({"denominator": "all_diagnosed"}, "the denominator differs: published assessed, local all diagnosed"),
        ({"denominator": "unknown"}, "the denominator of the local figure is unknown"),
        ({"time_frame": "ever"}, "the time frame differs: published current, local ever"),
        ({"diagnosis": "mogad"}, "the diagnosis differs: published nmosd, local mogad"),
    ],
)
def test_construct_denominator_and_time_frame_stop_the_comparison(definitions: dict[str, str], reason: str) -> None:
    gate = compare_definitions(find_figure("zhang_2022_np_all"), definitions)
    assert (gate.comparable, gate.reason) == (False, reason)
    assert str(gate).startswith(f"not comparable, {reason}")


def test_unknown_published_denominator_stops_the_comparison() -> None:
    gate = compare_definitions(find_figure("bradl_2014_pain"), {"pain": "any", "denominator": "assessed"})
    assert gate.reason == "the denominator of the published figure is unknown"


def test_time_frame_that_was_not_stated_is_listed_and_does_not_stop() -> None:
    gate = compare_definitions(find_figure("chavarro_2016_np_all"), {"time_frame": "chronic"})
    assert gate.comparable
    assert {item.item: item.agreement for item in gate.items}["time_frame"] == "unknown"


def test_instrument_phase_and_serostatus_are_listed_and_do_not_stop() -> None:
    definitions = {"instrument": "painDETECT", "phase": "attack", "serostatus": "mixed"}
    gate = compare_definitions(find_figure("tong_2022_pain"), definitions)
    agreement = {item.item: item.agreement for item in gate.items}
    assert gate.comparable
    assert (agreement["instrument"], agreement["phase"]) == ("different", "different")


@pytest.mark.parametrize(
    ("figure", "instrument", "comparable"),
    [
        ("zhang_2022_depression", "bdi_ii", True),
        ("zhang_2022_depression", "phq9", False),
        ("zhang_2022_np_all", "dn4", True),
        ("zhang_2022_np_all", "paindetect", False),
        ("zhang_2022_np_all", None, True),
        ("tong_2022_pain", "nrs", True),
    ],
)
def test_another_instrument_stops_what_it_defines(figure: str, instrument: str | None, comparable: bool) -> None:
    assert compare_definitions(find_figure(figure), {"instrument": instrument}).comparable is comparable


def test_one_of_several_instruments_is_enough() -> None:
    gate = compare_definitions(find_figure("chavarro_2016_np_all"), {"instrument": "pain_detect"})
    assert {item.item: item.agreement for item in gate.items}["instrument"] == "same"


def test_seropositive_denominator_implies_seropositive_patients() -> None:
    local = local_definitions(find_figure("ayzenberg_2021_pain_chronic").answers, {"serostatus": "mixed"})
    assert local["serostatus"] == "aqp4_positive"


def test_row_of_patients_with_pain_implies_the_denominator_unless_another_is_stated() -> None:
    with_pain = find_figure("pumch_comorbidity_depression_with_pain")
    without = compare_definitions(find_figure("pumch_comorbidity_depression_without_pain_derived"), {})
    assert compare_definitions(with_pain, {}).comparable
    assert without.comparable
    assert without.items[1].local == "other: patients without pain"
    # what a caller says of his own estimate is not overruled by what the question would have counted
    other = compare_definitions(with_pain, {"denominator": "assessed"})
    assert other.reason == "the published share is of patients with pain, the local one is not"


def test_contradictory_definitions_are_refused() -> None:
    answers = find_figure("zhang_2022_np_all").answers
    with pytest.raises(ValueError, match="say pain any and construct neuropathic_pain; leave one out"):
        local_definitions(answers, {"pain": "any", "construct": "neuropathic_pain"})
    assert local_definitions(answers, {"pain": "any", "construct": "any_pain"})["construct"] == "any_pain"
    # a narrower construct of the caller's own stands beside the kind of pain that it was made from
    assert local_definitions(answers, {"pain": "any", "construct": "spasticity_pain"})["construct"] == "spasticity_pain"


@pytest.mark.parametrize(
    ("text", "cutoff"),
    [
        ("14", "14 or more"),
        ("DN4 4 or more", "4 or more"),
        ("ID Pain at least 2", "2 or more"),
        (">= 19", "19 or more"),
        ("above 12", "13 or more"),
        ("BDI-II > 13", "14 or more"),
        ("not seen", None),
        ("not seen (customary for DN4: 4 or more)", None),
        ("the congress version used above 20", None),
        ("below 40", None),
        ("", None),
        (None, None),
    ],
)
def test_cutoff_is_read_only_where_it_is_stated_outright(text: str | None, cutoff: str | None) -> None:
    assert cutoff_of(text) == cutoff


def test_another_cutoff_of_the_same_instrument_stops() -> None:
    # published: painDETECT above 12
    gate = compare_definitions(find_figure("ozdogar_2025_np"), {"instrument": "paindetect", "cutoff": 19})
    assert gate.reason == "the cut-off differs: published 13 or more, local 19 or more"
    assert compare_definitions(find_figure("ozdogar_2025_np"), {"instrument": "paindetect", "cutoff": 13}).comparable
    assert compare_definitions(find_figure("ozdogar_2025_np"), {"instrument": "paindetect"}).comparable


def test_moderate_depression_has_its_own_cutoff() -> None:
    answers = find_figure("chavarro_2016_depression_moderate").answers
    assert local_definitions(answers, {"cutoff": 14, "cutoff_moderate": 20})["cutoff"] == "20 or more"
    assert local_definitions(answers, {"cutoff": 10, "cutoff_moderate": None})["cutoff"] is None


def test_cutoff_is_no_need_of_what_no_instrument_defines() -> None:
    gate = compare_definitions(find_figure("tong_2022_pain"), {"cutoff": 4})
    assert "cutoff" not in {item.item for item in gate.items}


@pytest.mark.parametrize(
    ("figure", "diagnosis"),
    [
        ("kanamori_2011_pain", "nmosd"),
        ("kanamori_2011_pain_ms", "ms"),
        ("ms_guangdong_2024_np", "ms"),
        ("ringelstein_2022_arr_aqp4", "nmosd"),
        ("ringelstein_2022_arr_mog", "mogad"),
        ("ringelstein_2022_pain", "nmosd with mogad"),
        ("du_2021_pain", "acute moderate or severe myelitis"),
    ],
)
def test_diagnosis_is_that_of_the_patients_counted(figure: str, diagnosis: str) -> None:
    assert published_definitions(find_figure(figure))["diagnosis"] == diagnosis


def test_figure_of_a_paper_outside_the_catalogue_has_no_diagnosis() -> None:
    figure = replace(find_figure("tong_2022_pain"), paper="our_own_2026")
    assert published_definitions(figure)["diagnosis"] is None
    assert compare_definitions(figure, {"diagnosis": "ms"}).comparable


@pytest.mark.parametrize(
    ("local", "agreement"), [("nmosd", "unknown"), ("mogad", "unknown"), ("ms", "different"), (None, "unknown")]
)
def test_part_of_a_mixed_population_is_neither_same_nor_different(local: str | None, agreement: str) -> None:
    gate = compare_definitions(find_figure("ringelstein_2022_pain"), {"diagnosis": local})
    assert {item.item: item.agreement for item in gate.items}["diagnosis"] == agreement
    assert gate.comparable is (agreement == "unknown")


def test_care_level_is_listed_and_does_not_stop() -> None:
    figure = replace(find_figure("tong_2022_pain"), care_level="inpatients")
    other, same = (compare_definitions(figure, {"care_level": level}) for level in ("survey", "inpatients"))
    assert other.comparable
    assert "care_level" in other.listed("different")
    assert "care_level" in same.listed("same")


def test_unknown_local_construct_stops() -> None:
    gate = compare_definitions(find_figure("kong_2016_pain_qol"), {"denominator": "with_myelitis"})
    assert gate.reason == "the construct of the local figure is unknown"


def test_scores_around_a_start_and_lifetime_pain_are_not_of_remission_alone() -> None:
    assert local_definitions(find_figure("araki_2014_pain_12m").answers, {})["phase"] == "mixed"
    assert local_definitions(find_figure("xue_np_all_derived").answers, {})["phase"] == "mixed"
    assert local_definitions(find_figure("qian_2012_pain_current").answers, {})["phase"] == "remission"


def test_every_item_has_a_rule_with_its_reason() -> None:
    assert tuple(RULES) == ITEMS
    assert {name for name, rule in RULES.items() if rule.stops_if_different} == {
        *("construct", "denominator", "time_frame", "instrument", "cutoff", "diagnosis")
    }
    assert {name for name, rule in RULES.items() if rule.stops_if_unknown} == {"construct", "denominator"}
    assert all(len(rule.why) > 30 for rule in RULES.values())


def test_figure_without_answers_takes_only_what_is_stated() -> None:
    assert local_definitions(None, {})["denominator"] is None
    assert published_definitions(find_figure("kong_2016_pain_qol"))["denominator"] == "with_myelitis"


# The nearest local value is shown and not compared, as it is of other patients, of another time or of another thing.
FOLLOW_UP = "the construct differs: published relapse free"
SHOWN_ONLY = {
    "ayzenberg_2021_or_myelitis_attacks": "the denominator differs",
    "ayzenberg_2021_or_upper_thoracic": "the denominator differs",
    "ayzenberg_2021_spasticity_pain": "the time frame differs: published chronic, local current",
    "ayzenberg_2021_untreated_np": "the construct differs",
    "chai_review_relapse_heralded": "the denominator of the published figure is unknown",
    "chai_review_worst_symptom": "the denominator of the published figure is unknown",
    "chavarro_2016_antidepressant_nonresponse": "the denominator differs",
    "chavarro_2016_antidepressant_use": "the construct differs: published antidepressant use, local no antidepressant",
    "chavarro_2016_r_np_depression": "the construct differs",
    "eculizumab_2026_relapse_free": FOLLOW_UP,
    "elsone_2013_itch": "the construct differs: published neuropathic itch, local itch as a quality of pain",
    "huang_2018_sf_mpq": "the denominator differs: published with myelitis, local assessed",
    "mealy_2020_pain": "the denominator differs",
    "ongphichetmetha_2024_relapse_free": FOLLOW_UP,
    "qian_2012_multiple_medications": "the construct differs",
    "qian_2012_pain_free_on_medication": "the denominator differs",
    "qin_2023_relapse_free": FOLLOW_UP,
    "ringelstein_2022_relapse_free": FOLLOW_UP,
    "ringelstein_2022_relapse_free_aqp4": FOLLOW_UP,
    "ringelstein_2022_relapse_free_seronegative": FOLLOW_UP,
    "tango_2020_relapse_free_azathioprine": FOLLOW_UP,
    "tango_2020_relapse_free_tocilizumab": FOLLOW_UP,
    "toulouse_series_relapse_free": FOLLOW_UP,
    "valerio_2020_two_syndromes": "the construct differs",
    "xue_anticonvulsant_np_response": "the denominator of the published figure is unknown",
    "zhang_2022_antidepressant_use": "the denominator of the published figure is unknown",
}


@pytest.mark.parametrize(("figure", "reason"), SHOWN_ONLY.items())
def test_figures_of_other_patients_or_another_score_are_not_compared(figure: str, reason: str) -> None:
    assert compare_definitions(find_figure(figure), {}).reason.startswith(reason)


def test_every_answerable_figure_passes_with_its_own_arguments() -> None:
    for paper in read_catalogue():
        for figure in paper.figures:
            if figure.answers and figure.id not in SHOWN_ONLY:
                gate = compare_definitions(figure, {})
                assert gate.comparable, f"{figure.id}: {gate.reason}"
                assert gate.items[0].agreement == "same", figure.id


def test_row_that_the_table_does_not_know_leaves_the_construct_unknown() -> None:
    answers = find_figure("tackley_2017_beta_thoracic").answers
    assert answers is not None
    other = type(answers)(
        question=answers.question, arguments=answers.arguments, select={"outcome": "pain_nrs", "measure": "median"}
    )
    assert local_definitions(other, {})["construct"] is None


def test_margins_are_those_laid_down() -> None:
    assert MARGINS["proportion"] == 0.10
    assert MARGINS["correlation"] == 0.15
    assert margin_of(find_figure("zhang_2022_or_depression_np_vs_no_pain")) == pytest.approx(math.log(1.25))
    assert margin_of(find_figure("argentina_2022_bodily_pain")) == 5.0


def test_figures_of_attacks_alone_are_answered_by_rows_of_attacks_alone() -> None:
    # on this rests that the phase is listed and does not stop
    figures = [figure for paper in read_catalogue() for figure in paper.figures if figure.answers]
    of_attacks = [figure for figure in figures if figure.phase == "attack"]
    assert of_attacks
    assert all(local_definitions(figure.answers, {})["phase"] == "attack" for figure in of_attacks)


@pytest.mark.parametrize(
    "figure", ["zhang_2022_analgesic_use", "pumch_comorbidity_antidepressant_use", "xue_pain_two_sites"]
)
def test_drugs_and_sites_of_those_with_pain_are_never_set_against_all(figure: str) -> None:
    assert compare_definitions(find_figure(figure), {}).comparable
    gate = compare_definitions(find_figure(figure), {"denominator": "assessed"})
    assert gate.reason == "the published share is of patients with pain, the local one is not"
    everyone = compare_definitions(find_figure("qian_2012_pain_medication"), {"denominator": "with_pain"})
    assert everyone.reason == "the local share is of patients with pain, the published one is not"


def test_row_of_multiple_sclerosis_is_of_that_diagnosis_and_no_other() -> None:
    figure = find_figure("qian_2012_pain_ms")
    gate = compare_definitions(figure, {})
    items = {item.item: (item.local, item.published) for item in gate.items}
    assert gate.comparable
    assert items["diagnosis"] == ("ms", "ms")
    assert compare_definitions(figure, {"diagnosis": "nmosd"}).reason == (
        "the diagnosis differs: published ms, local nmosd"
    )
    assert compare_definitions(figure, {"denominator": "assessed"}).reason.startswith("the denominator differs")
    bodily_pain = local_definitions(find_figure("argentina_2022_bodily_pain_ms").answers, {})
    assert (bodily_pain["diagnosis"], bodily_pain["denominator"]) == ("ms", "other: patients with multiple sclerosis")


def test_chronic_pain_is_not_set_beside_current_pain_of_a_type() -> None:
    chronic = find_figure("ayzenberg_2021_spasticity_pain")
    assert not compare_definitions(chronic, {}).comparable
    assert compare_definitions(replace(chronic, time_frame="current"), {}).comparable


@pytest.mark.parametrize(
    ("figure", "instrument", "comparable"),
    [
        ("traboulsee_2020_baseline_pain", None, True),  # the row itself is of the VAS
        ("traboulsee_2020_baseline_pain", "NRS", False),
        ("araki_2014_pain_12m", "VAS", False),
        ("ayzenberg_2021_untreated_moderate_depression", "bdi_ii", True),
        ("ayzenberg_2021_untreated_moderate_depression", "phq9", False),
    ],
)
def test_scores_of_another_instrument_are_not_compared(figure: str, instrument: str | None, comparable: bool) -> None:
    gate = compare_definitions(find_figure(figure), {"instrument": instrument})
    assert gate.comparable is comparable
    if not comparable:
        assert gate.reason.startswith("the instrument differs")


def test_drug_of_the_question_is_part_of_what_its_row_is_about() -> None:
    answers = find_figure("yamamura_2019_relapse_hr").answers
    assert answers is not None
    assert local_definitions(answers, {})["construct"] == "relapse_on_satralizumab"
    other = replace(answers, arguments=answers.arguments | {"drug": "mycophenolate mofetil"})
    assert local_definitions(other, {})["construct"] == "relapse_on_mycophenolate_mofetil"
