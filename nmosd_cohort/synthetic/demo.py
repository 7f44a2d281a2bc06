"""Write a small registry as a centre might deliver it: its own column names and codes, several files, some errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from nmosd_cohort.synthetic.errors import make_dirty, text_tables
from nmosd_cohort.synthetic.generate import simulate
from nmosd_cohort.synthetic.people import DATA_CUT

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

MAPPING_FILE = "registry.toml"
# File of each table, and its column for each codebook variable. What is not named is not delivered.
FILES = {
    "patients": (
        "patients.csv",
        {
            "patient_id": "PID",
            "site": "centre",
            "sex": "sex",
            "birth_date": "dob",
            "diagnosis": "dx",
            "aqp4_status": "aqp4",
            "mog_status": "mog",
            "onset_date": "first_symptom",
            "onset_phenotype": "onset_type",
            "diagnosis_date": "dx_date",
            "entry_date": "enrolled",
            "last_contact_date": "last_seen",
            "death_date": "died",
            "had_myelitis": "tm_ever",
            "attack_count": "n_relapses",
        },
    ),
    "attacks": (
        "relapses.csv",
        {
            "patient_id": "PID",
            "attack_date": "relapse_date",
            "attack_type": "syndromes",
            "first_signs": "heralded_by",
            "is_confirmed": "confirmed",
            "acute_treatment": "acute_tx",
        },
    ),
    "assessments": (
        "visits.csv",
        {
            "patient_id": "PID",
            "assessment_date": "visit_date",
            "has_pain": "pain_yn",
            "pain_nrs": "nrs_7d",
            "has_neuropathic_pain": "np_yn",
            "has_tonic_spasm": "pts_yn",
            "dn4": "dn4_total",
            "paindetect": "pd_total",
            "bpi_severity": "bpi_sev",
            "bpi_interference": "bpi_int",
            "edss": "EDSS",
            "sf36_pf": "sf_pf",
            "sf36_rp": "sf_rp",
            "sf36_bp": "sf_bp",
            "sf36_gh": "sf_gh",
            "sf36_vt": "sf_vt",
            "sf36_sf": "sf_sf",
            "sf36_re": "sf_re",
            "sf36_mh": "sf_mh",
            "sf36_pcs": "sf_pcs",
            "sf36_mcs": "sf_mcs",
            "bdi_ii": "bdi2",
            "bdi_ii_cognitive": "bdi2_cog",
            "hads_d": "hads_dep",
            "hads_a": "hads_anx",
            "fss": "fss_mean",
            "eq_vas": "eq_vas",
            "is_pain_worst_symptom": "worst_yn",
            "sf_mpq": "mpq_total",
            "spasms_per_day": "spasms_day",
            "edss_visual": "fs_vis",
            "edss_brainstem": "fs_bs",
            "edss_pyramidal": "fs_pyr",
            "edss_cerebellar": "fs_cll",
            "edss_sensory": "fs_sens",
            "edss_bowel_bladder": "fs_bb",
            "edss_cerebral": "fs_cer",
            "edss_ambulation": "fs_amb",
            "sexual_dysfunction": "sex_dysf",
        },
    ),
    "pain": (
        "pain_episodes.csv",
        {
            "patient_id": "PID",
            "pain_type": "pain_kind",
            "pain_sites": "sites",
            "pain_qualities": "feels_like",
            "onset_date": "began",
            "end_date": "ended",
            "context": "relation",
        },
    ),
    "lesions": (
        "mri_lesions.csv",
        {"patient_id": "PID", "mri_date": "scan_date", "upper_segment": "upper", "lower_segment": "lower"},
    ),
    "imaging": (
        "mri_scans.csv",
        {
            "patient_id": "PID",
            "mri_date": "scan_date",
            "region": "region",
            "measure": "quantity",
            "value": "result",
            "unit": "unit",
        },
    ),
    "treatments": (
        "drugs.csv",
        {
            "patient_id": "PID",
            "drug": "drug",
            "drug_class": "class",
            "dose": "dose",
            "dose_unit": "unit",
            "start_date": "start",
            "stop_date": "stop",
            "indication": "reason",
            "response": "response",
        },
    ),
    "labs": (
        "lab.csv",
        {
            "patient_id": "PID",
            "sample_date": "drawn",
            "analyte": "test",
            "specimen": "specimen",
            "value": "result",
            "limit_operator": "limit",
            "unit": "unit",
        },
    ),
}
YES_NO = {"1": "true", "0": "false"}
STATUS = {"pos": "positive", "neg": "negative"}
# The registry's own codes for the codebook's, by variable.
CODES: dict[str, dict[str, str]] = {
    "sex": {"1": "female", "2": "male"},
    "diagnosis": {"NMOSD": "nmosd", "MOGAD": "mogad", "MS": "ms"},
    "aqp4_status": STATUS,
    "mog_status": STATUS,
    "had_myelitis": YES_NO,
    "is_confirmed": YES_NO,
    "has_pain": YES_NO,
    "has_neuropathic_pain": YES_NO,
    "has_tonic_spasm": YES_NO,
    "is_pain_worst_symptom": YES_NO,
    "attack_type": {
        "LETM": "myelitis",
        "ON": "optic_neuritis",
        "APS": "area_postrema",
        "BS": "brainstem",
        "CER": "cerebral",
    },
    "onset_phenotype": {
        "LETM": "myelitis",
        "ON": "optic_neuritis",
        "APS": "area_postrema",
        "BS": "brainstem",
        "CER": "cerebral",
        "MIX": "mixed",
    },
}
CONSTANTS = {
    "assessments": {"pain_recall": "average_7d", "sf36_version": "synthetic, assumed weights"},
    "lesions": {"level_system": "cord"},
}
DECIMAL_VARIABLES = (
    *("bpi_severity", "bpi_interference", "edss", "fss", "dose", "value", "spasms_per_day"),
    *(f"sf36_{scale}" for scale in ("pf", "rp", "bp", "gh", "vt", "sf", "re", "mh", "pcs", "mcs")),
)
NOT_ASKED = "-9"
# Persons in the imagined area of the demo registry, about as many as a published incidence would give these patients.
POPULATION, CATCHMENT_YEARS = 4_000_000, range(2016, 2024)


def write_demo(folder: str | os.PathLike[str], *, n: int = 220, seed: int = 7) -> pd.DataFrame:
    """Write a demo registry with planted errors and return the log of them, one row an error.

    Parameters
    ----------
    folder
        Where to write; made if it does not exist. Files of the same names are replaced.
    n, seed
        Patients with NMOSD and seed of the simulated registry, scenario ``demo``; patients with MS come on top.

    Returns
    -------
    pandas.DataFrame
        Columns table, row, column, kind, value, as ``synthetic.errors.make_dirty`` gives them.

    Notes
    -----
    Eight files with ; in UTF-8, decimal commas, dates as 31.12.2025, and a registry.toml that maps them.
    Pain that was not asked about stands as -9. Errors are planted before the tables take this form, so the
    log quotes values in codebook form: a planted decimal comma is delivered as a decimal
    point. The same ``n`` and ``seed`` write the same bytes.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    registry = simulate("demo", n=n, seed=seed)
    dirty, log = make_dirty(text_tables(registry.tables), seed=seed, per_kind=2)
    for name, (file, columns) in FILES.items():
        own = _in_their_words(name, dirty[name])[list(columns)].rename(columns=columns)
        own.to_csv(target / file, sep=";", index=False, lineterminator="\n")
    (target / MAPPING_FILE).write_text(mapping_text(n, seed), encoding="utf-8", newline="\n")
    return log


