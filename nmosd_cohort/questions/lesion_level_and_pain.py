"""Pain by level of the spinal cord lesion: cervical, thoracic, both or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from nmosd_cohort.codebook import CHRONIC_DAYS
from nmosd_cohort.cohort.assessments import index_reasons, index_steps, index_visits, visits
from nmosd_cohort.cohort.lesions import LESION_LEVELS, lesion_cells
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY, open_episode
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.cohort.tally import completed_years, tally
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.contrasts import group_summary, overall_rows, pairwise_contrasts
from nmosd_cohort.questions.pain_groups import FEWEST_PER_PARAMETER
from nmosd_cohort.questions.parts import complete_cells, covariate_design, estimate_row, finish, remission_check
from nmosd_cohort.statistics.estimate import check_option
from nmosd_cohort.statistics.ordinal.profile import profile_odds_ratios
from nmosd_cohort.statistics.regression.firth import firth_logistic
from nmosd_cohort.statistics.regression.linear import standardised_coefficient
from nmosd_cohort.statistics.shares.proportions import proportion, proportion_difference

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

FEWEST_PER_CELL = 8
CONTRAST = ("thoracic_only", "cervical_only")
STATES = {"any_pain": "has_pain", "neuropathic": "has_neuropathic_pain", "tonic_spasm": "has_tonic_spasm"}
CHRONIC_TERMS = {
    "upper_thoracic_segments": "odds_ratio_per_upper_thoracic_segment",
    "myelitis_attack_count": "odds_ratio_per_myelitis_attack",
}
MODEL = ("cervical", "thoracic", "lesion_segments", "attack_count", "years_since_attack")
DENOMINATOR = "patients with past myelitis, a pain score, and an MRI of the cervical and thoracic cord before it"
CHRONIC_DENOMINATOR = "all patients with known duration of pain and an MRI of the cervical and thoracic cord"
CHECKS: tuple[Check, ...] = (
    (
        "MRI independent of pain",
        "not assessable",
        "an MRI made because of pain finds lesions (verification bias)",
    ),
    (
        "coefficients causal",
        "not met",
        "mutually adjusted coefficients are descriptions; length and level go together",
    ),
)


@checked
def lesion_level_and_pain(
    registry: Registry,
    *,
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Difference in pain between patients with thoracic lesions only and with cervical lesions only.

    Among patients with past myelitis whose last MRI before the pain score covered both levels; one whose
    MRI did not is unknown, not free of lesions. Pain-free patients count with a score of 0.

    Parameters
    ----------
    registry
        Checked tables.
    diagnosis, neuropathic_by, min_days_after_attack, conf_level, seed
        As in ``neuropathic_pain_and_disability``.

    Returns
    -------
    Result
        ``median`` and quartiles of the NRS in the four cells, and over all four ``rank_variance_share`` with
        the Kruskal-Wallis p; thoracic_only against cervical_only: ``probability_superiority``,
        ``hodges_lehmann_shift``, and ``risk_difference`` of any pain, neuropathic pain and tonic spasms;
        ``odds_ratio`` of a higher NRS for cervical and thoracic, each given the other, lesion length
        (segments), attacks and years since the last attack, and in a second model their interaction; for
        comparison with papers ``standardised_coefficient`` of both levels, and Firth odds ratios of chronic
        pain for each upper thoracic segment and each myelitis attack.

    Raises
    ------
    ValueError
        If an option is not one of those listed.

    References
    ----------
    Tackley 2017, Journal of Neurology, Neurosurgery and Psychiatry 88:165 (levels with opposite signs); Newcombe
    1998 (doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I); Heinze and Schemper 2002 (Firth,
    doi:10.1002/sim.1047).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.lesion_level_and_pain(nc.simulate(n=300, seed=1))
    >>> set(answer.tally.columns) == {"lesion_level", "pain_nrs", "n"}
    True
    """
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    frame = visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by)
    index = index_visits(frame, needs=["pain_nrs"], min_days_after_attack=min_days_after_attack)
    everyone = _cells(registry, index)
    cells = everyone[everyone["had_myelitis"].fillna(False).astype(bool)].reset_index(drop=True)
    rows, checks = _cell_rows(cells, conf_level, seed)
    odds, odds_checks = _chronic_pain_odds(everyone, conf_level)
    reasons = index_reasons(
        registry, frame, needs=["pain_nrs"], min_days_after_attack=min_days_after_attack, diagnosis=diagnosis
    )
    steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis)) + index_steps(reasons, "pain score")
    return finish(
        registry,
        name="lesion_level_and_pain",
        question="Difference in the pain score (NRS, zeros included) between patients with thoracic-only and "
        "cervical-only lesions, among those with past myelitis and an MRI of both levels.",
        rows=rows + odds,
        steps=steps + _mri_steps(index, int(cells["n"].sum())),
        checks=[*remission_check(index), *checks, *odds_checks, *CHECKS],
        tally=cells.groupby(["lesion_level", "pain_nrs"])["n"].sum().reset_index(),
        definitions={
            "diagnosis": diagnosis,
            "neuropathic_by": neuropathic_by,
            "min_days_after_attack": min_days_after_attack,
            "MRI": "the last on or before the pain score that covered cervical and thoracic cord",
            "chronic": f"an open episode of more than {CHRONIC_DAYS:g} days",
            "conf_level": conf_level,
            "time_frame": "current",
            "denominator": "with_myelitis",
        },
    )


