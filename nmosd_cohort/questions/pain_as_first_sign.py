"""How many attacks are heralded by pain."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from nmosd_cohort.cohort.first_signs import heralded_attacks
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import counted_steps, estimate_row, finish, small_n_check
from nmosd_cohort.statistics.estimate import Estimate, check_conf_level
from nmosd_cohort.statistics.longitudinal.gee import gee
from nmosd_cohort.statistics.multiplicity import holm
from nmosd_cohort.statistics.shares.assessment_bounds import worst_case_bounds
from nmosd_cohort.statistics.shares.clustered_share import Weight, clustered_share
from nmosd_cohort.statistics.shares.proportions import proportion

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

OUTCOME = "attack_heralded_by_pain"
TOLD = "attacks of all patients whose first signs are recorded"
LABELS: dict[str, Any] = {"outcome": OUTCOME, "measure": "attack_share", "denominator": TOLD, "unit": "share"}


@checked
def pain_as_first_sign(registry: Registry, *, diagnosis: str = "nmosd", conf_level: float = 0.95) -> Result:
    """Share of attacks among whose first signs was new or worse pain; attacks of one patient may be alike.

    Parameters
    ----------
    registry
        Checked tables.
    diagnosis
        Code of patients.diagnosis.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Result
        Rows ``attack_share``: all attacks (primary), with each patient counting the same (sensitivity), and by type
        of attack; n is patients. ``clustered_odds_ratio``: each type against the commonest (GEE, Holm-adjusted).
        ``proportion``: patients with at least one such attack. ``bounds_if_not_described``: the share of all
        attacks if none, or all, of those without first signs had it. Tally: attacks, not patients, by type and
        answer.

    Raises
    ------
    ValueError
        If ``diagnosis`` is no code of the codebook.
    TypeError
        If ``registry`` is no registry.

    References
    ----------
    Rao and Scott 1992 (Biometrics 48:577); Liang and Zeger 1986 (doi:10.1093/biomet/73.1.13); Mancl and DeRouen 2001
    (doi:10.1111/j.0006-341X.2001.00126.x).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.pain_as_first_sign(nc.simulate(n=200, seed=1))
    >>> bool(0.4 < answer.estimates["estimate"].iloc[0] < 0.7)
    True
    """
    check_conf_level(conf_level)
    attacks = heralded_attacks(registry, diagnosis=diagnosis)
    told = attacks[attacks["is_heralded"].notna()].reset_index(drop=True)
    told = told.assign(is_heralded=told["is_heralded"].astype(bool))
    rows: list[dict[str, Any]] = []
    checks = _checks(attacks, told)
    if len(told):
        rows.append(estimate_row(_share(told, conf_level), role="primary", **LABELS))
        each = _share(told, conf_level, weight="patient")
        rows.append(estimate_row(each, role="sensitivity", term="each patient counts the same", **LABELS))
        rows += _bounds(attacks, told)
        rows += _by_type(told, conf_level)
        odds, odds_checks = _odds_by_type(told, conf_level)
        rows += odds
        checks += odds_checks
        ever = told.groupby("patient_id")["is_heralded"].any()
        share = proportion(int(ever.sum()), len(ever), conf_level=conf_level)
        words = "patients with an attack whose first signs are recorded"
        labels = {"outcome": "ever_heralded_by_pain", "denominator": words, "unit": "share"}
        rows.append(estimate_row(share, role="secondary", measure="proportion", **labels))
    return finish(
        registry,
        name="pain_as_first_sign",
        question="Share of attacks on record that new or worse pain heralded, attacks of one patient being alike",
        rows=rows,
        steps=_steps(registry, attacks, told, diagnosis),
        checks=checks,
        tally=_tally(attacks),
        definitions={"diagnosis": diagnosis, "attack_gap_days": 30, "conf_level": conf_level},
    )


def _share(told: pd.DataFrame, conf_level: float, *, weight: Weight = "unit") -> Estimate:
    """Return the share of attacks; patients alike in both numbers are counted together."""
    each = told.groupby("patient_id")["is_heralded"].agg(["sum", "size"])
    kinds = each.groupby(["sum", "size"]).size().rename("patients").reset_index()
    found = clustered_share(kinds["sum"], kinds["size"], kinds["patients"], weight=weight, conf_level=conf_level)
    return replace(found, method=found.method.replace(" units", " attacks"))


def _bounds(attacks: pd.DataFrame, told: pd.DataFrame) -> list[dict[str, Any]]:
    if len(attacks) == len(told):
        return []
    events = int(told["is_heralded"].sum())
    low, high = worst_case_bounds(events, len(told), len(attacks))
    method = f"worst-case bounds (Horowitz and Manski) of {len(attacks)} attacks"
    numbers = {"n": attacks["patient_id"].nunique(), "events": events, "conf_low": low, "conf_high": high}
    labels = LABELS | {"measure": "bounds_if_not_described", "denominator": "all attacks of all patients"}
    return [{"role": "sensitivity", "method": method} | numbers | labels]


def _types(told: pd.DataFrame) -> list[str]:
    """Return the types of attack, the commonest first."""
    return [str(name) for name in told["attack_type"].dropna().value_counts(sort=True).index]


def _by_type(told: pd.DataFrame, conf_level: float) -> list[dict[str, Any]]:
    rows = []
    for kind in _types(told):
        found = _share(told[told["attack_type"].eq(kind).fillna(False)], conf_level)
        rows.append(estimate_row(found, role="secondary", group="attack_type", level=kind, **LABELS))
    return rows


def _odds_by_type(told: pd.DataFrame, conf_level: float) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the odds ratio of each type of attack against the commonest, from attacks of which the type is known."""
    typed = told[told["attack_type"].notna()].reset_index(drop=True)
    kinds = _types(typed)
    if len(kinds) < 2:
        return [], []
    design = pd.DataFrame({kind: typed["attack_type"].eq(kind).astype(float) for kind in kinds[1:]})
    try:
        table = gee(typed["is_heralded"].to_numpy(dtype=float), design, typed["patient_id"], family="logistic",
                    correlation="independence", conf_level=conf_level).iloc[1:]  # fmt: skip
    except ValueError as problem:
        return [], [("odds ratios by type of attack", "not assessable", str(problem))]
    columns = ("estimate", "std_error", "conf_low", "conf_high", "p_value", "n", "method")
    shared = LABELS | {"measure": "clustered_odds_ratio", "group": "attack_type", "unit": "odds ratio"}
    shared |= {"role": "secondary", "reference": kinds[0], "conf_level": conf_level}
    adjusted = holm(table["p_value"].to_numpy(dtype=float))
    return [
        shared | {name: row[name] for name in columns} | {"level": row["term"], "p_adjusted": p}
        for row, p in zip(table.to_dict("records"), adjusted.tolist(), strict=True)
    ], []


