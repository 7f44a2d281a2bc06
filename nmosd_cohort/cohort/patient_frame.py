"""One row a patient at the assessment that the questions use, for analyses that no question makes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, get_args

import narwhals as nw
import pandas as pd

from nmosd_cohort.cohort.arguments import check_registry
from nmosd_cohort.cohort.assessments import index_visits, visits
from nmosd_cohort.cohort.drugs import PAIN_CLASSES, with_drugs
from nmosd_cohort.cohort.lesions import lesion_cells
from nmosd_cohort.cohort.open_pain import joined_codes, open_episodes
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY
from nmosd_cohort.cohort.tally import collect, day, lazy
from nmosd_cohort.statistics.estimate import check_option, whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nmosd_cohort.intake.registry import Registry

Serostatus = Literal["any", "aqp4_positive", "aqp4_negative"]
SEROSTATUS_CODES = {"aqp4_positive": "positive", "aqp4_negative": "negative"}
OTHER_SCORES = (
    *("dn4", "paindetect", "bpi_severity", "bpi_interference", "edss_sensory", "hads_a"),
    *("msis29_physical", "msis29_psychological", "eq_vas"),
)
LESION_COLUMNS = ("cervical", "thoracic", "lesion_segments", "upper_thoracic_segments")
DRUGS = (*(f"on_{name}" for name in PAIN_CLASSES), "on_pain_drug")


def patient_frame(
    registry: Registry,
    *,
    needs: str | Sequence[str] = ("has_pain",),
    diagnosis: str = "nmosd",
    serostatus: Serostatus = "any",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
) -> pd.DataFrame:
    """One row a patient: the last assessment in remission at which all of ``needs`` were recorded.

    The patients and the assessment are those of the questions, so what is computed from this frame can stand
    beside their answers.

    Parameters
    ----------
    registry
        Checked tables.
    needs
        Columns that may not be missing at the assessment, for example has_pain, edss2, bdi_ii; one may stand by
        itself.
    diagnosis
        Code of patients.diagnosis.
    serostatus
        ``aqp4_positive`` or ``aqp4_negative`` leaves out those of the other and of unknown status; ``any`` nobody.
    neuropathic_by
        ``recorded``, ``dn4`` or ``paindetect``.
    min_days_after_attack
        An assessment nearer than this to the start of the last attack is not used.

    Returns
    -------
    DataFrame
        patient_id; sex, aqp4_status, onset_phenotype, had_myelitis and what else describes the patient;
        age_years, disease_duration_years, attack_count, myelitis_attack_count so far; has_pain,
        has_neuropathic_pain, has_tonic_spasm, pain_group; edss2 (twice the EDSS) and all scores;
        lesion_level, cervical, thoracic, lesion_segments and upper_thoracic_segments of the last MRI of both
        levels; pain_types and pain_sites of the episodes open that day, separated by semicolons (empty: none on
        record); on_anticonvulsant, on_antidepressant, on_opioid, on_nonopioid_analgesic and on_pain_drug, any of
        these but an antidepressant given for depression, as in ``drug_use_and_response`` (1: a course is open;
        0: none is on record). Missing stays missing.

    Raises
    ------
    ValueError
        If ``needs`` names a column that is not there, ``serostatus`` or ``neuropathic_by`` is unknown, or
        ``min_days_after_attack`` is no whole number.
    TypeError
        If ``registry`` is no registry, or ``needs`` holds no names.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> patients = nc.patient_frame(nc.simulate(n=60, seed=1), needs=["has_pain", "edss2"])
    >>> bool(patients["patient_id"].is_unique), int(patients["edss2"].isna().sum())
    (True, 0)
    """
    check_registry(registry)
    needs = _names(needs)
    min_days_after_attack = whole_number("min_days_after_attack", min_days_after_attack)
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    check_option("serostatus", serostatus, get_args(Serostatus))
    frame = _with_other_scores(registry, visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by))
    known = frame.collect_schema().names()
    missing = [name for name in needs if name not in known]
    if missing:
        raise ValueError(f"needs has {', '.join(missing)}; columns are {', '.join(sorted(known))}")
    if serostatus != "any":
        frame = frame.filter(nw.col("aqp4_status") == SEROSTATUS_CODES[serostatus])
    index = index_visits(frame, needs=needs, min_days_after_attack=min_days_after_attack)
    patients = index.join(lesion_cells(registry, index), on="patient_id", how="left")
    drugs = with_drugs(registry, index).select("patient_id", *DRUGS)
    patients = patients.join(drugs, on="patient_id", how="left").drop("dated_patient", "recorded_attack_count")
    collected = collect(patients, ["patient_id"]).astype(dict.fromkeys(LESION_COLUMNS, "Int64"))
    return collected.merge(_open_pain(registry, index, collected), on="patient_id", how="left")


def _names(needs: object) -> list[str]:
    given = [needs] if isinstance(needs, str) else list(needs) if isinstance(needs, Iterable) else [needs]
    wrong = [name for name in given if not isinstance(name, str)]
    if wrong:
        raise TypeError(f"needs has {wrong[0]!r}; give names of columns, for example ['has_pain', 'edss2']")
    return [str(name) for name in given]


def _with_other_scores(registry: Registry, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    scores = lazy(registry.tables["assessments"]).select(
        "patient_id", *OTHER_SCORES, assessment_day=day("assessment_date")
    )
    return frame.join(scores, on=["patient_id", "assessment_day"], how="left")


def _open_pain(registry: Registry, index: nw.LazyFrame[Any], patients: pd.DataFrame) -> pd.DataFrame:
    """One row a patient: types and sites of the pain episodes open on the index day, sorted, each once."""
    rows = collect(open_episodes(registry, index), ["patient_id", "pain_type", "onset_day"])
    found = patients[["patient_id"]].copy()
    for name, source in (("pain_types", "pain_type"), ("pain_sites", "pain_sites")):
        joined = joined_codes(rows["patient_id"], rows[source])
        found[name] = found["patient_id"].map(joined).fillna("").astype("string")
    return found