def _cell_rows(cells: pd.DataFrame, conf_level: float, seed: int) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the four cells described, and, where they hold enough patients, contrasted and modelled."""
    labels = {"group": "lesion_level", "denominator": DENOMINATOR}
    scored = labels | {"outcome": "pain_nrs"}
    rows = group_summary(cells, "lesion_level", LESION_LEVELS, "pain_nrs", scored, conf_level=conf_level)
    rows += [row for name, column in STATES.items() for row in _shares(cells, name, column, labels, conf_level)]
    sizes = cells.groupby("lesion_level")["n"].sum().reindex(list(LESION_LEVELS), fill_value=0)
    words = ", ".join(f"{level} {n}" for level, n in sizes.items())
    if sizes[list(CONTRAST)].min() < FEWEST_PER_CELL:
        few = f"{words}: a contrast needs {FEWEST_PER_CELL} in thoracic_only and cervical_only: a description only"
        return rows, [("enough patients for a contrast", "not assessable", few)]
    rows += pairwise_contrasts(
        cells, "lesion_level", CONTRAST, "pain_nrs", scored, conf_level=conf_level, seed=seed, primary=CONTRAST
    )
    rows += overall_rows(cells, "lesion_level", "pain_nrs", scored, conf_level=conf_level, seed=seed)
    for name, column in STATES.items():
        rows += _difference(cells, name, column, labels, conf_level)
    model_rows, checks = _models(cells, scored, conf_level)
    return rows + model_rows, [("enough patients for a contrast", "met", words), *checks]


def _cells(registry: Registry, index: nw.LazyFrame[Any]) -> pd.DataFrame:
    """One row a combination of lesion level, pain states and covariates, with the patients in it."""
    joined = index.join(lesion_cells(registry, index), on="patient_id", how="inner")
    joined = joined.join(open_episode(registry, index, pain="any"), on="patient_id", how="left")
    joined = joined.with_columns(
        years_since_attack=completed_years(nw.col("days_since_attack")),
        is_chronic=nw.col("has_pain") & nw.col("has_chronic_episode"),
    )
    columns = ["had_myelitis", "lesion_level", "pain_nrs", *STATES.values(), "is_chronic", *MODEL]
    return tally(joined, [*columns, *CHRONIC_TERMS])


def _mri_steps(index: nw.LazyFrame[Any], n: int) -> list[tuple[str, int, int, str]]:
    with_score = tally(index, ["had_myelitis"])
    total = int(with_score["n"].sum())
    myelitis = int(with_score.loc[with_score["had_myelitis"].fillna(False).astype(bool), "n"].sum())
    return [
        ("past myelitis", myelitis, total - myelitis, "no myelitis, or not known"),
        (
            "MRI of both levels",
            n,
            myelitis - n,
            "no readable MRI before the pain score that covered cervical and thoracic cord",
        ),
    ]


def _yes_of(cells: pd.DataFrame, column: str, level: str) -> tuple[int, int]:
    known = cells[(cells["lesion_level"] == level) & cells[column].notna()]
    return int(known.loc[known[column].astype(bool), "n"].sum()), int(known["n"].sum())


def _shares(
    cells: pd.DataFrame, name: str, column: str, labels: dict[str, Any], conf_level: float
) -> list[dict[str, Any]]:
    rows = []
    for level in LESION_LEVELS:
        events, n = _yes_of(cells, column, level)
        if n:
            share = proportion(events, n, conf_level=conf_level)
            split = labels | {"outcome": name, "level": level, "unit": "share"}
            rows.append(estimate_row(share, role="secondary", measure="proportion", **split))
    return rows


def _difference(
    cells: pd.DataFrame, name: str, column: str, labels: dict[str, Any], conf_level: float
) -> list[dict[str, Any]]:
    first, second = (_yes_of(cells, column, level) for level in CONTRAST)
    if not (first[1] and second[1]):
        return []
    difference = proportion_difference(*first, *second, conf_level=conf_level)
    split = labels | {"outcome": name, "level": CONTRAST[0], "reference": CONTRAST[1], "unit": "share"}
    return [estimate_row(difference, role="secondary", measure="risk_difference", **split)]


def _models(cells: pd.DataFrame, labels: dict[str, Any], conf_level: float) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the mutually adjusted models and the two analyses that papers print."""
    design, checks = covariate_design(cells, MODEL)
    kept, terms, dropped = complete_cells(cells, design)
    if dropped:
        checks.append(("all in the adjusted model", "not met", f"{dropped} patients dropped: a covariate is missing"))
    rows: list[dict[str, Any]] = []
    both = terms.assign(cervical_x_thoracic=kept["cervical"].astype(float) * kept["thoracic"].astype(float))
    for columns, wanted, role in (
        (terms, MODEL[:3], "secondary"),
        (both, ("cervical_x_thoracic",), "sensitivity"),
    ):
        new_rows, new_checks = _ordinal(kept, columns, wanted, role, labels, conf_level)
        rows, checks = rows + new_rows, checks + new_checks
    new_rows, new_checks = _standardised(cells, labels, conf_level)
    return rows + new_rows, checks + new_checks


