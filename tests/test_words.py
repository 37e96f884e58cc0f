"""The words of a text."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from rag.words import stem


def test_threads_stem_at_the_same_time_and_rightly() -> None:
    words = [f"{head}{tail}" for head in ("tun", "optimiz", "retriev") for tail in ("ed", "ing", "es", "ations", "ers")]
    expected = [stem.__wrapped__(word) for word in words]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: [stem.__wrapped__(word) for word in words], range(400)))
    assert all(each == expected for each in found)
