"""Pain intensity and depression: rank correlation, and depression by pain group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from nmosd_cohort.cohort.assessments import index_reasons, index_steps, index_visits, visits
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY, PAIN_GROUPS
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.cohort.tally import tally
from nmosd_cohort.cohort.treatment import on_drug_class
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import (
    complete_cells,
    covariate_design,
    dummies,
    estimate_row,
    finish,
    remission_check,
    small_n_check,
)
from nmosd_cohort.statistics.correlation.coefficients import partial_spearman, pearson, spearman
from nmosd_cohort.statistics.correlation.kendall import kendall_tau_b
from nmosd_cohort.statistics.estimate import check_option
from nmosd_cohort.statistics.regression.firth import firth_logistic
from nmosd_cohort.statistics.shares.proportions import proportion, proportion_difference
from nmosd_cohort.statistics.shares.ratios import risk_ratio

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

# Instrument -> customary cut-off of depression, and of at least moderate depression where that is a higher one: the
# screening cut-off 10 of the PHQ-9 is already that of moderate depression.
CUTOFFS = {"bdi_ii": (14, 20), "bdi_i": (10, 19), "phq9": (10, None), "hads_d": (8, 11), "ces_d": (16, None)}
COVARIATES = ("age_per_10_years", "male", "edss2", "duration_per_10_years", "fss", "on_antidepressant")
DENOMINATOR = "patients with a pain score and a depression score at one visit in remission"
FEWEST_FOR_CORRELATION = 5
OVERLAP: Check = (
    "instruments free of each other",
    "not met",
    "sleep, fatigue and libido items of depression scales are also symptoms of the disease; not removable from totals",
)


def most_used_depression_scale(registry: Registry, *, diagnosis: str = "nmosd") -> str:
    """Return the depression instrument that most eligible patients have; the first of the list if none has any.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> most_used_depression_scale(nc.simulate(n=50, seed=1))
    'bdi_ii'
    """
    frame = visits(registry, diagnosis=diagnosis)
    flags = {name: (~nw.col(name).is_null()).cast(nw.Int64) for name in CUTOFFS}
    seen = frame.with_columns(**flags).group_by("patient_id").agg(*(nw.col(name).max() for name in CUTOFFS))
    counts = tally(seen, list(CUTOFFS))
    return max(CUTOFFS, key=lambda name: int(counts["n"][(counts[name] == 1).to_numpy()].sum()))


@checked
def pain_and_depression(
    registry: Registry,
    *,
    depression: str = "most_used",
    covariates: tuple[str, ...] = COVARIATES,
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Rank correlation of pain intensity with depression at one visit, and depression by pain group.

    Parameters
    ----------
    registry
        Checked tables.
    depression
        bdi_ii, bdi_i, phq9, hads_d or ces_d; ``most_used`` takes the one most patients have. Instruments are
        never mixed.
    covariates
        Of the adjusted correlation: any of age_per_10_years, male, edss2, duration_per_10_years, fss (fatigue),
        on_antidepressant. The odds ratio takes them without the last two, which may lie between pain and
        depression.
    diagnosis, neuropathic_by, min_days_after_attack, conf_level
        As in ``pain_prevalence``.
    seed
        Of the bootstrap limits that few or heavily tied patients get.

    Returns
    -------
    Result
        ``spearman`` in all and in those with pain (leaving out the pain-free narrows the range and changes
        rho), ``kendall_tau_b`` of the same, ``pearson`` only because papers print it, ``partial_spearman`` by
        probability-scale residuals; ``proportion`` with depression (and, as outcome ``<instrument>_moderate``,
        at least moderate) in all, with and without pain, and by pain_group; ``risk_difference`` and
        ``risk_ratio`` against no pain; Firth-adjusted ``odds_ratio`` of neuropathic against other and against
        no pain.

    Raises
    ------
    ValueError
        If an option is not one of those listed.

    References
    ----------
    Bonett and Wright 2000 (doi:10.1007/BF02294183); Liu, Li, Wanga and Shepherd 2018 (doi:10.1111/biom.12812);
    Heinze and Schemper 2002 (doi:10.1002/sim.1047).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.pain_and_depression(nc.simulate(n=300, seed=1), depression="bdi_ii")
    >>> "partial_spearman" in set(answer.estimates["measure"])
    True
    """
    check_option("depression", depression, ("most_used", *CUTOFFS))
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    for name in covariates:
        check_option("covariates", name, COVARIATES)
    scale = most_used_depression_scale(registry, diagnosis=diagnosis) if depression == "most_used" else depression
    frame = visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by)
    needs = ["pain_nrs", scale]
    index = index_visits(frame, needs=needs, min_days_after_attack=min_days_after_attack)
    cells = _cells(registry, index, scale)
    rows, checks = _correlations(cells, scale, covariates, conf_level, seed)
    for outcome, cutoff in zip((scale, f"{scale}_moderate"), CUTOFFS[scale], strict=True):
        if cutoff is not None:
            rows += _shares(cells.assign(is_depressed=cells[scale] >= cutoff), outcome, conf_level)
    odds, odds_checks = _adjusted_odds(
        cells.assign(is_depressed=cells[scale] >= CUTOFFS[scale][0]), scale, covariates, conf_level
    )
    reasons = index_reasons(
        registry, frame, needs=needs, min_days_after_attack=min_days_after_attack, diagnosis=diagnosis
    )
    steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis))
    return finish(
        registry,
        name="pain_and_depression",
        question=f"Rank correlation of pain intensity (NRS) with depression ({scale}) at the last visit in remission "
        "with both, and the share with depression by pain group.",
        rows=rows + odds,
        steps=steps + index_steps(reasons, f"pain score and {scale}"),
        checks=[*remission_check(index), *checks, *odds_checks, OVERLAP, *small_n_check(int(cells["n"].sum()))],
        tally=cells.rename(columns={scale: "depression"})
        .groupby(["pain_nrs", "depression", "pain_group"], dropna=False)["n"]
        .sum()
        .reset_index(),
        definitions={
            "depression": depression,
            "instrument": scale,
            "cutoff": CUTOFFS[scale][0],
            "cutoff_moderate": CUTOFFS[scale][1],
            "covariates": list(covariates),
            "diagnosis": diagnosis,
            "neuropathic_by": neuropathic_by,
            "min_days_after_attack": min_days_after_attack,
            "conf_level": conf_level,
            "time_frame": "current",
            "denominator": "assessed",
        },
    )


