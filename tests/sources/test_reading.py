"""Files as a whole: finding the format, refusing what is no file of papers, staying small in memory."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import tracemalloc
from itertools import islice
from pathlib import Path

import pytest

from rag.errors import SourceError
from rag.sources import FORMATS, read, read_text
from rag.sources.code_links import find_code_link
from rag.sources.lines import MAX_LINE_BYTES, chunks_of, lines_of

SHARED = Path(__file__).parents[3] / "shared"

GOOD = json.dumps({"title": "On Widgets", "abstract": "We count widgets. There are nine."}) + "\n"
PAGE = "Apr 3\n\nOn the Counting of Widgets\n\nWe count widgets, " + "and widgets, " * 10 + "and there are nine.\n"


def refusal(path: Path | str, **options: str) -> str:
    with pytest.raises(SourceError) as caught:
        read(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


# --------------------------------------------------------------------------- format


def test_the_format_is_found_by_content_not_by_name(tmp_path: Path) -> None:
    (tmp_path / "papers.txt").write_text(GOOD)
    (tmp_path / "papers.jsonl").write_text(PAGE)
    assert read(tmp_path / "papers.txt").format == "json-lines"
    assert read(tmp_path / "papers.jsonl").format == "saved-page"
    assert read(str(tmp_path / "papers.txt")).papers[0].sources == ("papers.txt",)


def test_a_format_can_be_said() -> None:
    text = "On Widgets\n\nNine.\n"
    with pytest.raises(SourceError):
        read_text(text, "w.txt")
    assert [paper.title for paper in read_text(text, "w.txt", format="saved-page").papers] == ["On Widgets"]


def test_an_unknown_format_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    (tmp_path / "w.jsonl").write_text(GOOD)
    message = refusal(tmp_path / "w.jsonl", format="word")
    assert 'no format is called "word"' in message
    assert all(name in message for name in FORMATS)
    assert set(FORMATS) == {"saved-page", "json-lines"}


@pytest.mark.parametrize(
    "text",
    [
        "Dear Ada,\n\nthe widgets came. There were nine of them.\n\nYours,\nBo\n",
        "# Widgets\n\nA library that counts widgets. It is small, quick and has no dependencies at all.\n",
        "@article{widgets,\n  title = {On Widgets},\n  abstract = {We count widgets. There are nine.}\n}\n",
        "title,abstract\nOn Widgets,We count widgets.\n",
        "TY  - JOUR\nTI  - On Widgets\nAB  - We count widgets. There are nine.\nER  -\n",
        '"""Widgets."""\n\nimport widgets\n\n\ndef count() -> int:\n    """Count. It is nine."""\n    return 9\n',
    ],
    ids=["letter", "readme", "bibtex", "csv", "ris", "python"],
)
def test_what_is_no_known_format_is_refused_not_guessed(text: str) -> None:
    with pytest.raises(SourceError, match="of no known format") as caught:
        read_text(text, "w.txt")
    assert all(name in str(caught.value) for name in FORMATS)


def test_other_json_says_how_to_make_json_lines_of_it() -> None:
    with pytest.raises(SourceError, match=r"jq -c '\.\[\]' FILE > FILE\.jsonl"):
        read_text(json.dumps([json.loads(GOOD)], indent=2), "w.json")
    with pytest.raises(SourceError, match=r"jq -c '\.' FILE > FILE\.jsonl"):
        read_text(json.dumps(json.loads(GOOD), indent=2), "w.json")


def test_a_web_page_says_to_save_it_as_text() -> None:
    with pytest.raises(SourceError, match="save the page as text"):
        read_text("<!DOCTYPE html>\n<p>Subscribe</p>\n", "w.html")


# --------------------------------------------------------------------------- files that cannot be read


def test_a_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.txt") == f"{tmp_path / 'none.txt'}: no such file"


def test_a_directory(tmp_path: Path) -> None:
    assert "a directory: name the files in it" in refusal(tmp_path)


def test_a_name_that_no_file_can_have() -> None:
    assert "cannot be opened" in refusal("a\0b")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    (tmp_path / "w.txt").write_text(PAGE)
    (tmp_path / "w.txt").chmod(0)
    assert "no permission to read it" in refusal(tmp_path / "w.txt")


def test_no_permission_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "no permission to read it" in refusal(tmp_path / "w.txt")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"\xef\xbb\xbf \r\n\n\t\n", "the file is empty"),
        (gzip.compress(b""), "the file is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a binary file, not text"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF file"),
        (b"\xff\xfe" + PAGE.encode("utf-16-le"), "UTF-16 text: save it as UTF-8"),
        ("Größe zählt.\n".encode("cp1252") * 9, "w.txt:1: not UTF-8 (byte 0xF6, as in Windows-1252 or Latin-1)"),
        (b"\x1f\x8b not gzip", "cannot be read"),
        (gzip.compress(GOOD.encode())[:6], "the compressed file is cut off at its start"),
        (b"x" * 2 * MAX_LINE_BYTES, "w.txt:1: 2 MB on one line"),
    ],
    ids=["empty", "blank", "empty gzip", "png", "pdf", "utf-16", "cp1252", "bad gzip", "cut gzip", "one long line"],
)
def test_a_file_that_is_no_text_of_papers(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "w.txt").write_bytes(content)
    assert why in refusal(tmp_path / "w.txt")


# --------------------------------------------------------------------------- where papers come from


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO((GOOD + "rubbish\n").encode()))
    monkeypatch.setattr("sys.stdin", stream)
    reading = read("-")
    assert [paper.sources for paper in reading.papers] == [("standard input",)]
    assert [error.where for error in reading.rejected] == ["standard input:2"]
    assert not stream.buffer.closed


def test_gzip_is_unpacked_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "w.txt").write_bytes(gzip.compress(GOOD.encode() * 50) + gzip.compress(GOOD.encode()) + b"\0" * 9)
    reading = read(tmp_path / "w.txt")
    assert (len(reading.papers), reading.rejected) == (51, ())


def test_a_gzip_file_that_was_cut_keeps_the_papers_before_the_cut(tmp_path: Path) -> None:
    random_source = random.Random(3)
    lines = [json.dumps({**json.loads(GOOD), "id": str(random_source.random())}) for _ in range(2_000)]
    packed = gzip.compress("\n".join(lines).encode())
    (tmp_path / "w.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    reading = read(tmp_path / "w.jsonl.gz")
    assert 900 < len(reading.papers) < 1_100
    assert [str(error) for error in reading.rejected] == [
        f"w.jsonl.gz:{len(reading.papers) + 1}: the compressed file is cut off here"
    ]


# --------------------------------------------------------------------------- size


def test_fifty_megabytes_on_one_line_cost_neither_memory_nor_the_good_papers(tmp_path: Path) -> None:
    file = tmp_path / "w.jsonl"
    with file.open("wb") as out:
        out.write(GOOD.encode() + b'{"title": "')
        for _ in range(50):
            out.write(b"w" * 1_000_000)
        out.write(b'"}\n' + GOOD.encode())
    tracemalloc.start()
    reading = read(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(reading.papers) == 2
    assert [str(error) for error in reading.rejected] == ["w.jsonl:2: 50 MB on one line (the limit is 1 MB)"]
    assert peak < 8_000_000


def test_a_decompression_bomb_is_read_in_bounded_memory(tmp_path: Path) -> None:
    (tmp_path / "w.gz").write_bytes(gzip.compress(GOOD.encode() + b" " * 60_000_000 + b"\n" + GOOD.encode()))
    tracemalloc.start()
    reading = read(tmp_path / "w.gz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(reading.papers), len(reading.rejected)) == (2, 1)
    assert peak < 8_000_000


def test_a_line_of_a_gigabyte_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.sources.lines.GIVE_UP_LINE_BYTES", 3_000_000)
    endless = (b"w" * 65_536 for _ in iter(int, 1))
    lines = list(islice(lines_of(endless), 5))
    assert len(lines) == 1
    assert "not read any further" in (lines[0].problem or "")


def test_line_ends_of_every_kind_wherever_the_chunks_break() -> None:
    data = b"a\r\nb\rc\n\r\nd\r"
    for size in range(1, len(data) + 1):
        chunks = [data[start : start + size] for start in range(0, len(data), size)]
        assert [line.text for line in lines_of(chunks)] == ["a", "b", "c", "", "d"]
        assert [line.number for line in lines_of(chunks)] == [1, 2, 3, 4, 5]


def test_gzip_content_comes_out_byte_for_byte() -> None:
    random_source = random.Random(5)
    for size in (1, 65_535, 65_536, 65_537, 131_072, 300_000):
        for data in (b"w" * size, random_source.randbytes(size)):
            assert b"".join(chunks_of(io.BytesIO(gzip.compress(data)))) == data


# --------------------------------------------------------------------------- code links


@pytest.mark.parametrize(
    ("abstract", "link"),
    [
        ("Code is available at https://github.com/a/b.", "https://github.com/a/b"),
        ("Code: https://github.com/a/b.git.", "https://github.com/a/b.git"),
        ("Our code (github.com/a/b) is public.", "https://github.com/a/b"),
        ("The code is at https:// github.com/a/b , too.", "https://github.com/a/b"),
        (r"The code is at \url{https://github.com/a/b\_c}.", "https://github.com/a/b_c"),
        ("Code is available at~https://gitlab.com/a/b!", "https://gitlab.com/a/b"),
        ("See https://github.com/a/b for the code.", "https://github.com/a/b"),
        ("Our code is at https://github.com/a/SOME THING.", "https://github.com/a/SOME_THING"),
        ("Our code is at https://github.com/a/b and https://github.com/a/c.", "https://github.com/a/b"),
        ("The project page is https://a.github.io/b/.", "https://a.github.io/b/"),
        ("Project page: https://a.github.io/b. Code: https://github.com/a/b.", "https://github.com/a/b"),
        ("Samples are at https://github.com/a/c. We also publish the code: https://b.io/code.", "https://b.io/code"),
        ("Models are at https://huggingface.co/a/b.", "https://huggingface.co/a/b"),
        ("Code and weights: https://codeberg.org/a/b; https://bitbucket.org/a/c", "https://codeberg.org/a/b"),
        ("Our demo is at http://example.org/demo#x.", "http://example.org/demo#x"),
        ("It follows the schema.org vocabulary; code is not public.", None),
        ("We disagree with https://example.org/essay on widgets.", None),
        ("Write to code@github.com/help for nothing.", None),
        ("There is no link to code here.", None),
        ("Code at https://.", None),
    ],
)
def test_the_code_link_of_an_abstract(abstract: str, link: str | None) -> None:
    assert find_code_link(abstract) == link


# --------------------------------------------------------------------------- real files


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real files (../shared) are not on this machine")
class TestRealFiles:
    def test_bulk_metadata_is_read_without_a_fault(self) -> None:
        path = SHARED / "data" / "arxiv" / "arxiv_116k.jsonl.gz"
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            reading = read_text("".join(islice(lines, 2_000)), path.name)
        assert (len(reading.papers), reading.rejected) == (2_000, ())
        first = reading.papers[0]
        assert (first.external_id, first.published) == ("1812.06145", "2018-12")
        assert first.url == "https://arxiv.org/abs/1812.06145"
        assert first.authors[0] == "Mahdi Abavisani"

    def test_files_of_other_formats_are_never_taken_for_a_saved_page(self) -> None:
        for path in sorted((SHARED / "data" / "importers").iterdir()):
            try:
                assert read(path).format == "json-lines", path.name
            except SourceError as error:
                assert path.name in error.where
