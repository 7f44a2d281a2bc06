"""References: authors as far as they are known, and BibTeX that LaTeX can read."""

import re

import pytest

from nmosd_cohort.codebook.nearest import nearest
from nmosd_cohort.literature.catalogue import cite, find_paper, read_catalogue
from nmosd_cohort.literature.references import Authors, authors_of, bibtex, latex, reference


@pytest.mark.parametrize(
    ("text", "authors"),
    [
        ("Zhou Jing, Fu Hongmei", Authors((("Zhou", "Jing"), ("Fu", "Hongmei")), complete=True)),
        ("Meca-Lallana JE, Calles C, et al.", Authors((("Meca-Lallana", "JE"), ("Calles", "C")), complete=False)),
        ("Havla J, et al., Kleiter I", Authors((("Havla", "J"),), complete=False, further=("Kleiter I",))),
        ("Xue and co-workers (full author list not seen)", Authors((("Xue", ""),), complete=False)),
        ("Some Hospital group (names not seen)", Authors((), complete=True, group="Some Hospital group")),
        ("not seen on the page read", Authors((), complete=False)),
        (None, Authors((), complete=False)),
    ],
)
def test_authors_are_read_as_far_as_they_are_known(text: str | None, authors: Authors) -> None:
    assert authors_of(text) == authors


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("A & B_c 50 % #1 ${x}~^\\", r"A \& B\_c 50 \% \#1 \$\{x\}\textasciitilde{}\textasciicircum{}\textbackslash{}"),
        ("Kümpfel Łódź Ångström ç ø ß", r"K{\"{u}}mpfel {\L}{\'{o}}d{\'{z}} {\r{A}}ngstr{\"{o}}m {\c{c}} {\o} {\ss}"),
        ("1–2 — “x”", "1--2 --- ``x''"),
        ("疼痛 ≥", "疼痛 ≥"),
        ("u\u0308", r"{\"{u}}"),  # combined beforehand or not, the letter is the same
    ],
)
def test_text_is_escaped_for_latex(text: str, written: str) -> None:
    assert latex(text) == written


def test_article_with_volume_number_and_pages() -> None:
    entry = cite("kim_2012", style="bibtex")
    assert entry.startswith("@article{kim_2012,")
    for line in ("volume = {69}", "number = {8}", "pages = {1026--1031}", "journal = {Arch Neurol}"):
        assert f"  {line},\n" in entry


def test_year_in_the_place_of_a_volume_is_left_out() -> None:
    entry = cite("fujihara_2021", style="bibtex")
    assert "volume" not in entry
    assert "pages = {117546}" in entry


def test_trial_registration_alone_is_no_article() -> None:
    entry = cite("jrcts031180152", style="bibtex")
    assert entry.startswith("@misc{jrcts031180152,")
    assert "howpublished = {Trial registration jRCTs031180152}" in entry


def test_unknown_fields_are_left_out_and_named() -> None:
    entry = cite("xue", style="bibtex")
    assert "author = {Xue and others}" in entry
    assert "note = {Author list not complete; not seen: title, year, doi}" in entry
    assert not re.search(r"^  (title|year|doi) =", entry, re.MULTILINE)
    assert "further author: Kleiter I" in cite("ayzenberg_2021", style="bibtex")
    assert "author = {{Peking Union Medical College Hospital group}}" in cite("pumch_comorbidity", style="bibtex")


def fields(entry: str) -> dict[str, str]:
    """Return the fields of an entry, read as BibTeX does: braces must close."""
    assert entry.count("{") == entry.count("}")
    return dict(re.findall(r"^  (\w+) = \{(.*)\},$", entry, re.MULTILINE))


def test_every_paper_has_an_entry_of_its_own_with_nothing_invented() -> None:
    papers = read_catalogue()
    entries = {paper.key: bibtex(paper) for paper in papers}
    for paper in papers:
        found = fields(entries[paper.key])
        assert len(entries[paper.key].splitlines()) == len(found) + 2
        assert re.match(rf"@(article|misc)\{{{paper.key},\n", entries[paper.key])
        assert found.get("doi") == paper.doi
        assert found.get("year") == (None if paper.year is None else str(paper.year))
        assert ("title" in found) == (paper.title is not None)
        assert not re.search(r"(?<!\\)[&%#_]", "".join(found[name] for name in found if name not in ("doi", "url")))


def test_paper_and_figure_give_the_same_reference() -> None:
    assert cite("zhang_2022") == cite("zhang_2022_np_all")
    keys = {paper.key for paper in read_catalogue()}
    assert not keys & {figure.id for paper in read_catalogue() for figure in paper.figures}
    assert find_paper("zhang_2022_np_all").key == "zhang_2022"


def test_reference_says_what_was_not_seen() -> None:
    assert cite("zhang_2022_np_all").endswith(
        "Mult Scler Relat Disord 68:104213, 2022. doi:10.1016/j.msard.2022.104213."
    )
    assert "Title not seen" in cite("xue_pain_all")
    assert cite("jrcts031180152_arr_before").endswith("jRCTs031180152.")
    assert reference({}) == "Authors not seen. Title not seen. Journal not seen, year not seen. DOI not seen."
    assert reference({"authors": "A B, C D, et al."}).startswith("A B, C D, et al. Title")


def test_wrong_style_or_name_is_refused_with_what_is_right() -> None:
    with pytest.raises(ValueError, match="style is 'ris'; it must be one of text, bibtex"):
        cite("xue", style="ris")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="is called 'zhang_2021'; did you mean zhang_2022, "):
        cite("zhang_2021")
    with pytest.raises(ValueError, match=r"none of the \d+ known is near"):
        cite("qqqqqq")


def test_near_names_are_five_at_most_and_beginnings_come_first() -> None:
    names = [f"zhang_2022_{letter}" for letter in "abcdefgh"]
    assert nearest("zhang_2022", ["xue", *names], most=5) == f"did you mean {', '.join(names[:5])}?"
    assert nearest("", ["xue"]) == "known: xue"
    assert nearest("", []) == "known: none"
    assert nearest("", map(str, range(16))) == "none of the 16 known is near"