def _cells(registry: Registry, index: nw.LazyFrame[Any], scale: str) -> pd.DataFrame:
    """One row a combination of pain, depression and covariates, with the patients in it."""
    treated = on_drug_class(registry, index, drug_class="antidepressant").with_columns(on_antidepressant=nw.lit(1))
    joined = index.join(treated, on="patient_id", how="left").with_columns(
        on_antidepressant=nw.col("on_antidepressant").fill_null(0).cast(nw.Int64)
    )
    columns = ["age_years", "is_male", "edss2", "disease_duration_years", "fss", "on_antidepressant"]
    return tally(joined, ["pain_nrs", scale, "pain_group", "has_pain", *columns])


def _correlations(
    cells: pd.DataFrame, scale: str, covariates: tuple[str, ...], conf_level: float, seed: int
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the crude correlations with and without the pain-free, and the adjusted one."""
    labels = {"outcome": scale, "term": "pain_nrs", "denominator": DENOMINATOR, "unit": "correlation"}
    rows = []
    for level, part in (("all", cells), ("with_pain", cells[cells["has_pain"].fillna(False).astype(bool)])):
        pain, mood, counts = _arrays(part, scale)
        if counts.sum() < FEWEST_FOR_CORRELATION:
            continue
        split = labels | {"level": level}
        role = "primary" if level == "all" else "sensitivity"
        rows.append(
            estimate_row(
                spearman(pain, mood, counts, conf_level=conf_level, seed=seed), role=role, measure="spearman", **split
            )
        )
        concordance = kendall_tau_b(pain, mood, counts, conf_level=conf_level)
        rows.append(estimate_row(concordance, role="sensitivity", measure="kendall_tau_b", **split))
        linear = pearson(pain, mood, counts, conf_level=conf_level)
        rows.append(estimate_row(linear, role="comparison", measure="pearson", **split))
    if not rows:
        n = int(cells["n"].sum())
        return [], [
            (
                "correlation",
                "not assessable",
                f"{n} patients have both scores; {FEWEST_FOR_CORRELATION} are needed",
            )
        ]
    design, checks = covariate_design(cells, covariates)
    kept, terms, dropped = complete_cells(cells, design)
    if dropped:
        checks.append(
            (
                "all in the adjusted correlation",
                "not met",
                f"{dropped} patients dropped: a covariate is missing",
            )
        )
    try:
        adjusted = partial_spearman(
            *_arrays(kept, scale)[:2], terms, kept["n"].to_numpy(np.int64), conf_level=conf_level
        )
    except ValueError as problem:
        return rows, [*checks, ("adjusted correlation", "not assessable", str(problem))]
    split = labels | {"level": "all", "term": "pain_nrs given " + ", ".join(terms.columns)}
    return [*rows, estimate_row(adjusted, role="secondary", measure="partial_spearman", **split)], checks


def _arrays(cells: pd.DataFrame, scale: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        cells["pain_nrs"].to_numpy(dtype=float),
        cells[scale].to_numpy(dtype=float),
        cells["n"].to_numpy(dtype=np.int64),
    )


def _shares(cells: pd.DataFrame, outcome: str, conf_level: float) -> list[dict[str, Any]]:
    """Return the share with depression in all, with and without pain, and by pain group with contrasts."""
    labels = {"outcome": outcome, "denominator": DENOMINATOR, "role": "secondary", "unit": "share"}
    known_pain = cells.assign(with_pain=cells["has_pain"].map({True: "yes", False: "no"}))
    parts = [("", "", cells)]
    parts += [("with_pain", level, known_pain[known_pain["with_pain"] == level]) for level in ("yes", "no")]
    parts += [("pain_group", level, cells[cells["pain_group"] == level]) for level in PAIN_GROUPS]
    rows, counted = [], {}
    for group, level, part in parts:
        events, n = int(part.loc[part["is_depressed"], "n"].sum()), int(part["n"].sum())
        counted[group, level] = (events, n)
        if n:
            share = proportion(events, n, conf_level=conf_level)
            rows.append(estimate_row(share, measure="proportion", **(labels | {"group": group, "level": level})))
    for group, level, reference in CONTRASTS:
        first, second = counted[group, level], counted[group, reference]
        if first[1] and second[1]:
            split = labels | {"group": group, "level": level, "reference": reference}
            difference = proportion_difference(*first, *second, conf_level=conf_level)
            ratio = risk_ratio(*first, *second, conf_level=conf_level)
            rows.append(estimate_row(difference, measure="risk_difference", **split))
            rows.append(estimate_row(ratio, measure="risk_ratio", **(split | {"unit": "ratio"})))
    return rows


CONTRASTS = (
    ("with_pain", "yes", "no"),
    ("pain_group", "neuropathic", "no_pain"),
    ("pain_group", "other_pain", "no_pain"),
    ("pain_group", "neuropathic", "other_pain"),
)


def _adjusted_odds(
    cells: pd.DataFrame, scale: str, covariates: tuple[str, ...], conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return Firth odds ratios of depression: neuropathic against other pain, and against no pain."""
    grouped = cells[cells["pain_group"].notna()].reset_index(drop=True)
    # Fatigue and antidepressants may lie on the way from pain to depression; they stay out of the total contrast.
    base = [name for name in covariates if name not in ("fss", "on_antidepressant")]
    design, checks = covariate_design(grouped, base)
    kept, terms, dropped = complete_cells(grouped, design)
    checks = [(f"odds ratio {name}", status, detail) for name, status, detail in checks]
    if dropped:
        checks.append(
            ("all in the adjusted odds ratio", "not met", f"{dropped} patients dropped: a covariate is missing")
        )
    labels = {
        "outcome": scale,
        "term": "pain_group",
        "group": "pain_group",
        "denominator": DENOMINATOR,
        "unit": "odds ratio",
    }
    rows: list[dict[str, Any]] = []
    for reference, exposed in (
        ("other_pain", ("neuropathic", "no_pain")),
        ("no_pain", ("neuropathic", "other_pain")),
    ):
        terms_used = dummies(kept, "pain_group", exposed)
        terms_used = terms_used.loc[:, terms_used.nunique() > 1].join(terms)
        if "neuropathic" not in terms_used or not (kept["pain_group"] == reference).any():
            return rows, [
                *checks,
                (
                    "adjusted odds ratio",
                    "not assessable",
                    f"no patients with neuropathic pain or with {reference}",
                ),
            ]
        try:
            ratios = firth_logistic(
                kept["is_depressed"].to_numpy(dtype=float),
                terms_used,
                kept["n"].to_numpy(np.int64),
                conf_level=conf_level,
            )
        except ValueError as problem:
            return rows, [*checks, ("adjusted odds ratio", "not assessable", str(problem))]
        split = labels | {"level": "neuropathic", "reference": reference}
        rows.append(estimate_row(ratios["neuropathic"], role="secondary", measure="odds_ratio", **split))
    return rows, checks
