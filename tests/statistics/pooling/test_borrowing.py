"""Borrowing from past studies: against R, against a published example, by hand, and by its own promises."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import beta, betabinom, binom

from nmosd_cohort.statistics.pooling.beta_mixture import BetaMixture, fit_betas
from nmosd_cohort.statistics.pooling.borrowing import ANY_SHARE, BorrowedShare, prior_predictive_p, robust_map
from nmosd_cohort.statistics.pooling.predictive import Predictive, further_share
from tests.statistics.tally_helpers import numbers_of

SPONDYLITIS = {"prior_events": [23, 12, 19, 9, 39, 6, 9, 10], "prior_n": [107, 44, 51, 39, 139, 20, 78, 35]}
NEUROPATHIC = {"prior_events": [93, 34, 35, 37], "prior_n": [145, 71, 122, 86]}
LEVELS = (0.025, 0.25, 0.5, 0.75, 0.975)
# The mixture that the article of R's RBesT prints for the spondylitis trials.
PRINTED = BetaMixture(
    np.array([0.3690331, 0.1534249, 0.1515117, 0.1260303]) / 0.8,
    np.array([33.9513487, 19.4400089, 12.2692310, 2.2521243]),
    np.array([103.0146367, 41.5205219, 55.9202833, 5.4812202]),
)


@pytest.fixture(scope="module")
def base_r() -> dict[str, dict[str, float]]:
    """Return what robust_map.R found, by case and term."""
    return {str(case): part.droplevel(0).to_dict() for case, part in numbers_of("robust_map").groupby(level=0)}


def past_of(found: dict[str, float]) -> dict[str, list[int]]:
    k = sum(term.startswith("events") for term in found)
    return {f"prior_{what}": [int(found[f"{what} {study + 1}"]) for study in range(k)] for what in ("events", "n")}


def three(found: BorrowedShare) -> list[float]:
    return [found.conf_low, found.estimate, found.conf_high]


@pytest.mark.parametrize("case", ["spondylitis", "neuropathic", "sparse"])
def test_distribution_of_a_further_share_is_that_of_nested_integration_in_r(case: str, base_r) -> None:
    expected = base_r[case]
    past = past_of(expected)
    found = further_share(past["prior_events"], past["prior_n"], tau_scale=expected["scale"])
    assert [found.quantile(level) for level in LEVELS] == pytest.approx([expected[f"{p:g}"] for p in LEVELS], abs=5e-5)
    assert found.tau_mean == pytest.approx(expected["tau"], abs=3e-4)


@pytest.mark.parametrize(
    "case",
    ["spondylitis 1 of 6", "spondylitis 18 of 20", "neuropathic 6 of 12", "neuropathic 0 of 25", "sparse 2 of 9"],
)
def test_posterior_is_that_of_r_without_beta_distributions(case: str, base_r) -> None:
    expected, past = base_r[case], base_r[case.split()[0]]
    found = robust_map(
        int(expected["local_events"]), int(expected["local_n"]), **past_of(past), tau_scale=past["scale"]
    )
    assert three(found) == pytest.approx([expected[p] for p in ("0.025", "0.5", "0.975")], abs=1e-3)
    assert found.robust_weight_after == pytest.approx(expected["robust"], abs=1e-3)
    assert found.conflict_p == pytest.approx(expected["conflict"], abs=1e-3)


@pytest.mark.parametrize(("events", "n"), [(1, 6), (0, 40), (33, 40)])
def test_update_in_closed_form_is_that_of_r(events: int, n: int, base_r) -> None:
    expected = base_r[f"closed {events} of {n}"]
    after = PRINTED.beside(ANY_SHARE, 0.2).with_patients(events, n)
    assert after.weights == pytest.approx([expected[f"weight {part + 1}"] for part in range(5)], abs=1e-10)
    for level in (0.025, 0.5, 0.975):
        assert after.quantile(level) == pytest.approx(expected[f"{level:g}"], abs=1e-10)
    assert prior_predictive_p(PRINTED, events, n) == pytest.approx(expected["conflict"], rel=1e-9)


def test_published_example_within_the_error_of_its_random_sampling() -> None:
    # RBesT's article samples this prior: mean 0.255, SD 0.0864, limits 0.106 and 0.461, median 0.247, mean spread
    # 0.387; a second run with half the scale of the spread: 0.259, 0.0776, 0.129, 0.442, 0.250 and 0.335. Patients
    # by moments: 24. From 4,000 draws the error of the outer limits is about 0.005.
    for scale, mean, sd, low, median, high, tau in (
        (1.0, 0.255, 0.0864, 0.106, 0.247, 0.461, 0.387),
        (0.5, 0.259, 0.0776, 0.129, 0.250, 0.442, 0.335),
    ):
        found = further_share(*SPONDYLITIS.values(), tau_scale=scale)
        near = fit_betas(found)
        assert [near.mean, near.sd] == pytest.approx([mean, sd], abs=0.004)
        limits = [found.quantile(level) for level in (0.025, 0.5, 0.975)]
        assert limits == pytest.approx([low, median, high], abs=0.012)
        assert found.tau_mean == pytest.approx(tau, abs=0.01)
    assert robust_map(1, 6, **SPONDYLITIS).prior_patients == pytest.approx(24, abs=0.5)
    assert PRINTED.patients == pytest.approx(24, abs=0.5)


def test_one_event_in_one_patient_by_hand() -> None:
    # Uniform prior alone: Beta(2, 1), whose distribution is x squared.
    found = robust_map(1, 1, **NEUROPATHIC, robust_weight=1)
    assert three(found) == pytest.approx([math.sqrt(0.025), math.sqrt(0.5), math.sqrt(0.975)])
    assert found.std_error == pytest.approx(math.sqrt(1 / 18))
    assert found.robust_weight_after == 1
    # Half Beta(1, 1), half Beta(2, 1): they give the event the chances 1/2 and 2/3, so 3 to 4 afterwards.
    half = BetaMixture(np.array([0.5, 0.5]), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    after = half.with_patients(1, 1)
    assert after.weights == pytest.approx([3 / 7, 4 / 7])
    assert (after.a.tolist(), after.b.tolist()) == ([2, 3], [1, 1])
    # Mean of x squared and x cubed as distributions: 2/3 and 3/4.
    assert after.mean == pytest.approx(3 / 7 * 2 / 3 + 4 / 7 * 3 / 4)


def test_conflict_by_hand() -> None:
    # Beta(2, 1): one patient has the event with chance 2/3. No event has 1/3 and nothing is less likely.
    prior = BetaMixture(np.ones(1), np.array([2.0]), np.ones(1))
    assert prior.counts(1) == pytest.approx([1 / 3, 2 / 3])
    assert prior_predictive_p(prior, 0, 1) == pytest.approx(1 / 3)
    assert prior_predictive_p(prior, 1, 1) == pytest.approx(1)
    # Beta(1, 3), three patients: by hand 0.5, 0.3, 0.15, 0.05; two events or three have 0.2.
    prior = BetaMixture(np.ones(1), np.ones(1), np.array([3.0]))
    assert prior.counts(3) == pytest.approx([0.5, 0.3, 0.15, 0.05])
    assert prior_predictive_p(prior, 2, 3) == pytest.approx(0.2)


def test_mixture_agrees_with_scipy() -> None:
    mixture = PRINTED.beside(ANY_SHARE, 0.2)
    parts = list(zip(mixture.weights, mixture.a, mixture.b, strict=True))
    assert mixture.cdf(0.3) == pytest.approx(sum(w * beta.cdf(0.3, a, b) for w, a, b in parts))
    assert (mixture.cdf(-1), mixture.cdf(2)) == (0, 1)
    expected = sum(w * betabinom.pmf(np.arange(18), 17, a, b) for w, a, b in parts)
    assert mixture.counts(17) == pytest.approx(expected)
    second = sum(w * beta.moment(2, a, b) for w, a, b in parts)
    assert mixture.sd == pytest.approx(math.sqrt(second - mixture.mean**2))
    for level in (0.001, 0.5, 0.999):
        assert mixture.cdf(mixture.quantile(level)) == pytest.approx(level, abs=1e-12)
    single = BetaMixture(np.ones(1), np.array([3.0]), np.array([7.0]))
    assert single.quantile(0.3) == pytest.approx(beta.ppf(0.3, 3, 7))
    assert single.patients == pytest.approx(10)


def test_in_conflict_the_registry_gets_its_own_share_back() -> None:
    alone = robust_map(19, 20, **SPONDYLITIS, robust_weight=1)
    robust, trusting = (robust_map(19, 20, **SPONDYLITIS, robust_weight=weight) for weight in (0.2, 0))
    assert robust.is_in_conflict
    assert "conflict: past studies make such a count unlikely" in robust.method
    assert robust.robust_weight_after > 0.98
    assert three(robust) == pytest.approx(three(alone), abs=0.01)
    assert robust.estimate == pytest.approx(robust.local.estimate, abs=0.03)
    assert trusting.estimate < alone.estimate - 0.05  # without the robust part the past pulls at the registry
    large = robust_map(285, 300, **SPONDYLITIS)
    assert large.estimate == pytest.approx(0.95, abs=0.005)


def test_in_agreement_limits_are_narrower_than_the_registrys_own() -> None:
    found = robust_map(3, 12, **SPONDYLITIS)
    assert not found.is_in_conflict
    assert found.method.startswith("secondary: robust meta-analytic-predictive prior from 8 past studies")
    assert "conflict" not in found.method
    assert found.conf_high - found.conf_low < 0.8 * (found.local.conf_high - found.local.conf_low)
    assert found.robust_weight_after < 0.2
    assert (found.n, found.events, found.k) == (12, 3, 8)
    assert math.isnan(found.p_value)


def test_without_patients_the_estimate_is_the_prior() -> None:
    found = robust_map(0, 0, **NEUROPATHIC, robust_weight=0)
    assert three(found) == pytest.approx([found.prior_low, found.prior_median, found.prior_high])
    assert "the prior alone" in found.method
    assert found.conflict_p == pytest.approx(1)
    assert (found.is_in_conflict, found.robust_weight_after) == (False, 0)
    assert math.isnan(found.local.estimate)


def test_one_past_study_tells_little_and_says_so() -> None:
    one = robust_map(5, 10, prior_events=[50], prior_n=[100])
    many = robust_map(5, 10, prior_events=[50] * 6, prior_n=[100] * 6)
    assert "from 1 past study (100 patients)" in one.method
    assert one.prior_patients < many.prior_patients / 3
    assert one.prior_high - one.prior_low > 1.5 * (many.prior_high - many.prior_low)


def test_smaller_scale_of_the_spread_borrows_more() -> None:
    wide, narrow = (robust_map(5, 10, **NEUROPATHIC, tau_scale=scale) for scale in (1.0, 0.25))
    assert narrow.prior_patients > wide.prior_patients
    assert narrow.tau < wide.tau


def test_studies_without_patients_are_left_out() -> None:
    assert further_share([3, 0, 9], [12, 0, 30]).quantile(0.5) == further_share([3, 9], [12, 30]).quantile(0.5)


def test_more_beta_distributions_come_nearer() -> None:
    exact = further_share(*SPONDYLITIS.values())
    levels = np.linspace(0.01, 0.99, 50)
    shares = [exact.quantile(level) for level in levels]
    misses = []
    for components in (1, 2, 3, 4):
        near = fit_betas(exact, components=components)
        misses.append(max(abs(near.cdf(share) - level) for share, level in zip(shares, levels, strict=True)))
    assert misses == sorted(misses, reverse=True)
    assert misses[0] > 0.02
    assert misses[-1] < 0.001


def test_distribution_on_the_logit_by_hand() -> None:
    # One normal distribution of mean 0 and SD 1: its 97.5 % point is 1.96 logits, its middle half.
    one = Predictive(np.ones(1), np.zeros(1), np.ones(1), 1.0, 1, 10)
    assert one.quantile(0.975) == pytest.approx(1 / (1 + math.exp(-1.959964)), abs=1e-6)
    assert one.cdf(0.5) == 0.5
    assert (one.cdf(0), one.cdf(1), one.cdf(-1)) == (0, 1, 0)
    assert one.density(np.zeros(1)) == pytest.approx([1 / math.sqrt(2 * math.pi)])
    grid = np.linspace(-15, 15, 3001)
    assert further_share([4, 9], [20, 30]).density(grid).sum() * 0.01 == pytest.approx(1, abs=1e-6)


@settings(max_examples=4, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=4), st.integers(0, 9))
def test_laws(studies: list[tuple[int, int]], events: int) -> None:
    with_event, without = ([pair[side] + (side == 0) for pair in studies] for side in (0, 1))
    sizes = [one + other for one, other in zip(with_event, without, strict=True)]
    found = robust_map(events, 9, prior_events=with_event, prior_n=sizes)
    assert 0 <= found.conf_low < found.estimate < found.conf_high <= 1
    assert 0 <= found.conflict_p <= 1
    assert found.posterior.weights.sum() == pytest.approx(1)
    # Other order of studies: the same. Events and others exchanged: mirrored.
    turned, straight = (further_share(with_event[::way], sizes[::way]) for way in (-1, 1))
    assert turned.quantile(0.9) == pytest.approx(straight.quantile(0.9), abs=1e-9)
    mirrored = robust_map(9 - events, 9, prior_events=without, prior_n=sizes)
    assert [1 - share for share in three(mirrored)[::-1]] == pytest.approx(three(found), abs=0.01)
    wider = robust_map(events, 9, prior_events=with_event, prior_n=sizes, conf_level=0.99)
    assert wider.conf_low < found.conf_low < found.conf_high < wider.conf_high


def test_limits_hold_in_registries_of_the_kind_of_the_past_studies() -> None:
    # Truths from the exact distribution of a further study, not from the beta distributions that stand for it.
    rng = np.random.default_rng(20)
    exact = further_share(*SPONDYLITIS.values())
    part = rng.choice(exact.weights.size, size=6000, p=exact.weights)
    truths = expit(rng.normal(exact.means[part], exact.sds[part]))
    counts = rng.binomial(15, truths)
    limits = np.array([three(robust_map(events, 15, **SPONDYLITIS, robust_weight=0)) for events in range(16)])
    held = (limits[counts, 0] <= truths) & (truths <= limits[counts, 2])
    # Monte Carlo error of 6,000: 0.003.
    assert held.mean() == pytest.approx(0.95, abs=0.009)
    flagged = [robust_map(events, 15, **SPONDYLITIS).is_in_conflict for events in range(16)]
    assert np.mean(np.array(flagged)[counts]) < 0.05


def test_coverage_at_single_true_shares_is_what_the_notes_say() -> None:
    found = [robust_map(events, 10, **SPONDYLITIS) for events in range(11)]
    for truth, expected in ((0.25, 0.996), (0.5, 0.82), (0.9, 0.93), (0.05, 0.60)):
        held = np.array([one.conf_low <= truth <= one.conf_high for one in found])
        assert binom.pmf(np.arange(11), 10, truth) @ held == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"events": 9, "n": 8}, "more than n"),
        ({"prior_events": [], "prior_n": []}, "no past study has patients"),
        ({"prior_events": [0], "prior_n": [0]}, "no past study has patients"),
        ({"prior_events": [3, 9], "prior_n": [5, 8]}, "past study 2 has 9 events in 8 patients"),
        ({"prior_events": [3], "prior_n": [5, 8]}, "one count for each"),
        ({"robust_weight": 1.2}, "robust_weight is 1.2"),
        ({"tau_scale": 0}, "tau_scale is 0; it must be a number of 0.05 or more and 10 or less"),
        ({"tau_scale": 1e-3}, "tau_scale is 0.001; it must be"),
        ({"mean_sd": -1}, "mean_sd is -1"),
        ({"conf_level": 95}, "conf_level is 95"),
    ],
)
def test_wrong_input_is_told(change: dict[str, object], message: str) -> None:
    arguments = {"events": 3, "n": 8} | NEUROPATHIC | change
    events, n = arguments.pop("events"), arguments.pop("n")
    with pytest.raises(ValueError, match=message):
        robust_map(events, n, **arguments)


def test_wrong_number_of_beta_distributions_is_told() -> None:
    with pytest.raises(ValueError, match="components is 5; it must be 1 to 4"):
        fit_betas(further_share([3], [9]), components=5)
