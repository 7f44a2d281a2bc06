"""Complement C5a, interleukin 6 or any laboratory value by pain, and against anxiety and quality of life."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nmosd_cohort.cohort.assessments import visits
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY
from nmosd_cohort.cohort.samples import last_pairs, paired_samples, sample_strata, with_scores
from nmosd_cohort.cohort.selection import eligibility_steps, eligible, select_patients
from nmosd_cohort.questions.biomarker_rows import (
    FEWEST_IN_A_GROUP,
    attack_rows,
    limit_rows,
    mean_rows,
    rank_rows,
    ratio_rows,
    score_rows,
    usable,
)
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import COVARIATES, finish
from nmosd_cohort.statistics.estimate import as_number, check_conf_level, check_option, whole_number
from nmosd_cohort.statistics.multiplicity import holm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

FIRST_ANALYTES = ("c5a", "il6")
ENOUGH_PATIENTS = 20
MOST_BY_DEFAULT = 6
# Score -> points that its ratio is for.
SCORES = {"hads_a": 1.0, "eq_vas": 10.0} | {
    f"sf36_{scale}": 10.0 for scale in ("pf", "rp", "bp", "gh", "vt", "sf", "re", "mh", "pcs", "mcs")
}
# The component scores are sums of the eight scales.
DEFAULT_SCORES = tuple(name for name in SCORES if name not in ("sf36_pcs", "sf36_mcs"))
NO_CAUSE: Check = (
    "direction known",
    "not met",
    "sample and pain belong to about the same day; treatment and inflammation move both, and only age and sex are "
    "taken into account",
)


@checked
def biomarkers_and_pain(
    registry: Registry,
    *,
    analytes: Sequence[str] | None = None,
    scores: Sequence[str] = DEFAULT_SCORES,
    covariates: Sequence[str] = ("age_per_10_years", "male"),
    window_days: int = 30,
    most_censored: float = 0.5,
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Ratio of the geometric mean of a laboratory value with pain to that without, adjusted for age and sex.

    Parameters
    ----------
    registry
        Checked tables.
    analytes
        As in labs.analyte, each specimen and unit apart; None takes those that 20 patients have, c5a and il6
        first, six at the most.
    scores
        Of anxiety and quality of life: hads_a, eq_vas, sf36_pf and the other scales.
    covariates
        age_per_10_years, male, duration_per_10_years, aqp4_positive, attacks.
    window_days
        Most days between assessment and sample.
    most_censored
        No mean or ratio is made where a larger share lies beyond a limit of detection.
    diagnosis, neuropathic_by, min_days_after_attack, conf_level
        As in ``pain_prevalence``.
    seed
        Of permutations and bootstrap in small groups.

    Returns
    -------
    Result
        For each analyte in one specimen and unit (outcome, for example c5a_plasma): ``share_below_limit``;
        ``geometric_mean`` with and without pain and by pain_group; ``geometric_mean_ratio`` with against without
        pain (primary for the first analyte, p_adjusted over all) and between pain groups, from a normal model of
        the logarithm in which values beyond a limit count as such; ``probability_superiority``, values beyond
        the limit tied. ``geometric_mean_ratio_per_points`` for each score (p_adjusted over scores and
        analytes), and ``spearman``. Samples drawn in an attack stand apart (group phase).

    Raises
    ------
    ValueError
        If an option is not one of those listed, or a number is out of range.
    TypeError
        If ``registry`` is no registry.

    References
    ----------
    Tobin 1958 (doi:10.2307/1907382); Brunner and Munzel 2000
    (doi:10.1002/(SICI)1521-4036(200001)42:1<17::AID-BIMJ17>3.0.CO;2-U); Holm 1979.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.biomarkers_and_pain(nc.simulate(n=300, seed=1), scores=["hads_a"])
    >>> answer.estimates.query("role == 'primary'")["outcome"].tolist()
    ['c5a_plasma']
    """
    _check_options(scores, covariates, neuropathic_by)
    options: dict[str, Any] = {
        "window_days": whole_number("window_days", window_days),
        "min_days_after_attack": whole_number("min_days_after_attack", min_days_after_attack),
    }
    settings: dict[str, Any] = {
        "scores": list(scores),
        "covariates": list(covariates),
        "most_censored": as_number("most_censored", most_censored, low=0.0, high=1.0),
        "conf_level": check_conf_level(conf_level),
    }
    patients = eligible(select_patients(registry, diagnosis=diagnosis))
    frame = with_scores(registry, visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by), scores)
    strata, checks = _chosen_strata(sample_strata(registry, patients), analytes)
    rows: list[dict[str, Any]] = []
    parts: list[pd.DataFrame] = []
    paired: list[pd.Series[str]] = []
    for stratum in strata:
        pairs = paired_samples(registry, frame, stratum=stratum, **options)
        paired.append(last_pairs(pairs, needs=["has_pain"])["patient_id"])
        new_rows, new_checks, shown = _stratum(stratum, pairs, settings, seed, is_first=not parts)
        rows, checks = rows + new_rows, checks + new_checks
        parts.append(shown)
    steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis))
    steps.append(_sampled(steps[-1][1], paired, window_days))
    return finish(
        registry,
        name="biomarkers_and_pain",
        question="Ratio of the geometric mean of each laboratory value with pain to that without, at the last visit in "
        f"remission with a sample within {window_days} days, and its relation to anxiety and quality of life.",
        rows=_adjusted(rows),
        steps=steps,
        checks=[*checks, NO_CAUSE] if rows else checks,
        tally=pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(),
        definitions={
            "analytes": [_key(stratum) for stratum in strata],
            "units": {_key(stratum): stratum[2] for stratum in strata},
            **settings,
            "diagnosis": diagnosis,
            "neuropathic_by": neuropathic_by,
            **options,
            "time_frame": "current",
        },
    )


