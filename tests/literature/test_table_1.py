"""A paper's Table 1 beside the patients at hand: counted as in the paper, the unknown apart."""

import math

import pandas as pd
import pytest

from nmosd_cohort.literature.catalogue import find_paper, read_catalogue
from nmosd_cohort.literature.table_1 import TABLE_1_COLUMNS, beside_table_1

PATIENTS = pd.DataFrame({"female": [1, 1, 1, 0, None], "age_years": [20, 30, 40, 50, None], "edss": [None] * 5})


@pytest.fixture
def table() -> pd.DataFrame:
    return beside_table_1(PATIENTS)


def test_every_line_of_every_table_1_has_one_row(table: pd.DataFrame) -> None:
    lines = [(paper.key, line.variable) for paper in read_catalogue() for line in paper.table_1]
    assert list(zip(table["paper"], table["variable"], strict=True)) == lines
    assert tuple(table.columns) == TABLE_1_COLUMNS


def test_share_here_leaves_the_unknown_out_and_counts_them(table: pd.DataFrame) -> None:
    row = table[table["variable"] == "female"].iloc[0]
    assert (row["local_events"], row["local_n"], row["local_percent"], row["local_unknown"]) == (3, 4, 75, 1)
    assert math.isnan(row["local_mean"])


def test_quantity_here_has_mean_sd_and_quartiles(table: pd.DataFrame) -> None:
    row = table[table["variable"] == "age_years"].iloc[0]
    # 20, 30, 40, 50: mean 35, SD root of 500/3, quartiles 27.5 and 42.5 (type 7)
    assert row["local_mean"] == row["local_median"] == 35
    assert row["local_sd"] == pytest.approx(math.sqrt(500 / 3))
    assert (row["local_quartile_1"], row["local_quartile_3"]) == (27.5, 42.5)
    assert (row["local_minimum"], row["local_maximum"]) == (20, 50)


def test_variable_that_is_absent_or_empty_here_is_unknown_in_all(table: pd.DataFrame) -> None:
    for name in ("edss", "had_myelitis"):
        row = table[table["variable"] == name].iloc[0]
        assert (row["local_n"], row["local_unknown"]) == (0, 5)
        assert row[["local_mean", "local_percent"]].isna().all()


def test_one_patient_has_no_sd() -> None:
    table = beside_table_1(PATIENTS.head(1))
    row = table[table["variable"] == "age_years"].iloc[0]
    assert row["local_mean"] == 20
    assert math.isnan(row["local_sd"])


def test_percentage_follows_from_counts_and_else_is_as_printed() -> None:
    row = beside_table_1(PATIENTS, [find_paper("kong_2016")]).set_index("variable").loc["aqp4_positive"]
    assert row["published_percent"] == pytest.approx(100 * 29 / 44)
    assert row["read"] == "abstract"


def test_text_in_place_of_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="age_years"):
        beside_table_1(pd.DataFrame({"age_years": ["old"]}))
