"""The catalogue holds what the evidence held, and a faulty file is refused by name and field."""

import dataclasses
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

import nmosd_cohort as nc
from nmosd_cohort.literature import catalogue
from nmosd_cohort.literature.catalogue import (
    FOLDER,
    catalogue_hash,
    find_figure,
    published_figures,
    read_catalogue,
    read_papers,
)
from nmosd_cohort.literature.figure import Question, printed_percentages
from nmosd_cohort.literature.row_definitions import MATCHED, _table

# Written down by hand from the evidence: id, n, events, printed value.
BY_HAND: list[tuple[str, int | None, int | None, float | None]] = [
    ("xue_pain_all", 145, 117, 80.7),
    ("xue_pain_two_sites", 117, 71, 60.7),
    ("xue_np_among_pain", 117, 93, 79.5),
    ("ayzenberg_2021_pain_chronic", 166, 125, 75.3),
    ("ayzenberg_2021_np_among_pain", None, None, 65.9),
    ("ayzenberg_2021_spasticity_pain", 125, 86, 68.8),
    ("ayzenberg_2021_tonic_spasm_among_pain", 125, 33, 26.4),
    ("ayzenberg_2021_or_myelitis_attacks", 166, None, 1.27),
    ("ayzenberg_2021_or_upper_thoracic", 166, None, 1.31),
    ("ayzenberg_2021_or_spasticity_upper_thoracic", 166, None, 1.36),
    ("ayzenberg_2021_depression", 166, 66, 39.8),
    ("ayzenberg_2021_depression_moderate_of_depressed", 66, 34, 51.5),
    ("ayzenberg_2021_or_depression_pain_severity", 166, None, 1.81),
    ("ayzenberg_2021_or_depression_np", 166, None, 3.44),
    ("zhang_2022_pain_current", 122, 81, 66.4),
    ("zhang_2022_np_all", 122, 35, 28.7),
    ("zhang_2022_depression", 122, 49, 40.2),
    ("zhang_2022_or_depression_np_vs_other_pain", 122, None, 4.15),
    ("zhang_2022_or_depression_np_vs_no_pain", 122, None, 5.65),
    ("zhang_2022_or_spinal_onset", 122, None, 15.78),
    ("zhang_2022_edss_by_np", 122, None, None),
    ("pumch_comorbidity_depression_with_pain", 81, 38, 46.9),
    ("pumch_comorbidity_pain_severity_difference", 81, None, 1.0),
    ("chavarro_2016_r_np_depression", 71, None, 0.341),
    ("chavarro_2016_np_all", 71, 34, 48),
    ("chavarro_2016_depression_moderate", 71, 20, 28),
    ("beekman_2019_r_pain_qol", 193, None, 0.61),
    ("kanamori_2011_pain", 37, 31, 83.8),
    ("kanamori_2011_pain_ms", 51, 24, 47.1),
    ("qian_2012_pain_current", 29, 25, 86.2),
    ("qian_2012_pain_ms", 66, 27, 40.9),
    ("sun_2017_pain", 57, 36, 63.16),
    ("sun_2017_tonic_spasm", 57, 14, 24.56),
    ("zhou_2019_pain", 32, 22, 68.8),
    ("zhou_2019_modsev_pain", 22, 16, 72.5),
    ("asseyer_2018_pain_aqp4", 29, 24, 83),
    ("valerio_2020_pain", 72, 53, 73.6),
    ("tong_2022_pain", 87, 40, 46),
    ("tong_2022_np_among_pain", 40, 27, 67.5),
    ("li_2022_np", 86, 37, 43),
    ("pellkofer_2013_np", 11, 10, 90.9),
    ("zhao_2013_np_interview", 61, 37, 61),
    ("zhao_2013_np_notes", 61, 23, 38),
    ("ozdogar_2025_np", 62, 31, None),
    ("liang_2025_pain", 140, 92, 65.7),
    ("liu_2017_tonic_spasm", 230, 52, 22.61),
    ("shanghai_2020_tonic_spasm", 153, 67, 43.79),
    ("li_qinying_2020_tonic_spasm", 138, 51, 36),
    ("kim_2012_tonic_spasm", 40, 10, 25.0),
    ("khieukhajee_2020_tonic_spasm", None, None, 37.81),
    ("usmani_2012_tonic_spasm", 57, 8, 14),
    ("tackley_2017_beta_thoracic", 26, None, 0.48),
    ("tackley_2017_beta_cervical", 26, None, -0.46),
    ("asseyer_2020_thoracic_lesions", 32, None, None),
    ("meca_lallana_2022_depression", 70, 31, 44.3),
    ("meca_lallana_2022_rho_pain_psychological", 71, None, 0.76487),
    ("argentina_2022_bodily_pain", 53, None, 58.8),
    ("kong_2016_pain_qol", 44, None, None),
    ("akrivaki_2026_np", None, None, 56.2),
    ("akrivaki_2026_np_aqp4", None, None, 63.2),
    ("liu_2023_depression", None, None, 40),
    ("araki_2013_pain", 1, None, None),
    ("araki_2014_pain_12m", 7, None, None),
    ("araki_2014_pain_6m", 7, None, None),
    ("araki_2014_arr_before", 7, None, 2.9),
    ("araki_2014_edss", 7, None, None),
    ("tocilizumab_n19_pain", 19, None, None),
    ("jrcts031180152_arr_after", 20, None, 0.25),
    ("ringelstein_2015_pain_baseline", 8, None, 6.5),
    ("ringelstein_2022_pain", 57, None, None),
    ("ayzenberg_2013_arr", 3, None, None),
    ("du_2021_pain", 41, None, None),
    ("meta_il6_2021_edss", 202, None, -0.79),
    ("hayashi_2025_tonic_spasm_upper", None, None, 26.66),
]


