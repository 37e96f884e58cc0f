"""The lines of a saved page as pieces: wrapped lines put together, and what each piece looks like.

Nothing on such a page marks which line is which. A title is short, or in title case, and does not end in a full
stop; an abstract is made of sentences; furniture is known word for word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from rag.papers import fold_space, split_sentences
from rag.sources.lines import Line


class Kind(Enum):
    """What a piece of a page looks like."""

    TITLE = auto()
    PROSE = auto()
    FURNITURE = auto()
    DATE = auto()
    UNREADABLE = auto()


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a page that belongs together; `line` is where it starts.

    `ended` is False where the file stops right behind it; the text of an unreadable piece is why.
    """

    kind: Kind
    line: int
    text: str
    ended: bool = True


# --------------------------------------------------------------------------- what a line looks like

# Only these pages have these lines: one of them is enough to know the format.
PAGE_MARK = re.compile(
    r"get trending papers in your email inbox!?|by\s?ak and the research community|trending papers|daily papers", re.I
)
_FURNITURE = re.compile(
    r"new|hot|trending|subscribe|log ?in|sign ?up|upvotes?|share|view all|see more|load more|previous|next|today|"
    r"hugging face|github|arxiv|arxiv page|pdf|comments?|·|\d+ authors?|"
    r"(submitted by|published on|upvoted by|released by)\b.{0,40}|"
    r"((upvotes?|github|comments?|stars?|likes?) )?[+▲△⭐-]? ?\d[\d,]*([.]\d+)?k?"
    r"( (upvotes?|comments?|stars?|likes?))?",
    re.I,
)
_MONTHS = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(rf"({_MONTHS} \d{{1,2}}|\d{{1,2}} {_MONTHS})(,? \d{{4}})?|\d{{4}}-\d\d-\d\d", re.I)
_LINK_OR_BULLET = re.compile(r"https?://|^[-*•–]\s|^\(?\d{1,2}[.)]\s")
_CLOSERS = "\"'”’)]}$*»"
_LONGEST_TITLE = 250


def _kind_of(text: str) -> Kind:
    """Return whether a text that is not furniture looks like a title or like (part of) an abstract."""
    if _LINK_OR_BULLET.search(text):
        return Kind.PROSE
    # Title case beats punctuation: "Stop! Is That a Prompt? No. 5 Tells" is a title.
    if len(text) <= _LONGEST_TITLE and _in_title_case(text):
        return Kind.TITLE
    *earlier, last = split_sentences(text)
    if any(_ends_with(sentence, ".。") for sentence in (*earlier, last)):
        return Kind.PROSE
    # Questions and exclamations are common in titles, but not in long texts.
    return Kind.PROSE if earlier and len(text) > _LONGEST_TITLE else Kind.TITLE


def _in_title_case(text: str) -> bool:
    """Return whether most of the words that title case capitalises are capitalised."""
    words = [word for word in re.findall(r"[^\W\d_]\w*", text) if len(word) > 3]
    return len(words) > 1 and sum(word[0].isupper() for word in words) >= 0.7 * len(words)


def _ends_with(text: str, stops: str) -> bool:
    """Return whether the text ends with one of these characters, brackets and quotation marks aside."""
    return text.rstrip(_CLOSERS + " ").endswith(tuple(stops))


def starts_small(text: str) -> bool:
    """Return whether the text starts with an ordinary small word ("the", not "mLoRA"), so in mid-sentence."""
    word = text.split(maxsplit=1)[0].rstrip(",.;:")
    return word.replace("-", "").isalpha() and word.islower()


# --------------------------------------------------------------------------- lines to pieces

# No editor wraps wider than this: a longer line is a paragraph by itself.
_WIDEST_WRAP = 200
# A "block" (lines with no blank line between) is cut there, so that no file can fill the memory.
_MAX_BLOCK_LINES = 2_000
_MAX_BLOCK_CHARACTERS = 1_000_000


