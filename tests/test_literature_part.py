"""What the report says beside the verdicts: only of the papers judged, and the registry's share as counts."""

import pandas as pd
import pytest

import nmosd_cohort as nc
from nmosd_cohort.literature_part import borrowed_shares, literature_part, local_shares

PAPERS = ["zhang_2022", "tong_2022", "xue"]


@pytest.fixture(scope="module")
def registry() -> nc.Registry:
    return nc.simulate(n=60, seed=1)


@pytest.fixture(scope="module")
def verdicts(registry: nc.Registry) -> pd.DataFrame:
    return nc.validate(registry, papers=PAPERS)


def test_parts_are_of_the_papers_judged_alone(registry: nc.Registry, verdicts: pd.DataFrame) -> None:
    part = literature_part(registry, verdicts)
    assert sorted(part.papers["paper"]) == sorted(PAPERS)
    assert set(part.integrity["paper"]) == set(PAPERS)
    assert set(part.case_mix["paper"]) <= set(PAPERS)
    assert set(part.reweighted["figure"]) <= set(verdicts["figure"])
    assert set(part.pooled["group"]) == set(part.forests) <= set(verdicts["group"])
    for rows in part.forests.values():
        assert rows["kind"].tolist().count("local") == 1


def test_small_registry_has_a_borrowed_share_and_a_large_one_none(verdicts: pd.DataFrame) -> None:
    local = local_shares(verdicts)
    figures = nc.published_figures()
    small = borrowed_shares({"neuropathic_all": {"events": 4, "n": 11}}, figures)
    assert small["role"].tolist() == ["secondary"]
    assert small.loc[0, "local_events"] == 4
    assert borrowed_shares({"neuropathic_all": {"events": 40, "n": 110}}, figures).empty
    assert all(0 <= own["events"] <= own["n"] for own in local.values())


def test_local_share_is_the_commonest_of_its_group_and_a_whole_count() -> None:
    def row(
        group: str, estimate: float | None, n: int, scale: str = "share", verdict: str = "consistent"
    ) -> dict[str, object]:
        return {"group": group, "scale": scale, "verdict": verdict, "local_estimate": estimate, "local_n": n}

    rows = [
        row("a", 0.5, 10),
        row("a", 0.25, 40),
        row("a", 0.25, 40),
        row("b", 0.5, 10),
        row("b", 0.5, 20),  # as common, more patients
        row("c", 0.333, 10),  # 3.33 patients: weighted, no count
        row("d", 0.5, 10, scale="points"),
        row("e", None, 10),
        row("", 0.5, 10),
        *[row("a", 0.9, 50, verdict="not comparable")] * 3,
    ]
    assert local_shares(pd.DataFrame(rows)) == {"a": {"events": 10, "n": 40}, "b": {"events": 10, "n": 20}}