@pytest.mark.parametrize(("figure_id", "n", "events", "estimate"), BY_HAND)
def test_figure_of_the_evidence_is_in_the_catalogue(
    figure_id: str, n: int | None, events: int | None, estimate: float | None
) -> None:
    numbers = find_figure(figure_id).numbers
    assert (numbers.n, numbers.events, numbers.estimate) == (n, events, estimate)


def test_every_question_has_figures_that_it_can_answer() -> None:
    answered = published_figures()["question"].value_counts().to_dict()
    fewest = {
        "pain_prevalence": 32,
        "change_after_start": 17,
        "pain_and_depression": 12,
        "attacks_after_start": 21,
        "drug_use_and_response": 11,
        "pain_and_diagnosis": 5,
        "neuropathic_pain_and_quality_of_life": 4,
        "depression_treatment_gap": 3,
        "pain_types": 3,
        "brain_imaging_and_pain": 2,
        "lesion_level_and_pain": 2,
        "neuropathic_pain_and_disability": 2,
        "pain_sites": 2,
        "persistent_lesions_and_pain": 2,
        "incidence_and_prevalence": 1,
        "pain_as_first_sign": 1,
        "pain_as_worst_symptom": 1,
        "predictors_of_neuropathic_pain": 1,
    }
    assert answered.keys() == fewest.keys()
    assert all(answered[question] >= n for question, n in fewest.items())


