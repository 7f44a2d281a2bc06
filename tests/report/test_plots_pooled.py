"""Forest plot of a pool group, by the data of its artists and by what lies within its edges."""

import math

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nmosd_cohort.report.plots_pooled import pooled_forest

COLUMNS = ("kind", "label", "figure", "n", "events", "estimate", "conf_low", "conf_high", "weight", "note")
NAN = math.nan


@pytest.fixture
def rows() -> pd.DataFrame:
    listed = [
        ("study", "Xue", "xue", 145, 117, 0.807, 0.735, 0.863, 0.64, ""),
        ("study", "Qian 2012", "qian", 29, 25, 0.862, 0.694, 0.945, 0.16, ""),
        ("not counted", "A paper with a very long name 2026", "long", None, None, 0.562, NAN, NAN, NAN, "no counts"),
        ("pooled", "Mean of 2 studies", "", 174, None, 0.815, 0.61, 0.92, NAN, "a model; " * 30),
        ("prediction", "A further study", "", 174, None, 0.815, 0.35, 0.97, NAN, ""),
        ("local", "This registry", "", 20, 9, 0.45, 0.258, 0.658, NAN, "this registry"),
    ]
    return pd.DataFrame(listed, columns=list(COLUMNS)).astype({"n": "Int64", "events": "Int64"})


def lines(panel: Axes, label: str) -> list[Line2D]:
    return [line for line in panel.lines if line.get_label() == label]


def panel_of(figure: Figure) -> Axes:
    (panel,) = figure.axes
    return panel


def test_every_share_is_drawn_at_its_value(rows: pd.DataFrame) -> None:
    panel = panel_of(pooled_forest(rows))
    assert [line.get_xdata()[0] for line in lines(panel, "_estimate")] == pytest.approx([80.7, 86.2, 56.2, 45])
    assert list(lines(panel, "_interval")[0].get_xdata()) == pytest.approx([73.5, 86.3])
    assert list(lines(panel, "_prediction")[0].get_xdata()) == pytest.approx([35, 97])
    (diamond,) = panel.patches
    corners = diamond.get_xy()[:, 0]
    assert (corners.min(), corners.max()) == pytest.approx((61, 92))
    assert [label.get_text() for label in panel.get_yticklabels()] == rows["label"].tolist()


def test_area_of_squares_grows_with_weight_and_hollow_ones_do_not_count(rows: pd.DataFrame) -> None:
    large, small, hollow, local = lines(panel_of(pooled_forest(rows.assign(weight=rows["weight"] / 4))), "_estimate")
    assert (large.get_markersize() / small.get_markersize()) ** 2 == pytest.approx(4)
    assert (hollow.get_markerfacecolor(), local.get_marker()) == ("#FFFFFF", "D")


def test_registry_is_below_the_line(rows: pd.DataFrame) -> None:
    panel = panel_of(pooled_forest(rows))
    (line,) = lines(panel, "_line")
    places = panel.get_yticks()
    assert places[-2] < line.get_ydata()[0] < places[-1]
    assert list(places) == sorted(places)
    assert not lines(panel_of(pooled_forest(rows.head(5))), "_line")


def test_rows_come_in_the_order_of_a_forest_plot_whatever_the_order_given(rows: pd.DataFrame) -> None:
    panel = panel_of(pooled_forest(rows.iloc[::-1]))
    assert [label.get_text() for label in panel.get_yticklabels()][-3:] == rows["label"].tolist()[-3:]


def test_numbers_stand_to_the_right(rows: pd.DataFrame) -> None:
    texts = [text.get_text() for text in panel_of(pooled_forest(rows)).texts]
    for expected in ("117/145", "80.7 % (73.5 to 86.3)", "no counts", "between 35.0 % and 97.0 %", "9/20"):
        assert expected in texts


@pytest.mark.parametrize("chosen", [slice(0, 6), slice(0, 5), slice(5, 6), slice(0, 1)])
def test_nothing_is_cut_off_and_no_texts_overlap(rows: pd.DataFrame, chosen: slice) -> None:
    figure = pooled_forest(rows.iloc[chosen], title="Any pain at the time, share of all assessed patients")
    FigureCanvasAgg(figure).draw()
    edges = figure.bbox
    texts = [*figure.texts, *panel_of(figure).texts, *panel_of(figure).get_yticklabels(), *figure.legends]
    boxes = [text.get_window_extent() for text in texts]
    for box in boxes:
        assert edges.x0 <= box.x0
        assert box.x1 <= edges.x1
        assert edges.y0 <= box.y0
        assert box.y1 <= edges.y1
    overlaps = [
        (one, other) for place, one in enumerate(boxes) for other in boxes[place + 1 :] if _area_shared(one, other) > 1
    ]
    assert not overlaps


def _area_shared(one, other) -> float:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(0.0, width) * max(0.0, height)


def test_long_names_are_wrapped(rows: pd.DataFrame) -> None:
    long = rows.assign(
        label=rows["label"].where(rows["kind"] != "study", "A group of many authors from many centres 2026")
    )
    figure = pooled_forest(long)
    FigureCanvasAgg(figure).draw()
    assert all(label.get_window_extent().x0 >= figure.bbox.x0 for label in panel_of(figure).get_yticklabels())


def test_notes_say_why_a_figure_does_not_count(rows: pd.DataFrame) -> None:
    (notes,) = pooled_forest(rows).texts
    assert "A paper with a very long name 2026: not counted, no counts." in notes.get_text()
    assert "this registry" not in notes.get_text()


def test_notes_say_what_is_to_be_known_of_a_study(rows: pd.DataFrame) -> None:
    (notes,) = pooled_forest(rows.assign(note=["derived from printed counts"] * 2 + rows["note"].tolist()[2:])).texts
    assert "Xue, Qian 2012: derived from printed counts." in notes.get_text()


def test_a_figure_that_is_no_share_is_named_without_numbers(rows: pd.DataFrame) -> None:
    missing = rows.assign(estimate=rows["estimate"].where(rows["kind"] != "not counted"))
    figure = pooled_forest(missing)
    FigureCanvasAgg(figure).draw()
    assert "A paper with a very long name 2026" in [label.get_text() for label in panel_of(figure).get_yticklabels()]


def test_mean_without_limits_is_a_dot(rows: pd.DataFrame) -> None:
    bare = rows.assign(conf_low=NAN, conf_high=NAN)
    panel = panel_of(pooled_forest(bare[bare["kind"] != "prediction"]))
    assert not panel.patches
    assert len(lines(panel, "_estimate")) == 5


def test_nothing_to_draw_is_said(rows: pd.DataFrame) -> None:
    assert "Nothing to draw" in pooled_forest(rows.head(0)).texts[0].get_text()
