"""Figures as files and as inline SVG that several of them can share a page."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from nmosd_cohort.report.plots_core import styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


PIXELS_PER_POINT = 1.5  # at full width; the plots shrink with the page


def _save(figure: Figure, form: str, metadata: dict[str, str | None]) -> bytes:
    """Return a figure in a file format; nothing in it depends on time, and a missing glyph is only a gap."""
    held = io.BytesIO()
    with styled(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(held, format=form, dpi=150, metadata=metadata)
    return held.getvalue()


def png_bytes(figure: Figure) -> bytes:
    """Return a figure as PNG, the same bytes for the same figure."""
    return _save(figure, "png", {"Software": None})


def svg_text(figure: Figure) -> str:
    """Return a figure as an SVG file, the same text for the same figure."""
    return _save(figure, "svg", {"Date": None, "Creator": None}).decode("utf-8")


def inline_svg(drawing: str, *, prefix: str, title: str, description: str) -> Markup:
    """Return an SVG file for a page, with title and description for readers that do not see it.

    Parameters
    ----------
    drawing
        Text of the file, as ``svg_text`` returns it.
    prefix
        Start of every id in it, different for each figure of a page.
    title, description
        What it shows, and what is found; both are escaped.
    """
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r"<style type=\"text/css\">.*?</style>", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r"<!--.*?-->\s*", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r'(\sid=")', rf"\1{prefix}-", drawing)
    drawing = re.sub(r'((?:xlink:)?href="#)', rf"\1{prefix}-", drawing)
    drawing = re.sub(r"url\(#", f"url(#{prefix}-", drawing)
    return Markup(_headed(drawing, prefix, title, description))


def _headed(drawing: str, prefix: str, title: str, description: str) -> str:
    """Return an SVG with role, title and description in its first element."""
    end = drawing.index(">")
    width, height = re.findall(r'(?:width|height)="([\d.]+)pt"', drawing[:end])[:2]
    box = f'viewBox="0 0 {width} {height}"'
    names = f'aria-labelledby="{prefix}-title {prefix}-desc"'
    head = f'<svg class="plot" role="img" {names} {box} style="max-width:{float(width) * PIXELS_PER_POINT:.0f}px"'
    heading = f'<title id="{prefix}-title">{escape(title)}</title><desc id="{prefix}-desc">{escape(description)}</desc>'
    spaces = ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns="http://www.w3.org/2000/svg"'
    return f"{head}{spaces}>{heading}{drawing[end + 1 :]}"
