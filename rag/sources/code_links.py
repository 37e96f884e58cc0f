"""The link to a paper's code, found in its abstract."""

from __future__ import annotations

import re

# Addresses on these hosts count without "https://", too: abstracts often write github.com/x/y.
_CODE_HOSTS = r"(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|huggingface\.co|hf\.co)"
_LINK = re.compile(
    rf"(?:https?://|(?<![\w./@-])(?=(?:www\.)?{_CODE_HOSTS}/))"
    # A bracket or a brace ends a link: "(https://...)", "\url{...}". LaTeX may escape its underscores.
    r"(?:\\[_~%&#]|[^\s<>\"'“”‘’{}()\[\]\\|^`])+",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?*"
_REPOSITORY = re.compile(rf"https?://(?:www\.)?{_CODE_HOSTS}/[^/]+/[^/]", re.IGNORECASE)
_PROJECT_PAGE = re.compile(r"https?://(?:[\w-]+\.(?:github|gitlab)\.io|anonymous\.4open\.science)\b", re.IGNORECASE)

_CODE_WORDS = re.compile(
    r"\b(?:codes?|codebase|source|implementations?|implemented|reproduce|repositor(?:y|ies)|repo|software|toolkit|"
    r"open-?sourced?|github|gitlab)\b",
    re.IGNORECASE,
)
_PROJECT_WORDS = re.compile(
    r"\b(?:project|demos?|web-?(?:site|page)|page|models?|weights|checkpoints|resources|samples|scripts|available|"
    r"released?|found at|can be (?:found|accessed))\b",
    re.IGNORECASE,
)
# How far before a link, and after it, a word still speaks about it ("see <link> for the code").
_BEFORE_CHARACTERS = 160
_AFTER_CHARACTERS = 40

# Some pages lose LaTeX's "\_" and leave a blank: ".../PETL AST." at the end of an abstract is PETL_AST.
_LOST_UNDERSCORE = re.compile(r" ([A-Z0-9]{2,})[.)]*$")


def find_code_link(abstract: str) -> str | None:
    """Return the address of the paper's code, or of its project page, or None.

    A link counts where words beside it speak of code, a project or a release. Of several, one that
    is said to be the code wins over one that is not, a repository over a project page, a project page over
    any other address; then the first.

    >>> find_code_link("We tune it. Code is available at github.com/a/b.")
    'https://github.com/a/b'
    """
    best: tuple[int, str] | None = None
    previous_end = 0
    for match in _LINK.finditer(abstract):
        link = _tidy(match.group(0))
        end = match.start() + len(match.group(0).rstrip(_TRAILING))
        before = abstract[max(previous_end, match.start() - _BEFORE_CHARACTERS) : match.start()]
        after = re.split(r"[.;]\s", abstract[end : end + _AFTER_CHARACTERS], maxsplit=1)[0]
        previous_end = match.end()
        if _REPOSITORY.match(link) and (lost := _LOST_UNDERSCORE.fullmatch(abstract, match.end())):
            link = f"{link}_{lost.group(1)}"
        rank = _rank(link, before, after)
        if rank and (best is None or rank > best[0]):
            best = (rank, link)
    return best[1] if best else None


def _tidy(link: str) -> str:
    """Return the link without LaTeX escapes and closing punctuation, and with its scheme."""
    link = re.sub(r"\\([_~%&#])", r"\1", link).rstrip(_TRAILING)
    return link if re.match(r"https?://", link, re.IGNORECASE) else f"https://{link}"


def _rank(link: str, before: str, after: str) -> int:
    """Return how surely the link leads to the paper's code, from 1 up; 0 is not at all."""
    if not re.match(r"https?://[\w-]+(?:\.[\w-]+)+", link, re.IGNORECASE):
        return 0
    is_code = bool(_CODE_WORDS.search(before) or _CODE_WORDS.search(after))
    if not is_code and not _PROJECT_WORDS.search(before):
        return 0
    host = 2 if _REPOSITORY.match(link) else 1 if _PROJECT_PAGE.match(link) else 0
    return 1 + host + (3 if is_code else 0)
