"""Only what can be fitted is handed on, and each thing left out has its reason."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nmosd_cohort as nc

PATIENTS = pd.DataFrame(
    {
        "has_pain": pd.array([True, False] * 10 + [True, None], dtype="boolean"),
        "thoracic": pd.array([1, 0, 0, 1] * 5 + [1, 1], dtype="Int64"),
        "cervical": pd.array([0, 1, 1, 0] * 5 + [0, 0], dtype="Int64"),
        "age_years": [30.0 + place for place in range(20)] + [None, 40.0],
        "is_male": 0,
    }
)


def test_patients_with_something_unknown_are_left_out() -> None:
    model = nc.model_terms(PATIENTS, "has_pain", ["thoracic", "age_years"])
    assert model.refusal == ""
    assert (len(model.outcome), list(model.terms)) == (
        20,
        ["thoracic", "age_years"],
    )  # of 22; two lack something
    assert model.outcome.sum() == 10
    nc.statistics.firth_logistic(model.outcome, model.terms)


def test_terms_that_say_nothing_new_are_left_out_with_their_reason() -> None:
    model = nc.model_terms(PATIENTS, "has_pain", ["thoracic", "cervical", "is_male"])
    assert list(model.terms) == ["thoracic"]
    assert model.left_out == {
        "cervical": "a combination of 'thoracic' and the intercept",  # one minus the other
        "is_male": "the same in all 21 patients",
    }
    other = nc.model_terms(PATIENTS, "has_pain", ["cervical", "thoracic"])
    assert list(other.terms) == ["cervical"]  # of two the first is kept


@pytest.mark.parametrize(
    ("terms", "options", "said"),
    [
        (["is_male", "thoracic"], {}, "is_male is the same in all 21 patients"),
        (["thoracic", "cervical"], {"needs": ["thoracic", "cervical"]}, "cervical is a combination of 'thoracic'"),
        (["thoracic", "age_years"], {"patients_per_term": 11}, "20 patients have all on record, 22 are needed"),
    ],
)
def test_no_model_without_its_terms_or_patients(terms: list[str], options: dict[str, object], said: str) -> None:
    assert nc.model_terms(PATIENTS, "has_pain", terms, **options).refusal.startswith(said)


def test_no_model_of_one_outcome_or_of_nobody() -> None:
    in_pain = PATIENTS[PATIENTS["has_pain"].fillna(False)]
    assert "the outcome is the same in all 11 patients" in nc.model_terms(in_pain, "has_pain", ["thoracic"]).refusal
    assert nc.model_terms(PATIENTS, "has_pain", []).refusal == "no term was named"
    assert "no patient has" in nc.model_terms(PATIENTS.head(0), "has_pain", ["thoracic"]).refusal


@pytest.mark.parametrize(
    ("terms", "needs", "said"),
    [(["thoracic"], ["age_years"], "needs has age_years; terms are thoracic"), (["edss"], None, "edss")],
)
def test_wrong_names_are_told(terms: list[str], needs: list[str] | None, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        nc.model_terms(PATIENTS, "has_pain", terms, needs=needs)


@given(st.lists(st.tuples(*[st.integers(0, 2)] * 4), min_size=1, max_size=30))
def test_what_is_kept_can_always_be_fitted(rows: list[tuple[int, ...]]) -> None:
    frame = pd.DataFrame(rows, columns=["outcome", "one", "two", "three"])
    frame["four"] = frame["one"] + frame["two"]
    terms = ["one", "two", "three", "four"]
    model = nc.model_terms(frame, "outcome", terms)
    assert {*model.terms, *model.left_out} == set(terms)
    if not model.refusal:
        nc.statistics.linear_regression(model.outcome, model.terms)
