"""Pain by each segment of the cord that has a lesion, C1 to conus, with family-wise error under control."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, get_args

import narwhals as nw
import numpy as np
import pandas as pd

from nmosd_cohort.codebook import SEGMENTS
from nmosd_cohort.cohort.assessments import index_reasons, index_steps, index_visits, visits
from nmosd_cohort.cohort.lesions import last_covered_mri
from nmosd_cohort.cohort.open_pain import open_episodes
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY
from nmosd_cohort.cohort.segments import in_one_system, scan_segments
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.cohort.tally import collect
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import covariate_design, estimate_row, finish, remission_check
from nmosd_cohort.statistics.estimate import check_conf_level, check_option, whole_number
from nmosd_cohort.statistics.resampling.freedman_lane import freedman_lane_max_t
from nmosd_cohort.statistics.shares.proportions import proportion

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

MapOutcome = Literal["pain_nrs", "neuropathic", "tonic_spasm", "spasticity_or_spasm"]
LevelSystem = Literal["most_used", "cord", "vertebral", "not_recorded"]
NEEDS = {
    "pain_nrs": "pain_nrs",
    "neuropathic": "has_neuropathic_pain",
    "tonic_spasm": "has_tonic_spasm",
    "spasticity_or_spasm": "has_pain",
}
FEWEST_LESIONS, FEWEST_SHARE = 8, 0.10
DENOMINATOR = "patients with past myelitis, the outcome, and a readable MRI of the cervical and thoracic cord before it"
CHECKS: tuple[Check, ...] = (
    ("MRI independent of pain", "not assessable", "an MRI made because of pain finds lesions (verification bias)"),
    (
        "segments independent of each other",
        "not met",
        "a long lesion covers many segments: one segment's difference holds its neighbours' too",
    ),
)


@checked
def lesion_segment_map(
    registry: Registry,
    *,
    outcome: MapOutcome = "pain_nrs",
    adjust_for_length: bool = False,
    min_lesions: int | None = None,
    level_system: LevelSystem = "most_used",
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    n_draws: int = 4999,
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Difference in pain between patients with and without a lesion at each segment, given age and sex.

    Among patients with past myelitis whose last MRI on or before the assessment covered the cervical and the
    thoracic cord; L1 to conus are known only where the whole cord was covered.

    Parameters
    ----------
    registry
        Checked tables.
    outcome
        ``pain_nrs`` (pain-free patients count with 0), or whether the patient has ``neuropathic`` pain,
        ``tonic_spasm``, or ``spasticity_or_spasm``: tonic spasms, or an open episode of spasticity-associated pain.
    adjust_for_length
        Adds the number of segments with a lesion to the covariates.
    min_lesions
        Patients with a lesion, and without one, that a segment needs to be tested; None takes 8 or 10 % of the
        patients, whichever is more.
    level_system
        Counting of segments; lesions counted otherwise are left out and never converted. ``most_used`` takes that
        of most patients.
    diagnosis, neuropathic_by, min_days_after_attack, conf_level
        As in ``pain_prevalence``.
    n_draws, seed
        Orders drawn by the permutation, and their seed.

    Returns
    -------
    Result
        One row a segment: ``proportion`` of patients with a lesion there (overlap map), and, for segments with
        enough lesions, ``adjusted_mean_difference`` (NRS points) or ``adjusted_risk_difference`` with p_value,
        p_adjusted (single-step max-T over the segments tested) and simultaneous limits.

    Raises
    ------
    ValueError
        If an option is not one of those listed.

    References
    ----------
    Bates et al. 2003 (lesion-symptom mapping, doi:10.1038/nn1050); Freedman and Lane 1983 (doi:10.2307/1391660);
    Winkler et al. 2014 (doi:10.1016/j.neuroimage.2014.01.060); Nichols and Holmes 2002 (doi:10.1002/hbm.1058).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.lesion_segment_map(nc.simulate(n=200, seed=1), n_draws=199)
    >>> int((answer.estimates["measure"] == "proportion").sum())
    27
    """
    check_option("outcome", outcome, tuple(NEEDS))
    check_option("level_system", level_system, get_args(LevelSystem))
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    conf_level = check_conf_level(conf_level)
    frame = visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by)
    needs = [NEEDS[outcome]]
    index = index_visits(frame, needs=needs, min_days_after_attack=min_days_after_attack)
    patients, steps = _patients(registry, index, outcome)
    scans, system, left_out = in_one_system(scan_segments(registry, last_covered_mri(registry, index)), level_system)
    kept = patients.merge(scans, on="patient_id")
    fewest = _fewest(min_lesions, len(kept))
    rows, checks = _overlap(kept, conf_level), _system_checks(system, left_out)
    draws = {"n_draws": n_draws, "conf_level": conf_level, "seed": seed}
    effects, effect_checks = _effects(kept, outcome, adjust_for_length, fewest, draws)
    reasons = index_reasons(
        registry, frame, needs=needs, min_days_after_attack=min_days_after_attack, diagnosis=diagnosis
    )
    flow = eligibility_steps(select_patients(registry, diagnosis=diagnosis))
    flow += [*index_steps(reasons, NEEDS[outcome]), *steps]
    no_mri = "no readable MRI of both levels before the assessment, or in another level system"
    return finish(
        registry,
        name="lesion_segment_map",
        question=f"Difference in {outcome} between patients with and without a lesion at each segment of the cord, "
        "given age and sex, among those with past myelitis and an MRI of both levels.",
        rows=rows + effects,
        steps=[*flow, ("MRI of both levels", len(kept), len(patients) - len(kept), no_mri)],
        checks=[*remission_check(index), *checks, *effect_checks, *CHECKS],
        tally=_counts(kept),
        definitions={
            "outcome": outcome,
            "adjust_for_length": adjust_for_length,
            "min_lesions": fewest,
            "level_system": system,
            "family": "the segments that were tested",
            "MRI": "the last on or before the assessment that covered cervical and thoracic cord",
            "diagnosis": diagnosis,
            "neuropathic_by": neuropathic_by,
            "min_days_after_attack": min_days_after_attack,
            "conf_level": conf_level,
            "seed": seed,
            "time_frame": "current",
            "denominator": "with_myelitis",
        },
    )


