r"""Names and references of papers: as text, and as BibTeX entries that LaTeX can print."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nmosd_cohort.literature.figure import Paper

ABBREVIATIONS = {  # written in capitals wherever an identifier becomes words
    "aqp4": "AQP4",
    "bdi": "BDI",
    "dn4": "DN4",
    "edss": "EDSS",
    "il6": "IL-6",
    "mog": "MOG",
    "mri": "MRI",
    "ms": "MS",
    "nrs": "NRS",
    "pumch": "PUMCH",
    "sf36": "SF-36",
}
NAMED_AUTHORS = 3
ASIDE = re.compile(r"\s*\([^)]*\)\s*$")
PLACE = re.compile(r"^(?P<journal>.*?)\s+(?P<volume>\d+)(?:\((?P<number>[^)]+)\))?(?::(?P<pages>[\w.]+(?:-+\w+)?))?$")
MARKS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c", "\u0328": "k",
}  # fmt: skip
SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "ß": r"{\ss}", "ø": r"{\o}", "Ø": r"{\O}", "æ": r"{\ae}", "Æ": r"{\AE}", "ł": r"{\l}", "Ł": r"{\L}",
    "ı": r"{\i}", "–": "--", "—": "---", "“": "``", "”": "''", "‘": "`", "’": "'", "\u00a0": "~",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Authors:
    """The authors of a paper as far as they are known, each family name with the given names or initials.

    ``complete`` says whether the list is; ``further`` are authors known from after its gap; ``group`` is a body
    that wrote as one.
    """

    names: tuple[tuple[str, str], ...]
    complete: bool
    further: tuple[str, ...] = ()
    group: str = ""


def paper_name(key: str) -> str:
    """Return the key of a paper as a name, each word with a capital.

    Examples
    --------
    >>> paper_name("meca_lallana_2022"), paper_name("ms_guangdong_2024")
    ('Meca Lallana 2022', 'MS Guangdong 2024')
    """
    words = str(key).replace("_", " ").split()
    return " ".join(ABBREVIATIONS.get(word.lower(), word[:1].upper() + word[1:]) for word in words)


def reference(paper: Mapping[str, Any]) -> str:
    """Compose a reference from the head of a catalogue file; what is unknown reads "not seen".

    Examples
    --------
    >>> head = {"authors": "A B, C D, E F, G H", "title": None, "journal": "J", "year": 2020, "doi": None}
    >>> reference(head)
    'A B, C D, E F, et al. Title not seen. J, 2020. DOI not seen.'
    """
    authors = _short_authors(paper.get("authors"))
    title, journal = paper.get("title") or "Title not seen", paper.get("journal") or "Journal not seen"
    year = paper.get("year") or "year not seen"
    doi = f"doi:{paper['doi']}" if paper.get("doi") else "DOI not seen"
    pmid = f" PMID {paper['pmid']}." if paper.get("pmid") else ""
    registry = f" {paper['registry']}." if paper.get("registry") else ""
    return f"{authors}. {title}. {journal}, {year}. {doi}.{pmid}{registry}"


def _short_authors(authors: str | None) -> str:
    if not authors or authors.startswith("not "):
        return "Authors not seen"
    names = [name.strip() for name in authors.split(",")]
    if len(names) <= NAMED_AUTHORS or "(" in authors:
        return authors.removesuffix(".")
    return f"{', '.join(names[:NAMED_AUTHORS])}, et al"


def authors_of(authors: str | None) -> Authors:
    """Read a list of authors such as "Zhang X, Pei L, et al.".

    Parameters
    ----------
    authors
        As in the catalogue: family name and initials, parted by commas; "and co-workers" or "et al." where
        the list goes on; an aside in brackets at the end is not a name.

    Returns
    -------
    Authors
        Without names if they were not seen.

    Examples
    --------
    >>> authors_of("Zhang X, Ciampi de Andrade D").names
    (('Zhang', 'X'), ('Ciampi de Andrade', 'D'))
    >>> authors_of("Araki M and co-workers")
    Authors(names=(('Araki', 'M'),), complete=False, further=(), group='')
    """
    if not authors or authors.startswith("not "):
        return Authors((), complete=False)
    text = ASIDE.sub("", authors)
    if text.endswith("group"):
        return Authors((), complete=True, group=text)
    parts = [part.strip() for part in text.replace(" and co-workers", ", et al").split(",")]
    gap = next((place for place, part in enumerate(parts) if part.rstrip(".") == "et al"), len(parts))
    names = tuple(_name(part) for part in parts[:gap])
    return Authors(names, complete=gap == len(parts), further=tuple(parts[gap + 1 :]))


def _name(text: str) -> tuple[str, str]:
    family, _, given = text.rpartition(" ")
    return (family, given) if family else (given, "")


def latex(text: str) -> str:
    r"""Return text with the characters that LaTeX reads as commands escaped, and accents as commands.

    Letters without a Latin form, such as Chinese, stay as they are.

    Examples
    --------
    >>> print(latex("Kümpfel & Söhne: 50 % of_all"))
    K{\"{u}}mpfel \& S{\"{o}}hne: 50 \% of\_all
    """
    return "".join(_latex_character(character) for character in unicodedata.normalize("NFC", text))


def _latex_character(character: str) -> str:
    if character in SPECIAL:
        return SPECIAL[character]
    base, *marks = list(unicodedata.normalize("NFD", character))
    if len(marks) == 1 and marks[0] in MARKS:
        return f"{{\\{MARKS[marks[0]]}{{{base}}}}}"
    return character


def bibtex(paper: Paper) -> str:
    r"""Return the BibTeX entry of a paper; its key is the key of the paper.

    Parameters
    ----------
    paper
        A paper of the catalogue. One with a journal becomes an article, another one ``misc``, such as a
        trial that is known by its registration alone.

    Returns
    -------
    str
        Fields that were not seen are left out and named in ``note``. Text is escaped for LaTeX; ``doi`` and
        ``url`` are not, since the styles that print them take them as they are.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import read_catalogue
    >>> papers = {paper.key: paper for paper in read_catalogue()}
    >>> print(bibtex(papers["usmani_2012"]))
    @article{usmani_2012,
      author = {Usmani, N. and Bedi, G. and Lam, B. L. and Sheremata, W. A.},
      title = {{Association between paroxysmal tonic spasms and neuromyelitis optica}},
      journal = {Arch Neurol},
      volume = {69},
      number = {1},
      pages = {121--124},
      year = {2012},
      doi = {10.1001/archneurol.2011.832},
    }
    """
    is_article = paper.journal is not None and "congress" not in paper.journal
    fields = {
        "author": _bibtex_authors(authors_of(paper.authors)),
        "title": f"{{{latex(paper.title)}}}" if paper.title else "",
        **(_where_printed(paper) if is_article else {"howpublished": latex(_where_known(paper))}),
        "year": str(paper.year or ""),
        "doi": paper.doi or "",
        "url": "" if paper.doi else _address(paper),
        "pmid": paper.pmid or "",
    }
    fields["note"] = _note(paper)
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{'article' if is_article else 'misc'}{{{paper.key},", *lines, "}"])


def _bibtex_authors(authors: Authors) -> str:
    if authors.group:
        return f"{{{latex(authors.group)}}}"
    names = [f"{latex(family)}, {_initials(given)}" if given else latex(family) for family, given in authors.names]
    return " and ".join([*names, *(["others"] if names and not authors.complete else [])])


def _initials(given: str) -> str:
    """Return initials with full stops, as BibTeX tells them apart; a written name stays."""
    return " ".join(f"{letter}." for letter in latex(given)) if given.isupper() and given.isascii() else latex(given)


def _where_printed(paper: Paper) -> dict[str, str]:
    """Return journal, volume, number and pages from "Arch Neurol 69(1):121-124"."""
    found = PLACE.match(str(paper.journal))
    if found is None:
        return {"journal": latex(str(paper.journal))}
    parts = {name: value or "" for name, value in found.groupdict().items()}
    if parts["volume"] == str(paper.year):
        parts["volume"] = ""  # a year that stands in for the volume
    parts["pages"] = re.sub(r"-+", "--", parts["pages"])
    return {name: latex(value) if name != "pages" else value for name, value in parts.items()}


def _where_known(paper: Paper) -> str:
    known = [paper.journal or "", f"Trial registration {paper.registry}" if paper.registry else ""]
    return "; ".join(text for text in known if text)


def _address(paper: Paper) -> str:
    """Return the address at which the paper itself was read, if its figures name one and no other."""
    sources = [figure.provenance for figure in paper.figures if figure.provenance.level == "primary"]
    addresses = {source.url for source in sources if source.url}
    return addresses.pop() if len(addresses) == 1 else ""


def _note(paper: Paper) -> str:
    unknown = [name for name in ("title", "journal", "year", "doi") if getattr(paper, name) is None]
    authors = authors_of(paper.authors)
    if not authors.names and not authors.group:
        unknown.insert(0, "authors")
    parts = [f"not seen: {', '.join(unknown)}"] if unknown else []
    if authors.names and not authors.complete:
        also = f", further author: {', '.join(authors.further)}" if authors.further else ""
        parts.insert(0, f"author list not complete{also}")
    if paper.registry and paper.journal:
        parts.append(f"trial registration {paper.registry}")
    text = "; ".join(parts)
    return latex(text[:1].upper() + text[1:])