def test_no_figure_says_that_no_question_does_what_one_does() -> None:
    table = published_figures()
    assert table["question"].replace("", None).notna().sum() == 128
    reasons = table["why_not"].dropna()
    named = set(re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b", " ".join(reasons)))
    assert named <= set(nc.__all__), "a reason names a question that is not there"
    assert not reasons.str.contains("who is treated|measurements of the brain|painful sites|pain syndromes").any()


def test_every_row_that_the_table_of_definitions_knows_has_a_construct_of_its_own() -> None:
    keys = [tuple(line.get(name, "*") for name in ("question", *MATCHED)) for line in _table()]
    assert len(set(keys)) == len(keys)
    assert {line["question"] for line in _table()} <= set(get_args(Question))


def test_arguments_of_prevalence_are_the_figures_own_definitions() -> None:
    names = {"any": "any_pain", "neuropathic": "neuropathic_pain", "tonic_spasm": "tonic_spasm"}
    for paper in read_catalogue():
        for figure in paper.figures:
            if figure.answers is None or figure.answers.question != "pain_prevalence":
                continue
            asked = figure.answers.arguments
            assert names[str(asked["pain"])] == figure.construct
            assert asked["denominator"] == figure.denominator
            assert figure.time_frame in (asked["time_frame"], "unspecified")


def test_shares_run_from_zero_to_one_with_wilson_limits() -> None:
    table = published_figures().set_index("figure")
    shares = table[table["measure"] == "proportion"]
    assert shares["estimate"].dropna().between(0, 1).all()
    # Wilson 117/145, statistics golden value
    row = table.loc["xue_pain_all"]
    assert (round(row["interval_low"], 3), round(row["interval_high"], 3)) == (0.735, 0.863)
    assert row["interval_method"].startswith("Wilson")


def test_impossible_printed_interval_is_kept_but_not_used() -> None:
    row = published_figures().set_index("figure").loc["zhang_2022_pain_current"]
    assert [row["conf_low"], row["conf_high"]] == pytest.approx([0.399, 0.929])
    assert row["interval_high"] == pytest.approx(0.742, abs=5e-4)
    assert row["integrity"] == "inconsistent"


def test_derived_share_is_marked_and_computed_from_counts() -> None:
    row = published_figures().set_index("figure").loc["xue_np_all_derived"]
    assert row["derived"]
    assert row["estimate"] == pytest.approx(93 / 145)


def test_pooled_share_keeps_its_printed_interval() -> None:
    row = published_figures().set_index("figure").loc["akrivaki_2026_np"]
    assert [row["interval_low"], row["interval_high"]] == pytest.approx([0.417, 0.701])
    assert row["interval_method"] == "as printed"


def test_range_of_other_papers_is_scaled_like_a_share() -> None:
    row = published_figures().set_index("figure").loc["chai_review_pain_ms"]
    assert [row["minimum"], row["maximum"]] == pytest.approx([0.34, 0.471])
    assert math.isnan(row["conf_low"])


def test_before_after_scores_are_columns() -> None:
    row = published_figures().set_index("figure").loc["araki_2014_pain_12m"]
    assert (row["baseline_mean"], row["follow_up_mean"], row["follow_up_sd"]) == (3.0, 0.9, 1.2)


def test_two_papers_of_one_hospital_share_an_overlap_group() -> None:
    table = published_figures().set_index("figure")
    groups = table["overlap_group"]
    assert groups["zhang_2022_np_all"] == groups["pumch_comorbidity_depression_with_pain"] == "pumch"
    assert groups["fujihara_2021_pain_qol"] == groups["beekman_2019_r_pain_qol"]
    assert groups["araki_2014_pain_12m"] == groups["tocilizumab_n19_pain"]


def test_sources_are_papers_and_registries_only() -> None:
    hosts = {re.sub(r"^https?://([^/]+).*", r"\1", url) for url in published_figures()["url"].dropna()}
    assert hosts == {
        "doi.org",
        "inflammregen.biomedcentral.com",
        "jmatonline.com",
        "jrct.mhlw.go.jp",
        "meridian.allenpress.com",
        "pmc.ncbi.nlm.nih.gov",
        "pubmed.ncbi.nlm.nih.gov",
        "www.msard-journal.com",
        "www.neurology.org",
    }


def test_unknown_figure_is_named_with_its_neighbours() -> None:
    with pytest.raises(
        ValueError, match="no published figure is called 'zhang_2022_np_al'; did you mean zhang_2022_np_all, "
    ):
        find_figure("zhang_2022_np_al")
    with pytest.raises(ValueError, match=r"none of the \d+ known is near"):
        find_figure("qqqqqqq")


def single_values(part: Any) -> Iterator[tuple[str, Any]]:
    """Walk through a checked record and give every field that is one value, with its name."""
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        if dataclasses.is_dataclass(value):
            yield from single_values(value)
        elif not isinstance(value, (tuple, dict)):
            yield field.name, value


def test_every_single_value_of_a_file_is_in_the_frame() -> None:
    """All that a figure and its paper hold as one value; shares may be on the scale of 0 to 1."""
    table = published_figures().set_index("figure", drop=False)
    for paper in read_catalogue():
        for figure in paper.figures:
            row = table.loc[figure.id].dropna().to_dict()
            numbers = {round(float(value), 9) for value in row.values() if isinstance(value, (int, float))}
            texts = set(map(str, row.values()))
            for name, value in (*single_values(figure), *single_values(paper)):
                if isinstance(value, (int, float)):
                    known = round(float(value), 9) in numbers or round(value / 100, 9) in numbers
                else:
                    known = value is None or str(value) in texts
                assert known, f"{figure.id}: {name} is {value}, which no column has"


def test_hash_of_the_catalogue_changes_with_a_file_and_not_with_its_line_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.yaml"
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    hashes = []
    for content in (b"a: 1\nb: 2\n", b"a: 1\r\nb: 2\r\n", b"a: 1\nb: 3\n"):
        file.write_bytes(content)
        hashes.append(catalogue_hash())
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(
    ("events", "n", "decimals", "printed"),
    # 25 of 66 is 37.88 %, 51 of 138 is 36.96 %, 3 of 8 is 37.5 %: half up 38, half to even 38, cut off 37
    [(25, 66, 1, {"37.8", "37.9"}), (51, 138, 0, {"36", "37"}), (1, 8, 2, {"12.50"}), (3, 8, 0, {"37", "38"})],
)
def test_printed_percentages_allow_three_roundings(events: int, n: int, decimals: int, printed: set[str]) -> None:
    assert {str(value) for value in printed_percentages(events, n, decimals)} == printed


def a_file() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((FOLDER / "tong_2022.yaml").read_text(encoding="utf-8"))
    return content


def write(folder: Path, content: object, name: str = "tong_2022.yaml") -> Path:
    (folder / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return folder


def first(content: dict[str, Any]) -> dict[str, Any]:
    figure: dict[str, Any] = content["figures"][0]
    return figure


FAULTS: list[tuple[str, Any, str]] = [
    ("colour", "red", r"tong_2022\.yaml, tong_2022_pain\.colour: .*[Uu]nexpected"),
    ("measure", "share", r"tong_2022_pain\.measure: .*'proportion'"),
    ("denominator", "everybody", r"tong_2022_pain\.denominator: "),
    ("paper", "tong_2022", r"tong_2022_pain\.paper: is filled in when read"),
    ("answers", None, r"tong_2022_pain: .*either answers or why_not"),
    ("id", "Tong 2022", r"Tong 2022\.id: "),
]


@pytest.mark.parametrize(("field", "value", "message"), FAULTS)
def test_faulty_figure_is_refused_by_file_and_field(tmp_path: Path, field: str, value: Any, message: str) -> None:
    content = a_file()
    first(content)[field] = value
    with pytest.raises(ValueError, match=message):
        read_papers(write(tmp_path, content))


NUMBER_FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"estimate": 47}, r"tong_2022_pain: .*40 of 87 prints as 45 or 46; correct it or mark it inconsistent"),
    ({"events": 88}, r"tong_2022_pain\.numbers: .*events is 88 and n is 87"),
    ({"n": None}, r"events is 40 and n is None"),
    ({"conf_low": 30.0}, r"conf_low and conf_high go together"),
    ({"conf_low": 60.0, "conf_high": 30.0}, r"conf_low 60.0 is above conf_high 30.0"),
    ({"baseline": {"mean": 3}}, r"baseline and follow_up go together"),
    ({"p": "significant"}, r"numbers\.p: "),
]


