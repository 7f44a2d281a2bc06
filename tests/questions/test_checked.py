"""Every question refuses an argument of the wrong kind in the same words, whether or not the data would use it."""

from __future__ import annotations

from inspect import signature

import pytest

import nmosd_cohort as nc
from nmosd_cohort.report.words import labels

QUESTIONS = tuple(labels()["questions"])
WRONG = {
    "conf_level": (95, "must lie between 0 and 1"),
    "seed": (-1, "whole number"),
    "min_days_after_attack": ("30", "whole number"),
    "n_resamples": (2.5, "whole number"),
    "lag_days": (None, "whole number"),
    "at_months": ("12", "number of months, at most 600"),
    "before_months": (10_000, "number of months, at most 600"),
    "drug": (3, "must be a text"),
    "comparator": (["azathioprine"], "must be a text"),
    "analytes": ("c5a", "must be a list or tuple"),
    "covariates": ("male", "must be a list or tuple"),
    "randomised": ("no", "True or False"),
    "needs_mri": ("yes", "True or False"),
    "baseline_cut": (float("nan"), "number on the scale"),
}
CASES = [(name, option) for name in QUESTIONS for option in signature(getattr(nc, name)).parameters if option in WRONG]


@pytest.fixture(scope="module")
def registry() -> nc.Registry:
    return nc.simulate(n=12, seed=1)


@pytest.mark.parametrize(("name", "option"), CASES)
def test_a_wrong_argument_is_named_with_what_is_allowed(registry: nc.Registry, name: str, option: str):
    value, words = WRONG[option]
    needed = {"patient_id": "P000001"} if name == "patient_timeline" else {}
    with pytest.raises((TypeError, ValueError), match=f"{option} is .*{words}"):
        getattr(nc, name)(registry, **needed, **{option: value})


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_registry_is_said(name: str):
    needed = {"patient_id": "P000001"} if name == "patient_timeline" else {}
    with pytest.raises(TypeError, match="registry is None, not a Registry"):
        getattr(nc, name)(None, **needed)


def test_every_wrong_value_is_tried():
    assert {option for _, option in CASES} == set(WRONG)
