"""Estimates of the brain's measures: adjusted rank correlations with pain, and differences between pain groups."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import kruskal, rankdata

from nmosd_cohort.cohort.brain_measures import HEAD_SIZE
from nmosd_cohort.questions.parts import covariate_design, estimate_row, transform
from nmosd_cohort.statistics.correlation.coefficients import partial_spearman
from nmosd_cohort.statistics.correlation.partial_correlation import rank_model
from nmosd_cohort.statistics.means.mean import mean
from nmosd_cohort.statistics.multiplicity import holm
from nmosd_cohort.statistics.regression.linear import adjusted_mean_difference
from nmosd_cohort.statistics.resampling.freedman_lane import freedman_lane_max_t

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nmosd_cohort.questions.parts import Check

# Aspect of pain -> role of its rows; days of pain are known only with pain.
ASPECTS = {"pain_nrs": "primary", "pain_days": "secondary", "attack_count": "secondary", "dn4": "secondary"}
CONTRASTS = {
    "neuropathic_vs_no_pain": (("neuropathic",), ("no_pain",)),
    "pain_vs_no_pain": (("neuropathic", "other_pain"), ("no_pain",)),
    "neuropathic_vs_no_neuropathic": (("neuropathic",), ("other_pain", "no_pain")),
}
LEVELS = {
    "neuropathic_vs_no_pain": ("neuropathic", "no_pain"),
    "pain_vs_no_pain": ("with_pain", "no_pain"),
    "neuropathic_vs_no_neuropathic": ("neuropathic", "no_neuropathic"),
}
FEWEST = 10  # patients for a correlation
FEWEST_PER_GROUP = 5
MOST_LEVELS = 300  # of a continuous measure in the rank model; more patients than twice this are put in classes
DENOMINATOR = "patients with an answer about pain in remission and a brain MRI near it"


def brain_rows(
    patients: pd.DataFrame,
    measures: Mapping[str, Sequence[str]],
    units: Mapping[str, str],
    *,
    contrast: str,
    adjust_for_site: bool,
    n_draws: int,
    conf_level: float,
    seed: int,
) -> tuple[list[dict[str, Any]], list[Check], pd.DataFrame, int]:
    """Return rows and checks of all kinds, patients by measure and pain group, and patients with any measure.

    Parameters
    ----------
    patients
        One row a patient with covariates, aspects of pain, pain_group and the measures.
    measures
        Kind -> names of its measures.
    units
        Unit of each measure.
    contrast, adjust_for_site, n_draws, conf_level, seed
        As in ``brain_imaging_and_pain``.
    """
    rows: list[dict[str, Any]] = []
    checks: list[Check] = []
    names = [name for part in measures.values() for name in part]
    seen = patients[patients[names].notna().any(axis=1)] if names else patients.iloc[:0]
    draws = {"n_draws": n_draws, "conf_level": conf_level, "seed": seed}
    for kind, part in measures.items():
        if not part:
            continue
        own = seen[seen[list(part)].notna().any(axis=1)].reset_index(drop=True)
        design, new_checks = _design(own, kind, adjust_for_site)
        known = design.notna().all(axis=1)
        if not known.all():
            detail = f"{int((~known).sum())} of {len(own)} patients dropped: a covariate is missing"
            new_checks.append((f"all in the adjusted models of {kind}", "not met", detail))
        own, design = own[known].reset_index(drop=True), design[known].reset_index(drop=True)
        design = design.loc[:, design.nunique() > 1]
        new_checks += _site_check(own, kind, part, adjust_for_site)
        for found in (
            _correlations(own, design, part, draws),
            _differences(own, design, part, units, contrast, draws),
        ):
            rows, new_checks = rows + found[0], new_checks + found[1]
        checks += new_checks
    return rows, checks, _counts(seen, names), len(seen)


def _design(own: pd.DataFrame, kind: str, adjust_for_site: bool) -> tuple[pd.DataFrame, list[Check]]:
    names = ["age_per_10_years", "male"]
    checks: list[Check] = []
    if kind == "volume":
        if HEAD_SIZE in own:
            names.append(HEAD_SIZE)
        else:
            detail = f"imaging.measure has no {HEAD_SIZE}: volumes are adjusted for age and sex only"
            checks.append(("volumes adjusted for head size", "not met", detail))
    design, new_checks = covariate_design(own.assign(n=1), names)
    if adjust_for_site:
        sites = own["site"].astype(object).where(own["site"].notna(), "not recorded")
        dummies = pd.get_dummies(sites, prefix="site", dtype=float).iloc[:, 1:]
        design = design.join(dummies)
    return design, checks + [(f"{kind}: {name}", status, detail) for name, status, detail in new_checks]


def _site_check(own: pd.DataFrame, kind: str, names: Sequence[str], adjust_for_site: bool) -> list[Check]:
    """Return whether measures differ between sites, which scanners could cause."""
    if own["site"].nunique() < 2:
        return [(f"scanners compared, {kind}", "not assessable", "patients.site has one value, or none")]
    p_values, tested = [], []
    for name in names:
        known = own[own[name].notna() & own["site"].notna()]
        if known["site"].nunique() > 1 and known[name].nunique() > 1:
            tested.append(name)
            p_values.append(float(kruskal(*[part[name].to_numpy() for _, part in known.groupby("site")]).pvalue))
    apart = [name for name, p in zip(tested, holm(p_values), strict=True) if p < 0.05] if tested else []
    if not apart:
        return [(f"measures alike at all sites, {kind}", "met", "no measure differs between sites (Holm-adjusted)")]
    remedy = "site is among the covariates" if adjust_for_site else "see the answer with adjust_for_site=True"
    detail = f"{', '.join(apart)} differ between sites (Holm-adjusted p below 0.05), as scanners do; {remedy}"
    return [(f"measures alike at all sites, {kind}", "not met", detail)]


def _correlations(
    own: pd.DataFrame, design: pd.DataFrame, names: Sequence[str], draws: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[Check]]:
    rows: list[dict[str, Any]] = []
    checks: list[Check] = []
    has_pain = own["has_pain"].fillna(False).astype(bool)
    parts = [(aspect, "with_pain" if aspect == "pain_days" else "all", role) for aspect, role in ASPECTS.items()]
    for aspect, level, role in [*parts, ("pain_nrs", "with_pain", "sensitivity")]:
        known = own[aspect].notna() & (has_pain if level == "with_pain" else True)
        cells, terms = own[known].reset_index(drop=True), design[known].reset_index(drop=True)
        terms = terms.loc[:, terms.nunique() > 1]
        pain = cells[aspect].astype("Float64").to_numpy(dtype=np.float64)
        if len(cells) < FEWEST + terms.shape[1] or np.ptp(pain) == 0:
            few = f"{len(cells)} patients, or all alike; {FEWEST + terms.shape[1]} are needed"
            checks.append((f"{aspect} ({level}) against {', '.join(names)}", "not assessable", few))
            continue
        split = {"level": level, "role": role, "term": aspect, "unit": "correlation", "denominator": DENOMINATOR}
        found = _family(cells, terms, names, pain, split, draws)
        rows, checks = rows + found[0], checks + found[1]
    return rows, checks


def _family(
    cells: pd.DataFrame,
    terms: pd.DataFrame,
    names: Sequence[str],
    pain: np.ndarray,
    split: dict[str, Any],
    draws: dict[str, Any],
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the adjusted rank correlations of one aspect of pain with all measures of a kind."""
    rows: list[dict[str, Any]] = []
    checks: list[Check] = []
    residuals = pd.DataFrame(index=cells.index)
    for name in names:
        seen = cells[name].notna()
        own_terms = terms[seen].loc[:, terms[seen].nunique() > 1]
        values = _classes(cells.loc[seen, name].to_numpy())
        try:
            rho = partial_spearman(pain[seen], values, own_terms, conf_level=draws["conf_level"])
            if not np.isfinite(rho.estimate):
                raise ValueError(rho.method)
            residuals.loc[seen, name] = rank_model(values, own_terms, np.ones(len(values), dtype=np.int64)).residual
        except ValueError as problem:
            checks.append((f"{name} with {split['term']} ({split['level']})", "not assessable", str(problem)))
            continue
        method = rho.method
        if len(values) > 2 * MOST_LEVELS:
            method += f"; the measure in {MOST_LEVELS} classes by rank"
        rows.append(estimate_row(rho, measure="partial_spearman", outcome=name, **split) | {"method": method})
    if not rows:
        return rows, checks
    own = pd.DataFrame({"pain": rank_model(pain, terms, np.ones(len(pain), dtype=np.int64)).residual})
    family = freedman_lane_max_t(residuals, own, terms, **draws).set_index("outcome")
    for row in rows:
        row |= {column: float(family[column][row["outcome"]]) for column in ("p_value", "p_adjusted")}
        row["method"] += "; p by Freedman-Lane permutation of these residuals, single-step max-T"
    return rows, checks