def _tally(attacks: pd.DataFrame) -> pd.DataFrame:
    """One row a type of attack and answer (yes, no, unknown), with n, the attacks."""
    answer = attacks["is_heralded"].map({True: "yes", False: "no"}).astype("string").fillna("unknown")
    kind = attacks["attack_type"].fillna("not recorded")
    counted = attacks.assign(attack_type=kind, is_heralded=answer).groupby(["attack_type", "is_heralded"])
    return counted["patient_id"].size().rename("n").reset_index()


def _steps(
    registry: Registry, attacks: pd.DataFrame, told: pd.DataFrame, diagnosis: str
) -> list[tuple[str, int, int, str]]:
    steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis))
    counts = [
        ("with an attack on record", int(attacks["patient_id"].nunique()), "no dated attack on record"),
        ("first signs known", int(told["patient_id"].nunique()), "no attack with recorded first signs"),
    ]
    return steps + counted_steps(steps[-1][1], counts)


def _checks(attacks: pd.DataFrame, told: pd.DataFrame) -> list[Check]:
    if told.empty:
        detail = "attacks.first_signs is not recorded for any attack" if len(attacks) else "no dated attack in attacks"
        return [("estimable", "not assessable", detail)]
    patients = int(told["patient_id"].nunique())
    lost = len(attacks) - len(told)
    detail = f"{lost} of {len(attacks)} attacks have no first signs on record: unknown, not counted as without pain"
    several = int(told["patient_id"].value_counts().gt(1).sum())
    return [
        ("first signs known", "met" if lost == 0 else "not met", detail),
        ("attacks are not independent", "note", f"{several} of {patients} patients have two or more such attacks"),
        *small_n_check(patients),
    ]
