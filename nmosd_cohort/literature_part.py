"""What the report says of the literature beside the verdicts, gathered from the parts of the package."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd

from nmosd_cohort.literature.catalogue import published_figures, read_catalogue
from nmosd_cohort.literature.evidence import BORROWED_COLUMNS, TOO_LARGE, borrow, evidence_for
from nmosd_cohort.literature.integrity.catalogue_checks import check_figures
from nmosd_cohort.literature.pooled import pooled_evidence
from nmosd_cohort.literature.reweighted import reweighted_verdicts
from nmosd_cohort.literature.table_1 import beside_table_1
from nmosd_cohort.questions.case_mix_frame import local_case_mix
from nmosd_cohort.report.literature_page import LiteraturePart

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry

ALMOST_WHOLE = 1e-6


def literature_part(registry: Registry, verdicts: pd.DataFrame, *, diagnosis: str = "nmosd") -> LiteraturePart:
    """Gather papers, integrity of their numbers, case-mix and pooled evidence for the papers that were judged.

    Parameters
    ----------
    registry
        Checked tables.
    verdicts
        As ``validate`` returns them for this registry.
    diagnosis
        As given to ``validate``.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> registry = nc.simulate(n=80, seed=1)
    >>> part = literature_part(registry, nc.validate(registry, papers=["kong_2016"]))
    >>> part.papers["paper"].tolist(), part.case_mix["variable"].tolist()
    (['kong_2016'], ['aqp4_positive', 'had_myelitis'])
    """
    figures = published_figures()
    keys = set(verdicts["paper"])
    papers = [paper for paper in read_catalogue() if paper.key in keys]
    local = local_shares(verdicts)
    groups = [name for name in local if name in set(figures["pool_group"].dropna())]
    pooled = pooled_evidence(figures)
    patients = local_case_mix(registry, diagnosis=diagnosis)
    return LiteraturePart(
        papers=figures[figures["paper"].isin(keys)].drop_duplicates("paper"),
        integrity=check_figures(papers),
        pooled=pooled[pooled["group"].isin(groups)],
        forests={name: evidence_for(name, local[name], figures=figures) for name in groups},
        borrowed=borrowed_shares({name: local[name] for name in groups}, figures),
        reweighted=reweighted_verdicts(registry, verdicts, papers, diagnosis=diagnosis),
        case_mix=beside_table_1(patients[patients["outcome"].notna()], papers),
    )


def local_shares(verdicts: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return the registry's own share of each pool group as events and n, that which most figures were set beside.

    Figures of a group may ask for several denominators; where two are as common, the one of more patients is
    taken. A share that is not comparable with its figure, or no whole number of patients, is left out.

    Examples
    --------
    >>> row = {"group": "neuropathic_all", "scale": "share", "verdict": "different", "local_estimate": 0.25}
    >>> local_shares(pd.DataFrame([row | {"local_n": 40}]))
    {'neuropathic_all': {'events': 10, 'n': 40}}
    """
    is_like = verdicts["scale"].eq("share") & verdicts["verdict"].ne("not comparable") & verdicts["group"].ne("")
    rows = verdicts[is_like & verdicts["local_estimate"].notna()]
    found: dict[str, Counter[tuple[int, int]]] = {}
    for row in rows.to_dict("records"):
        n = int(row["local_n"])
        events = float(row["local_estimate"]) * n
        if n and abs(events - round(events)) < ALMOST_WHOLE:
            found.setdefault(str(row["group"]), Counter())[round(events), n] += 1
    chosen = {name: max(counts, key=lambda pair: (counts[pair], pair[1])) for name, counts in sorted(found.items())}
    return {name: {"events": events, "n": n} for name, (events, n) in chosen.items()}


def borrowed_shares(local: dict[str, dict[str, int]], figures: pd.DataFrame) -> pd.DataFrame:
    """Return what a registry too small to stand by itself may borrow from past studies, one row a pool group.

    Examples
    --------
    >>> borrowed_shares({"neuropathic_all": {"events": 80, "n": 200}}, published_figures()).empty
    True
    """
    rows: list[dict[str, Any]] = [
        borrow(own, name, figures=figures) for name, own in local.items() if own["n"] < TOO_LARGE
    ]
    return pd.DataFrame(rows, columns=list(BORROWED_COLUMNS))
