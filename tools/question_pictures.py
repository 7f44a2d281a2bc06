"""Draw the picture of each question's page: ``python tools/question_pictures.py [NAME ...]`` on the demo registry."""

from __future__ import annotations

import sys
from pathlib import Path

import nmosd_cohort as nc
from nmosd_cohort.report.words import labels
from nmosd_cohort.run import answer_questions

PICTURES = Path(__file__).parents[1] / "docs" / "images" / "questions"
CASE = Path(__file__).parents[1] / "examples" / "amitriptyline_case" / "registry.toml"


def main() -> int:
    """Draw the questions named, or all of the report and the timeline of the case; say which have no picture."""
    wanted = sys.argv[1:] or list(labels()["questions"])
    first: dict[str, nc.Result] = {}
    for result in answer_questions(nc.demo_registry()):
        first.setdefault(result.name, result)
    first["patient_timeline"] = nc.patient_timeline(nc.open_registry(CASE), patient_id="case")
    # The demo registry is too small for this one: few of its patients have an MRI at an attack and another one later.
    first["persistent_lesions_and_pain"] = nc.persistent_lesions_and_pain(nc.simulate("demo", n=1200, seed=7))
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in wanted:
        if name in first:
            nc.plot(first[name]).savefig(PICTURES / f"{name}.png", dpi=80, bbox_inches="tight")
    without = sorted(set(wanted) - set(first))
    if without:
        print(f"not in the report: {', '.join(without)}")
    return int(bool(without))


if __name__ == "__main__":
    sys.exit(main())