def _check_options(scores: Sequence[str], covariates: Sequence[str], neuropathic_by: str) -> None:
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    for name in scores:
        check_option("scores", name, tuple(SCORES))
    for name in covariates:
        check_option("covariates", name, tuple(COVARIATES))


def _key(stratum: tuple[str, str, str]) -> str:
    return f"{stratum[0]}_{stratum[1]}".replace(" ", "_")


def _chosen_strata(
    strata: pd.DataFrame, analytes: Sequence[str] | None
) -> tuple[list[tuple[str, str, str]], list[Check]]:
    """Return analyte, specimen and unit of what is looked at, and checks for what is not."""
    needed = "table labs (sample_date, analyte, specimen, value, limit_operator, unit)"
    if strata.empty:
        return [], [("laboratory values", "not assessable", f"{needed} holds no dated value of an eligible patient")]
    order = {name: place for place, name in enumerate(FIRST_ANALYTES if analytes is None else map(str.lower, analytes))}
    last = len(order)
    ranked = strata.assign(place=strata["analyte"].map(order).fillna(last).astype(int))
    ranked = ranked.sort_values(["place", "n", "analyte"], ascending=[True, False, True], kind="stable")
    checks: list[Check] = []
    if analytes is None:
        enough = ranked[ranked["n"] >= ENOUGH_PATIENTS]
        chosen = enough.head(MOST_BY_DEFAULT)
        if chosen.empty:
            detail = f"no analyte of labs.analyte in one specimen and unit has {ENOUGH_PATIENTS} patients"
            checks.append(("laboratory values", "not assessable", detail))
        if len(enough) > len(chosen):
            detail = f"{len(enough) - len(chosen)} more analytes have enough patients; name them in analytes"
            checks.append(("all analytes", "note", detail))
    else:
        chosen = ranked[ranked["place"] < last]
        absent = [name for name in order if name not in set(chosen["analyte"])]
        checks += [(name, "not assessable", f"labs.analyte has no dated value of {name}") for name in absent]
    # With one analyte in two units or specimens, each stands apart; none is converted.
    rows = [(str(row.analyte), str(row.specimen), str(row.unit)) for row in chosen.itertuples()]
    return rows, checks + _apart(rows)


def _apart(strata: list[tuple[str, str, str]]) -> list[Check]:
    names = [stratum[0] for stratum in strata]
    several = sorted({name for name in names if names.count(name) > 1})
    detail = "specimens and units are never put together; each has rows of its own"
    return [(f"{name} in one specimen and unit", "note", detail) for name in several]


