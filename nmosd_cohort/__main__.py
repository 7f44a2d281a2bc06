"""Run the command line as ``python -m nmosd_cohort``."""

from nmosd_cohort.cli import main

main()
