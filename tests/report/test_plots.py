"""Plots, by the data of their artists rather than by pictures."""

import re

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nmosd_cohort.report.plots import forest, plot
from nmosd_cohort.report.svg import inline_svg, png_bytes, svg_text
from nmosd_cohort.result import Result, check_frame, estimate_frame, flow_frame


def lines(panel: Axes, label: str) -> list[Line2D]:
    return [line for line in panel.lines if line.get_label() == label]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for panel in figure.axes for text in panel.texts]


@pytest.fixture
def by_name(results: list[Result]):
    return {result.name: result for result in results}


def test_prevalence_draws_each_share_with_its_interval_and_counts(prevalence: Result):
    (panel,) = plot(prevalence).axes
    drawn = [line.get_xdata()[0] for line in lines(panel, "_estimate")]
    assert drawn == pytest.approx([100 * 35 / 122, 100 * 29 / 98, 25, 300 / 7, 0])
    assert list(lines(panel, "_interval")[0].get_xdata()) == pytest.approx([21.36, 37.29])
    (bounds,) = [patch for patch in panel.patches if patch.get_label() == "_bounds" or patch.get_width() > 20]
    assert (bounds.get_x(), bounds.get_width()) == pytest.approx((100 * 35 / 160, 100 * 38 / 160))
    assert any(text.endswith("35/122") for text in texts(plot(prevalence)))


def test_edss_bars_hold_every_patient_once(by_name: dict[str, Result]):
    result = by_name["neuropathic_pain_and_disability"]
    panel = plot(result).axes[0]
    by_bar = pd.Series([patch.get_width() for patch in panel.patches]).groupby(
        [round(patch.get_y(), 3) for patch in panel.patches]
    )
    assert by_bar.sum().tolist() == pytest.approx([100, 100, 100])
    assert len(panel.patches) == len(result.tally)
    assert any("n = 35" in text and "median 4.5" in text for text in texts(plot(result)))


def test_quality_of_life_sets_bodily_pain_apart(by_name: dict[str, Result]):
    left, right = plot(by_name["neuropathic_pain_and_quality_of_life"]).axes
    labels = [label.get_text() for label in left.get_yticklabels()]
    places = dict(zip(labels, left.get_yticks(), strict=True))
    assert len(labels) == 10
    gaps = [abs(place - places["Bodily pain (pain itself)"]) for name, place in places.items() if "itself" not in name]
    assert min(gaps) > 1.5
    drawn = {line.get_ydata()[0]: line.get_xdata()[0] for line in lines(right, "_estimate")}
    assert drawn[places["Physical functioning"]] == pytest.approx(-18)
    assert len(lines(left, "_estimate")) == 30


def test_lesion_cells_show_all_counts_and_n(by_name: dict[str, Result]):
    result = by_name["lesion_level_and_pain"]
    (panel,) = plot(result).axes
    counts = [int(text) for text in texts(plot(result))]
    assert sum(counts) == result.tally["n"].sum()
    assert [label.get_text() for label in panel.get_xticklabels()][3] == "Neither level\nn = 7"
    assert "0.56 (0.41 to 0.70)" in panel.get_title(loc="left").replace("\n", " ")


def test_depression_bubbles_have_area_by_patients_and_spearman_in_the_title(by_name: dict[str, Result]):
    result = by_name["pain_and_depression"]
    (panel,) = plot(result).axes
    bubbles = panel.collections[0]
    pairs = result.tally.groupby(["pain_nrs", "depression"])["n"].sum()
    assert len(bubbles.get_offsets()) == len(pairs)
    assert bubbles.get_sizes() / bubbles.get_sizes().min() == pytest.approx(pairs.to_numpy().astype(float))
    assert "0.44 (0.27 to 0.58)" in panel.get_title(loc="left").replace("\n", " ")
    assert lines(panel, "_cut_off")[0].get_ydata()[0] == 14


