"""Each association of pain with the full score and with the part that overlaps with pain removed, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nmosd_cohort.cohort.assessments import index_reasons, index_steps, index_visits, visits
from nmosd_cohort.cohort.composites import FORM, SCALES, SCALES_WITHOUT_PAIN, edss_of_form, scale_mean
from nmosd_cohort.cohort.predictors import with_scores
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.cohort.tally import tally
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import estimate_row, finish, remission_check, small_n_check
from nmosd_cohort.statistics.correlation.coefficients import spearman
from nmosd_cohort.statistics.correlation.part_difference import spearman_part_difference
from nmosd_cohort.statistics.estimate import check_conf_level
from nmosd_cohort.statistics.multiplicity import holm

if TYPE_CHECKING:
    import narwhals as nw

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

FEWEST = 10
DENOMINATOR = "patients with pain intensity, the score and its parts at one visit in remission"
TOTAL_ONLY = "patients with pain intensity and the score at one visit in remission"


@dataclass(frozen=True, slots=True)
class Pair:
    """A full score and what is left of it: columns of the assessments, outcome names, what was removed."""

    full: str
    part: str
    full_columns: tuple[str, ...]
    part_columns: tuple[str, ...]
    removed: str


PAIRS = (
    Pair("sf36_mean_of_eight", "sf36_without_bodily_pain", SCALES, SCALES_WITHOUT_PAIN, "bodily pain left out"),
    Pair(
        "sf36_pcs",
        "sf36_physical_scales",
        ("sf36_pcs",),
        ("sf36_pf", "sf36_rp", "sf36_gh"),
        "component score replaced by the mean of physical functioning, role physical and general health",
    ),
    Pair(
        "sf36_mcs",
        "sf36_mental_scales",
        ("sf36_mcs",),
        ("sf36_vt", "sf36_sf", "sf36_re", "sf36_mh"),
        "component score replaced by the mean of vitality, social functioning, role emotional and mental health",
    ),
    Pair("bdi_ii", "bdi_ii_cognitive", ("bdi_ii",), ("bdi_ii_cognitive",), "bodily items left out"),
    Pair("phq9", "phq9_cognitive", ("phq9",), ("phq9_cognitive",), "bodily items left out"),
    Pair("edss", "edss_without_sensory", ("edss2",), FORM, "sensory system set to 0, both from the systems"),
)


@checked
def pain_without_construct_overlap(
    registry: Registry,
    *,
    diagnosis: str = "nmosd",
    min_days_after_attack: int = 30,
    n_resamples: int = 1000,
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Rank correlation of pain intensity with each score in full, with its overlap with pain removed, and the change.

    Parameters
    ----------
    registry
        Checked tables.
    diagnosis, min_days_after_attack, conf_level
        As in ``pain_prevalence``.
    n_resamples, seed
        Of the bootstrap of patients, at least 100.

    Returns
    -------
    Result
        For SF-36, BDI-II, PHQ-9 and EDSS, each in the patients who have pain intensity, the score and its parts at
        one visit in remission: ``spearman`` with the full score (secondary) and with the rest (primary), and
        ``spearman_part_difference``, the second less the first, with bootstrap limits. Where only the total is
        recorded, the correlation with it stands alone and a check says "overlap not removable". p-values of the
        primary rows are Holm-adjusted as one family.

    Raises
    ------
    ValueError
        If an option is out of its range.
    TypeError
        If ``registry`` is no registry.

    Notes
    -----
    Spearman limits: Bonett and Wright 2000 (doi:10.1007/BF02294183). SF-36 components: Taft 2001
    (doi:10.1023/A:1012552211996). The EDSS without the sensory system comes from the other systems and walking, see
    ``nmosd_cohort.instruments.edss``; a check says in how many patients the systems give the recorded EDSS.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.pain_without_construct_overlap(nc.simulate(n=150, seed=1), n_resamples=100)
    >>> answer.estimates.query("outcome == 'bdi_ii_cognitive'")["measure"].tolist()
    ['spearman', 'spearman_part_difference']
    """
    check_conf_level(conf_level)
    frame = with_scores(
        registry, visits(registry, diagnosis=diagnosis), [name for pair in PAIRS for name in pair.part_columns]
    )
    rows: list[dict[str, Any]] = []
    checks: list[Check] = []
    counted: list[pd.DataFrame] = []
    for pair in PAIRS:
        cells, overlap = _cells(frame, pair, min_days_after_attack)
        checks += overlap
        new_rows, new_checks = _rows(cells, pair, n_resamples, conf_level, seed)
        rows, checks = rows + new_rows, checks + new_checks
        if not cells.empty:
            used = cells.assign(outcome=pair.part if "part" in cells else pair.full)
            counted.append(used.groupby(["outcome", "pain_nrs"])["n"].sum().reset_index())
    options: dict[str, Any] = {"needs": ["pain_nrs"], "min_days_after_attack": min_days_after_attack}
    index = index_visits(frame, **options)
    with_pain = tally(index, ["pain_nrs"])
    n = int(with_pain["n"].sum())
    if not n:
        checks.append(("pain and any score", "not assessable", "assessments.pain_nrs is not recorded in remission"))
    return finish(
        registry,
        name="pain_without_construct_overlap",
        question="Rank correlation of pain intensity (NRS) with quality of life, depression and disability at the last "
        "visit in remission with both, in full and without the part that is pain itself or its neighbour.",
        rows=_holm(rows),
        steps=[
            *eligibility_steps(select_patients(registry, diagnosis=diagnosis)),
            *index_steps(index_reasons(registry, frame, diagnosis=diagnosis, **options), "pain intensity"),
        ],
        checks=[*(remission_check(index) if n else []), *checks, *small_n_check(n)],
        tally=pd.concat(counted, ignore_index=True) if counted else pd.DataFrame(columns=["outcome", "pain_nrs", "n"]),
        definitions={
            "removed": {pair.part: pair.removed for pair in PAIRS},
            "family": "correlations with the overlap removed",
            "diagnosis": diagnosis,
            "min_days_after_attack": min_days_after_attack,
            "n_resamples": n_resamples,
            "seed": seed,
            "conf_level": conf_level,
            "time_frame": "current",
            "denominator": "assessed",
        },
    )


