"""The public names of the statistics."""

import subprocess
import sys

import pytest

import nmosd_cohort as nc
from nmosd_cohort import statistics


@pytest.mark.parametrize("name", statistics.__all__)
def test_every_public_name_loads_and_has_a_docstring(name: str):
    assert getattr(nc.statistics, name).__doc__
    assert name in dir(statistics)


def test_a_wrong_name_is_told_with_the_right_ones():
    with pytest.raises(AttributeError, match="has no 'wilcoxon'; it has Estimate, Target, adjust_family"):
        _ = statistics.wilcoxon


def test_the_statistics_load_nothing_before_they_are_used():
    code = "import sys, nmosd_cohort as nc; nc.statistics; sys.exit('numpy' in sys.modules or 'scipy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
