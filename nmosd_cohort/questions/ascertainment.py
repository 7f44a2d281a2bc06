"""Who was asked about pain, and what is missing of whom: by site, disability, year, sex and serostatus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from nmosd_cohort.cohort.assessments import index_reasons, visits
from nmosd_cohort.cohort.description import described_patients
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.cohort.tally import tally
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import estimate_row, finish, small_n_check
from nmosd_cohort.statistics.estimate import check_option, whole_number
from nmosd_cohort.statistics.missing.missing_patterns import missing_patterns, missing_shares
from nmosd_cohort.statistics.multiplicity import holm
from nmosd_cohort.statistics.pooling.proportions import pool_proportions
from nmosd_cohort.statistics.regression.firth import firth_logistic
from nmosd_cohort.statistics.shares.proportions import proportion

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

CORE = (
    *("sex", "aqp4_status", "onset_phenotype", "disease_duration_years", "attack_count", "lesion_level"),
    *("edss", "has_pain", "pain_group", "pain_nrs", "sf36_pcs", "bdi_ii", "fss"),
)
BY = ("site", "edss_band", "year", "sex", "aqp4_status")
# Lower end of each band of the EDSS.
EDSS_BANDS = {"0 to 3.5": 0.0, "4 to 5.5": 4.0, "6 or more": 6.0}
FEWEST_PER_LEVEL = 10
FEWEST_PER_TERM = 5  # patients on the smaller side of asked and not asked
PATTERNS = 10
SEEN = "patients at the last assessment in remission"
NEVER = ("no assessment on record", "assessed, but never with all that is needed")


@checked
def ascertainment(
    registry: Registry,
    *,
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
) -> Result:
    """Share of patients who were asked about pain at the last assessment in remission, overall and by who they are.

    Parameters
    ----------
    registry
        Checked tables.
    diagnosis, neuropathic_by, min_days_after_attack, conf_level
        As in ``pain_prevalence``. Asked means that whether there is pain is known.

    Returns
    -------
    Result
        Outcome ``asked_about_pain``: ``proportion`` in all and by site, edss_band, year, sex and aqp4_status;
        ``odds_ratio`` of being asked (Firth, all terms in one model, p adjusted by Holm) per point of the EDSS, per
        calendar year, of men, of AQP4-IgG positives and of each site against the largest;
        ``between_site_variance_share`` (I squared). Outcome ``never_asked_about_pain``: ``proportion`` of all
        eligible patients. Outcome of each core variable: ``missing_share`` in all and by site. Outcome
        ``missing_pattern``: ``proportion`` of patients with each set of missing core variables, the most frequent ten.

    Raises
    ------
    ValueError
        If an option is not one of those listed.

    References
    ----------
    Firth 1993 (doi:10.1093/biomet/80.1.27); Heinze and Schemper 2002 (doi:10.1002/sim.1047); Holm 1979; von Elm 2007
    (STROBE items 12 to 14, doi:10.1016/S0140-6736(07)61602-X).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.ascertainment(nc.simulate(n=120, seed=1))
    >>> set(answer.estimates["outcome"]) >= {"asked_about_pain", "never_asked_about_pain", "missing_pattern"}
    True
    """
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    days = whole_number("min_days_after_attack", min_days_after_attack)
    patients = described_patients(
        registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by, min_days_after_attack=days
    )
    seen = _with_bands(patients[patients["assessment_day"].notna()].reset_index(drop=True))
    cells = seen.groupby(["is_asked", *BY], dropna=False).size().rename("n").reset_index()
    rows = _asked(seen, conf_level)
    never, never_checks = _never_asked(registry, diagnosis, neuropathic_by, conf_level)
    odds, odds_checks = _odds(seen, conf_level)
    spread, spread_checks = _between_sites(seen, conf_level)
    rows += never + odds + spread + _missing(seen, conf_level) + _patterns(seen, conf_level)
    n, unseen = len(seen), len(patients) - len(seen)
    return finish(
        registry,
        name="ascertainment",
        question="Share of patients who were asked about pain at the last assessment in remission, by who they are, "
        "and what else is missing there.",
        rows=rows,
        steps=[
            *eligibility_steps(select_patients(registry, diagnosis=diagnosis)),
            ("assessed in remission", n, unseen, f"no assessment {days} days or more after an attack"),
        ],
        checks=[*never_checks, *odds_checks, *spread_checks, *_bounds_check(seen), *small_n_check(n)],
        tally=cells,
        definitions={
            "core_variables": list(CORE),
            "diagnosis": diagnosis,
            "neuropathic_by": neuropathic_by,
            "min_days_after_attack": days,
            "conf_level": conf_level,
        },
    )


def _with_bands(seen: pd.DataFrame) -> pd.DataFrame:
    """Add whether pain was asked about, the band of the EDSS and the calendar year, as texts."""
    band = pd.Series(pd.NA, index=seen.index, dtype="string")
    for name, low in EDSS_BANDS.items():
        band = band.mask((seen["edss"] >= low).fillna(False).astype(bool), name)
    year = pd.to_datetime(seen["assessment_day"].astype("int64"), unit="D").dt.year.astype("string")
    asked = seen["has_pain"].notna().map({True: "yes", False: "no"})
    return seen.assign(is_asked=asked, edss_band=band, year=year)


def _asked(seen: pd.DataFrame, conf_level: float) -> list[dict[str, Any]]:
    """Return the share who were asked, overall and at each level of what may decide it; unknown is no level."""
    about = {"outcome": "asked_about_pain", "measure": "proportion", "denominator": SEEN, "unit": "share"}
    overall = proportion(int((seen["is_asked"] == "yes").sum()), len(seen), conf_level=conf_level)
    rows = [estimate_row(overall, **about, role="primary")] if len(seen) else []
    for group in BY:
        for level, part in seen.groupby(group):
            found = proportion(int((part["is_asked"] == "yes").sum()), len(part), conf_level=conf_level)
            rows.append(estimate_row(found, **about, role="secondary", group=group, level=str(level)))
    return rows


def _never_asked(
    registry: Registry, diagnosis: str, neuropathic_by: str, conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the share of eligible patients without any answer about pain, at whatever visit."""
    frame = visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by)
    reasons = index_reasons(registry, frame, needs=["has_pain"], min_days_after_attack=0, diagnosis=diagnosis)
    counts = tally(reasons, ["index_status"])
    n = int(counts["n"].sum())
    if not n:
        return [], [("asked about pain", "not assessable", "no eligible patient in patients.diagnosis")]
    never = int(counts.loc[counts["index_status"].isin(NEVER), "n"].sum())
    about = {"outcome": "never_asked_about_pain", "measure": "proportion", "denominator": "all eligible patients"}
    row = estimate_row(proportion(never, n, conf_level=conf_level), **about, role="secondary", unit="share")
    if never == n:
        return [row], [("asked about pain", "not assessable", "assessments.has_pain and pain_nrs are blank in all")]
    return [row], []


