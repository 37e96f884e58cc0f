"""The papers, as the bot uses them: rag's library and assistant, off the event loop, and names for autocomplete."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bot import log
from rag.answers import Answer, Turn
from rag.errors import PaperNotFoundError
from rag.papers import Paper, Sentence
from rag.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.assistant import Assistant
    from rag.library import AddReport, Library

SIMILAR_PAPERS = 4
_READERS = 2
_MOST_OWNERS = 2
_Result = TypeVar("_Result")


class AddingProgress:
    """Takes the library's news: to the log, and to whoever adds papers at the moment."""

    def __init__(self) -> None:
        """Nobody listens yet."""
        self._listener: Callable[[str, int, int], None] | None = None

    def report(self, stage: str, done: int, total: int) -> None:
        """Pass on how far a stage is."""
        if self._listener is not None:
            self._listener(stage, done, total)

    def message(self, text: str) -> None:
        """Log what a person should know."""
        log.note("library", says=text)

    @contextmanager
    def heard_by(self, listener: Callable[[str, int, int], None]) -> Iterator[None]:
        """Let `listener` have the steps; it is called from another thread."""
        self._listener = listener
        try:
            yield
        finally:
            self._listener = None


@dataclass(frozen=True, slots=True)
class Named:
    """A paper by the words under which somebody may look for it: its plain title and its names, folded."""

    paper_id: str
    title: str
    keys: tuple[str, ...]


