"""No false alarm: papers that tell the truth, rounded by any rule, are never called inconsistent.

Some two thousand are drawn here. All ten thousand, and how many wrong papers are caught, are in
``benchmarks/integrity.md``.
"""

import numpy as np
import pytest

from nmosd_cohort.literature.integrity.figure_checks import check_figure
from tests.literature.integrity.honest_papers import KINDS, honest_figure

MANY = 150


@pytest.mark.parametrize("kind", KINDS)
def test_no_honest_paper_is_inconsistent(kind: str) -> None:
    rng = np.random.default_rng(20261124)
    for _ in range(MANY):
        figure = honest_figure(kind, rng)
        wrong = [check for check in check_figure(figure) if check.status == "inconsistent"]
        assert not wrong, (figure.numbers, wrong)
