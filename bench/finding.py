"""How long does it take to find repositories, in hubs of 1,000 to 1,000,000?"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from urllib.parse import quote, urlsplit

from _measure import MeasuredHub, Row, Session, hub_on, postgres, report, work_folder
from _repositories import (
    FAMILIES,
    WORDS,
    Made,
    MadeHub,
    fill_postgresql,
    fill_sqlite,
    hex_id,
    owner_name,
)

from freehold.formats.git_objects import FILE, TreeEntry
from freehold.server.core.facts import find_facts, store_facts
from freehold.server.core.sources import Source
from freehold.server.core.weights import LargeFiles
from freehold.server.hub import Hub

SIZES = (1_000, 100_000, 1_000_000)
ROUNDS, PAGE, FAR = 60, 100, 100
# How many of the repositories the questions are taken from.
SAMPLE = 5_000
COMMITS = 200
# What the manual of PostgreSQL advises for a machine of 8 GB.
BUFFERS = "2GB"
# Before these, PostgreSQL has not yet planned each form of a question.
WARM = 15
LIST = f"/api/models?limit={PAGE}"

COMMIT = "what a commit pays"
AIM_MS, GROWTH, COMMIT_AIM_MS = 50, 2.0, 5.0

Question = Callable[[], str]


class Questions:
    """What people ask a hub for, taken from what it has: mostly what is frequent."""

    def __init__(self, made: MadeHub) -> None:
        self._chance = random.Random(1)
        self._models = [it for it in islice(made, SAMPLE) if it.type == "model" and it.tags[2:]]

    def _one(self) -> Made:
        return self._chance.choice(self._models)

    def _tags(self, count: int) -> str:
        tags = self._chance.sample(self._one().tags, count)
        return "&".join(f"filter={quote(tag)}" for tag in tags)

    def by_author(self) -> str:
        return f"author={owner_name(self._one().owner)}"

    def by_tag(self) -> str:
        return self._tags(1)

    def by_two_tags(self) -> str:
        return self._tags(2)

    def by_two_that_have_nothing_in_common(self) -> str:
        return f"{self._tags(1)}&{self._tags(1)}"

    def by_word(self) -> str:
        return f"search={self._chance.choice(FAMILIES + WORDS)}"

    def by_name(self) -> str:
        return f"search={self._one().name}"

    def by_tag_and_word(self) -> str:
        return f"{self._tags(1)}&search={self._chance.choice(WORDS)}"

    def text(self) -> str:
        return f"q={self._chance.choice(WORDS)}+word{self._chance.choice((3, 30, 300, 3000))}"

    def begun_name(self) -> str:
        return f"q={self._one().name[: self._chance.randint(2, 8)]}"

    def trending(self) -> str:
        return "sort=trendingScore"

    def most_downloaded(self) -> str:
        return f"sort=downloads&direction=-1&{self._tags(1)}"

    def last_modified(self) -> str:
        return f"sort=lastModified&direction=-1&{self._tags(1)}"


QUESTIONS = {
    "by author": Questions.by_author,
    "by tag": Questions.by_tag,
    "by two tags of one model": Questions.by_two_tags,
    "by two tags of two models": Questions.by_two_that_have_nothing_in_common,
    "by a word of names": Questions.by_word,
    "by a whole name": Questions.by_name,
    "by tag and word": Questions.by_tag_and_word,
    "trending": Questions.trending,
    "by tag, most downloaded": Questions.most_downloaded,
    "by tag, last modified": Questions.last_modified,
}
SEARCHES = {
    "full-text search for two words": ("/api/search/full-text", Questions.text),
    "quicksearch for what a name begins with": ("/api/quicksearch", Questions.begun_name),
}
# Of these, the hundredth page too: there are so many.
FAR_QUESTIONS = {
    "trending": "sort=trendingScore",
    "by tag": "filter=transformers",
    "by two tags": "filter=transformers&filter=safetensors",
    "by a word": "search=bert",
}


class Times:
    """Milliseconds of the answers to one question."""

    def __init__(self, values: list[float]) -> None:
        self.half = statistics.median(values)
        self.most = statistics.quantiles(values, n=20)[-1]

    def __str__(self) -> str:
        return f"{self.half:.1f} / {self.most:.1f}"


def ask(session: Session, path: str) -> float:
    """Milliseconds until the answer is there."""
    started = time.perf_counter()
    session.call("GET", path)
    return (time.perf_counter() - started) * 1000


def measure_first_pages(session: Session, made: MadeHub) -> Iterator[tuple[str, Times]]:
    questions = Questions(made)
    lists = {f"{name}, page 1": (LIST, write) for name, write in QUESTIONS.items()}
    for name, (path, write) in (lists | SEARCHES).items():
        mark = "&" if "?" in path else "?"
        paths = [f"{path}{mark}{write(questions)}" for _ in range(WARM + ROUNDS)]
        yield name, Times([ask(session, path) for path in paths][WARM:])


def measure_far_pages(session: Session) -> Iterator[tuple[str, Times]]:
    """The pages around the hundredth, as far as the list goes."""
    for name, query in FAR_QUESTIONS.items():
        path, times = f"{LIST}&{query}", []
        for _ in range(FAR + ROUNDS // 2):
            started = time.perf_counter()
            response, _ = session.call("GET", path)
            times.append((time.perf_counter() - started) * 1000)
            link = response.getheader("Link", "")
            if not link:
                break
            target = urlsplit(link[1 : link.find(">")])
            path = f"{target.path}?{target.query}"
        else:
            yield f"{name}, page {FAR}", Times(times[FAR - ROUNDS // 2 :])


# What a commit pays


CARD = (
    """---
