"""Table 1: the patients known on each line, differences between groups, and what is not delivered."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import nmosd_cohort as nc
from nmosd_cohort.report.tables_cohort import table_1, table_1_pages
from tests.conftest import registry_of


def row(result, **wanted):
    rows = result.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, rows
    return rows.iloc[0]


@pytest.fixture
def seven():
    """Return seven patients: five women, one man, one of unknown sex; one without an assessment."""
    names = list("abcdefg")
    return registry_of(
        patients={
            "patient_id": names,
            "diagnosis": ["nmosd"] * 7,
            "sex": ["female"] * 5 + ["male", None],
            "aqp4_status": ["positive", "positive", "positive", "negative", None, "negative", "positive"],
            "birth_date": ["1970-01-01"] * 7,
            "onset_date": ["2010-06-01"] * 7,
        },
        assessments={
            "patient_id": names[:6],
            "assessment_date": ["2020-06-01"] * 6,
            "edss": [1.0, 2.0, 3.0, None, 6.0, 4.0],
            "has_pain": [True, True, False, None, True, False],
        },
        treatments={"patient_id": ["a", "f"], "drug": ["Tocilizumab", "tocilizumab"], "drug_class": ["opioid", None]},
    )


def test_lines_by_hand(seven, on_backend):
    result = nc.describe_cohort(on_backend(seven))
    # sex known in 6 of 7, 5 of them women; EDSS known in 5: 1 2 3 4 6
    women = row(result, outcome="sex", measure="proportion", term="female")
    assert (women["events"], women["n"], women["role"]) == (5, 6, "primary")
    lost = row(result, outcome="sex", measure="missing_share")
    assert (lost["events"], lost["n"]) == (1, 7)
    edss = {name: row(result, outcome="edss", measure=name) for name in ("quartile_1", "median", "quartile_3")}
    assert [edss[name]["estimate"] for name in edss] == [2.0, 3.0, 4.0]
    assert edss["median"]["n"] == 5
    assert edss["median"]["denominator"] == "patients in whom it is known: 5 of 7"
    onset = row(result, outcome="onset_age_years", measure="mean")
    assert (onset["estimate"], onset["n"]) == (40.0, 7)
    opioid = row(result, outcome="on_opioid", measure="proportion", term="yes")
    assert (opioid["events"], opioid["n"]) == (1, 6)  # the seventh has no assessment: not known
    assert result.flow["n"].tolist()[-1] == 7
    assert "1 of 7 patients have no assessment in remission" in result.checks["detail"].str.cat()
    assert result.estimates["p_value"].isna().all()


def test_groups_are_of_those_in_whom_they_are_known(seven):
    result = nc.describe_cohort(seven, by="aqp4_status")
    assert result.flow[["n", "excluded"]].to_numpy().tolist()[-1] == [6, 1]
    assert result.definitions["reference"] == "positive"
    # has_pain known: negative f (no), unknown d; positive a yes, b yes, c no. 0 of 1 less 2 of 3
    gap = row(result, outcome="has_pain", measure="standardised_difference", level="negative")
    assert gap["estimate"] == pytest.approx((0 - 2 / 3) / np.sqrt((2 / 9) / 2))
    assert gap["n"] == 4
    assert gap["denominator"] == "patients in whom it is known: 1 of 2 and 3 of 4"
    assert "aqp4_status" not in set(result.estimates["outcome"])
    assert nc.describe_cohort(seven, by="aqp4_status", reference="negative").definitions["reference"] == "negative"


def test_starters_of_a_drug(seven):
    result = nc.describe_cohort(seven, by="drug", drug="tocilizumab")
    assert row(result, outcome="sex", measure="missing_share", level="yes")["n"] == 2
    assert row(result, outcome="sex", measure="missing_share", level="no")["n"] == 5
    assert {"Treatment: yes", "Treatment: no"} <= set(table_1(result))


def test_diagnoses_stand_side_by_side(on_backend):
    registry = registry_of(
        patients={"patient_id": list("abcde"), "diagnosis": ["nmosd", "ms", "ms", None, "nmosd"],
                  "sex": ["female", "male", "female", "male", "female"], "onset_date": ["2010-01-01"] * 5},
        assessments={"patient_id": ["a"], "assessment_date": ["2012-07-02"]},
    )  # fmt: skip
    result = nc.describe_cohort(on_backend(registry), by="diagnosis")
    assert result.flow[["n", "excluded"]].to_numpy().tolist() == [[5, 0], [4, 1], [4, 0]]
    assert result.definitions["reference"] == "nmosd"
    women = row(result, outcome="sex", measure="proportion", term="female", level="ms")
    assert (women["events"], women["n"]) == (1, 2)
    assert row(result, outcome="sex", measure="standardised_difference")["reference"] == "nmosd"
    # 1 January 2010 to 2 July 2012 is 913 days, no whole number of years
    duration = row(result, outcome="disease_duration_years", measure="median", level="nmosd")
    assert duration["estimate"] == pytest.approx(913 / 365.25)
    few = result.checks.set_index("check").loc["patients in each group", "detail"]
    assert "nmosd 2" in few
    assert "ms 2" in few


def test_nobody_is_untreated_where_no_treatments_are_delivered(seven):
    tables = seven.tables | {"treatments": seven.tables["treatments"].head(0)}
    untold = nc.Registry(tables, *[pd.DataFrame()] * 3, {"name": "no treatments"})
    checks = nc.describe_cohort(untold, by="drug", drug="tocilizumab").checks
    assert "drug has 0 recorded values; two are needed" in set(checks["detail"])


def test_no_treatments_delivered_is_not_no_treatment():
    registry = registry_of(
        patients={"patient_id": ["a", "b"], "diagnosis": ["nmosd"] * 2, "sex": ["female", "male"]},
        assessments={"patient_id": ["a", "b"], "assessment_date": ["2020-01-01"] * 2},
    )
    result = nc.describe_cohort(registry, by="sex")
    assert row(result, outcome="on_opioid", measure="missing_share", level="")["events"] == 2
    detail = result.checks.set_index("check").loc["every characteristic delivered", "detail"]
    assert "treatments.drug_class" in detail
    assert "assessments.edss" in detail


def test_nobody_and_one_group():
    nothing = nc.describe_cohort(registry_of(patients={"patient_id": []}), by="sex")
    assert "not assessable" in set(nothing.checks["status"])
    assert nothing.estimates.empty
    assert nc.plot(nothing) is not None
    assert table_1_pages(nothing)[0].rows == () or table_1(nothing) is not None
    one = registry_of(patients={"patient_id": ["a"], "diagnosis": ["nmosd"], "sex": ["female"]})
    assert "sex has 1 recorded values; two are needed" in set(nc.describe_cohort(one, by="sex").checks["detail"])


def test_wrong_options(seven):
    with pytest.raises(ValueError, match="by is 'height'; it must be one of sex"):
        nc.describe_cohort(seven, by="height")
    with pytest.raises(ValueError, match="name the drug too"):
        nc.describe_cohort(seven, by="drug")
    with pytest.raises(ValueError, match="reference is 'x'; it must be one of positive, negative"):
        nc.describe_cohort(seven, by="aqp4_status", reference="x")


def test_table_1_reads_as_one(seven):
    lines = table_1(nc.describe_cohort(seven, by="aqp4_status")).set_index("characteristic")
    assert lines.loc["Sex: female", "All patients"] == "5 (83 %) [6/7]"
    assert lines.loc["EDSS, median (quartiles)", "All patients"] == "3.0 (2.0 to 4.0) [5/7]"
    assert lines.loc["Age at onset (years), mean (SD)", "Positive"] == "40.0 (0.0) [4/4]"
    page = table_1_pages(nc.describe_cohort(seven, by="aqp4_status"))[0]
    assert page.columns[-1] == "Standardised difference, negative"
    male = next(line for line in page.rows if line[0] == "Sex: male")
    assert male[-1] == ""  # the difference stands on the first line of its characteristic


def test_many_groups_have_one_column_of_differences(seven):
    patients = seven.tables["patients"].assign(site=["x", "x", "y", "z", "v", "w", "u"])
    many = nc.Registry(seven.tables | {"patients": patients}, *[pd.DataFrame()] * 3, {"name": "six sites"})
    result = nc.describe_cohort(many, by="site")
    assert "Largest standardised difference" in table_1(result)
    assert nc.plot(result).axes
    assert "Largest standardised difference" in nc.table(result).as_raw_html()


def test_both_backends_agree(review):
    one = nc.describe_cohort(review, by="pain_group", seed=3)
    pd.testing.assert_frame_equal(
        one.estimates, nc.describe_cohort(review.to_duckdb(), by="pain_group", seed=3).estimates
    )


def test_numbers_are_those_of_the_patients(review):
    """The lines agree with the frame that a reader would make themselves."""
    patients = nc.patient_frame(review, needs=())
    result = nc.describe_cohort(review)
    assert row(result, outcome="age_years", measure="mean")["estimate"] == pytest.approx(patients["age_years"].mean())
    assert row(result, outcome="bdi_ii", measure="median")["estimate"] == patients["bdi_ii"].median()
    share = (patients["pain_group"] == "neuropathic").sum() / patients["pain_group"].notna().sum()
    found = row(result, outcome="pain_group", measure="proportion", term="neuropathic")
    assert found["estimate"] == pytest.approx(share)


def test_flow_diagram_shows_every_step_and_reason(seven):
    result = nc.describe_cohort(seven, by="aqp4_status")
    texts = [text.get_text() for text in nc.flow_diagram(result).axes[0].texts]
    assert "Patients in the registry\nn = 7" in texts
    assert any(text.startswith("Left:\n1: AQP4-IgG serostatus not recorded") for text in texts)
    assert any("n = 6" in text for text in texts)


def test_flow_diagram_joins_reasons_of_one_step(review):
    result = nc.pain_prevalence(review)
    figure = nc.flow_diagram(result)
    joined = result.flow.groupby("step", sort=False)["excluded"].sum()
    boxes = [text for text in figure.axes[0].texts if "n = " in text.get_text()]
    assert len(boxes) == len(joined)
    inside = figure.get_size_inches()[1]
    assert all(0 <= text.get_position()[1] <= inside for text in figure.axes[0].texts)


def test_flow_diagram_of_nothing(seven):
    from dataclasses import replace

    result = nc.describe_cohort(seven)
    nothing = replace(result, flow=result.flow.head(0))
    assert nc.flow_diagram(nothing).texts[0].get_text() == "No flow was recorded."
    with pytest.raises(TypeError, match="flow_diagram takes the Result of a question"):
        nc.flow_diagram(5)


def test_the_report_holds_table_1_and_the_flow_as_files_and_on_the_page(tmp_path):
    from nmosd_cohort.literature.validate import validate

    registry = nc.simulate(n=40, seed=4)
    result = nc.describe_cohort(registry)
    verdicts = validate(registry, papers=["zhang_2022"], results=[result]).head(0)
    folder = nc.write_report([result], verdicts, registry, tmp_path / "report", title="Table 1", command="test")
    lines = pd.read_csv(folder / "tables" / "01_describe_cohort_table_1.csv")
    assert (folder / "plots" / "01_describe_cohort_flow.svg").exists()
    page = (folder / "index.html").read_text("utf-8")
    assert lines["All patients"][0] in page
    assert "Flow of patients" in page