def _fewest(min_lesions: int | None, n: int) -> int:
    if min_lesions is None:
        return max(FEWEST_LESIONS, math.ceil(FEWEST_SHARE * n))
    return max(1, whole_number("min_lesions", min_lesions))


def _patients(
    registry: Registry, index: nw.LazyFrame[Any], outcome: str
) -> tuple[pd.DataFrame, list[tuple[str, int, int, str]]]:
    """Return the patients with past myelitis and a known outcome (column ``result``), and the steps to them."""
    columns = dict.fromkeys(["patient_id", "had_myelitis", "age_years", "is_male", "has_tonic_spasm", NEEDS[outcome]])
    everyone = collect(index.select(*columns), ["patient_id"])
    everyone["result"] = everyone[NEEDS[outcome]].astype("Float64").astype(float)
    if outcome == "spasticity_or_spasm":
        episodes = open_episodes(registry, index).filter(nw.col("pain_type").is_in(["spasticity", "tonic_spasm"]))
        named = set(collect(episodes.select("patient_id").unique(), ["patient_id"])["patient_id"])
        spasm = everyone["has_tonic_spasm"].astype("Float64").astype(float)
        everyone["result"] = spasm.where(~everyone["patient_id"].isin(named), 1.0)
    past = everyone[everyone["had_myelitis"].fillna(False).astype(bool)]
    known = past[past["result"].notna()].reset_index(drop=True)
    steps = [("past myelitis", len(past), len(everyone) - len(past), "no myelitis, or not known")]
    if len(known) < len(past):
        steps.append(("outcome known", len(known), len(past) - len(known), "spasms not asked, and no episode open"))
    return known, steps