class Collection:
    """The library that the bot answers from. Methods that read or write do so in threads of the collection's own."""

    def __init__(self) -> None:
        """Use `load` before anything else."""
        self._threads = ThreadPoolExecutor(_READERS, "citebot-papers")
        self._writing = asyncio.Lock()
        self._progress = AddingProgress()
        self._loaded = asyncio.Event()
        self._library: Library | None = None
        self._assistant: Assistant | None = None
        self._named: tuple[int, list[Named]] = (-1, [])
        self.count = 0
        self.name = ""
        self.model = ""

    # ------------------------------------------------------------------ opening

    async def load(self) -> None:
        """Open the library that the settings name and make the first question quick; raises CitebotError."""
        await self._in_thread(self._open)
        self._loaded.set()

    def _open(self) -> None:
        from rag.assistant import Assistant
        from rag.library import Library

        settings = load_settings()
        library = Library.open(settings.library, create=False, settings=settings, progress=self._progress)
        starter = settings.library is None
        self.name = "the starter collection" if starter else library.directory.resolve().name
        self._assistant = Assistant(library, llm=settings.llm)
        self.model = settings.llm or ""
        library.search("papers", 1)  # loads the embedding model and the vectors
        self._library = library
        self._refresh_names()

    async def loaded(self) -> None:
        """Wait until the library is open."""
        await self._loaded.wait()

    @property
    def ready(self) -> bool:
        """Whether the library is open."""
        return self._loaded.is_set()

    async def close(self) -> None:
        """Close the library."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._library is not None:
            self._library.close()

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _opened(self) -> Library:
        await self._loaded.wait()
        assert self._library is not None
        return self._library

    # ------------------------------------------------------------------ asking

    async def astream(self, question: str, history: Sequence[Turn] = ()) -> AsyncGenerator[Answer, None]:
        """Yield the answer as it grows; see `rag.Assistant.astream`."""
        await self._loaded.wait()
        assert self._assistant is not None
        async with aclosing(self._assistant.astream(question, history)) as answers:
            async for answer in answers:
                yield answer

    # ------------------------------------------------------------------ reading

    async def paper(self, name: str) -> tuple[Paper, list[Sentence]]:
        """Return the paper with this id or title, else the one that is named like this, with its sentences.

        Raises PaperNotFoundError where there is none.
        """
        library = await self._opened()

        def look() -> tuple[Paper, list[Sentence]]:
            try:
                found = library.get(name)
            except PaperNotFoundError:
                named = self._like(name, 1)
                if not named:
                    raise
                found = library.get(named[0].paper_id)
            return found, library.sentences(found)

        return await self._in_thread(look)

    async def paper_by_id(self, name: str) -> tuple[Paper, list[Sentence]]:
        """Return the paper with this id or title, with its sentences; raises PaperNotFoundError."""
        library = await self._opened()

        def look() -> tuple[Paper, list[Sentence]]:
            found = library.get(name)
            return found, library.sentences(found)

        return await self._in_thread(look)

    async def similar(self, paper: Paper) -> list[Paper]:
        """Return the papers that come nearest to a paper, without itself."""
        library = await self._opened()
        hits = await self._in_thread(lambda: library.search(paper.plain_title, SIMILAR_PAPERS + 1))
        return [hit.paper for hit in hits if hit.paper.id != paper.id][:SIMILAR_PAPERS]

    async def page(self, query: str, first: int, count: int) -> tuple[list[Paper], int]:
        """Return `count` papers from number `first` (from 0) on, and how many there are; with a query, the nearest."""
        library = await self._opened()

        def look() -> tuple[list[Paper], int]:
            if not query:
                papers = library.papers()
                return papers[first : first + count], len(papers)
            found = library.rank(query).paper_ids
            return library.catalogue.papers(found[first : first + count]), len(found)

        return await self._in_thread(look)

    # ------------------------------------------------------------------ names

    async def named_like(self, typed: str, limit: int) -> list[Named]:
        """Return the papers whose name or title is like what was typed, best first; the first ones if it is nothing."""
        await self._loaded.wait()
        return self._like(typed, limit)

    def _like(self, typed: str, limit: int) -> list[Named]:
        wanted = folded(typed)
        ranked = [(_rank(named, wanted), named) for named in self._named[1]]
        fitting = sorted((each for each in ranked if each[0]), key=lambda each: -each[0])
        return [named for _, named in fitting[:limit]]

    async def title_of(self, name: str) -> str:
        """Return the title of the paper with this id, or that is named like this; else the name itself."""
        await self._loaded.wait()
        for named in self._named[1]:
            if named.paper_id == name:
                return named.title
        like = self._like(name, 1)
        return like[0].title if like else name

    async def refresh(self) -> None:
        """Take note of papers that came or went."""
        await self._opened()
        await self._in_thread(self._refresh_names)

    def _refresh_names(self) -> None:
        assert self._library is not None
        catalogue = self._library.catalogue
        revision = catalogue.revision
        if revision == self._named[0]:
            return
        names: dict[str, set[str]] = {}
        for matches in catalogue.names_of_papers().values():
            # What many abstracts speak of (a benchmark, a base model) is the name of none of them.
            for match in matches if len(matches) <= _MOST_OWNERS else ():
                names.setdefault(match.paper_id, set()).add(folded(match.name))
        papers = self._library.papers()
        self._named = (
            revision,
            [
                Named(each.id, each.plain_title, (folded(each.plain_title), *sorted(names.get(each.id, ()))))
                for each in papers
            ],
        )
        self.count = len(papers)

    # ------------------------------------------------------------------ writing

    async def add(self, file: Path, news: Callable[[str, int, int], None]) -> AddReport:
        """Add the papers of a file; `news` (stage, done, total) is called from another thread."""
        library = await self._opened()

        def work() -> AddReport:
            with self._progress.heard_by(news):
                return library.add(file)

        return await self._write(work)

    async def add_paper(self, paper: Paper) -> AddReport:
        """Add one paper."""
        library = await self._opened()
        return await self._write(lambda: library.add_papers([paper]))

    async def remove(self, name: str) -> Paper:
        """Remove the paper with this id or title and return it; raises PaperNotFoundError."""
        library = await self._opened()
        return (await self._write(lambda: library.remove(name)))[0]

    async def _write(self, work: Callable[[], _Result]) -> _Result:
        async with self._writing:  # one after the other: progress has one listener
            result = await asyncio.to_thread(work)
        await self.refresh()
        return result


def folded(text: str) -> str:
    """Return the text as names are compared: plain letters in lower case, single blanks."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return " ".join(plain.casefold().split())


def _rank(named: Named, wanted: str) -> int:
    """Return how well a paper fits what was typed: 0 is not at all."""
    if not wanted:
        return 1
    title = named.keys[0]
    if wanted in named.keys:
        return 6
    if any(key.startswith(wanted) for key in named.keys[1:]):
        return 5
    if title.startswith(wanted):
        return 4
    if f" {wanted}" in title:
        return 3
    if any(wanted in key for key in named.keys):
        return 2
    return 1 if all(word in title for word in wanted.split()) else 0
