"""How long ``nmosd-cohort --help`` takes, beside importing pandas, pingouin and seaborn in the same run.

Run as ``python benchmarks/start_up.py``; the least of three runs of each counts.
"""

from __future__ import annotations

import subprocess
import sys
import time


def seconds(*command: str) -> float:
    """Return the least of three run times of a command."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    help_time = seconds(sys.executable, "-m", "nmosd_cohort", "--help")
    peer_time = seconds(sys.executable, "-c", "import pandas, pingouin, seaborn")
    print(f"nmosd-cohort --help             {help_time:.2f} s")
    print(f"import pandas, pingouin, seaborn {peer_time:.2f} s")
    print(f"share                            {help_time / peer_time:.2f}")
