"""What texts make of the figures that they quote: ranges, counts and denominators set against one another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations

from nmosd_cohort.literature.figure import Figure, Paper
from nmosd_cohort.literature.integrity.finding import Check, Status
from nmosd_cohort.literature.integrity.percentages import check_percentage, fitting_counts, possible_denominators
from nmosd_cohort.literature.integrity.tolerance import decimals_of

Finding = tuple[Figure, Check]
MOST_PATIENTS = 500
OF_EVERYBODY = ("all_diagnosed", "assessed", "aqp4_positive")
BRACKETED = re.compile(r"\((\d+)(?: patients| cases)?\)|\b(\d+) (?:patients|cases) in brackets")


def check_lineage(papers: Iterable[Paper]) -> Iterator[Finding]:
    """Every disagreement and agreement between figures, and between texts that quote them.

    Parameters
    ----------
    papers
        Papers with their figures.

    Yields
    ------
    tuple
        The figure that a check is about, and the check: of `quoted_ranges`, `quoted_counts` and
        `paper_denominators`.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import read_catalogue
    >>> sorted({check.check for _, check in check_lineage(read_catalogue())})
    ['denominator of the paper', 'quoted count', 'quoted range']
    """
    known = list(papers)
    figures = [figure for paper in known for figure in paper.figures]
    yield from quoted_ranges(figures)
    yield from quoted_counts(figures)
    for paper in known:
        yield from paper_denominators(paper)


def quoted_ranges(figures: Iterable[Figure]) -> Iterator[Finding]:
    """Ranges of shares of one construct, quoted by different texts, that share one end and differ in the other.

    Yields
    ------
    tuple
        Each of the two figures with a check. ``inconsistent`` if the other range ends at a figure of the construct
        and this one at none, else ``informative``: both cannot quote the same range, but nothing tells which is
        wrong.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import read_catalogue
    >>> figures = [figure for paper in read_catalogue() for figure in paper.figures]
    >>> [check.printed for _, check in quoted_ranges(figures)]
    ['22.61 to 43.79 %', '22.61 to 26.66 %']
    """
    known = list(figures)
    by_construct = defaultdict(list)
    for figure in known:
        if figure.measure == "share_range" and None not in _ends(figure):
            by_construct[figure.construct].append(figure)
    for construct, ranges in by_construct.items():
        for pair in combinations(ranges, 2):
            (low_1, high_1), (low_2, high_2) = (_ends(figure) for figure in pair)
            if (low_1 == low_2) == (high_1 == high_2):
                continue
            which = "upper" if low_1 == low_2 else "lower"
            differing = (high_1, high_2) if which == "upper" else (low_1, low_2)
            sources = [_source(end, construct, known) for end in differing]
            traced = " ".join(source or _trace(end) for source, end in zip(sources, differing, strict=True))
            for place, figure in enumerate(pair):
                other, own, others = pair[1 - place], sources[place], sources[1 - place]
                detail = f"{other.id} has the same range with another {which} end. {traced}"
                status: Status = "inconsistent" if others and not own else "informative"
                yield figure, Check("quoted range", status, _range_words(figure), _range_words(other), detail)


def quoted_counts(figures: Iterable[Figure]) -> Iterator[Finding]:
    """Find counts in brackets beside a percentage, in a text that quotes a figure, that are its denominator.

    Yields
    ------
    tuple
        Figure and check: ``informative`` if the bracketed number is the figure's n and not its count, as the text
        is wrong and not the paper; ``consistent`` if it is its count.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> [check.recomputed for _, check in quoted_counts([find_figure("xue_pain_two_sites")])]
    ['71 of 117']
    """
    for figure in figures:
        numbers = figure.numbers
        if figure.measure != "proportion" or numbers.estimate is None or not numbers.n:
            continue
        decimals = decimals_of(numbers.estimate, declared=numbers.decimals)
        counts = fitting_counts(numbers.estimate, numbers.n, decimals) if 0 <= numbers.estimate <= 100 else ()
        shown = f"{numbers.estimate:.{decimals}f} %"
        for text in (figure.seeds.review, figure.seeds.case_report):
            found = BRACKETED.search(text or "")
            if found is None or not counts or not (text and f"{numbers.estimate:g}" in text):
                continue
            count = int(found[1] or found[2])
            recomputed = f"{' or '.join(str(one) for one in counts)} of {numbers.n}"
            if count in counts:
                yield figure, Check("quoted count", "consistent", f"{shown} ({count})", recomputed, "The count fits.")
            elif count == numbers.n:
                detail = (
                    f"A text that quotes this figure puts {count} beside {shown} as if it were the count; it is the "
                    "number of patients that the share is of. The paper's own numbers are not in question."
                )
                yield figure, Check("quoted count", "informative", f"{shown} ({count})", recomputed, detail)


def paper_denominators(paper: Paper) -> Iterator[Finding]:
    """Percentages of a paper set against the denominators that its other figures have.

    Yields
    ------
    tuple
        Figure and check. Without an n of its own, or of a group, a percentage is tested against that of the paper's
        figures with the same kind of denominator: ``informative`` if no whole count of it gives the percentage, as
        some patients may not have been asked. A percentage of
        those with pain is tested against everybody's denominators too, as texts quote it for them:
        ``informative`` if it is no share of those.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import read_catalogue
    >>> [xue] = [paper for paper in read_catalogue() if paper.key == "xue"]
    >>> [check.printed for figure, check in paper_denominators(xue) if figure.id == "xue_np_among_pain"]
    ['79.5 % of 117, not of 145']
    """
    shares = [figure for figure in paper.figures if figure.measure == "proportion"]
    sizes = defaultdict(set)
    for figure in shares:
        if figure.numbers.n:
            sizes[figure.denominator].add(figure.numbers.n)
    everybody = {n for kind in OF_EVERYBODY for n in sizes.get(kind, set())}
    for figure in shares:
        percent, n = figure.numbers.estimate, figure.numbers.n
        if percent is None or not 0 < percent < 100:
            continue
        decimals = decimals_of(percent, declared=figure.numbers.decimals)
        if n is None and figure.denominator != "unknown" and not any(group.n for group in figure.numbers.groups):
            yield from _against(figure, percent, decimals, sizes.get(figure.denominator, set()))
        elif n is not None and figure.denominator == "with_pain" and fitting_counts(percent, n, decimals):
            others = [m for m in sorted(everybody) if m > n and not fitting_counts(percent, m, decimals)]
            if others:
                names = " or ".join(str(m) for m in others)
                printed = f"{percent:.{decimals}f} % of {n}, not of {names}"
                counts = "/".join(str(count) for count in fitting_counts(percent, n, decimals))
                detail = f"No whole count of {names} gives the percentage, so it is no share of those patients."
                yield figure, Check("denominator of the paper", "informative", printed, f"{counts} of {n}", detail)


def _against(figure: Figure, percent: float, decimals: int, sizes: set[int]) -> Iterator[Finding]:
    found = [check_percentage(percent, n, decimals) for n in sorted(sizes)]
    statuses = {one.status for one in found}
    if not found or "not checkable" in statuses:
        return
    best = next((one for one in found if one.status == "consistent"), found[0])
    status: Status = "consistent" if best.status == "consistent" else "informative"
    yield figure, Check("denominator of the paper", status, best.printed, best.recomputed, best.detail)


def _ends(figure: Figure) -> tuple[float | None, float | None]:
    return figure.numbers.minimum, figure.numbers.maximum


def _range_words(figure: Figure) -> str:
    low, high = _ends(figure)
    decimals = decimals_of(low, high)
    return f"{low:.{decimals}f} to {high:.{decimals}f} %"


def _source(end: float | None, construct: str, figures: Iterable[Figure]) -> str:
    """Say which figure has a percentage, nothing if none has."""
    for figure in figures:
        numbers = figure.numbers
        if figure.construct == construct and numbers.estimate == end and numbers.events is not None:
            return f"{end} % is {numbers.events} of {numbers.n} ({figure.id})."
    return ""


def _trace(end: float | None) -> str:
    """Say what counts could have given a percentage that no figure has."""
    if end is None:
        return ""
    decimals = decimals_of(end)
    if possible_denominators(end, decimals, 1, MOST_PATIENTS, truncation=False):
        return f"{end} % is in no figure of the catalogue."
    cut = possible_denominators(end, decimals, 1, MOST_PATIENTS)
    first = next((f"{counts[0]} of {n}" for n, counts in cut.items()), None)
    only = f"{first} gives it, and only cut off" if first else "not even one cut off"
    return f"{end} % is no rounded count of up to {MOST_PATIENTS} patients: {only}."