def _bounds_check(seen: pd.DataFrame) -> list[Check]:
    missing = int((seen["is_asked"] == "no").sum())
    detail = (
        f"{missing} of {len(seen)} not asked at that assessment; what they could change in the share with pain: "
        'pain_prevalence, denominator "all_diagnosed" and its bounds'
    )
    return [("answers missing by chance", "not assessable", detail)] if missing else []


def _odds(seen: pd.DataFrame, conf_level: float) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the odds ratios of being asked, all terms in one model, among patients with all of them known."""
    name = "odds of being asked"
    design, left_out = _design(seen)
    known = design.notna().all(axis=1)
    design, asked = design[known], (seen.loc[known, "is_asked"] == "yes").astype(int)
    design = design.loc[:, design.nunique() > 1]
    smaller = int(min(asked.sum(), len(asked) - asked.sum()))
    if design.empty or smaller < FEWEST_PER_TERM:
        detail = f"{smaller} patients on the smaller side of asked and not asked; {FEWEST_PER_TERM} are needed"
        return [], [(name, "not assessable", detail)]
    if (most := max(1, smaller // FEWEST_PER_TERM)) < design.shape[1]:
        left_out += [str(column) for column in design.columns[most:]]
        design = design.iloc[:, :most]
    grouped = design.assign(asked=asked).value_counts(sort=False).rename("n").reset_index()
    try:
        found = firth_logistic(grouped["asked"], grouped[list(design.columns)], grouped["n"], conf_level=conf_level)
    except ValueError as problem:
        return [], [(name, "not assessable", str(problem))]
    adjusted = holm([estimate.p_value for estimate in found.values()])
    rows = []
    for (term, estimate), p in zip(found.items(), adjusted, strict=True):
        about = {"outcome": "asked_about_pain", "role": "secondary", "measure": "odds_ratio", "unit": "ratio"}
        site = str(term).removeprefix("site = ")
        about |= {"term": str(term)} if site == term else {"group": "site", "level": site, "reference": _largest(seen)}
        denominator = f"{SEEN}, all terms known"
        rows.append(estimate_row(estimate, **about, denominator=denominator) | {"p_adjusted": float(p)})
    lost = int((~known).sum())
    detail = f"{int(known.sum())} patients; {lost} without a term left out"
    detail += f"; not in the model for few patients: {', '.join(left_out)}" if left_out else ""
    return rows, [(name, "note", detail)]


def _design(seen: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the terms of the model, continuous first, and the sites that are too small for one of their own."""
    columns = {
        "edss": seen["edss"].astype("Float64").astype(float),
        "calendar_year": seen["year"].astype("Int64").astype("Float64").astype(float) - 2000,
        "male": seen["sex"].map({"male": 1.0, "female": 0.0}),
        "aqp4_positive": seen["aqp4_status"].map({"positive": 1.0, "negative": 0.0}),
    }
    columns = {name: values.astype(float) for name, values in columns.items() if values.notna().mean() > 0.5}
    sizes = seen["site"].value_counts()
    small = [f"site {name}" for name, n in sizes.items() if n < FEWEST_PER_LEVEL]
    largest = _largest(seen)
    for name, n in sizes.items():
        if name != largest and n >= FEWEST_PER_LEVEL:
            columns[f"site = {name}"] = (
                (seen["site"] == name).where(seen["site"].notna()).astype("Float64").astype(float)
            )
    return pd.DataFrame(columns, index=seen.index), small


