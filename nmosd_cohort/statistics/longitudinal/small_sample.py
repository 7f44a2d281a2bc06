"""Standard errors and degrees of freedom for small numbers of patients by Kenward and Roger."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nmosd_cohort.statistics.estimate import Estimate, Floats
from nmosd_cohort.statistics.longitudinal.reml import RemlFit
from nmosd_cohort.statistics.wald import wald_estimate


@dataclass(frozen=True, slots=True)
class SmallSample:
    """Errors of the coefficients of a fitted model.

    Parameters
    ----------
    model_covariance
        Shape (p, p), covariance of the coefficients with the covariance of the visits taken as known.
    covariance
        Shape (p, p), enlarged for its having been estimated.
    slopes
        Shape (k, p, p), derivatives of `model_covariance` by the covariance parameters.
    parameter_covariance
        Shape (k, k), covariance of those parameters.
    """

    model_covariance: Floats
    covariance: Floats
    slopes: Floats
    parameter_covariance: Floats

    def std_error(self, contrast: Floats) -> float:
        """Return the adjusted standard error of a contrast; raise where the adjustment leaves no variance."""
        variance = float(contrast @ self.covariance @ contrast)
        if variance <= 0:
            raise ValueError("the small-sample correction fails; take a simpler covariance or fewer visits")
        return math.sqrt(variance)

    def freedom(self, contrast: Floats) -> float:
        """Return the degrees of freedom of the t distribution of a contrast."""
        slopes = contrast @ self.slopes @ contrast / float(contrast @ self.model_covariance @ contrast)
        spread = float(slopes @ self.parameter_covariance @ slopes)
        return 2 / spread if spread > 0 else math.inf


def kenward_roger(fit: RemlFit) -> SmallSample:
    """Return errors of the coefficients that are right in small samples.

    Parameters
    ----------
    fit
        Restricted maximum-likelihood fit; the information about its covariance parameters is the expected one.

    Notes
    -----
    Kenward and Roger 1997 (doi:10.2307/2533558). For one contrast their F statistic is t squared, its scale is 1
    and its degrees of freedom are those of Satterthwaite with the expected information.

    Examples
    --------
    >>> from nmosd_cohort.statistics.longitudinal.covariance_structures import structure
    >>> from nmosd_cohort.statistics.longitudinal.reml import fit_reml
    >>> outcomes = np.array([[5.0, 3.0], [7.0, 4.0], [4.0, 4.0]])
    >>> fit = fit_reml(outcomes, np.tile(np.eye(2), (3, 1, 1)), np.ones(3, int), structure("unstructured", 2))
    >>> round(kenward_roger(fit).freedom(np.array([-1.0, 1.0])), 6)
    2.0
    """
    sums = fit.sums
    phi = sums.precision_inverse
    parameter_covariance: Floats = np.linalg.pinv(sums.information, hermitian=True).astype(np.float64)
    crossed = np.einsum("iab,bc,jcd->ijad", sums.first, phi, sums.first)
    excess = np.einsum("ij,ijab->ab", parameter_covariance, sums.second - crossed - sums.curved / 4)
    adjusted = phi + 2 * phi @ excess @ phi
    back = fit.unit * np.linalg.inv(fit.triangle)
    slopes = -back @ (phi @ sums.first @ phi) @ back.T
    return SmallSample(back @ phi @ back.T, back @ adjusted @ back.T, slopes, parameter_covariance)


def contrast_estimate(
    fit: RemlFit, errors: SmallSample, contrast: Floats, n: int, method: str, *, conf_level: float = 0.95
) -> Estimate:
    """Return a contrast of the coefficients with t limits, its degrees of freedom named in the method.

    Examples
    --------
    >>> from nmosd_cohort.statistics.longitudinal.covariance_structures import structure
    >>> from nmosd_cohort.statistics.longitudinal.reml import fit_reml
    >>> outcomes = np.array([[5.0, 3.0], [7.0, 4.0], [4.0, 4.0]])
    >>> fit = fit_reml(outcomes, np.tile(np.eye(2), (3, 1, 1)), np.ones(3, int), structure("unstructured", 2))
    >>> change = contrast_estimate(fit, kenward_roger(fit), np.array([-1.0, 1.0]), 3, "REML")
    >>> round(change.estimate, 4), change.method
    (-1.6667, 'REML, Kenward-Roger t(2.0)')
    """
    freedom = errors.freedom(contrast)
    return wald_estimate(
        float(contrast @ fit.coefficients),
        errors.std_error(contrast),
        n,
        f"{method}, Kenward-Roger t({freedom:.1f})",
        conf_level=conf_level,
        freedom=freedom,
    )