def test_change_draws_every_trajectory_and_both_means(by_name: dict[str, Result]):
    result = by_name["change_after_start"]
    (panel,) = plot(result).axes
    drawn = lines(panel, "_trajectory")
    assert len(drawn) == 7
    assert sum(len(line.get_xdata()) for line in drawn) == len(result.tally)
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in lines(panel, "_mean")] == [(0, 5.6), (12, 3.5)]


def test_empty_result_says_what_is_missing():
    steps = flow_frame([("All patients", 9, 0, ""), ("SF-36", 0, 9, "no SF-36 in the registry")])
    result = Result("q", estimate_frame([]), steps, check_frame([]), pd.DataFrame(), name="lesion_level_and_pain")
    (text,) = plot(result).texts
    assert "9 patients left" in text.get_text()
    assert "no SF-36" in text.get_text().replace("\n", " ")


def test_result_of_an_unknown_question_gets_a_plain_plot(prevalence: Result):
    other = Result("q", prevalence.estimates, prevalence.flow, prevalence.checks, prevalence.tally, name="mine")
    (panel,) = plot(other).axes
    assert lines(panel, "_estimate")[0].get_xdata()[0] == pytest.approx(35 / 122)


def test_forest_draws_published_and_local_one_panel_a_scale(verdicts: pd.DataFrame):
    figure = forest(verdicts)
    titles = [panel.get_title(loc="left") for panel in figure.axes]
    assert titles == ["Shares, %", "Points", "Points", "Correlation"]
    hollow = [line for panel in figure.axes for line in lines(panel, "_estimate") if line.get_mfc() == "#FFFFFF"]
    filled = [line for panel in figure.axes for line in lines(panel, "_estimate") if line.get_mfc() != "#FFFFFF"]
    assert len(hollow) == len(filled) == verdicts["local_estimate"].notna().sum()
    assert "9 more figures have no local estimate" in figure.texts[0].get_text()
    missing = verdicts[verdicts["local_estimate"].isna()].head(1)
    one_left = forest(pd.concat([verdicts[verdicts["local_estimate"].notna()], missing]))
    assert "1 more figure has no local estimate" in one_left.texts[0].get_text()
    assert {(line.get_marker(), line.get_mfc()) for line in filled} == {
        ("o", "#00684A"), ("s", "#0072B2"), ("D", "#B2340B"), ("^", "#B8860B")
    }  # fmt: skip


def test_forest_without_figures_says_so(verdicts: pd.DataFrame):
    assert (
        forest(verdicts.head(0)).texts[0].get_text()
        == "Nothing to draw: no published figure has a local one beside it."
    )


def test_everything_is_inside_the_figure(results: list[Result], verdicts: pd.DataFrame):
    for figure in [*(plot(result) for result in results), forest(verdicts)]:
        png_bytes(figure)
        tight, whole = figure.get_tightbbox(), figure.get_size_inches()
        assert tight.x0 > -0.02
        assert tight.y0 > -0.02
        assert tight.x1 < whole[0] + 0.02
        assert tight.y1 < whole[1] + 0.02


def test_files_are_the_same_each_time(prevalence: Result):
    assert svg_text(plot(prevalence)) == svg_text(plot(prevalence))
    assert png_bytes(plot(prevalence)) == png_bytes(plot(prevalence))


def test_label_with_a_dollar_or_chinese_characters_is_drawn_as_it_is(prevalence: Result):
    prevalence.estimates.loc[4, "level"] = "$中心_1$"
    assert "$中心_1$" in svg_text(plot(prevalence))


def test_inline_svg_has_unique_prefixed_ids_and_escaped_words(prevalence: Result):
    drawing = str(inline_svg(svg_text(plot(prevalence)), prefix="p1", title="<b>", description="28.7 % & more"))
    ids = re.findall(r'\sid="([^"]+)"', drawing)
    assert len(ids) == len(set(ids))
    assert all(name.startswith("p1-") for name in ids)
    assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', drawing)) <= {(name, "") for name in ids} | {
        ("", name) for name in ids
    }
    assert '<title id="p1-title">&lt;b&gt;</title>' in drawing
    assert "<style" not in drawing
    assert "<script" not in drawing
