"""The pain scale: thresholds solved so that the population has exactly the pain that the scenario asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq, root
from scipy.special import expit, ndtr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.scenario import Scenario

# Lesion cells; the first is a patient without past myelitis.
NO_MYELITIS, CERVICAL_ONLY, THORACIC_ONLY, BOTH, NEITHER = range(5)


@dataclass(frozen=True, slots=True)
class PainModel:
    """Latent pain of a patient in remission: normal with unit variance around the shift of the patient's cell.

    Parameters
    ----------
    level, is_neuropathic, has_spasms, probability, shift
        One entry a cell (5 lesion cells by 2 by 2): who the patient is, how common, how shifted.
    thresholds
        Shape (10,): the NRS is the number of thresholds below the latent pain.
    mean, sd
        Of the latent pain over the population.
    neuropathic_probability, spasm_probability
        Shape (2,): without and with past myelitis, that pain of this patient, when present, is of this kind.
    """

    level: NDArray[np.int64]
    is_neuropathic: NDArray[np.bool_]
    has_spasms: NDArray[np.bool_]
    probability: NDArray[np.float64]
    shift: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    mean: float
    sd: float
    neuropathic_probability: NDArray[np.float64]
    spasm_probability: NDArray[np.float64]

    def share_with_pain(self, among: NDArray[np.bool_] | None = None) -> float:
        """Return the exact share with pain in remission of the population, or of some of its cells."""
        weight = self.probability if among is None else self.probability * among
        return float(weight @ ndtr(self.shift - self.thresholds[0]) / weight.sum())

    def nrs(self, latent_pain: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the NRS, 0 to 10, of latent pain."""
        return np.searchsorted(self.thresholds, latent_pain).astype(np.int64)


@cache
def solve_pain_model(scenario: Scenario) -> PainModel:
    """Return the pain model whose population has the shares of pain, kinds and scores of the scenario."""
    level, is_neuropathic, has_spasms = (axis.ravel() for axis in np.indices((5, 2, 2)))
    shift = _shifts(scenario, level, is_neuropathic, has_spasms)
    targets = _targets(scenario)

    def misfit(unknowns: NDArray[np.float64]) -> NDArray[np.float64]:
        shares = _cell_shares(scenario, (level, is_neuropathic, has_spasms), unknowns)
        with_pain = shares * ndtr(shift - unknowns[2])
        return np.array([with_pain.sum(), with_pain @ is_neuropathic, with_pain @ has_spasms]) - targets

    solved = root(misfit, x0=[0.0, -1.0, -0.5], tol=1e-12)
    if not solved.success:
        raise ValueError(f"no pain model has the shares of scenario {scenario.name}; check the section [pain]")
    shares = _cell_shares(scenario, (level, is_neuropathic, has_spasms), solved.x)
    mean = float(shares @ shift)
    return PainModel(
        level,
        is_neuropathic.astype(bool),
        has_spasms.astype(bool),
        shares,
        shift,
        _thresholds(scenario, shares, shift),
        mean,
        float(np.sqrt(1 + shares @ (shift - mean) ** 2)),
        kind_probability(scenario, "neuropathic", solved.x[0]),
        kind_probability(scenario, "tonic_spasm", solved.x[1]),
    )


def _cell_shares(
    scenario: Scenario, cells: tuple[NDArray[np.int64], ...], log_odds: NDArray[np.float64]
) -> NDArray[np.float64]:
    level, is_neuropathic, has_spasms = cells
    shares = level_shares(scenario)[level]
    for is_of_kind, kind, base in (
        (is_neuropathic, "neuropathic", log_odds[0]),
        (has_spasms, "tonic_spasm", log_odds[1]),
    ):
        chance = kind_probability(scenario, kind, base)[(level != NO_MYELITIS).astype(int)]
        shares = shares * np.where(is_of_kind == 1, chance, 1 - chance)
    return shares


def level_shares(scenario: Scenario) -> NDArray[np.float64]:
    """Return the shares of the five lesion cells, no past myelitis first."""
    myelitis = scenario.number("attacks.myelitis_share")
    return np.concatenate([[1 - myelitis], myelitis * scenario.numbers("lesions.level_shares")])


def kind_probability(scenario: Scenario, kind: str, log_odds: float) -> NDArray[np.float64]:
    """Return the probability of a kind of pain without and with past myelitis."""
    step = scenario.number(f"pain.{kind}_log_odds_myelitis")
    probability: NDArray[np.float64] = expit(np.array([log_odds, log_odds + step]))
    return probability


def _targets(scenario: Scenario) -> NDArray[np.float64]:
    pain = scenario.number("pain.current_share")
    neuropathic = pain * scenario.number("pain.neuropathic_share_of_pain")
    return np.array([pain, neuropathic, scenario.number("pain.tonic_spasm_share")])


def _shifts(
    scenario: Scenario, level: NDArray[np.int64], is_neuropathic: NDArray[np.int64], has_spasms: NDArray[np.int64]
) -> NDArray[np.float64]:
    cervical = np.isin(level, (CERVICAL_ONLY, BOTH)) * scenario.number("pain.cervical_shift")
    thoracic = np.isin(level, (THORACIC_ONLY, BOTH)) * scenario.number("pain.thoracic_shift")
    kinds = is_neuropathic * scenario.number("pain.neuropathic_shift")
    shifts: NDArray[np.float64] = cervical + thoracic + kinds + has_spasms * scenario.number("pain.tonic_spasm_shift")
    return shifts


def _thresholds(scenario: Scenario, shares: NDArray[np.float64], shift: NDArray[np.float64]) -> NDArray[np.float64]:
    given_pain = scenario.numbers("pain.nrs_shares")
    at_least = scenario.number("pain.current_share") * np.cumsum(given_pain[::-1])[::-1]
    return np.array(
        [brentq(lambda cut, share=share: shares @ ndtr(shift - cut) - share, -12, 12) for share in at_least]
    )