def _cells(frame: nw.LazyFrame[Any], pair: Pair, min_days_after_attack: int) -> tuple[pd.DataFrame, list[Check]]:
    """Return pain, ``full`` and, where it can be had, ``part`` with patients, and what is to be said of the overlap."""
    columns = list(dict.fromkeys(["pain_nrs", *pair.full_columns, *pair.part_columns]))
    index = index_visits(frame, needs=columns, min_days_after_attack=min_days_after_attack)
    cells = tally(index, columns)
    name = f"{pair.full} without overlap"
    if not cells.empty:
        return _scored(cells, pair, name)
    needs = list(dict.fromkeys(["pain_nrs", *pair.full_columns]))
    alone = tally(index_visits(frame, needs=needs, min_days_after_attack=min_days_after_attack), needs)
    lacking = ", ".join(f"assessments.{column}" for column in pair.part_columns if column not in pair.full_columns)
    if alone.empty:
        return _empty(), [(name, "not assessable", f"{pair.full} is not recorded beside pain ({lacking} neither)")]
    alone["full"] = alone["edss2"] / 2 if pair.full == "edss" else scale_mean(alone, pair.full_columns)
    return alone, [(name, "not assessable", f"overlap not removable: needed together at one visit: {lacking}")]


def _empty() -> pd.DataFrame:
    return pd.DataFrame({"pain_nrs": [], "full": [], "n": np.array([], dtype=np.int64)})


def _scored(cells: pd.DataFrame, pair: Pair, name: str) -> tuple[pd.DataFrame, list[Check]]:
    if pair.full != "edss":
        full, part = scale_mean(cells, pair.full_columns), scale_mean(cells, pair.part_columns)
        return cells.assign(full=full, part=part), [(name, "met", pair.removed)]
    try:
        full, part = edss_of_form(cells), edss_of_form(cells, without=["sensory"])
    except ValueError as problem:
        recorded = cells["edss2"].astype(float) / 2
        return cells.assign(full=recorded), [(name, "not assessable", f"overlap not removable: {problem}")]
    n = int(cells["n"].sum())
    same = int(cells.loc[(2 * full == cells["edss2"].astype(float)), "n"].sum())
    detail = f"the systems give the recorded EDSS in {same} of {n} patients; {pair.removed}"
    return cells.assign(full=full, part=part), [(name, "met" if same == n else "note", detail)]


def _rows(
    cells: pd.DataFrame, pair: Pair, n_resamples: int, conf_level: float, seed: int
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the correlation with the full score, with the rest of it, and their difference."""
    n = int(cells["n"].sum())
    if n < FEWEST:
        return [], [
            (f"correlation with {pair.full}", "not assessable", f"{n} patients; {FEWEST} are needed")
        ] if n else []
    pain, counts = cells["pain_nrs"].to_numpy(dtype=float), cells["n"].to_numpy(np.int64)
    denominator = DENOMINATOR if "part" in cells else TOTAL_ONLY
    labels = {"term": "pain_nrs", "unit": "correlation", "denominator": denominator}
    options: dict[str, Any] = {"conf_level": conf_level, "seed": seed}
    full = cells["full"].to_numpy(dtype=float)
    whole = spearman(pain, full, counts, **options)
    rows = [estimate_row(whole, outcome=pair.full, measure="spearman", role="secondary", **labels)]
    if "part" not in cells:
        return rows, []
    part = cells["part"].to_numpy(dtype=float)
    rest = spearman(pain, part, counts, **options)
    change = spearman_part_difference(pain, full, part, counts, n_resamples=n_resamples, **options)
    labels["outcome"] = pair.part
    rows.append(estimate_row(rest, measure="spearman", role="primary", **labels))
    rows.append(estimate_row(change, measure="spearman_part_difference", role="secondary", **labels))
    return rows, []


def _holm(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Adjust the p-values of the correlations with the overlap removed."""
    family = [row for row in rows if row["role"] == "primary"]
    for row, p_adjusted in zip(family, holm(np.array([row["p_value"] for row in family], dtype=float)), strict=True):
        row["p_adjusted"] = float(p_adjusted)
    return rows
