"""How many patients have pain, of which kind, in which time frame, of which denominator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from nmosd_cohort.codebook import CHRONIC_DAYS
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY
from nmosd_cohort.cohort.pain_status import GROUPS, pain_status
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.cohort.tally import tally
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.never_asked import ASSESSED_BY, never_asked_rows
from nmosd_cohort.questions.parts import estimate_row, finish, small_n_check
from nmosd_cohort.statistics.estimate import check_option, not_estimable
from nmosd_cohort.statistics.shares.proportions import proportion, proportion_difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

Pain = Literal["any", "neuropathic", "tonic_spasm"]
TimeFrame = Literal["current", "chronic", "ever"]
Denominator = Literal["assessed", "all_diagnosed", "with_pain", "with_myelitis", "aqp4_positive"]
PAIN_WORDS = {
    "any": "pain of any kind",
    "neuropathic": "neuropathic pain",
    "tonic_spasm": "painful tonic spasms",
}
TIME_WORDS = {
    "current": "at the last visit in remission",
    "chronic": f"for longer than {CHRONIC_DAYS:g} days at the last visit in remission",
    "ever": "at any time on record",
}
DENOMINATOR_WORDS = {
    "assessed": "patients who were asked",
    "all_diagnosed": "all diagnosed patients, asked or not",
    "with_pain": "patients with pain of any kind in the same time frame",
    "with_myelitis": "patients with past myelitis who were asked",
    "aqp4_positive": "AQP4-IgG positive patients who were asked",
}
SENSITIVITY_DAYS = 90
KNOWN = ("status", "reason", "pain_known", "remission_known", "is_aqp4_positive", "had_myelitis")


@checked
def pain_prevalence(
    registry: Registry,
    *,
    pain: Pain = "any",
    time_frame: TimeFrame = "current",
    denominator: Denominator = "assessed",
    by: Sequence[str] = (),
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
) -> Result:
    """Share of a stated denominator with pain of a stated kind in a stated time frame, one answer a patient.

    Parameters
    ----------
    registry
        Checked tables.
    pain
        ``any``, ``neuropathic`` or ``tonic_spasm``.
    time_frame
        ``current``: at the last visit in remission at which it was asked. ``chronic``: the same, with an
        open episode of that pain that began more than 91.3 days earlier; current pain without a dated
        episode is unknown. ``ever``: at any visit or in any recorded episode.
    denominator
        Who is counted; the estimate of one denominator is never comparable with that of another.
    by
        Variables that split the patients: site, sex, aqp4_status, mog_status, onset_phenotype, had_myelitis,
        age_group, duration_group, attack_group, edss_group (bands at the last visit, see
        ``cohort.pain_status.BANDS``).
    diagnosis
        Code of patients.diagnosis.
    neuropathic_by
        ``recorded``, ``dn4`` or ``paindetect``.
    min_days_after_attack
        A visit nearer to the last attack is not used; 90 days is given as a sensitivity.
    conf_level
        Coverage of the Wilson limits.

    Returns
    -------
    Result
        Rows ``proportion`` (all patients, then each level), ``risk_difference`` (each level against the
        commonest; Newcombe limits), ``bounds_if_never_asked`` (the share if none, or all, of those without an
        answer had the pain), ``limits_if_never_asked`` (confidence limits of the share in all patients, wherever
        between the bounds it lies), and with the term ``weighted for who was asked`` the share if, among patients
        alike in site, sex, serostatus and onset, it was chance who was asked.

    Raises
    ------
    ValueError
        If an option is not one of those listed.

    References
    ----------
    Wilson 1927 (doi:10.1080/01621459.1927.10502953); Newcombe 1998
    (doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I); Horowitz and Manski 2000
    (doi:10.1080/01621459.2000.10473902); Imbens and Manski 2004 (doi:10.1111/j.1468-0262.2004.00555.x); Seaman and
    White 2013 (doi:10.1177/0962280210395740).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.pain_prevalence(nc.simulate(n=200, seed=1), pain="neuropathic")
    >>> answer.estimates["measure"].unique().tolist()
    ['proportion', 'bounds_if_never_asked', 'limits_if_never_asked']
    """
    by = (by,) if isinstance(by, str) else tuple(by)
    check_option("pain", pain, get_args(Pain))
    check_option("time_frame", time_frame, get_args(TimeFrame))
    check_option("denominator", denominator, get_args(Denominator))
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    for variable in by:
        check_option("by", variable, GROUPS)
    settings = {
        "pain": pain,
        "time_frame": time_frame,
        "diagnosis": diagnosis,
        "neuropathic_by": neuropathic_by,
        "min_days_after_attack": min_days_after_attack,
    }
    cells = _cells(registry, by, settings, denominator)
    asked = cells[cells["status"].notna()]
    counted = cells if denominator == "all_diagnosed" else asked
    words = DENOMINATOR_WORDS[denominator]
    labels = {"outcome": pain, "denominator": words, "unit": "share"}
    primary = _share(counted, conf_level)
    unknown = _unknown_duration(cells) if time_frame == "chronic" else ""
    if unknown:
        primary = not_estimable(unknown, primary.n, conf_level=conf_level)
    rows = [estimate_row(primary, role="primary", measure="proportion", **labels)]
    for variable in () if unknown else by:
        rows += _by_rows(counted, variable, conf_level, labels)
    new_rows, weight_checks = never_asked_rows(cells, labels, conf_level)
    rows += new_rows
    if not unknown:
        rows += _later_visit_rows(registry, settings, denominator, conf_level, labels)
    n = int(counted["n"].sum())
    return finish(
        registry,
        name="pain_prevalence",
        question=f"Share of {words} with {PAIN_WORDS[pain]} {TIME_WORDS[time_frame]}.",
        rows=rows,
        steps=_steps(registry, cells, diagnosis, denominator, counted),
        checks=[
            *([("estimable", "not assessable", unknown)] if unknown else []),
            *_checks(cells, asked, n, pain),
            *weight_checks,
        ],
        tally=_plot_counts(counted, by),
        definitions=settings | {"denominator": denominator, "conf_level": conf_level, "by": list(by)},
    )


def _cells(registry: Registry, by: Sequence[str], settings: dict[str, Any], denominator: str) -> pd.DataFrame:
    """One row a combination of status, reason and groups of the patients whom the denominator is about."""
    columns = dict.fromkeys([*KNOWN, *ASSESSED_BY, *by])
    # Among those with pain the visit is the last with an answer to pain: its kind may then be unknown.
    asked = "any" if denominator == "with_pain" else None
    cells = tally(pain_status(registry, asked=asked, groups=by, **settings), list(columns))
    keep = {
        "with_pain": cells["pain_known"],
        "with_myelitis": cells["had_myelitis"],
        "aqp4_positive": cells["is_aqp4_positive"] == 1,
    }.get(denominator)
    return cells if keep is None else cells[keep.fillna(False).astype(bool)]


def _later_visit_rows(
    registry: Registry, settings: dict[str, Any], denominator: str, conf_level: float, labels: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the share at visits farther from an attack, unless the main one already keeps that distance."""
    if settings["time_frame"] == "ever" or settings["min_days_after_attack"] >= SENSITIVITY_DAYS:
        return []
    later = _cells(registry, (), settings | {"min_days_after_attack": SENSITIVITY_DAYS}, denominator)
    later = later if denominator == "all_diagnosed" else later[later["status"].notna()]
    term = f"visit at least {SENSITIVITY_DAYS} days after an attack"
    share = _share(later, conf_level)
    return [estimate_row(share, role="sensitivity", measure="proportion", term=term, **labels)]