def _ordinal(
    kept: pd.DataFrame,
    terms: pd.DataFrame,
    wanted: tuple[str, ...],
    role: str,
    labels: dict[str, Any],
    conf_level: float,
) -> tuple[list[dict[str, Any]], list[Check]]:
    n, model = int(kept["n"].sum()), f"adjusted model of {', '.join(terms.columns)}"
    if n < FEWEST_PER_PARAMETER * terms.shape[1]:
        return [], [(model, "not assessable", f"{n} patients are too few for {terms.shape[1]} terms")]
    if "cervical_x_thoracic" in wanted and (fewest := _fewest_in_a_cell(kept)) < FEWEST_PER_CELL:
        return [], [(model, "not assessable", f"an interaction needs {FEWEST_PER_CELL} in each cell, one has {fewest}")]
    try:
        ratios = profile_odds_ratios(
            kept["pain_nrs"].to_numpy(dtype=float),
            terms,
            kept["n"].to_numpy(dtype=np.int64),
            columns=[name for name in wanted if name in terms],
            conf_level=conf_level,
        )
    except ValueError as problem:
        return [], [(model, "not assessable", str(problem))]
    split = labels | {
        "group": "",
        "unit": "odds ratio of a higher NRS",
        "role": role,
        "measure": "odds_ratio",
    }
    return [estimate_row(ratios[name], **(split | {"term": name})) for name in ratios], []


def _fewest_in_a_cell(cells: pd.DataFrame) -> int:
    return int(cells.groupby("lesion_level")["n"].sum().reindex(list(LESION_LEVELS), fill_value=0).min())


def _standardised(
    cells: pd.DataFrame, labels: dict[str, Any], conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the standardised coefficients of both levels, each given the other, as Tackley prints them."""
    levels = cells[["cervical", "thoracic"]].astype(float)
    values, counts = cells["pain_nrs"].to_numpy(dtype=float), cells["n"].to_numpy(dtype=np.int64)
    split = labels | {"group": "", "role": "comparison", "unit": "standard deviations"}
    try:
        betas = {
            term: standardised_coefficient(values, levels, counts, term, conf_level=conf_level)
            for term in ("cervical", "thoracic")
        }
    except ValueError as problem:
        return [], [("standardised coefficients", "not assessable", str(problem))]
    return [
        estimate_row(beta, measure="standardised_coefficient", **(split | {"term": term}))
        for term, beta in betas.items()
    ], []


def _chronic_pain_odds(cells: pd.DataFrame, conf_level: float) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return Firth odds ratios of chronic pain in all patients with the MRI, as Ayzenberg prints them."""
    timed = cells[cells["is_chronic"].notna()]
    known, terms, dropped = complete_cells(timed, timed[list(CHRONIC_TERMS)].astype("Float64").astype(float))
    checks: list[Check] = []
    if dropped:
        detail = f"{dropped} patients dropped: the number or the type of their attacks is not known"
        checks.append(("all in the odds ratios of chronic pain", "not met", detail))
    outcome, counts = known["is_chronic"].to_numpy(dtype=float), known["n"].to_numpy(dtype=np.int64)
    try:
        ratios = firth_logistic(outcome, terms, counts, conf_level=conf_level)
    except ValueError as problem:
        return [], [*checks, ("odds ratios of chronic pain", "not assessable", str(problem))]
    labels = {"outcome": "chronic_pain", "role": "comparison", "unit": "odds ratio", "denominator": CHRONIC_DENOMINATOR}
    return [
        estimate_row(ratio, measure=CHRONIC_TERMS[term], **(labels | {"term": term}))
        for term, ratio in ratios.items()
        if term in CHRONIC_TERMS
    ], checks