def _in_their_words(name: str, table: pd.DataFrame) -> pd.DataFrame:
    return table.apply(lambda column: _column_in_their_words(name, column))


def _column_in_their_words(table: str, column: pd.Series[str]) -> pd.Series[str]:
    variable = str(column.name)
    if variable in CODES:
        theirs = {ours: code for code, ours in CODES[variable].items()}
        column = column.map(lambda text: ";".join(theirs.get(part, part) for part in text.split(";")))
    if variable.endswith("_date"):
        column = column.str.replace(r"^(\d{4})-(\d{2})-(\d{2})$", r"\3.\2.\1", regex=True)
    if variable in DECIMAL_VARIABLES:
        column = column.str.translate(str.maketrans(".,", ",."))
    if table == "assessments" and variable in ("has_pain", "pain_nrs"):
        column = column.where(column != "", NOT_ASKED)
    return column


def mapping_text(n: int, seed: int) -> str:
    """Return the registry.toml of the demo registry."""
    head = [
        f"# Synthetic registry of {n} patients with NMOSD and some with MS, seed {seed}. No real patient.",
        "# Errors are planted on purpose.",
        "[registry]",
        'name = "Demo registry (synthetic)"',
        f'data_cut = "{DATA_CUT}"',
        "[catchment]",
        f"population = {{ {', '.join(f'{year} = {POPULATION}' for year in CATCHMENT_YEARS)} }}",
    ]
    return "\n".join([*head, *(line for name in FILES for line in _source_lines(name)), ""])


def _source_lines(table: str) -> list[str]:
    file, columns = FILES[table]
    missing = [f'missing = {{ "{NOT_ASKED}" = "not asked" }}'] if table == "assessments" else []
    rules = [f"{variable} = {_rule(variable, column)}" for variable, column in columns.items()]
    constants: Mapping[str, str] = CONSTANTS.get(table, {})
    return [
        "",
        "[[source]]",
        f'file = "{file}"',
        'delimiter = ";"',
        'decimal = ","',
        'date_format = "%d.%m.%Y"',
        *missing,
        "[[source.table]]",
        f'table = "{table}"',
        "[source.table.columns]",
        *rules,
        *(f'{variable} = {{ value = "{value}" }}' for variable, value in constants.items()),
    ]


def _rule(variable: str, column: str) -> str:
    if variable not in CODES:
        return f'"{column}"'
    codes: dict[str, Any] = CODES[variable]
    pairs = ", ".join(f'"{code}" = "{ours}"' for code, ours in codes.items())
    return f'{{ column = "{column}", codes = {{ {pairs} }} }}'