def _share(cells: pd.DataFrame, conf_level: float) -> Any:
    return proportion(_yes(cells), int(cells["n"].sum()), conf_level=conf_level)


def _unknown_duration(cells: pd.DataFrame) -> str:
    """Return why chronic pain cannot be estimated: duration is unknown in more patients than it is known to be long in.

    Pain-free patients always have an answer, so what remains would be a share of those without pain.
    """
    untimed = int(cells.loc[cells["status"].isna() & (cells["reason"] == "used"), "n"].sum())
    if untimed <= _yes(cells):
        return ""
    return f"the duration of pain is unknown in {untimed} patients, more than the {_yes(cells)} in whom it is long"


def _yes(cells: pd.DataFrame) -> int:
    return int(cells.loc[cells["status"].fillna(False).astype(bool), "n"].sum())


def _by_rows(cells: pd.DataFrame, variable: str, conf_level: float, labels: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the share of each level, and its difference from the commonest level."""
    values = cells[variable].map({True: "yes", False: "no"}) if variable == "had_myelitis" else cells[variable]
    named = cells.assign(level=values.astype("string").fillna("not recorded"))
    sizes = named.groupby("level")["n"].sum().sort_values(ascending=False, kind="stable")
    if sizes.empty:
        return []
    rows, reference = [], str(sizes.index[0])
    reference_cells = named[named["level"] == reference]
    for level in sorted(map(str, sizes.index)):
        group = named[named["level"] == level]
        split = labels | {"group": variable, "level": level}
        rows.append(estimate_row(_share(group, conf_level), role="secondary", measure="proportion", **split))
        if level not in (reference, "not recorded"):
            counts = (
                _yes(group),
                int(group["n"].sum()),
                _yes(reference_cells),
                int(reference_cells["n"].sum()),
            )
            difference = proportion_difference(*counts, conf_level=conf_level)
            split |= {"reference": reference}
            rows.append(estimate_row(difference, role="secondary", measure="risk_difference", **split))
    return rows


def _steps(
    registry: Registry, cells: pd.DataFrame, diagnosis: str, denominator: str, counted: pd.DataFrame
) -> list[tuple[str, int, int, str]]:
    steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis))
    left, inside = steps[-1][1], int(cells["n"].sum())
    if inside < left:
        reason = {
            "with_pain": "no pain, or pain not known",
            "with_myelitis": "no myelitis, or not known",
        }.get(denominator, "AQP4-IgG negative, or not known")
        steps.append((DENOMINATOR_WORDS[denominator].split(" who ")[0], inside, left - inside, reason))
    if counted is not cells:
        unknown = cells[cells["status"].isna()]
        reasons = unknown["reason"].replace("used", "pain present, but its kind or duration is not known")
        for why, n in unknown.groupby(reasons)["n"].sum().items():
            inside -= int(n)
            steps.append(("with an answer", inside, int(n), str(why)))
    return steps


def _checks(cells: pd.DataFrame, asked: pd.DataFrame, n: int, pain: str) -> list[Check]:
    unknown, everyone = int(cells["n"].sum() - asked["n"].sum()), int(cells["n"].sum())
    share = (
        f"{unknown} of {everyone} eligible patients have no usable answer; the bounds row shows what they could change"
    )
    unverified = int(asked.loc[asked["remission_known"].isna(), "n"].sum())
    rows: list[Check] = [
        ("every patient counts once", "met", f"{n} patients, one answer each"),
        ("everyone was asked", "met" if unknown == 0 else "not met", share),
        *small_n_check(n),
    ]
    if unverified:
        detail = f"{unverified} patients have no dated attack before the visit and are taken as in remission"
        rows.append(("remission known", "not met", detail))
    if n == 0:
        rows.append(("estimable", "not assessable", f"no eligible patient has {PAIN_WORDS[pain]} answered"))
    return rows


def _plot_counts(cells: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    status = cells["status"].map({True: "yes", False: "no"}).astype("string").fillna("unknown")
    return cells.assign(status=status).groupby([*by, "status"], dropna=False)["n"].sum().reset_index()