def _largest(seen: pd.DataFrame) -> str:
    sizes = seen["site"].value_counts()
    return str(sizes.index[0]) if len(sizes) else ""


def _between_sites(seen: pd.DataFrame, conf_level: float) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the part of the variance of the sites' shares that lies between sites."""
    by_site = seen.groupby("site")["is_asked"].agg(events=lambda answers: int((answers == "yes").sum()), n="size")
    name = "sites differ in whom they ask"
    if len(by_site) < 2:
        return [], [(name, "not assessable", f"patients.site has {len(by_site)} values; two are needed")]
    pooled = pool_proportions(by_site["events"], by_site["n"], conf_level=conf_level)
    if pd.isna(pooled.i2):
        return [], [(name, "not assessable", f"{pooled.method}: no spread can be told")]
    row = {
        "role": "secondary",
        "outcome": "asked_about_pain",
        "measure": "between_site_variance_share",
        "denominator": f"{len(by_site)} sites",
        "n": int(by_site["n"].sum()),
        "estimate": pooled.i2,
        "conf_low": pooled.i2_low,
        "conf_high": pooled.i2_high,
        "conf_level": conf_level,
        "p_value": pooled.q_p,
        "unit": "share",
        "method": pooled.method,
    }
    return [row], []


def _missing(seen: pd.DataFrame, conf_level: float) -> list[dict[str, Any]]:
    """Return the share of missing values of each core variable, in all and by site."""
    if seen.empty:
        return []
    labels = {"role": "description", "measure": "missing_share", "denominator": SEEN, "unit": "share"}
    frame = seen[[*CORE, "site"]]
    rows = [
        _row_of(found, conf_level) | labels | {"outcome": found["variable"]}
        for found in missing_shares(frame, CORE, conf_level=conf_level).to_dict("records")
    ]
    known = frame[frame["site"].notna()]
    if known["site"].nunique() > 1:
        for found in missing_shares(known, CORE, by="site", conf_level=conf_level).to_dict("records"):
            site = {"group": "site", "level": str(found["group"])}
            rows.append(_row_of(found, conf_level) | labels | {"outcome": found["variable"]} | site)
    return rows


def _row_of(found: dict[Any, Any], conf_level: float) -> dict[str, Any]:
    names = ("n", "events", "estimate", "std_error", "conf_low", "conf_high", "method")
    return {name: found[name] for name in names} | {"conf_level": conf_level}


def _patterns(seen: pd.DataFrame, conf_level: float) -> list[dict[str, Any]]:
    """Return the share of patients with each of the most frequent sets of missing core variables."""
    if seen.empty:
        return []
    rows = []
    for pattern in missing_patterns(seen, CORE).head(PATTERNS).to_dict("records"):
        names = [name for name in CORE if pattern[name]]
        found = proportion(int(pattern["n"]), len(seen), conf_level=conf_level)
        about = {"outcome": "missing_pattern", "measure": "proportion", "term": ", ".join(names) or "nothing missing"}
        rows.append(estimate_row(found, **about, role="description", denominator=SEEN, unit="share"))
    return rows
