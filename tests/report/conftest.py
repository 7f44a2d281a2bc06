"""Hand-made results, verdicts and a registry in the forms of the contract, for the tests of the report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from nmosd_cohort.intake.registry import ACCOUNTING_COLUMNS, FINDING_COLUMNS, Registry
from nmosd_cohort.literature.table_1 import TABLE_1_COLUMNS
from nmosd_cohort.report.literature_page import LiteraturePart
from nmosd_cohort.result import Result, check_frame, estimate_frame, flow_frame

GROUPS = ("neuropathic", "other_pain", "no_pain")
SECRET_VALUE = "zq-raw-7-8-range"
SECRET_ID = "PID-48151623"


def _row(measure: str, estimate: float, low: float, high: float, **other: Any) -> dict[str, Any]:
    fixed = {"role": "secondary", "conf_level": 0.95, "denominator": "assessed patients"}
    return fixed | {"measure": measure, "estimate": estimate, "conf_low": low, "conf_high": high} | other


def make_prevalence() -> Result:
    share = {"outcome": "neuropathic", "unit": "share", "method": "Wilson score interval"}
    rows = [
        _row("proportion", 35 / 122, 0.2136, 0.3729, n=122, events=35, role="primary", **share),
        _row("proportion", 29 / 98, 0.2147, 0.3926, n=98, events=29, group="sex", level="female", **share),
        _row("proportion", 6 / 24, 0.12, 0.449, n=24, events=6, group="sex", level="male", **share),
        _row("proportion", 3 / 7, 0.158, 0.75, n=7, events=3, group="site", level="<script>alert(1)</script>", **share),
        _row("proportion", 0.0, 0.0, 0.0904, n=38, events=0, group="site", level="Centre 02", **share),
        _row(
            "risk_difference",
            0.046,
            -0.170,
            0.201,
            n=122,
            group="sex",
            level="female",
            reference="male",
            outcome="neuropathic",
            unit="share",
            method="Newcombe 1998 score limits",
            p_value=0.655,
        ),
        _row(
            "bounds_if_never_asked",
            float("nan"),
            35 / 160,
            73 / 160,
            n=160,
            role="sensitivity",
            conf_level=None,
            outcome="neuropathic",
            denominator="all diagnosed",
            unit="share",
            method="Horowitz-Manski worst-case bounds",
        ),
    ]
    tally = pd.DataFrame(
        {"sex": ["female", "female", "male", "male"], "status": ["yes", "no"] * 2, "n": [29, 69, 6, 18]}
    )
    return Result(
        "Among assessed patients with NMOSD, the share with current neuropathic pain at their latest assessment.",
        estimate_frame(rows),
        flow_frame(
            [
                ("All patients of the registry", 171, 0, ""),
                ("Diagnosis NMOSD", 160, 11, "MOGAD or other diagnosis"),
                ("Assessed for pain", 122, 38, "never asked about neuropathic pain"),
            ]
        ),
        check_frame(
            [
                ("One patient counts once", "met", "122 patients, 122 rows"),
                ("Never-asked patients resemble the assessed ones", "not assessable", "38 of 160 were never asked"),
                ("At least 10 patients in each group", "not met", "one centre has 7"),
            ]
        ),
        tally,
        {"pain": "neuropathic", "time_frame": "current", "denominator": "assessed", "by": ("sex", "site")},
        {"name": "Review registry"},
        "pain_prevalence",
    )


def make_disability(sizes: tuple[int, int, int] = (35, 46, 41)) -> Result:
    rng = np.random.default_rng(3)
    cells = []
    for group, size, centre in zip(GROUPS, sizes, (9, 7, 4), strict=True):
        values = np.clip(rng.normal(centre, 3.2, size).round(), 2, 17) / 2
        steps, counts = np.unique(values, return_counts=True)
        cells += [{"pain_group": group, "edss": e, "n": int(n)} for e, n in zip(steps, counts, strict=True)]
    rows = []
    for group, size, median in zip(GROUPS, sizes, (4.5, 3.5, 2.0), strict=True):
        common: dict[str, Any] = {"outcome": "edss", "group": "pain_group", "level": group, "n": size, "unit": "points"}
        rows += [
            _row("median", median, median - 0.5, median + 1, method="order-statistic limits", **common),
            _row("quartile_1", median - 1.0, np.nan, np.nan, method="type 7 quantile", **common),
            _row("quartile_3", median + 1.5, np.nan, np.nan, method="type 7 quantile", **common),
            _row("mean", median + 0.1, median - 0.5, median + 0.7, **common | {"role": "comparison", "method": "t"}),
        ]
    contrast: dict[str, Any] = {"outcome": "edss", "group": "pain_group", "level": "neuropathic", "n": 76}
    rows += [
        _row(
            "probability_superiority",
            0.71,
            0.59,
            0.81,
            reference="no_pain",
            role="primary",
            p_value=0.0004,
            method="Brunner-Munzel 2000, t limits on the logit scale",
            **contrast,
        ),
        _row(
            "probability_superiority",
            0.58,
            0.45,
            0.70,
            reference="other_pain",
            p_value=0.21,
            method="Brunner-Munzel 2000, t limits on the logit scale",
            **contrast,
        ),
        _row(
            "hodges_lehmann_shift",
            2.0,
            1.0,
            3.0,
            reference="no_pain",
            p_value=0.0007,
            method="Hodges-Lehmann, normal approximation with ties",
            **contrast,
        ),
        _row(
            "odds_ratio",
            4.1,
            1.9,
            8.8,
            reference="no_pain",
            term="pain_group",
            p_value=0.0003,
            method="cumulative link model, Wald limits, adjusted for age, sex, disease duration",
            **contrast,
        ),
        _row(
            "probability_edss_at_least_4",
            0.61,
            0.46,
            0.74,
            unit="share",
            method="g-computation from the cumulative link model",
            **contrast | {"n": 122},
        ),
    ]
    return Result(
        "Among assessed patients, the EDSS of those with neuropathic pain compared with other pain and no pain.",
        estimate_frame(rows),
        flow_frame(
            [("Assessed for pain", 122, 0, ""), ("EDSS within 90 days", sum(sizes), 122 - sum(sizes), "no EDSS")]
        ),
        check_frame([("Proportional odds", "met", "Brant test p = 0.31")]),
        pd.DataFrame(cells),
        {"window_days": 90},
        {},
        "neuropathic_pain_and_disability",
    )


SCALES = ("pf", "rp", "bp", "gh", "vt", "sf", "re", "mh", "pcs", "mcs")


def make_quality_of_life() -> Result:
    rows = []
    cells = []
    for i, scale in enumerate(SCALES):
        outcome = f"sf36_{scale}"
        for j, group in enumerate(GROUPS):
            middle = 40.0 + 13 * j + 2 * (i % 4)
            common: dict[str, Any] = {
                "outcome": outcome,
                "group": "pain_group",
                "level": group,
                "n": 30 + j,
                "unit": "points",
            }
            rows += [
                _row("median", middle, middle - 6, middle + 6, method="order-statistic limits", **common),
                _row("quartile_1", middle - 18, np.nan, np.nan, method="type 7 quantile", **common),
                _row("quartile_3", middle + 17, np.nan, np.nan, method="type 7 quantile", **common),
            ]
            cells += [{"outcome": outcome, "pain_group": group, "value": middle, "n": 30 + j}]
        shift = -30.0 if scale == "bp" else -18.0 + 2 * i
        rows.append(
            _row(
                "adjusted_mean_difference",
                shift,
                shift - 9,
                shift + 9,
                outcome=outcome,
                group="pain_group",
                level="neuropathic",
                reference="no_pain",
                n=93,
                unit="points",
                p_value=0.002 if i < 6 else 0.4,
                role="primary" if scale == "pf" else "secondary",
                method="linear regression, HC3 limits, adjusted for age, sex; Holm over eight scales",
            )
        )
    return Result(
        "Among assessed patients with an SF-36 at the same visit, each scale by pain group.",
        estimate_frame(rows),
        flow_frame([("Assessed", 122, 0, ""), ("SF-36", 93, 29, "no SF-36 at that visit")]),
        check_frame([("Bodily pain measures pain itself", "note", "kept out of the Holm family")]),
        pd.DataFrame(cells),
        {"sf36_version": "v2"},
        {},
        "neuropathic_pain_and_quality_of_life",
    )


def make_lesion_level() -> Result:
    rng = np.random.default_rng(5)
    sizes = {"cervical_only": 24, "thoracic_only": 31, "both": 18, "neither": 7}
    cells: list[dict[str, Any]] = []
    rows = []
    for level, size in sizes.items():
        values, counts = np.unique(rng.binomial(10, 0.35, size) * (rng.random(size) > 0.3), return_counts=True)
        cells += [{"lesion_level": level, "pain_nrs": int(v), "n": int(n)} for v, n in zip(values, counts, strict=True)]
        rows.append(
            _row(
                "median",
                3.0,
                1,
                5,
                outcome="pain_nrs",
                group="lesion_level",
                level=level,
                n=size,
                unit="points",
                method="order-statistic limits",
            )
        )
        rows.append(
            _row(
                "proportion",
                0.6,
                0.4,
                0.8,
                outcome="any_pain",
                group="lesion_level",
                level=level,
                n=size,
                events=round(0.6 * size),
                unit="share",
                method="Wilson score interval",
            )
        )
    rows.append(
        _row(
            "probability_superiority",
            0.56,
            0.41,
            0.70,
            outcome="pain_nrs",
            group="lesion_level",
            p_value=0.43,
            level="thoracic_only",
            reference="cervical_only",
            n=55,
            role="primary",
            method="Brunner-Munzel 2000, t limits on the logit scale",
        )
    )
    rows.append(
        _row(
            "odds_ratio",
            2.1,
            0.8,
            5.6,
            outcome="pain_nrs",
            term="thoracic",
            n=80,
            p_value=0.13,
            method="cumulative link model, Wald limits",
        )
    )
    rows.append(
        _row(
            "standardised_coefficient",
            0.26,
            -0.02,
            0.54,
            outcome="pain_nrs",
            term="thoracic",
            n=80,
            role="comparison",
            method="linear regression, HC3 limits",
        )
    )
    return Result(
        "Among patients with past myelitis and MRI of both levels, pain with thoracic-only against cervical-only.",
        estimate_frame(rows),
        flow_frame([("Past myelitis", 101, 0, ""), ("MRI of both levels", 80, 21, "level unknown")]),
        check_frame([]),
        pd.DataFrame(cells),
        {},
        {},
        "lesion_level_and_pain",
    )


def make_depression() -> Result:
    rng = np.random.default_rng(8)
    nrs = rng.integers(0, 10, 110)
    score = np.clip((7 + 1.6 * nrs + rng.normal(0, 7, 110)).round(), 0, 50).astype(int)
    group = np.where(nrs == 0, "no_pain", np.where(rng.random(110) < 0.4, "neuropathic", "other_pain"))
    cells = pd.DataFrame({"pain_nrs": nrs, "depression": score, "pain_group": group})
    tally = cells.value_counts(sort=False).rename("n").reset_index()
    method = "Bonett-Wright 2000 limits"
    rows = [
        _row(
            "spearman",
            0.44,
            0.27,
            0.58,
            outcome="bdi_ii",
            level="all",
            n=110,
            role="primary",
            p_value=0.00001,
            method=method,
        ),
        _row("spearman", 0.31, 0.09, 0.50, outcome="bdi_ii", level="with_pain", n=83, p_value=0.006, method=method),
        _row(
            "pearson",
            0.46,
            0.30,
            0.60,
            outcome="bdi_ii",
            level="all",
            n=110,
            role="comparison",
            method="Fisher z limits",
        ),
        _row(
            "proportion",
            0.52,
            0.40,
            0.64,
            outcome="bdi_ii",
            group="with_pain",
            level="yes",
            n=83,
            events=43,
            unit="share",
            method="Wilson score interval",
        ),
        _row(
            "risk_ratio",
            1.8,
            1.1,
            3.1,
            outcome="bdi_ii",
            group="pain_group",
            level="neuropathic",
            reference="no_pain",
            n=70,
            method="score limits",
        ),
    ]
    return Result(
        "Among patients with a pain score and a BDI-II at one visit, the rank correlation of the two.",
        estimate_frame(rows),
        flow_frame([("Assessed", 122, 0, ""), ("BDI-II", 110, 12, "no BDI-II")]),
        check_frame([]),
        tally,
        {"depression": "bdi_ii", "cut_off": 14, "moderate_cut_off": 20},
        {},
        "pain_and_depression",
    )


def make_change(patients: int = 7) -> Result:
    rng = np.random.default_rng(11)
    points: list[dict[str, Any]] = []
    for trajectory in range(1, patients + 1):
        start = int(rng.integers(3, 9))
        for months, fall in ((-6, 0), (0, 0), (6, 1), (12, 2)):
            value = int(np.clip(start - fall + rng.integers(-1, 2), 0, 10))
            points.append(
                {
                    "trajectory": trajectory,
                    "months": months + float(rng.normal(0, 0.5)),
                    "value": value,
                    "period": "before" if months <= 0 else "after",
                }
            )
    nrs: dict[str, Any] = {
        "outcome": "pain_nrs",
        "n": patients,
        "unit": "points",
        "denominator": "starters with both scores",
    }
    edss = nrs | {"outcome": "edss"}
    rows = [
        _row("mean_change", -2.1, -3.24, -0.96, role="primary", p_value=0.004, method="paired t", **nrs),
        _row("baseline_mean", 5.6, 4.2, 7.0, method="t", **nrs),
        _row("follow_up_mean", 3.5, 1.9, 5.1, method="t", **nrs),
        _row(
            "responders_pct30", 5 / 7, 0.359, 0.918, events=5, method="Wilson score interval", **nrs | {"unit": "share"}
        ),
        _row(
            "expected_change_without_effect",
            np.nan,
            np.nan,
            np.nan,
            method="not identifiable: 4 patients have two scores before the start, 10 are needed",
            **nrs,
        ),
        _row(
            "rate",
            1.4,
            0.7,
            2.5,
            outcome="attack_rate",
            group="period",
            level="before",
            n=7,
            events=11,
            unit="per person-year",
            method="Poisson, exact",
        ),
        _row("rate_ratio", 0.21, 0.04, 0.72, outcome="attack_rate", n=7, p_value=0.01, method="exact conditional"),
        _row("baseline_median", 4.0, 3, 6, method="order-statistic limits", **edss),
    ]
    return Result(
        "Among patients who started tocilizumab, the change in pain score from start to month 12.",
        estimate_frame(rows),
        flow_frame(
            [
                ("Starters", 9, 0, ""),
                ("Pain score at start", 8, 1, "no score"),
                ("At month 12", patients, 8 - patients, "no score"),
            ]
        ),
        check_frame([("Regression to the mean", "not assessable", "4 repeat pairs, 10 needed")]),
        pd.DataFrame(points),
        {"drug": "tocilizumab", "at_months": 12, "window_days": 60},
        {},
        "change_after_start",
    )


VERDICTS = (
    "consistent",
    "compatible but imprecise",
    "different",
    "different, within between-study spread",
    "not assessable",
    "not comparable",
    "published figure inconsistent",
)


def make_verdicts(rows: int = 24) -> pd.DataFrame:
    questions = ("pain_prevalence", "neuropathic_pain_and_disability", "pain_and_depression", "change_after_start")
    scales = {
        "pain_prevalence": "share",
        "neuropathic_pain_and_disability": "points",
        "pain_and_depression": "correlation",
        "change_after_start": "points",
    }
    made = []
    for i in range(rows):
        question = questions[i % 4]
        verdict = VERDICTS[i % 7]
        scale = scales[question]
        has_local = verdict not in ("not assessable", "not comparable", "published figure inconsistent")
        centre = {"share": 0.3 + 0.02 * (i % 20), "points": 2.0 + i % 5, "correlation": 0.4}[scale]
        width = {"share": 0.08, "points": 1.0, "correlation": 0.15}[scale]
        local = centre + width * (0.3 if verdict == "consistent" else 1.4)
        made.append(
            {
                "figure": f"figure_{i:02d}",
                "paper": f"author_{2010 + i % 14}",
                "citation": f"Author et al. {2010 + i % 14}",
                "question": question,
                "construct": ("pain_any", "edss_median", "bdi_correlation", "nrs_change")[i % 4],
                "denominator": "assessed",
                "time_frame": "current",
                "scale": scale,
                "local_n": 122 if has_local else None,
                "local_estimate": local if has_local else np.nan,
                "local_low": local - width if has_local else np.nan,
                "local_high": local + width if has_local else np.nan,
                "published_n": 145,
                "published_estimate": centre,
                "published_low": centre - width if i % 3 else np.nan,
                "published_high": centre + width if i % 3 else np.nan,
                "difference": local - centre if has_local else np.nan,
                "difference_low": local - centre - width if has_local else np.nan,
                "difference_high": local - centre + width if has_local else np.nan,
                "p_value": 0.03 if has_local else np.nan,
                "p_adjusted": 0.3 if has_local else np.nan,
                "margin": width,
                "smallest_detectable": 1.5 * width,
                "verdict": verdict,
                "reason": "local estimate differs by less than the margin"
                if has_local
                else "time frame not stated in the paper",
                "gate": "" if has_local else "time_frame",
                "caveats": "denominator is those with pain" if i % 5 == 0 else "",
                "provenance": "primary",
                "overlap_group": None,
                "group": "pain_any",
            }
        )
    return pd.DataFrame(made)


def make_registry() -> Registry:
    finding = {
        "severity": "reject",
        "kind": "out_of_range",
        "file": "visits.csv",
        "line": 12,
        "record": 11,
        "table": "assessments",
        "column": "nrs",
        "variable": "pain_nrs",
        "value": SECRET_VALUE,
        "allowed": "whole numbers from 0 to 10",
        "action": "cell rejected",
    }
    findings = pd.DataFrame(
        [
            finding,
            finding | {"line": 15, "value": SECRET_ID},
            finding
            | {"severity": "warn", "kind": "unknown_column", "column": "<b>note</b>", "variable": "", "action": "kept"},
            finding | {"column": "note", "value": "=HYPERLINK(1)"},
        ],
        columns=list(FINDING_COLUMNS),
    )
    accounting = pd.DataFrame(
        [
            ["patients.csv", 172, 171, 1, 0, 1720, 1500, 210, 10, 0],
            ["visits.csv", 990, 981, 4, 5, 9900, 9000, 600, 3, 297],
        ],
        columns=list(ACCOUNTING_COLUMNS),
    )
    quarantine = pd.DataFrame(
        [
            {
                "file": "visits.csv",
                "line": 30,
                "record": 29,
                "reason": "blank id",
                "cells": '{"nrs": "' + SECRET_VALUE + '"}',
            }
        ]
    )
    tables = {
        "patients": pd.DataFrame({"patient_id": [SECRET_ID, "PID-2"]}),
        "assessments": pd.DataFrame({"patient_id": [SECRET_ID] * 3}),
    }
    provenance = {
        "name": "Review registry",
        "data_cut": "2025-12-31",
        "mapping_sha256": "ab" * 32,
        "mapping": "/home/someone/registry.toml",
        "files": [
            {"file": "/home/someone/exports/patients.csv", "sha256": "cd" * 32, "bytes": 9123, "rows": 172},
            {"file": "visits.csv", "sha256": "ef" * 32, "bytes": 51234, "rows": 990},
        ],
    }
    return Registry(tables, findings, quarantine, accounting, provenance)


@pytest.fixture
def prevalence() -> Result:
    return make_prevalence()


def make_results() -> list[Result]:
    made = [make_prevalence(), make_disability(), make_quality_of_life()]
    return [*made, make_lesion_level(), make_depression(), make_change()]


@pytest.fixture
def results() -> list[Result]:
    return make_results()


@pytest.fixture(scope="session")
def page_literature() -> LiteraturePart:
    return make_literature()


@pytest.fixture(scope="session")
def page_parts() -> tuple[list[Result], pd.DataFrame, Registry]:
    return make_results(), make_verdicts(), make_registry()


@pytest.fixture
def verdicts() -> pd.DataFrame:
    return make_verdicts()


@pytest.fixture
def registry() -> Registry:
    return make_registry()


def make_literature() -> LiteraturePart:
    """Return frames beside the verdicts: two checks, one pooled group, one reweighted figure, one Table 1."""
    check = {"figure": "figure_00", "paper": "author_2010", "printed": "39.9 to 92.9", "recomputed": "57.6 to 74.2"}
    checks = [
        check | {"check": "limits of a share", "status": "inconsistent", "detail": "Too wide."},
        check | {"check": "percentage", "status": "consistent", "detail": "81 of 122 prints as 66.4 %."},
    ]
    reweighted = {
        "figure": "figure_00", "paper": "author_2010", "raw_estimate": 0.324, "raw_verdict": "consistent",
        "reweighted_estimate": 0.28, "reweighted_low": 0.20, "reweighted_high": 0.37, "effective_n": 61.24,
        "effective_share": 0.502, "largest_weight": 3.21, "variables": "female, age_years", "left_out": 3,
        "reweighted_verdict": "compatible but imprecise", "reason": "Here 28.0 %.",
        "difference": -0.05, "difference_low": -0.14, "difference_high": 0.05, "p_adjusted": 0.3,
        "not_used": "onset_age_years: not printed",
    }  # fmt: skip
    pooled = {
        "group": "neuropathic_all", "studies": 6, "n": 512, "estimate": 0.36, "conf_low": 0.28, "conf_high": 0.45,
        "prediction_low": 0.17, "prediction_high": 0.61, "tau": 0.41, "lowest_without": 0.34, "highest_without": 0.38,
        "left_out": "li_2022_np (no counts)", "remarks": "", "is_for_verdicts": True, "method": "by hand",
    }  # fmt: skip
    forest = {"kind": "study", "label": "Zhang 2022", "figure": "zhang_2022_np_all", "n": 122, "events": 35}
    forest |= {"estimate": 35 / 122, "conf_low": 0.21, "conf_high": 0.37, "weight": 1.0, "note": ""}
    own = {"kind": "local", "label": "This registry", "figure": "", "n": 40, "events": 16, "estimate": 0.4}
    own |= {"conf_low": 0.26, "conf_high": 0.55, "weight": np.nan, "note": ""}
    borrowed = {
        "group": "neuropathic_all", "local_n": 40, "local_estimate": 0.4, "local_low": 0.26, "local_high": 0.55,
        "prior_estimate": 0.36, "prior_low": 0.17, "prior_high": 0.61, "prior_patients": 14.2, "estimate": 0.39,
        "conf_low": 0.27, "conf_high": 0.52, "conflict_p": 0.71, "is_in_conflict": False, "method": "by hand",
    }  # fmt: skip
    line = dict.fromkeys(TABLE_1_COLUMNS) | {"paper": "author_2010", "variable": "edss", "read": "Table 1"}
    line |= {"published_n": 122, "published_median": 3.5, "published_quartile_1": 2.0, "published_quartile_3": 5.5}
    line |= {"local_n": 100, "local_mean": 3.94, "local_sd": 2.05, "local_median": 4.0, "local_quartile_1": 2.5}
    line |= {"local_quartile_3": 6.0, "local_unknown": 7}
    paper = {"paper": "author_2010", "diagnosis": "NMOSD", "country": "China", "design": None, "n_centres": 1}
    paper |= {"population_serostatus": None, "population_care_level": "specialist_clinic", "years": None}
    return LiteraturePart(
        papers=pd.DataFrame([paper | {"extent_read": "Abstract."}]),
        integrity=pd.DataFrame(checks),
        pooled=pd.DataFrame([pooled]),
        forests={"neuropathic_all": pd.DataFrame([forest, own])},
        borrowed=pd.DataFrame([borrowed]),
        reweighted=pd.DataFrame([reweighted]),
        case_mix=pd.DataFrame([line]),
    )


@pytest.fixture
def literature() -> LiteraturePart:
    """Return hand-made frames of the literature."""
    return make_literature()