def _stratum(
    stratum: tuple[str, str, str],
    pairs: pd.DataFrame,
    settings: dict[str, Any],
    seed: int,
    *,
    is_first: bool,
) -> tuple[list[dict[str, Any]], list[Check], pd.DataFrame]:
    """Return rows, checks and the counts to draw of one analyte in one specimen and unit."""
    key, unit, level = _key(stratum), stratum[2], settings["conf_level"]
    calm, checks = usable(_grouped(last_pairs(pairs, needs=["has_pain"])))
    labels = {"outcome": key, "denominator": f"patients with {key} near a visit in remission with an answer on pain"}
    if calm.empty:
        detail = "no sample lies near a visit in remission with assessments.has_pain or pain_nrs; see window_days"
        return [], [*checks, (key, "not assessable", detail)], _shown(key, calm)
    rows = limit_rows(calm, labels, level)
    share = float((calm["censoring"] != 0).mean())
    is_modelled = share <= settings["most_censored"]
    if is_modelled:
        rows += mean_rows(calm, labels, unit, level)
        role = "primary" if is_first else "secondary"
        found, new_checks = ratio_rows(calm, labels, settings["covariates"], level, role=role)
        rows, checks = rows + found, [*checks, *new_checks, _limit_check(key, share)]
    else:
        most = settings["most_censored"]
        detail = f"{share:.0%} of {len(calm)} values lie beyond a limit, more than {most:.0%}: ranks only"
        checks.append((f"{key}: means and ratios", "not assessable", detail))
    rows += rank_rows(calm, labels, level, seed)
    whom = {"outcome": key, "denominator": f"patients with {key} near a visit in remission"}
    for score in settings["scores"]:
        kept = usable(last_pairs(pairs, needs=[score]))[0]
        common = (SCORES[score], settings["covariates"], level, seed)
        found = score_rows(kept, whom, score, *common, is_modelled=is_modelled)
        if not found:
            detail = f"{len(kept)} patients have assessments.{score} near a sample; {2 * FEWEST_IN_A_GROUP} are needed"
            checks = [*checks, (f"{key} and {score}", "not assessable", detail)]
        rows += found
    in_attack = usable(last_pairs(pairs, needs=[], is_calm=False))[0]
    if len(in_attack):
        detail = f"{len(in_attack)} patients have a sample drawn in an attack; it is in no comparison"
        checks.append((f"{key}: attacks apart", "note", detail))
    if len(in_attack) and float((in_attack["censoring"] != 0).mean()) <= settings["most_censored"]:
        rows += attack_rows(in_attack, labels, unit, level)
    return rows, checks, _shown(key, calm)


def _limit_check(key: str, share: float) -> Check:
    if not share:
        return (f"{key}: all values measured", "met", "none lies beyond a limit of detection")
    detail = f"{share:.0%} lie beyond a limit; their logarithms are taken as normal where they cannot be seen"
    return (f"{key}: all values measured", "note", detail)


def _grouped(samples: pd.DataFrame) -> pd.DataFrame:
    return samples.assign(with_pain=samples["has_pain"].map({True: "yes", False: "no"}))


def _sampled(eligible_count: int, paired: list[pd.Series[str]], window_days: int) -> tuple[str, int, int, str]:
    n = int(pd.concat(paired).nunique()) if paired else 0
    reason = f"no sample of these analytes within {window_days} days of such a visit"
    return ("any sample near a visit in remission with an answer on pain", n, eligible_count - n, reason)


def _adjusted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with Holm-adjusted p, one family with against without pain and one over all scores."""
    families: dict[str, list[int]] = {"analytes": [], "scores and analytes": []}
    for at, row in enumerate(rows):
        if row["measure"] == "geometric_mean_ratio" and row["group"] == "with_pain" and row["role"] != "sensitivity":
            families["analytes"].append(at)
        elif row["measure"] == "geometric_mean_ratio_per_points":
            families["scores and analytes"].append(at)
    changed = list(rows)
    for name, places in families.items():
        tested = [at for at in places if not np.isnan(rows[at]["p_value"])]
        for at, p in zip(tested, holm([rows[at]["p_value"] for at in tested]) if tested else [], strict=True):
            method = f"{rows[at]['method']}; Holm over {len(tested)} {name}"
            changed[at] = rows[at] | {"p_adjusted": float(p), "method": method}
    return changed


def _shown(key: str, samples: pd.DataFrame) -> pd.DataFrame:
    """Return patients by pain group and value, rounded to two digits, for the plot."""
    columns = ["outcome", "pain_group", "value", "censoring"]
    if samples.empty:
        return pd.DataFrame(columns=[*columns, "n"])
    values = samples["value"].to_numpy(dtype=float)
    step = 10 ** (np.floor(np.log10(values)) - 1)
    shown = samples.assign(outcome=key, value=np.round(values / step) * step)
    return shown.groupby(columns, dropna=False).size().rename("n").reset_index()
