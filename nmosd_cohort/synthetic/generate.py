"""Simulate a registry of NMOSD patients with pain whose truth is known.

Model
-----
*Patient.* Site, sex, AQP4, age at onset (truncated normal), disease duration (truncated lognormal), entry
after onset, last contact up to the data cut, an attack rate (gamma), past myelitis and with it a lesion cell
(cervical only, thoracic only, both, neither).

*Attacks.* The onset, then a Poisson process with the patient's rate: counts are negative binomial. After the
start of tocilizumab each attack of the untreated course happens with probability equal to the rate ratio.

*Pain.* Latent pain is normal: shifts for thoracic and cervical lesions, neuropathic pain and spasms, plus a
lasting and a passing part whose variances sum to 1, plus a rise within 30 days after an attack. The NRS counts
the thresholds below it. Thresholds and chances of kinds are solved, so in remission the population has exactly
the shares of pain, neuropathic pain, spasms and of each NRS score that the scenario states, at every assessment.

*Tocilizumab* starts at a regular assessment in remission, the more likely the higher the NRS of that day and
after an attack in the last year; not before the fourth, so every patient has two scores a year apart that the
start did not choose. It removes each NRS point above the first with one probability, solved for the mean effect
at month 12. It lowers intensity, never ends pain, and acts on the NRS and on attacks alone.

*Other outcomes.* EDSS is a cumulative-link model with the scenario's log-odds. BDI-II, fatigue and the eight
SF-36 scales are linear in latent pain, disability, depression and fatigue, then cut to their steps.

*Recording.* Pain is not asked at some assessments, more often where there is none. Episodes agree with the
answers. MRI may not cover both cord levels. Some attacks are entered twice.

Scenario ``null`` gives every patient two pain histories from the same model: one that is felt (it moves EDSS,
SF-36, depression and depends on the lesions) and an independent one that is recorded. All marginals stay, every
association of recorded pain vanishes (also that of SF-36 bodily pain), and selection into treatment remains.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from nmosd_cohort.codebook import read_codebook
from nmosd_cohort.intake.registry import ACCOUNTING_COLUMNS, FINDING_COLUMNS, Registry
from nmosd_cohort.synthetic.additions import add_all
from nmosd_cohort.synthetic.assessments import assessments_table, draw_asked, draw_outcomes
from nmosd_cohort.synthetic.calibrate import calibrate, draw_history
from nmosd_cohort.synthetic.exact import exact_values
from nmosd_cohort.synthetic.pain_episodes import draw_spells, pain_table
from nmosd_cohort.synthetic.patients import attacks_table, draw_syndromes, imaging_tables, labs_table, patients_table
from nmosd_cohort.synthetic.people import DATA_CUT, stream
from nmosd_cohort.synthetic.scenario import Scenario, read_scenario
from nmosd_cohort.synthetic.treatment import treatments_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Backend = Literal["pandas", "duckdb"]
QUARANTINE_COLUMNS = ("file", "line", "record", "reason", "cells")


def simulate(scenario: str | Path = "review", *, n: int = 300, seed: int = 1, backend: Backend = "pandas") -> Registry:
    """Return a registry of ``n`` synthetic patients, the same one for the same scenario, ``n`` and seed.

    Parameters
    ----------
    scenario
        ``"review"`` (marginals of the literature, weak to moderate associations), ``"null"`` (same
        marginals, pain linked to nothing, the drug does nothing), or the path of a scenario file.
    n
        Patients, at least 1.
    seed
        Seed of the random numbers, 0 or more.
    backend
        Form of the tables: ``"pandas"`` frames or ``"duckdb"`` relations.

    Returns
    -------
    Registry
        No findings; ``provenance["truth"]`` holds what the model makes exact, see ``synthetic.truth``.

    Raises
    ------
    ValueError
        If ``n`` or ``seed`` is too small, or scenario or backend is unknown.

    Examples
    --------
    >>> registry = simulate("review", n=20, seed=1)
    >>> len(registry.tables["patients"]), len(registry.findings)
    (20, 0)
    """
    if backend not in ("pandas", "duckdb"):
        raise ValueError(f"backend must be one of pandas, duckdb, not {backend}")
    if n < 1 or seed < 0:
        raise ValueError(f"n must be at least 1 and seed at least 0, not n = {n}, seed = {seed}")
    chosen = read_scenario(scenario)
    tables = _draw_tables(chosen, n, seed)
    registry = Registry(
        tables,
        pd.DataFrame(columns=list(FINDING_COLUMNS)),
        pd.DataFrame(columns=list(QUARANTINE_COLUMNS)),
        _accounting(tables),
        _provenance(chosen, n, seed),
    )
    return registry.to_duckdb() if backend == "duckdb" else registry


def _draw_tables(scenario: Scenario, n: int, seed: int) -> dict[str, pd.DataFrame]:
    calibration = calibrate(scenario)
    history = draw_history(scenario, calibration, n, seed)
    syndromes = draw_syndromes(scenario, history, stream(seed, 20))
    lesions, imaging = imaging_tables(scenario, history, stream(seed, 21))
    tables = {
        "patients": patients_table(scenario, history, syndromes, stream(seed, 22)),
        "attacks": attacks_table(scenario, history, syndromes, stream(seed, 23)),
        "lesions": lesions,
        "imaging": imaging,
        "labs": labs_table(scenario, history, stream(seed, 24)),
    }
    asked = draw_asked(scenario, history.people, history.course, stream(seed, 11))
    outcomes = draw_outcomes(scenario, calibration, history, seed)
    spells = draw_spells(history, asked, stream(seed, 12))
    tables["assessments"] = assessments_table(scenario, history, outcomes, asked, stream(seed, 25))
    tables["pain"] = pain_table(scenario, history, spells, syndromes, stream(seed, 26))
    tables["treatments"] = treatments_table(scenario, history, asked, stream(seed, 27))
    tables = add_all(tables, scenario, history, seed)
    return {name: tables[name] for name in read_codebook()}


def _accounting(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return one row a table, as if each had been read from a file of its name without loss."""
    rows = []
    for name, table in tables.items():
        missing = int(table.isna().sum().sum())
        rows.append(
            (f"{name} (synthetic)", len(table), len(table), 0, 0, table.size, table.size - missing, missing, 0, 0)
        )
    return pd.DataFrame(rows, columns=list(ACCOUNTING_COLUMNS))


def _provenance(scenario: Scenario, n: int, seed: int) -> dict[str, Any]:
    return {
        "name": f"Synthetic registry, scenario {scenario.name}",
        "scenario": scenario.name,
        "seed": seed,
        "n": n,
        "data_cut": str(DATA_CUT),
        "software": f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}",
        "truth": exact_values(scenario),
    }
