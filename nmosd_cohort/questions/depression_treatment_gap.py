"""Depression with pain that nobody treats, and depression that persists under an antidepressant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nmosd_cohort.cohort.assessments import index_reasons, index_steps, index_visits, visits
from nmosd_cohort.cohort.drugs import why_drugs_unknown, with_drugs
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.cohort.tally import tally
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.pain_and_depression import CUTOFFS, most_used_depression_scale
from nmosd_cohort.questions.parts import estimate_row, finish, remission_check, small_n_check
from nmosd_cohort.statistics.estimate import check_conf_level, check_option
from nmosd_cohort.statistics.shares.proportions import proportion, proportion_difference

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

FLAGS = ("on_antidepressant", "antidepressant_for_depression", "antidepressant_for_pain")
WHOM = {
    "yes": "patients with pain now",
    "no": "patients without pain now",
    "": "patients with a depression score, with or without pain",
}
NONE_ON_RECORD: Check = (
    "untreated known",
    "not met",
    "an open course on record is what can be seen: a drug that another doctor prescribed and the registry never "
    "learnt of counts as none, and talking therapy is not recorded",
)
AT_ONE_TIME: Check = (
    "persistence is no failure rate",
    "note",
    "depression and treatment are seen at one visit: the severely ill are treated more often, and how long the course "
    "had run is not taken into account",
)


@checked
def depression_treatment_gap(
    registry: Registry,
    *,
    depression: str = "most_used",
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
) -> Result:
    """Share of patients with pain and depression who have no antidepressant on record, and of those on one still ill.

    Parameters
    ----------
    registry
        Checked tables.
    depression
        bdi_ii, bdi_i, phq9, hads_d or ces_d; ``most_used`` takes the one most patients have.
    diagnosis, neuropathic_by, min_days_after_attack, conf_level
        As in ``pain_prevalence``.

    Returns
    -------
    Result
        ``proportion`` rows, by ``with_pain`` yes, no and (group empty) together. Outcomes:

        the instrument, share with depression of those with pain; ``no_antidepressant``, of those with depression
        the share without a course of the class open that day (primary: with pain);
        ``antidepressant_for_depression`` and ``antidepressant_for_pain``, of those with depression the share with
        a course for that reason (amitriptyline against pain is an antidepressant by class and stands in the
        second); ``depressed_on_antidepressant``, of those on the class the share at or above the cut-off
        (primary: with pain), and ``depressed_on_antidepressant_for_depression``. All again for moderate or severe
        depression, outcomes ending in ``_moderate``, where the instrument has a higher cut-off.
        ``risk_difference`` of ``no_antidepressant`` with against without pain.

    Raises
    ------
    ValueError
        If an option is not one of those listed.
    TypeError
        If ``registry`` is no registry.

    References
    ----------
    Wilson 1927 (doi:10.1080/01621459.1927.10502953); Newcombe 1998
    (doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.depression_treatment_gap(nc.simulate(n=300, seed=1))
    >>> answer.estimates.query("role == 'primary'")["outcome"].tolist()
    ['no_antidepressant', 'depressed_on_antidepressant']
    """
    check_option("depression", depression, ("most_used", *CUTOFFS))
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    conf_level = check_conf_level(conf_level)
    scale = most_used_depression_scale(registry, diagnosis=diagnosis) if depression == "most_used" else depression
    frame = visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by)
    needs = ["has_pain", scale]
    index = index_visits(frame, needs=needs, min_days_after_attack=min_days_after_attack)
    cells = tally(with_drugs(registry, index), ["has_pain", scale, *FLAGS])
    unknown = why_drugs_unknown(registry)
    rows, checks = _rows(cells, scale, conf_level, is_treatment_known=not unknown)
    reasons = index_reasons(
        registry, frame, needs=needs, min_days_after_attack=min_days_after_attack, diagnosis=diagnosis
    )
    return finish(
        registry,
        name="depression_treatment_gap",
        question=f"Share without an antidepressant among patients with pain and depression ({scale}) at the last visit "
        "in remission with both answers, and share still depressed among those on one.",
        rows=rows,
        steps=eligibility_steps(select_patients(registry, diagnosis=diagnosis))
        + index_steps(reasons, f"pain and {scale}"),
        checks=[
            *([("treatment known", "not assessable", unknown)] if unknown else [NONE_ON_RECORD, AT_ONE_TIME]),
            *checks,
            *remission_check(index),
        ],
        tally=_shown(cells, scale),
        definitions={
            "depression": depression,
            "instrument": scale,
            "cutoff": CUTOFFS[scale][0],
            "cutoff_moderate": CUTOFFS[scale][1],
            "treated": "a course of the class antidepressant open on the day; unknown start or stop counts as open",
            "diagnosis": diagnosis,
            "neuropathic_by": neuropathic_by,
            "min_days_after_attack": min_days_after_attack,
            "conf_level": conf_level,
            "time_frame": "current",
        },
    )


def _rows(
    cells: pd.DataFrame, scale: str, conf_level: float, *, is_treatment_known: bool
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the rows of each cut-off, and checks for those that nobody was counted in."""
    counted = cells.assign(has_pain=cells["has_pain"].astype(bool))
    if not int(counted["n"].sum()):
        detail = f"no visit has pain and depression: assessments.has_pain or pain_nrs, assessments.{scale}"
        return [], [("depression with pain", "not assessable", detail)]
    rows: list[dict[str, Any]] = []
    checks: list[Check] = []
    for suffix, cutoff in zip(("", "_moderate"), CUTOFFS[scale], strict=True):
        if cutoff is None:
            continue
        marked = counted.assign(is_depressed=(counted[scale] >= cutoff).astype(bool))
        rows += _depressed(marked, scale + suffix, conf_level)
        if is_treatment_known:
            rows += _gap(marked, suffix, conf_level)
            rows += _persisting(marked, suffix, conf_level)
            checks += _checks(marked) if not suffix else []
    return rows, checks


def _parts(cells: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [("yes", cells[cells["has_pain"]]), ("no", cells[~cells["has_pain"]]), ("", cells)]


def _share(cells: pd.DataFrame, event: pd.Series[bool], conf_level: float, **labels: Any) -> list[dict[str, Any]]:
    """Return the share of the patients in these cells who have the event; nothing where there are none."""
    n = int(cells["n"].sum())
    if not n:
        return []
    share = proportion(int(cells.loc[event, "n"].sum()), n, conf_level=conf_level)
    return [estimate_row(share, measure="proportion", unit="share", **labels)]


def _labels(outcome: str, level: str, denominator: str, *, role: str = "secondary") -> dict[str, Any]:
    group = "with_pain" if level else ""
    return {"outcome": outcome, "group": group, "level": level, "denominator": denominator, "role": role}


def _depressed(cells: pd.DataFrame, outcome: str, conf_level: float) -> list[dict[str, Any]]:
    """Return the share with depression of those with pain; pain_and_depression has the other groups."""
    part = cells[cells["has_pain"]]
    return _share(part, part["is_depressed"], conf_level, **_labels(outcome, "yes", WHOM["yes"]))


def _gap(cells: pd.DataFrame, suffix: str, conf_level: float) -> list[dict[str, Any]]:
    """Return, of those with depression, the shares without an antidepressant and with one for each reason."""
    ill = cells[cells["is_depressed"]]
    severity = "moderate or severe depression" if suffix else "depression"
    rows = []
    for level, part in _parts(ill):
        whom = f"{WHOM[level]}, and with {severity}"
        events = {
            "no_antidepressant": part["on_antidepressant"] == 0,
            "antidepressant_for_depression": part["antidepressant_for_depression"] == 1,
            "antidepressant_for_pain": part["antidepressant_for_pain"] == 1,
        }
        for outcome, event in events.items():
            is_primary = outcome == "no_antidepressant" and level == "yes" and not suffix
            labels = _labels(outcome + suffix, level, whom, role="primary" if is_primary else "secondary")
            rows += _share(part, event, conf_level, **labels)
    return rows + _with_against_without(ill, suffix, severity, conf_level)


def _with_against_without(ill: pd.DataFrame, suffix: str, severity: str, conf_level: float) -> list[dict[str, Any]]:
    counts = []
    for part in (ill[ill["has_pain"]], ill[~ill["has_pain"]]):
        counts += [int(part.loc[part["on_antidepressant"] == 0, "n"].sum()), int(part["n"].sum())]
    if not counts[1] or not counts[3]:
        return []
    difference = proportion_difference(*counts, conf_level=conf_level)
    labels = _labels("no_antidepressant" + suffix, "yes", f"patients with {severity} and a known answer on pain")
    return [estimate_row(difference, measure="risk_difference", unit="share", reference="no", **labels)]


def _persisting(cells: pd.DataFrame, suffix: str, conf_level: float) -> list[dict[str, Any]]:
    """Return, of those on an antidepressant, the share with depression."""
    rows = []
    treated = {
        "depressed_on_antidepressant": ("on_antidepressant", "on an antidepressant"),
        "depressed_on_antidepressant_for_depression": (FLAGS[1], "on an antidepressant against depression"),
    }
    for outcome, (flag, words) in treated.items():
        for level, part in _parts(cells[cells[flag] == 1]):
            is_primary = flag == "on_antidepressant" and level == "yes" and not suffix
            role = "primary" if is_primary else "secondary"
            labels = _labels(outcome + suffix, level, f"{WHOM[level]}, and {words}", role=role)
            rows += _share(part, part["is_depressed"], conf_level, **labels)
    return rows


def _checks(cells: pd.DataFrame) -> list[Check]:
    """Return notes on small numbers and on reasons that are not recorded."""
    both = cells[cells["has_pain"] & cells["is_depressed"]]
    treated = cells[cells["has_pain"] & (cells["on_antidepressant"] == 1)]
    checks = small_n_check(int(both["n"].sum()))
    if not len(both):
        checks = [("pain and depression", "not assessable", "no patient has both at the visit used")]
    if not len(treated):
        detail = "no patient with pain has a course of the class antidepressant open at the visit"
        checks.append(("persistence under treatment", "not assessable", detail))
    other = treated[(treated[FLAGS[1]] == 0) & (treated[FLAGS[2]] == 0)]
    if len(other):
        detail = f"{int(other['n'].sum())} patients with pain: reason other than depression or pain, or not recorded"
        checks.append(("reason for the antidepressant known", "note", detail))
    return checks


def _shown(cells: pd.DataFrame, scale: str) -> pd.DataFrame:
    """Return patients by pain, score and treatment, for the plot."""
    return cells.rename(columns={scale: "depression"})[["has_pain", "depression", *FLAGS, "n"]]