def pieces_of(lines: Iterable[Line]) -> Iterator[Piece]:
    """Yield the pieces of a page in order."""
    block: list[Line] = []
    size = 0
    wrapped = True  # until a line shows that nothing wraps the lines of this page
    for line in lines:
        text = fold_space(line.text)
        special = _special(line, text)
        if special is not None or not text:
            yield from _block_pieces(block, wrapped)
            block, size = [], 0
        if special is not None:
            yield special
        elif text:
            wrapped = wrapped and len(text) <= _WIDEST_WRAP
            block.append(Line(line.number, text, None, line.ended))
            size += len(text)
            if len(block) >= _MAX_BLOCK_LINES or size >= _MAX_BLOCK_CHARACTERS:
                yield from _block_pieces(block, wrapped)
                block, size = [], 0
    yield from _block_pieces(block, wrapped)


def _special(line: Line, text: str) -> Piece | None:
    """Return the piece that a line is by itself, or None for a line of a title or an abstract."""
    if line.problem:
        return Piece(Kind.UNREADABLE, line.number, line.problem, line.ended)
    if _DATE.fullmatch(text):
        return Piece(Kind.DATE, line.number, text)
    if PAGE_MARK.fullmatch(text) or _FURNITURE.fullmatch(text):
        return Piece(Kind.FURNITURE, line.number, text)
    return None


def _block_pieces(block: Sequence[Line], wrapped: bool) -> list[Piece]:
    """Return the pieces of a block: wrapped lines are put together, deliberate line ends are kept."""
    width = min(max((len(line.text) for line in block), default=0), _WIDEST_WRAP)
    pieces: list[Piece] = []
    parts: list[Line] = []
    for index, line in enumerate(block):
        parts.append(line)
        following = block[index + 1].text if index + 1 < len(block) else None
        if following is None or _deliberate(line.text, following, width):
            pieces.append(_joined(parts))
            parts = []
    # A title by itself has no long lines beside it that show how wide the page is.
    if wrapped and len(pieces) > 1 and all(piece.kind is Kind.TITLE for piece in pieces):
        return [_joined(block)]
    return pieces


def _joined(lines: Sequence[Line]) -> Piece:
    """Return the piece that wrapped lines make together."""
    text = "\n".join(line.text for line in lines)
    # "fine-" and "tuning" are one word, but "pre-" and "and post-training" are not.
    text = re.sub(r"(?<=\w-)\n(?!(?:and|or|to)\b)", "", text).replace("\n", " ")
    return Piece(_kind_of(text), lines[0].number, text, lines[-1].ended)


def _deliberate(line: str, following: str, width: int) -> bool:
    """Return whether the line ends because its writer ended it, not because an editor wrapped it."""
    if len(line) > _WIDEST_WRAP or len(following) > _WIDEST_WRAP:
        return True  # nobody wraps here at all
    if line.endswith((",", ";", "-")) or (starts_small(following) and not _ends_with(line, ".?!")):
        return False
    if len(line) + 1 + len(following.split(maxsplit=1)[0]) <= width:
        return True  # the next word would have fitted, so no editor broke the line here
    if _in_title_case(line):
        return not _in_title_case(following) and not _ends_with(line, ".")
    return _in_title_case(following) and _ends_with(line, ".")


def ends_whole(piece: Piece, *, at_end: bool = False) -> bool:
    """Return whether a paragraph ends where a sentence does.

    A link may end a paragraph without a full stop. At the end of a file that does not end with a line end (one that
    was cut never does) a link may be half, and so may "87." and "i.": they do not count there.
    """
    may_be_cut = at_end and not piece.ended
    if not _ends_with(piece.text, ".!?…。"):
        return not may_be_cut and bool(re.search(r"https?://\S+$", piece.text))
    if may_be_cut and re.search(r"(?:\d|\b[a-z])\.$", piece.text):
        return False
    # "(e.g." ends no sentence: what follows it would not be another one.
    text = f"It says: {piece.text}"
    return len(split_sentences(f"{text} Another one follows.")) > len(split_sentences(text))