def _system_checks(system: str, left_out: dict[str, int]) -> list[Check]:
    checks: list[Check] = []
    if system == "not_recorded":
        detail = "lesions.level_system is not recorded: cord and vertebral segments may be mixed, C8 may not exist"
        checks.append(("level system known", "not met", detail))
    if left_out:
        detail = "; ".join(f"{reason}: {n} MRIs left out" for reason, n in left_out.items())
        return [*checks, ("one level system", "not met", detail)]
    return [*checks, ("one level system", "met", f"all lesions are counted by {system} segments")]


def _overlap(kept: pd.DataFrame, conf_level: float) -> list[dict[str, Any]]:
    """Return the share of patients with a lesion at each segment."""
    rows = []
    for name in SEGMENTS:
        known = kept[name].dropna()
        if len(known):
            share = proportion(int(known.sum()), len(known), conf_level=conf_level)
            labels = {"outcome": "cord_lesion", "group": "segment", "level": name, "denominator": DENOMINATOR}
            rows.append(estimate_row(share, role="description", measure="proportion", unit="share", **labels))
    return rows


def _effects(
    kept: pd.DataFrame, outcome: str, adjust_for_length: bool, fewest: int, draws: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the adjusted difference of each segment that has enough lesions."""
    covariates = ["age_per_10_years", "male", *(["lesion_segments"] if adjust_for_length else [])]
    kept = kept.assign(n=1, lesion_segments=kept[list(SEGMENTS)].sum(axis=1))
    design, checks = covariate_design(kept, covariates)
    complete = design.notna().all(axis=1)
    if dropped := int((~complete).sum()):
        checks.append(("all in the adjusted map", "not met", f"{dropped} patients dropped: a covariate is missing"))
    kept, design = kept[complete].reset_index(drop=True), design[complete].reset_index(drop=True)
    design = design.loc[:, design.nunique() > 1]
    tested = [name for name in SEGMENTS if min((kept[name] == side).sum() for side in (0, 1)) >= fewest]
    left = [name for name in SEGMENTS if name not in tested]
    if left:
        detail = (
            f"shown in the overlap map, not tested, fewer than {fewest} with or without a lesion: {', '.join(left)}"
        )
        checks.append(("enough lesions at each segment", "not met" if tested else "not assessable", detail))
    if not tested or kept["result"].nunique() < 2:
        needed = "lesions.upper_segment and lower_segment, imaging.region, and an outcome that varies"
        return [], [*checks, ("pain by segment", "not assessable", f"{len(kept)} patients; needed: {needed}")]
    exposures = kept[tested].astype(float)
    found = freedman_lane_max_t(kept[["result"]], exposures, design, **draws)
    is_score = outcome == "pain_nrs"
    shared = {
        "role": "primary",
        "outcome": outcome,
        "measure": "adjusted_mean_difference" if is_score else "adjusted_risk_difference",
        "group": "segment",
        "reference": "no_lesion",
        "denominator": DENOMINATOR,
        "unit": "points" if is_score else "share",
        "conf_level": draws["conf_level"],
    }
    numbers = ("estimate", "std_error", "conf_low", "conf_high", "p_value", "p_adjusted", "n", "method")
    rows: list[dict[str, Any]] = [
        shared | {"level": row["exposure"]} | {name: row[name] for name in numbers}
        for row in found.to_dict("records")
        if np.isfinite(row["estimate"])
    ]
    below = [row["level"] for row in rows if row["p_adjusted"] <= 1 - draws["conf_level"]]
    words = f"{', '.join(below) or 'none'} of {len(rows)} segments tested"
    return rows, [*checks, ("segments whose simultaneous limits leave out 0", "note", words)]


def _counts(kept: pd.DataFrame) -> pd.DataFrame:
    """Return how many patients have, have not, or are unknown to have a lesion at each segment."""
    words = {1.0: "yes", 0.0: "no"}
    rows = [
        (name, level, int(n))
        for name in SEGMENTS
        for level, n in kept[name].map(words).fillna("unknown").value_counts().sort_index().items()
    ]
    return pd.DataFrame(rows, columns=["segment", "has_lesion", "n"])
