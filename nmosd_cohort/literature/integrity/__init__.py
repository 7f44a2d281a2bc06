"""Whether the numbers that a paper printed can be true: arithmetic on published figures, with no data at hand.

From the whole to the parts; each module uses those below it.

- ``catalogue_checks``: every figure of the catalogue, as a table (``nmosd_cohort.check_figures``).
- ``figure_checks``: which tests the numbers of one figure allow; ``printed_scores`` for those of a scale.
- ``lineage``: figures and the texts that quote them, set against one another.
- ``percentages``: a percentage, its count and its denominator.
- ``means`` (GRIM, GRIMMER), ``spread`` (SD or SEM), ``quartiles``: what whole scores can have.
- ``limits``, ``ratios``: 95 % limits made anew (``share_limits`` for shares), and their symmetry.
- ``p_checks``: a printed p beside counts, means, correlations or limits; ``p_agreement`` judges it,
  ``p_of_groups`` and ``p_values`` compute it.
- ``paired``: the correlation of before and after that a paired p needs.
- ``samples``, ``scores``: which samples of whole scores exist.
- ``printed``, ``tolerance``: the values behind a rounded number, exact and as ranges of floats.
- ``finding``: the result of a test.

A paper is called ``inconsistent`` only if no rounding rule and no usual method gives its numbers.
"""
