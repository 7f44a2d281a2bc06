"""Runs the analysis of a paper on a registry and hands back what it made and printed."""

import contextlib
import io
import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import nmosd_cohort as nc
from nmosd_cohort.codebook import typed_table

ANALYSES = Path(__file__).parents[2] / "analyses"
Replay = Callable[..., tuple[dict[str, Any], str]]


def run_analysis(name: str, registry: nc.Registry) -> tuple[dict[str, Any], str]:
    """Run ``analyses/<name>.py`` with this registry in place of that of the command line."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setattr(nc, "script_registry", lambda: registry, raising=False)
        namespace = runpy.run_path(str(ANALYSES / f"{name}.py"))
    return namespace, printed.getvalue()


@pytest.fixture(scope="session")
def demo() -> nc.Registry:
    return nc.demo_registry()


@pytest.fixture(scope="session")
def poor_registry() -> nc.Registry:
    """Twenty-five patients with pain and EDSS alone: no attacks, MRI, episodes, drugs, scales or laboratory."""
    full = nc.simulate(n=25, seed=3)
    kept = ["patient_id", "assessment_date", "has_pain", "has_neuropathic_pain", "edss"]
    bare = {name: typed_table(name) for name in full.tables if name not in ("patients", "assessments")}
    assessments = typed_table("assessments", full.tables["assessments"][kept])
    return replace(full, tables={"patients": full.tables["patients"], "assessments": assessments, **bare})


@pytest.fixture(scope="session")
def replay(demo: nc.Registry) -> Replay:
    """Return a function that runs an analysis once for each registry: by default the demo registry."""
    # The registry is kept with what was made of it, so that no other one gets its identity.
    done: dict[tuple[str, int], tuple[nc.Registry, tuple[dict[str, Any], str]]] = {}

    def run(name: str, registry: nc.Registry | None = None) -> tuple[dict[str, Any], str]:
        chosen = demo if registry is None else registry
        key = (name, id(chosen))
        if key not in done:
            done[key] = chosen, run_analysis(name, chosen)
        return done[key][1]

    return run
