"""Pooled evidence: what counts, what does not and why, beside the registry; and what a tiny one may borrow."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nmosd_cohort.literature.catalogue import published_figures
from nmosd_cohort.literature.evidence import BORROWED_COLUMNS, FOREST_COLUMNS, borrow, evidence_for, local_counts
from nmosd_cohort.literature.pooled import POOLED_COLUMNS, SHARE_COLUMNS, group_shares, pooled_evidence
from nmosd_cohort.statistics.pooling.borrowing import robust_map
from nmosd_cohort.statistics.pooling.proportions import pool_proportions
from nmosd_cohort.statistics.shares.proportions import proportion

ANY_PAIN = ("xue_pain_all", "ayzenberg_2021_pain_chronic", "zhang_2022_pain_current", "qian_2012_pain_current")
NEUROPATHIC = ("xue_np_all_derived", "chavarro_2016_np_all", "zhang_2022_np_all", "li_2022_np")


def figure(name: str, events: int | None, n: int | None, **other: Any) -> dict[str, Any]:
    """Return one row as the catalogue lays it out."""
    row = {"figure": name, "paper": name, "pool_group": "pain", "overlap_group": name, "measure": "proportion"}
    row |= {"construct": "any_pain", "denominator": "assessed", "time_frame": "current", "derived": False}
    estimate = events / n if events is not None and n else 0.5
    return row | {"n": n, "events": events, "estimate": estimate} | other


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows).astype({"n": "Int64", "events": "Int64"})


@pytest.fixture
def papers() -> pd.DataFrame:
    """Return five cohorts, one of them in two papers, and figures that cannot count."""
    return table(
        figure("berlin_small", 20, 30, overlap_group="berlin"),
        figure("berlin_large", 60, 100, overlap_group="berlin", denominator="aqp4_positive"),
        figure("oslo", 30, 60),
        figure("lima", 45, 90, time_frame=None),
        figure("perth", 33, 50, derived=True),
        figure("cairo", None, None, estimate=0.42),
        figure("turin", None, 40, measure="mean"),
        figure("other", 3, 9, pool_group="spasm"),
        figure("loose", 3, 9, pool_group=None),
    )


def test_largest_figure_of_a_cohort_counts_and_the_others_say_why_not(papers: pd.DataFrame) -> None:
    shares = group_shares(papers, "pain")
    assert tuple(shares) == SHARE_COLUMNS
    told = dict(zip(shares["figure"], shares["why_not_counted"], strict=True))
    assert told == {
        "berlin_small": "same cohort as berlin_large, which is larger",
        "berlin_large": "",
        "oslo": "",
        "lima": "",
        "perth": "",
        "cairo": "no counts",
        "turin": "not a share but a mean",
    }
    assert shares["is_counted"].sum() == 4
    strict = group_shares(papers, "pain", with_derived=False).set_index("figure")
    assert strict.loc["perth", "why_not_counted"] == "derived, not printed"


def test_one_usable_figure_counts_by_itself(papers: pd.DataFrame) -> None:
    assert group_shares(papers, "spasm")["is_counted"].tolist() == [True]


def test_one_row_a_group_with_everything_that_went_into_it(papers: pd.DataFrame) -> None:
    pooled = pooled_evidence(papers)
    assert tuple(pooled) == POOLED_COLUMNS
    assert pooled["group"].tolist() == ["pain", "spasm"]
    row = pooled.iloc[0]
    expected = pool_proportions([60, 30, 45, 33], [100, 60, 90, 50])
    assert (row["studies"], row["n"], row["events"]) == (4, 300, 168)
    for name in ("estimate", "conf_low", "conf_high", "prediction_low", "prediction_high", "i2", "q", "q_p", "method"):
        assert row[name] == getattr(expected, name)
    assert row["tau"] == math.sqrt(expected.tau2)
    assert row["used"] == "berlin_large, oslo, lima, perth"
    assert row["left_out"].startswith("berlin_small (same cohort as berlin_large, which is larger); cairo (no counts)")
    assert row["denominator"] == "assessed 3, aqp4_positive 1"
    assert row["time_frame"] == "current 3, not stated 1"
    assert not row["is_for_verdicts"]


def test_range_when_one_cohort_is_left_out_by_hand(papers: pd.DataFrame) -> None:
    row = pooled_evidence(papers).iloc[0]
    counts = [(60, 100), (30, 60), (45, 90), (33, 50)]
    means = []
    for place in range(4):
        kept = [pair for at, pair in enumerate(counts) if at != place]
        means.append(pool_proportions([x for x, _ in kept], [n for _, n in kept]).estimate)
    assert (row["lowest_without"], row["highest_without"]) == (min(means), max(means))
    furthest = int(np.argmax(np.abs(np.array(means) - row["estimate"])))
    assert row["most_influential"] == ["berlin_large", "oslo", "lima", "perth"][furthest]


def test_group_of_too_few_studies_is_shown_without_a_mean(papers: pd.DataFrame) -> None:
    row = pooled_evidence(papers).set_index("group").loc["spasm"]
    assert math.isnan(row["estimate"])
    assert row["method"] == "not pooled: 1 with known counts, 2 are needed"
    assert (row["studies"], row["used"], row["most_influential"]) == (1, "other", "")
    assert pooled_evidence(papers, fewest_studies=5)["estimate"].isna().all()
    nothing = pooled_evidence(table(figure("cairo", None, None)))
    assert (nothing["studies"].item(), nothing["n"].item(), nothing["construct"].item()) == (0, 0, "any_pain")


def test_five_studies_are_enough_for_verdicts() -> None:
    five = table(*(figure(f"study_{place}", 10 + place, 30 + place) for place in range(5)))
    assert pooled_evidence(five)["is_for_verdicts"].item()
    assert not pooled_evidence(five.head(4))["is_for_verdicts"].item()


def test_studies_that_differ_without_bound_have_no_mean_and_no_most_influential_one() -> None:
    row = pooled_evidence(table(figure("a", 0, 9), figure("b", 9, 9), figure("c", 7, 7))).iloc[0]
    assert row["method"].startswith("not estimable: the studies differ without bound")
    assert np.isnan(row[["estimate", "lowest_without", "highest_without"]].astype(float)).all()
    assert row["most_influential"] == ""


def test_of_two_figures_as_large_the_first_counts_and_says_so() -> None:
    shares = group_shares(table(figure("a", 5, 30, overlap_group="x"), figure("b", 9, 30, overlap_group="x")), "pain")
    assert shares["why_not_counted"].tolist() == ["", "same cohort as a, which is as large and comes before it"]
    # Printed goes before derived.
    rows = [figure("a", 5, 30, overlap_group="x", derived=True), figure("b", 9, 30, overlap_group="x")]
    assert group_shares(table(*rows), "pain")["is_counted"].tolist() == [False, True]


def test_a_figure_of_no_cohort_is_told() -> None:
    for rows in (
        [figure("a", 5, 30, overlap_group=None)],
        [figure("b", 9, 30), figure("a", 5, 30, overlap_group=None)],
    ):
        with pytest.raises(ValueError, match="a has no overlap_group; give each cohort a name of its own"):
            group_shares(table(*rows), "pain")


def test_derived_and_inconsistent_figures_are_named(papers: pd.DataFrame) -> None:
    told = papers.assign(integrity=["consistent", "consistent", "inconsistent", *["consistent"] * 6])
    row = pooled_evidence(told).iloc[0]
    assert row["remarks"] == "oslo (its printed numbers disagree); perth (derived from printed counts)"
    notes = evidence_for("pain", figures=told).set_index("figure")["note"]
    assert (notes["oslo"], notes["perth"], notes["lima"]) == (
        "its printed numbers disagree",
        "derived from printed counts",
        "",
    )
    assert pooled_evidence(papers).iloc[0]["remarks"] == "perth (derived from printed counts)"
    known = pooled_evidence().set_index("group")["remarks"]
    assert "xue_np_all_derived (derived from printed counts)" in known["neuropathic_all"]
    assert "zhou_2019_modsev_pain (its printed numbers disagree)" in known["moderate_severe_with_pain"]


def test_other_confidence_level_reaches_limits_and_prediction(papers: pd.DataFrame) -> None:
    narrow, wide = (pooled_evidence(papers, conf_level=level).iloc[0] for level in (0.8, 0.95))
    assert wide["conf_low"] < narrow["conf_low"]
    assert wide["prediction_high"] > narrow["prediction_high"]


@pytest.mark.parametrize(
    ("ids", "mean", "limits", "prediction"),
    [
        # Computed elsewhere with REML and the Hartung-Knapp error, prediction by t(k - 1), in whole percent.
        (ANY_PAIN, 0.76, (0.61, 0.86), (0.47, 0.92)),
        (NEUROPATHIC, 0.46, (0.24, 0.70), (0.09, 0.88)),
    ],
)
def test_four_study_illustrations(ids, mean, limits, prediction) -> None:
    figures = published_figures()
    four = figures[figures["figure"].isin(ids)].assign(pool_group="four")
    row = pooled_evidence(four).iloc[0]
    assert row["studies"] == 4
    assert row["estimate"] == pytest.approx(mean, abs=0.005)
    counts = group_shares(four, "four")
    metafor = pool_proportions(counts["events"].tolist(), counts["n"].tolist(), method="logit", prediction="k-1")
    assert (metafor.conf_low, metafor.conf_high) == pytest.approx(limits, abs=0.01)
    assert (metafor.prediction_low, metafor.prediction_high) == pytest.approx(prediction, abs=0.01)
    # The default, t(k - 2), is wider.
    assert row["prediction_low"] < prediction[0] + 0.01
    assert row["prediction_high"] > prediction[1] - 0.01


def test_catalogue_groups_stand_near_the_unadjusted_numbers_known() -> None:
    pooled = pooled_evidence().set_index("group")
    # Logit random effects of an earlier count of the same literature, prediction by t(k - 2): pain 72 % (27 to 95),
    # tonic spasm 26 % (5 to 72), multiple sclerosis 40 % (26 to 55).
    expected = {
        "any_pain_current": (0.72, 0.27, 0.95),
        "tonic_spasm_all": (0.26, 0.05, 0.72),
        "ms_pain": (0.40, 0.26, 0.55),
    }
    for group, numbers in expected.items():
        found = pooled.loc[group, ["estimate", "prediction_low", "prediction_high"]].tolist()
        assert found == pytest.approx(numbers, abs=0.045)
    assert pooled["used"].str.split(", ").explode().ne("li_qinying_2020_tonic_spasm").all()


def test_forest_rows_put_the_registry_last(papers: pd.DataFrame) -> None:
    rows = evidence_for("pain", {"events": 12, "n": 20, "estimate": 0.6}, figures=papers)
    assert tuple(rows) == FOREST_COLUMNS
    kinds = rows["kind"].tolist()
    assert kinds == ["study"] * 4 + ["not counted"] * 3 + ["pooled", "prediction", "local"]
    assert rows["label"].tolist()[:4] == ["Berlin Large", "Lima", "Oslo", "Perth"]
    assert rows["weight"].sum() == pytest.approx(1)
    pooled = pool_proportions([60, 30, 45, 33], [100, 60, 90, 50])
    assert rows["weight"].tolist()[:4] == pytest.approx([pooled.weights[place] for place in (0, 2, 1, 3)])
    local, wilson = rows.iloc[-1], proportion(12, 20)
    assert (local["conf_low"], local["conf_high"]) == (wilson.conf_low, wilson.conf_high)
    assert rows.loc[kinds.index("prediction"), "note"] == "too few studies to judge by"
    cairo = rows.set_index("label").loc["Cairo"]
    assert (cairo["estimate"], cairo["note"], pd.isna(cairo["n"])) == (0.42, "no counts", True)


def test_figures_without_counts_have_their_printed_limits_and_other_measures_no_numbers(papers: pd.DataFrame) -> None:
    told = papers.assign(conf_low=math.nan, conf_high=math.nan)
    told.loc[told["figure"] == "cairo", ["conf_low", "conf_high"]] = (0.3, 0.55)
    told.loc[told["figure"] == "turin", "estimate"] = 41.0
    rows = evidence_for("pain", figures=told).set_index("figure")
    assert rows.loc["cairo", ["estimate", "conf_low", "conf_high"]].tolist() == [0.42, 0.3, 0.55]
    assert rows.loc["turin", ["estimate", "conf_low", "conf_high"]].isna().all()
    known = evidence_for("neuropathic_all").set_index("figure").loc["akrivaki_2026_np"]
    assert known[["estimate", "conf_low", "conf_high"]].tolist() == pytest.approx([0.562, 0.417, 0.701])


def test_model_without_weights_says_what_the_squares_are() -> None:
    sparse = table(figure("a", 1, 30), figure("b", 4, 60), figure("c", 2, 10))
    rows = evidence_for("pain", figures=sparse)
    assert rows["weight"].tolist()[:3] == pytest.approx([0.6, 0.3, 0.1])
    assert rows.set_index("kind").loc["pooled", "note"].endswith("squares by patients")


def test_two_studies_make_a_mean_and_no_prediction() -> None:
    two = table(figure("a", 10, 30), figure("b", 20, 40))
    assert evidence_for("pain", figures=two)["kind"].tolist() == ["study", "study", "pooled"]


def test_one_study_or_none_makes_no_mean() -> None:
    one = table(figure("a", 10, 30), figure("b", None, None))
    assert evidence_for("pain", figures=one)["kind"].tolist() == ["study", "not counted"]
    none = evidence_for("pain", {"events": 1, "n": 4}, figures=one.tail(1))
    assert none["kind"].tolist() == ["not counted", "local"]


def test_borrowing_is_the_robust_prior_of_the_counted_shares(papers: pd.DataFrame) -> None:
    row = borrow({"events": 6, "n": 12}, "pain", figures=papers)
    assert set(row) == set(BORROWED_COLUMNS)
    expected = robust_map(6, 12, prior_events=[60, 30, 45, 33], prior_n=[100, 60, 90, 50])
    assert (row["role"], row["prior_studies"], row["prior_n"]) == ("secondary", 4, 300)
    for name in ("estimate", "conf_low", "conf_high", "conflict_p", "robust_weight_after", "method", "prior_low"):
        assert row[name] == getattr(expected, name)
    assert row["local_estimate"] == 0.5
    assert row["local_low"] < row["conf_low"] < row["conf_high"] < row["local_high"]
    assert row["is_in_conflict"] is False
    assert borrow({"events": 0, "n": 30}, "pain", figures=papers)["is_in_conflict"] is True


def test_the_registrys_own_cohort_is_left_out(papers: pd.DataFrame) -> None:
    row = borrow({"events": 6, "n": 12}, "pain", figures=papers, exclude_overlap_group="berlin")
    assert row["used"] == "oslo, lima, perth"
    with pytest.raises(ValueError, match="no figure is of the cohort 'belin'; cohorts are berlin, cairo"):
        borrow({"events": 6, "n": 12}, "pain", figures=papers, exclude_overlap_group="belin")


def test_nothing_is_borrowed_where_none_is_needed_or_too_little_is_known(papers: pd.DataFrame) -> None:
    large = borrow({"events": 25, "n": 50}, "pain", figures=papers)
    assert large["method"] == "not borrowed: the registry has 50 patients, 50 stand by themselves"
    assert math.isnan(large["estimate"])
    assert large["is_in_conflict"] is None
    assert borrow({"events": 25, "n": 50}, "pain", figures=papers, too_large=60)["estimate"] > 0
    few = borrow({"events": 3, "n": 9}, "spasm", figures=papers)
    assert few["method"] == "not borrowed: 3 published shares are needed, 1 with known counts"
    assert few["local_estimate"] == pytest.approx(1 / 3)
    empty = borrow({"events": 0, "n": 0}, "pain", figures=papers)
    assert empty["method"] == "not borrowed: the registry has no patients for this"
    assert math.isnan(empty["local_estimate"])


def test_wrong_input_is_told(papers: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="no figure is of the pool group 'pian'; groups are pain, spasm"):
        group_shares(papers, "pian")
    with pytest.raises(ValueError, match="figures has no column overlap_group"):
        pooled_evidence(papers.drop(columns="overlap_group"))
    with pytest.raises(ValueError, match="fewest_studies is 1"):
        pooled_evidence(papers, fewest_studies=1)
    with pytest.raises(ValueError, match="own share has no events"):
        local_counts({"n": 9})
    with pytest.raises(ValueError, match="own share has no n"):
        local_counts({"events": 3, "n": math.nan})
    with pytest.raises(ValueError, match="more than n"):
        borrow({"events": 9, "n": 3}, "pain", figures=papers)
