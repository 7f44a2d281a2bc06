"""The verdicts alone as a folder: a page, a CSV file, a JSON file and a manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nmosd_cohort.report.drawings import Drawings, draw_forests, draw_pooled
from nmosd_cohort.report.files import csv_bytes, json_bytes
from nmosd_cohort.report.format import time_text
from nmosd_cohort.report.html import stylesheet
from nmosd_cohort.report.literature_page import LiteraturePart, literature_section
from nmosd_cohort.report.manifest import VERDICTS_KIND, build_manifest, now, plain
from nmosd_cohort.report.page_table import environment
from nmosd_cohort.report.rows import records
from nmosd_cohort.report.staging import write_folder
from nmosd_cohort.report.tables_literature import counts_of
from nmosd_cohort.report.words import value_words

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from nmosd_cohort.intake.registry import Registry

JSON_KEYS = ("registry", "data_cut", "inputs", "mapping_sha256", "versions", "extra", "run_id", "started")


def write_verdicts(
    verdicts: pd.DataFrame,
    registry: Registry,
    out_dir: str | os.PathLike[str],
    *,
    title: str,
    command: str | Sequence[str],
    literature: LiteraturePart | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Path:
    """Write verdicts.html, verdicts.csv, verdicts.json and manifest.json into a folder, all or nothing.

    Parameters
    ----------
    verdicts
        One row a published figure; may have no rows.
    registry
        Whose numbers they are: its name, data cut and hashes go into the JSON file.
    out_dir
        Folder of the files. An earlier such folder is replaced when the new one is complete.
    title
        Heading of the page.
    command
        Command line or call, for the manifest.
    literature
        Frames that stand beside the verdicts.
    settings
        Settings of the run, for the manifest and the JSON file: diagnosis, papers, hash of the catalogue.

    Raises
    ------
    ValueError
        If ``out_dir`` is something else than an empty folder or an earlier list of verdicts.
    OSError
        If the folder cannot be written.
    """
    part = literature or LiteraturePart()
    about = {"title": title, **(settings or {})}
    manifest = build_manifest(registry, command=command, started=now(), extra=about, kind=VERDICTS_KIND)

    def files() -> dict[str, bytes]:
        return {
            "verdicts.csv": csv_bytes(verdicts),
            "verdicts.json": json_bytes(verdicts_as_data(verdicts, manifest)),
            "verdicts.html": render_verdicts(verdicts, part, title=title, manifest=manifest).encode("utf-8"),
        }

    return write_folder([("verdicts", files)], out_dir, manifest=manifest)


def verdicts_as_data(verdicts: pd.DataFrame, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the verdicts as JSON can hold them: unrounded, missing as null, with what they were made of."""
    head = {key: manifest.get(key) for key in JSON_KEYS}
    return {**head, "counts": counts_of(verdicts), "verdicts": plain(records(verdicts))}


def render_verdicts(
    verdicts: pd.DataFrame, literature: LiteraturePart, *, title: str, manifest: Mapping[str, Any]
) -> str:
    """Return the verdicts as one HTML page that needs neither network nor script."""
    drawings = Drawings({}, draw_forests(verdicts), draw_pooled(literature.forests))
    settings = manifest.get("extra") or {}
    return (
        environment()
        .get_template("verdicts.html.j2")
        .render(
            title=title,
            css=stylesheet(),
            registry_name=value_words(manifest.get("registry")),
            data_cut=value_words(manifest.get("data_cut") or "not recorded"),
            version=manifest.get("versions", {}).get("nmosd_cohort", "not recorded"),
            run_id=manifest.get("run_id", "not recorded"),
            catalogue=str(settings.get("catalogue_sha256") or "not recorded"),
            generated=time_text(now()),
            literature=literature_section(verdicts, literature, drawings),
        )
    )
