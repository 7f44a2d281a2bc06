"""Show that importing the package loads no heavy library and that --help answers at once.

Run as ``python tools/start_up.py``; it prints both times and fails if a promise of the README does not hold.
"""

from __future__ import annotations

import subprocess
import sys
import time

HEAVY = ("pandas", "numpy", "scipy", "matplotlib", "statsmodels", "seaborn", "duckdb", "narwhals", "pyarrow")
SHARE = 0.2


def seconds(*command: str) -> float:
    """Return the least of three run times of a command."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> int:
    """Print the loaded modules and the times; return 1 if a promise is broken."""
    code = "import sys, nmosd_cohort, nmosd_cohort.cli; print(' '.join(sorted(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    heavy = [name for name in HEAVY if name in loaded]
    print(f"import nmosd_cohort loads {len(loaded)} modules; heavy ones among them: {', '.join(heavy) or 'none'}")
    help_time = seconds(sys.executable, "-m", "nmosd_cohort", "--help")
    peer_time = seconds(sys.executable, "-c", "import pandas, pingouin, seaborn")
    share = help_time / peer_time
    print(f"--help takes {help_time:.2f} s; import pandas, pingouin, seaborn {peer_time:.2f} s; share {share:.2f}")
    return int(bool(heavy) or share > SHARE)


if __name__ == "__main__":
    sys.exit(main())