@pytest.mark.parametrize(("change", "message"), NUMBER_FAULTS)
def test_numbers_that_cannot_be_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    content = a_file()
    first(content)["numbers"] |= change
    with pytest.raises(ValueError, match=message):
        read_papers(write(tmp_path, content))


def test_inconsistent_figure_may_print_what_its_counts_do_not_give(tmp_path: Path) -> None:
    content = a_file()
    first(content)["numbers"]["estimate"] = 47
    first(content)["integrity"]["verdict"] = "inconsistent"
    assert read_papers(write(tmp_path, content))[0].figures[0].numbers.estimate == 47


@pytest.mark.parametrize(
    ("select", "message"),
    [
        ({"measure": "proportion", "colour": "red"}, "select has colour; columns are role"),
        ({}, "must name the measure"),
    ],
)
def test_row_that_no_result_has_is_refused(tmp_path: Path, select: dict[str, str], message: str) -> None:
    content = a_file()
    first(content)["answers"]["select"] = select
    with pytest.raises(ValueError, match=message):
        read_papers(write(tmp_path, content))


def test_figure_without_id_is_named_by_its_place(tmp_path: Path) -> None:
    content = a_file()
    del first(content)["id"]
    with pytest.raises(ValueError, match=r"figure 1\.id: "):
        read_papers(write(tmp_path, content))


def test_faulty_head_is_refused(tmp_path: Path) -> None:
    content = a_file()
    content["paper"]["year"] = 22
    with pytest.raises(ValueError, match=r"tong_2022\.yaml, paper\.year: "):
        read_papers(write(tmp_path, content))


def test_paper_without_figures_is_refused(tmp_path: Path) -> None:
    content = a_file() | {"figures": []}
    with pytest.raises(ValueError, match=r"tong_2022\.yaml, paper\.figures: "):
        read_papers(write(tmp_path, content))


def test_file_must_be_called_after_its_paper(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the file must be called tong_2022\.yaml"):
        read_papers(write(tmp_path, a_file(), "tong.yaml"))


def test_id_may_occur_once_only(tmp_path: Path) -> None:
    content = a_file()
    write(tmp_path, content)
    content["paper"]["key"] = "uong_2022"
    write(tmp_path, content, "uong_2022.yaml")
    with pytest.raises(ValueError, match=r"uong_2022\.yaml: figure tong_2022_pain is also in tong_2022\.yaml"):
        read_papers(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "two parts paper and figures"),
        ({"paper": {}, "figures": {}}, "paper must be a mapping and figures a list"),
        ({"paper": {}, "figures": ["x"]}, "each of figures must be a mapping"),
    ],
)
def test_file_of_another_shape_is_refused(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_papers(write(tmp_path, content))


def test_file_that_is_not_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("paper: [", encoding="utf-8")
    with pytest.raises(ValueError, match=r"x\.yaml is not valid YAML"):
        read_papers(tmp_path)


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no \.yaml file"):
        read_papers(tmp_path)
