"""The check of proportional hazards against R, arithmetic and its own laws."""

import math

import numpy as np
import pandas as pd
import pytest

from nmosd_cohort.statistics.survival.cox import cox_regression
from nmosd_cohort.statistics.survival.cox_checks import proportional_hazards_check
from tests.statistics.survival_reference import assert_same_frame, numbers, tally_of

SCORE = 1e-9  # R's coefficients come from Newton's method stopped at a relative change of 1e-13


@pytest.mark.parametrize("transform", ["km", "rank", "identity", "log"])
@pytest.mark.parametrize("name", ["lung", "veteran", "heart"])
def test_the_check_is_that_of_r(name: str, transform: str):
    # R: cox.zph(coxph(...), transform) of survival 3; veteran in strata and with Breslow ties, heart with entry
    cells = tally_of(name)
    columns = ["x", "z", "group"] if name == "lung" else ["x", "z"]
    options = {
        "lung": {},
        "veteran": {"strata": cells["group"], "ties": "breslow"},
        "heart": {"entry": cells["start"]},
    }[name]
    check = proportional_hazards_check(
        cells["time"], cells["event"], cells[columns], cells["n"], transform=transform, **options
    )
    assert check["term"].tolist() == [*columns, "all covariates"]
    chi_square, p_value = (numbers(f"zph_{name}_{transform}_{part}") for part in ("chisq", "p"))
    assert check["statistic"].tolist() == pytest.approx(list(chi_square.values()), rel=SCORE)
    assert check["p_value"].tolist() == pytest.approx(list(p_value.values()), rel=SCORE)
    assert check["freedom"].tolist() == [1] * len(columns) + [len(columns)]


def test_a_tally_gives_the_check_of_its_rows():
    cells = tally_of("lung")
    design = cells[["x", "z"]]
    by_tally = proportional_hazards_check(cells["time"], cells["event"], design, cells["n"], transform="rank")
    every = cells.loc[np.repeat(cells.index, cells["n"])].sample(frac=1, random_state=1)
    by_rows = proportional_hazards_check(every["time"], every["event"], every[["x", "z"]], transform="rank")
    assert_same_frame(by_tally, by_rows)
    assert by_tally["n"].tolist() == [227] * 3


def test_the_change_is_in_units_of_covariate_and_time():
    cells = tally_of("ovarian")
    plain = proportional_hazards_check(cells["time"], cells["event"], cells[["z"]], transform="identity").iloc[0]
    scaled = proportional_hazards_check(
        cells["time"] * 10, cells["event"], cells[["z"]] / 2, transform="identity"
    ).iloc[0]
    for column in ("estimate", "std_error", "conf_low", "conf_high"):
        assert scaled[column] == pytest.approx(plain[column] / 5)
    assert scaled["p_value"] == pytest.approx(plain["p_value"])
    assert plain["statistic"] == pytest.approx((plain["estimate"] / plain["std_error"]) ** 2)


def test_the_one_step_change_is_near_the_fitted_interaction_with_time():
    # each patient's time cut at each event time, the covariate times time in the model: same null, same slope
    rng = np.random.default_rng(4)
    woman = np.repeat([0, 1], 150)
    time = np.ceil(10 * rng.weibull(np.where(woman == 1, 2.5, 1.0)))
    event = (time <= 12).astype(int)
    time = np.minimum(time, 12)
    check = proportional_hazards_check(time, event, pd.DataFrame({"woman": woman}), transform="identity").iloc[0]
    stretches = [
        (at - 1, at, e * (at == t), w, w * at)
        for t, e, w in zip(time, event, woman, strict=True)
        for at in range(1, int(t) + 1)
    ]
    start, stop, happened, who, slope = (np.array(column) for column in zip(*stretches, strict=True))
    fitted = cox_regression(stop, happened, pd.DataFrame({"woman": who, "slope": slope}), entry=start)["slope"]
    assert check["estimate"] == pytest.approx(math.log(fitted.estimate), abs=0.5 * check["std_error"])
    assert check["p_value"] < 0.05


def test_events_at_one_time_say_nothing_about_change():
    design = pd.DataFrame({"x": [0, 1, 0, 1]})
    check = proportional_hazards_check([2, 2, 3, 4], [1, 1, 0, 0], design, [2, 3, 4, 5])
    assert check["method"].tolist() == [
        "not estimable: all informative events fall at one time",
        "not estimable: too few informative events at different times",
    ]
    assert check[["estimate", "conf_low", "p_value", "statistic"]].isna().all(axis=None)


def test_impossible_checks_are_named():
    design = pd.DataFrame({"x": [0, 1, 0, 1, 1]})
    with pytest.raises(ValueError, match="transform is 'sqrt'; it must be one of km, rank, identity, log"):
        proportional_hazards_check([1, 2, 3, 4, 5], [1, 1, 1, 1, 0], design, transform="sqrt")
    with pytest.raises(ValueError, match="transform 'log' needs event times above 0"):
        proportional_hazards_check([0, 2, 3, 4, 5], [1, 1, 1, 1, 0], design, transform="log")
