"""Registries for the analyses: those of a few patients made by hand, and one with a drug under another name."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import nmosd_cohort as nc
from nmosd_cohort.codebook import typed_table
from nmosd_cohort.literature.catalogue import read_catalogue
from tests.conftest import registry_of

SEEN = "2024-12-31"


def renamed(registry: nc.Registry, names: Mapping[str, str]) -> nc.Registry:
    """Return the registry with drugs under other names."""
    courses = registry.tables["treatments"]
    changed = typed_table("treatments", courses.assign(drug=courses["drug"].astype(object).replace(dict(names))))
    return replace(registry, tables={**registry.tables, "treatments": changed})


def people(names: Iterable[str], **columns: list[object]) -> dict[str, list[object]]:
    """Return a patients table: seropositive NMOSD since 2015, last seen at the end of 2024, unless told otherwise."""
    every = list(names)
    told = {"diagnosis": "nmosd", "aqp4_status": "positive", "onset_date": "2015-01-01", "last_contact_date": SEEN}
    return {"patient_id": every, **{name: [value] * len(every) for name, value in told.items()}, **columns}


def rows(columns: str, *values: tuple[object, ...]) -> dict[str, list[object]]:
    """Return a table from the names of its columns and its rows."""
    return {name: [row[place] for row in values] for place, name in enumerate(columns.split())}


def device_registry(active: str, sham: str, *scores: tuple[str, str, object, int, str, int]) -> nc.Registry:
    """Return a registry of device users: patient, arm, neuropathic or not, score before, day after, score after."""
    names = list(dict.fromkeys(row[0] for row in scores))
    drugs = {"active": [active], "sham": [sham], "both": [active, sham]}
    courses = {(row[0], drug) for row in scores for drug in drugs[row[1]]}
    visits = [(name, "2024-03-01", before, kind) for name, _, kind, before, _, _ in scores]
    visits += [(name, after_day, after, kind) for name, _, kind, _, after_day, after in scores]
    return registry_of(
        patients=people(names),
        treatments=rows("patient_id drug start_date", *((name, drug, "2024-03-01") for name, drug in sorted(courses))),
        assessments=rows("patient_id assessment_date pain_nrs has_neuropathic_pain", *dict.fromkeys(visits)),
    )


def figures_of(paper: str) -> set[str]:
    """Return the identifiers of a paper's figures in the catalogue."""
    return {figure.id for entry in read_catalogue() if entry.key == paper for figure in entry.figures}