license: mit
language: [en, de]
library_name: transformers
pipeline_tag: text-generation
tags: [bench, word-{n}]
datasets: [lab/corpus-{n}]
base_model: lab/base-{n}
---
# Model {n}

"""
    + "It was trained on what was there, see https://arxiv.org/abs/1706.03762.\n" * 40
)
CONFIG = b'{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}'
FILES = ("config.json", "model.safetensors", "tokenizer.json", "vocab.txt")


def measure_commits(measured: MeasuredHub) -> Times:
    """What it takes to look at a new card and to note in the database what it says."""
    with closing(measured.open()) as hub:
        return Times([_note(hub, number) for number in range(1, COMMITS + 1)])


def _note(hub: Hub, number: int) -> float:
    """Milliseconds for a repository whose card is new and whose other files are as they were."""
    card, config = number.to_bytes(20, "big"), b"c" * 20
    blobs = {card: CARD.format(n=number).encode(), config: CONFIG}
    rows = [TreeEntry(FILE, name.encode(), config) for name in FILES]
    source = Source(
        tree=lambda _: [TreeEntry(FILE, b"README.md", card), *rows],
        blob=blobs.__getitem__,
        size=lambda oid: len(blobs[oid]),
    )
    repo_id = hex_id("repo", number)
    with hub.db.write() as tx:
        started = time.perf_counter()
        facts = find_facts(source, card, "model", LargeFiles(hub, repo_id))
        store_facts(tx, repo_id, "1" * 40, facts)
        return (time.perf_counter() - started) * 1000


# The table


def measure(backend: str, size: int, folder: Path) -> dict[str, Times]:
    """The times of every question in a hub of that size."""
    made = MadeHub(size)
    with ExitStack() as stack:
        cluster = (
            stack.enter_context(postgres(shared_buffers=BUFFERS))
            if backend == "postgresql"
            else None
        )
        hub = stack.enter_context(hub_on(backend, folder / f"{backend}-{size}", cluster))
        hub.stop()
        if backend == "postgresql":
            fill_postgresql(hub.database_url, made)
        else:
            fill_sqlite(str(hub.data / "freehold.sqlite"), made)
        hub.start()
        session = Session(hub)
        times = dict(measure_first_pages(session, made))
        times |= dict(measure_far_pages(session))
        times[COMMIT] = measure_commits(hub)
    for name, found in times.items():
        print(f"{backend}, {size:,}: {name}: {found} ms", flush=True)
    return times


def describe(backend: str, by_size: dict[int, dict[str, Times]]) -> Iterator[Row]:
    """A row for each question: the largest hub beside the two smaller ones."""
    small, middle, large = (by_size[size] for size in SIZES)
    for name, times in large.items():
        # A list of few has no hundredth page.
        before = middle.get(name)
        growth = 1.0 if before is None else times.most / before.most
        allowed = GROWTH * math.log(SIZES[2]) / math.log(SIZES[1])
        aim = COMMIT_AIM_MS if name == COMMIT else AIM_MS
        yield Row(
            f"{name}, {backend}",
            f"{times} ms",
            f"{small.get(name, '-')}, {before or '-'} ms",
            "" if before is None else f"{growth:.2f}",
            f"< {aim:g} ms, < {allowed:.1f}",
            times.most < aim and growth < allowed,
        )


def main() -> None:
    rows: list[Row] = []
    for backend in ("postgresql", "sqlite"):
        by_size = {}
        for size in SIZES:
            with work_folder() as folder:
                by_size[size] = measure(backend, size, folder)
        rows += describe(backend, by_size)
    report(
        "20. Finding repositories",
        "bench/finding.py",
        rows,
        [
            f"p50 / p95 in milliseconds of {ROUNDS} answers, each a page of {PAGE} on one kept"
            " connection without a token; ours is a hub of a million, the limit hubs of 1,000 and"
            " of 100,000, and the ratio the p95 of a million beside that of 100,000.",
            f"Page {FAR} is the median of the {ROUNDS} pages around it, by following the links.",
            "What a commit pays is one with a new card, in the transaction, without its end, which"
            " a commit has anyway.",
            f"PostgreSQL has shared_buffers = {BUFFERS}, and everything else as it comes; its first"
            f" {WARM} answers to each question, in which it plans, are not counted.",
            "The repositories are made by bench/_repositories.py: a third of them are datasets and"
            " Spaces, a tenth private, and each has about ten tags.",
        ],
    )


if __name__ == "__main__":
    main()