def _classes(values: np.ndarray) -> np.ndarray:
    """Return the values, or, where there are very many, classes of nearly equal size in their order."""
    if values.size <= 2 * MOST_LEVELS:
        return values
    return np.floor((rankdata(values) - 1) * MOST_LEVELS / values.size)


def _differences(
    own: pd.DataFrame,
    design: pd.DataFrame,
    names: Sequence[str],
    units: Mapping[str, str],
    contrast: str,
    draws: dict[str, Any],
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return means by group, and the adjusted differences between the two groups in units and in SDs."""
    inside = [own["pain_group"].isin(groups).fillna(False).astype(bool) for groups in CONTRASTS[contrast]]
    used = inside[0] | inside[1]
    cells, terms, member = own[used].reset_index(drop=True), design[used].reset_index(drop=True), inside[0][used]
    is_member = member.reset_index(drop=True).astype(float)
    level, reference = LEVELS[contrast]
    enough = [name for name in names if _fewest(cells[name], is_member) >= FEWEST_PER_GROUP]
    checks: list[Check] = [
        (f"{name} by pain group", "not assessable", f"fewer than {FEWEST_PER_GROUP} patients in a group")
        for name in names
        if name not in enough
    ]
    if not enough:
        return [], checks
    terms = terms.loc[:, terms.nunique() > 1]
    family = freedman_lane_max_t(cells[enough], is_member.to_frame("group"), terms, **draws).set_index("outcome")
    rows: list[dict[str, Any]] = []
    for name in enough:
        shared = {"outcome": name, "group": "pain_group", "denominator": DENOMINATOR, "unit": units[name]}
        found = _difference(cells[name], is_member, terms, shared | {"level": level, "reference": reference}, draws)
        for side, value in ((level, 1.0), (reference, 0.0)):
            values = cells.loc[is_member.eq(value) & cells[name].notna(), name]
            summary = mean(values, conf_level=draws["conf_level"])
            rows.append(estimate_row(summary, measure="mean", role="description", **(shared | {"level": side})))
        if isinstance(found, str):
            checks.append((f"adjusted difference in {name}", "not assessable", found))
            continue
        p_values = {column: float(family[column][name]) for column in ("p_value", "p_adjusted")}
        rows += [row | p_values for row in found]
    return rows, checks


def _fewest(values: pd.Series, member: pd.Series) -> int:
    seen = member[values.notna()]
    return int(min((seen == 1).sum(), (seen == 0).sum()))


def _difference(
    values: pd.Series, member: pd.Series, terms: pd.DataFrame, labels: dict[str, Any], draws: dict[str, Any]
) -> list[dict[str, Any]] | str:
    """Return the adjusted difference in its unit and in SDs within groups, or why there is none."""
    seen = values.notna()
    design = member[seen].to_frame("group").join(terms[seen])
    design = design.loc[:, design.nunique() > 1]
    try:
        gap = adjusted_mean_difference(values[seen], design, None, "group", conf_level=draws["conf_level"])
    except ValueError as problem:
        return str(problem)
    parts = [values[seen & (member == side)] for side in (1.0, 0.0)]
    within = sum((len(part) - 1) * part.var() for part in parts) / (sum(map(len, parts)) - 2)
    if not np.isfinite(gap.conf_low) or within <= 0:
        return gap.method
    method = f"{gap.method}; p by Freedman-Lane permutation, single-step max-T"
    scaled = transform(gap, 1 / float(np.sqrt(within)))
    in_sds = labels | {"unit": "standard deviations", "role": "secondary"}
    return [
        estimate_row(
            replace(gap, method=method), measure="adjusted_mean_difference", **(labels | {"role": "secondary"})
        ),
        estimate_row(
            replace(scaled, method=f"{method}; SD within groups taken as known"),
            measure="adjusted_standardised_difference",
            **in_sds,
        ),
    ]


def _counts(seen: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return how many patients of each pain group have each measure."""
    group = seen["pain_group"].astype(object).where(seen["pain_group"].notna(), "unclassified")
    rows = [
        (name, level, int(n))
        for name in names
        for level, n in group[seen[name].notna()].value_counts(sort=False).sort_index().items()
    ]
    return pd.DataFrame(rows, columns=["measure", "pain_group", "n"])
