"""What the collection is made of: papers and their sentences; their identity, numbering and plain text."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Wording = Literal["abstract", "digest"]


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper: what is known of it.

    `title` and `abstract` are as their source has them, LaTeX included, with white space folded.
    `wording` says whether `abstract` holds the authors' abstract or a digest of it in other words.
    `sources` are the names of the files in which the paper was seen, in the order of reading.
    `external_id` is the id that a source gave (an arXiv number, a DOI); `id` is citebot's own and
    empty until a catalogue has taken the paper in.
    """

    title: str
    abstract: str
    id: str = ""
    external_id: str | None = None
    authors: tuple[str, ...] = ()
    published: str | None = None
    url: str | None = None
    code_url: str | None = None
    categories: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    wording: Wording = "abstract"

    @property
    def plain_title(self) -> str:
        """The title without its LaTeX, for people to read."""
        return plain_text(self.title)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an abstract. `id` is `<paper id>.s<n>`, with n from 1 in reading order.

    `text` is a verbatim stretch of the abstract: quotes are made from it and from nothing else.
    """

    id: str
    paper_id: str
    number: int
    text: str


def sentence_id(paper_id: str, number: int) -> str:
    """Return the id of a paper's sentence; `number` counts from 1."""
    return f"{paper_id}.s{number}"


def sentences_of(paper: Paper) -> list[Sentence]:
    """Return the sentences of the paper's abstract, numbered from 1."""
    return [
        Sentence(sentence_id(paper.id, number), paper.id, number, text)
        for number, text in enumerate(split_sentences(paper.abstract), start=1)
    ]


def fold_space(text: str) -> str:
    """Return the text with every run of white space as one blank, and none at the ends."""
    return " ".join(text.split())


# --------------------------------------------------------------------------- identity


def title_key(title: str) -> str:
    """Return what two spellings of one title share: plain letters and digits in lower case.

    "S$^{2}$FT: Efficient" and "S2FT - efficient" have the same key.
    """
    folded = unicodedata.normalize("NFKD", plain_text(title)).casefold()
    return "".join(character for character in folded if character.isalnum())


def new_paper_id(paper: Paper) -> str:
    """Return a readable id for a paper that has none yet, for example `longlora-3f2a1c`.

    The same paper (by external id, else by title) gets the same id in every library.
    """
    key = paper.external_id or title_key(paper.title)
    head = plain_text(paper.title).split(":")[0]
    ascii_head = unicodedata.normalize("NFKD", head).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall(r"[a-z0-9]+", ascii_head))[:24].strip("-") or "paper"
    return f"{slug}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


# --------------------------------------------------------------------------- plain text

_LATEX_ESCAPE = re.compile(r"\\([%&$#_{}])")
_LATEX_STYLE = re.compile(r"\\(?:text|math|emph|it|bf|tt|rm|sc|sf)[a-z]*\s*\{([^{}]*)\}")
_LATEX_MATH = re.compile(r"(?<!\\)\$([^$]{1,80})(?<!\\)\$")
_LATEX_FUNCTIONS = re.compile(
    r"\\(log|ln|exp|min|max|argmin|argmax|arg|sin|cos|tan|tanh|lim|sup|inf|det|dim|Pr)(?![a-zA-Z])"
)
_LATEX_SYMBOLS = {
    r"\times": "×", r"\sim": "~", r"\approx": "≈", r"\leq": "≤", r"\le": "≤", r"\geq": "≥", r"\ge": "≥",
    r"\pm": "±", r"\cdot": "·", r"\to": "→", r"\rightarrow": "→", r"\infty": "∞",
    r"\alpha": "α", r"\beta": "β", r"\gamma": "γ", r"\delta": "δ", r"\epsilon": "ε", r"\eta": "η",
    r"\lambda": "λ", r"\mu": "μ", r"\pi": "π", r"\rho": "ρ", r"\sigma": "σ", r"\tau": "τ", r"\theta": "θ",
}  # fmt: skip


def plain_text(text: str) -> str:
    r"""Return the text without the LaTeX that titles and abstracts use.

    "S$^{2}$FT" gives "S2FT", "41\%" gives "41%", "$\times$" gives "×". Prices ("$12") stay.
    """
    if "$" not in text and "\\" not in text:
        return text
    text = _LATEX_MATH.sub(_plain_math, text)
    text = _LATEX_STYLE.sub(r"\1", text)
    return _LATEX_ESCAPE.sub(r"\1", text)


def whole_text(paper: Paper) -> str:
    """Return title and abstract without LaTeX: what the vectors of a paper as a whole are made of."""
    return f"{paper.plain_title}. {plain_text(paper.abstract)}"


def _plain_math(match: re.Match[str]) -> str:
    """Return the plain form of what stands between two dollar signs, or the match if it is not math."""
    inner = match.group(1)
    if inner[0].isspace() or inner[-1].isspace() or (inner[0].isdigit() and " " in inner):
        return match.group(0)  # "$12 and $20" are prices
    inner = _LATEX_STYLE.sub(r"\1", inner)
    for command, symbol in _LATEX_SYMBOLS.items():
        inner = re.sub(re.escape(command) + r"(?![a-zA-Z])", symbol, inner)
    inner = _LATEX_FUNCTIONS.sub(r"\1", inner)
    inner = re.sub(r"\\[a-zA-Z]+\s*", "", inner)
    return re.sub(r"[\^_{}]", "", inner)


# --------------------------------------------------------------------------- sentences

_BOUNDARY = re.compile(r"[.!?]+[\"')\]”’]*\s+(?=[\"'(\[“‘$\\]*[^\W_])")
# Words after which a full stop does not end a sentence. "etc." and "al." end one only before a capital.
_ABBREVIATIONS = frozenset(
    "e.g i.e cf vs viz resp approx fig figs eq eqs sec tab no nos dr prof mr mrs ms st w.r.t w.l.o.g ca "
    "jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
_SOFT_ABBREVIATIONS = frozenset("etc al inc ltd corp".split())
_MIN_SENTENCE_CHARACTERS = 12


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text, each a verbatim stretch of it (white space folded).

    Every non-blank character of the text is in exactly one sentence. Full stops inside numbers,
    names (GPT-3.5), addresses and after common abbreviations do not end a sentence, nor does one
    before a small letter unless the word looks like a name (mLoRA, iPhone).
    """
    text = fold_space(text)
    sentences: list[str] = []
    start = 0
    for match in _BOUNDARY.finditer(text):
        end = match.end()
        if _ends_sentence(text, match.start(), end) and end - start >= _MIN_SENTENCE_CHARACTERS:
            sentences.append(text[start:end].rstrip())
            start = end
    rest = text[start:].strip()
    if rest and sentences and len(rest) < _MIN_SENTENCE_CHARACTERS:
        sentences[-1] = f"{sentences[-1]} {rest}"
    elif rest:
        sentences.append(rest)
    return sentences


def _ends_sentence(text: str, stop: int, next_start: int) -> bool:
    """Return whether the punctuation at `stop` ends a sentence, given where the next word starts."""
    head = text[:stop]
    last = head[head.rfind(" ") + 1 :].lstrip("([\"'“‘").lower()
    following = text[next_start:].lstrip("\"'([“‘$\\")
    first_word = re.match(r"\S*", following).group(0)  # type: ignore[union-attr]
    if text[stop] == ".":
        if last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha() and last not in "i"):
            return False
        if last in _SOFT_ABBREVIATIONS and not first_word[:1].isupper():
            return False
    if first_word[:1].islower() and not re.match(r"[ivx]{1,4}\)", first_word):
        return any(character.isupper() or character.isdigit() for character in first_word[1:])
    return True
