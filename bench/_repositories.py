"""A made hub of many repositories, alike to a real one: names, owners, tags and counts.

What is frequent on a hub is frequent here, and most things are rare: owners, languages, datasets,
base models and free tags follow Zipf's law, likes and downloads Pareto's. The same number of
repositories is always the same.
"""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any, NamedTuple

import psycopg

from freehold.server.core.facts import VERSION
from freehold.server.db.search_text import MARK

NOW = 1_764_000_000_000
DAY = 86_400_000
YEARS = 4 * 365 * DAY

FAMILIES = (
    *("bert", "roberta", "distilbert", "deberta", "t5", "flan-t5", "gpt2", "gemma", "llama"),
    *("llama-3.1", "mistral", "mixtral", "qwen2.5", "qwen3", "phi-3", "whisper", "wav2vec2"),
    *("stable-diffusion", "sdxl", "flux", "vit", "resnet", "clip", "dinov2", "yolo", "sam"),
)
WORDS = (
    *("base", "large", "small", "tiny", "instruct", "chat", "lora", "finetuned", "uncased", "gguf"),
    *("awq", "gptq", "sentiment", "ner", "squad", "imdb", "news", "medical", "legal", "finance"),
    *("code", "math", "german", "arabic", "hindi", "anime", "portrait", "style", "dpo", "sft"),
    *("merged", "v2", "v3", "7b", "13b", "70b", "test", "demo", "final", "experiment", "run"),
)

# How many of a hundred models have it.
LIBRARIES = {
    "transformers": 48,
    "diffusers": 12,
    "peft": 9,
    "gguf": 8,
    "sentence-transformers": 2,
    "stable-baselines3": 2,
    "timm": 1,
    "pytorch": 10,
    "keras": 1,
}
TASKS = {
    "text-generation": 28,
    "text-classification": 8,
    "text-to-image": 9,
    "reinforcement-learning": 4,
    "automatic-speech-recognition": 3,
    "token-classification": 2,
    "fill-mask": 2,
    "image-classification": 2,
    "question-answering": 1,
    "feature-extraction": 1,
    "sentence-similarity": 1,
    "object-detection": 0.3,
    "translation": 0.5,
    "summarization": 0.4,
    "": 30,
}
FORMATS = {"safetensors": 60, "pytorch": 25, "tensorboard": 12, "onnx": 3, "jax": 2, "tf": 2}
LICENSES = {"apache-2.0": 30, "mit": 14, "openrail": 6, "other": 5, "cc-by-4.0": 2, "": 43}
SIZES = {"n<1K": 40, "1K<n<10K": 25, "10K<n<100K": 18, "100K<n<1M": 10, "1M<n<10M": 4, "": 3}
SDKS = {"gradio": 60, "static": 15, "docker": 15, "streamlit": 10}
LANGUAGES = ("en", "zh", "fr", "de", "es", "ja", "ko", "ru", "ar", "pt", "hi", "it", "nl", "pl")
TYPES = {"model": 65, "dataset": 25, "space": 10}

ACCOUNT = ("id", "kind", "name", "name_key", "fullname", "created_at")
REPO = (
    *("id", "number", "type", "owner_id", "name", "name_key", "creator_id", "private", "sdk"),
    *("downloads", "likes", "trending_score", "created_at", "updated_at"),
)
REF = ("repo_id", "name", "oid")
NAME = ("number", "repo_id", "full_name")
TEXT = ("number", "repo_id", "type", "name", "name_words", "tag_words", "text_words", "body")
ACCOUNT_TEXT = ("account_id", "kind", "name", "words")
FACTS = (
    *("repo_id", "version", "commit_oid", "pipeline_tag", "library_name", "tags", "card"),
    *("config", "siblings"),
)
TAG = ("number", "name")
REPO_TAG = ("tag_number", "repo_number")
TAG_TOTAL = ("repo_type", "tag_number", "total")
HEAD = "0" * 40


class Made(NamedTuple):
    """A repository of a made hub; `tags` begin with its task and its library, if it has them."""

    number: int
    type: str
    owner: int
    name: str
    private: bool
    sdk: str | None
    downloads: int
    likes: int
    trending: int
    created_at: int
    updated_at: int
    task: str | None
    library: str | None
    tags: tuple[str, ...]

    @property
    def full_name(self) -> str:
        return f"{owner_name(self.owner)}/{self.name}"


class Choices:
    """Values by their weights, or many numbered ones by Zipf's law."""

    def __init__(self, weights: dict[str, float]) -> None:
        self._values = list(weights)
        self._sums = list(accumulate(weights.values()))

    @classmethod
    def zipf(cls, values: Iterable[str]) -> Choices:
        """The first is the most frequent, the n-th has an n-th of its chance."""
        return cls({value: 1 / place for place, value in enumerate(values, 1)})

    def draw(self, chance: random.Random, count: int = 1) -> list[str]:
        return chance.choices(self._values, cum_weights=self._sums, k=count)

    def one(self, chance: random.Random) -> str:
        return self.draw(chance)[0]


def hex_id(kind: str, number: int) -> str:
    return hashlib.md5(f"{kind}{number}".encode()).hexdigest()[:24]


def owner_name(number: int) -> str:
    return f"{('ada', 'lab', 'team', 'uni', 'open')[number % 5]}-{number}"


class MadeHub:
    """The repositories of a made hub of that size."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.owners = max(count // 8, 10)
        self._owner = Choices.zipf(str(number) for number in range(self.owners))
        self._type, self._library = Choices(TYPES), Choices(LIBRARIES)
        self._task, self._license = Choices(TASKS), Choices(LICENSES)
        self._size, self._sdk = Choices(SIZES), Choices(SDKS)
        self._language = Choices.zipf([*LANGUAGES, *(f"x{n:02d}" for n in range(150))])
        self._dataset = Choices.zipf(f"dataset:{owner_name(n)}/corpus-{n}" for n in range(20_000))
        self._base = Choices.zipf(f"{owner_name(n)}/base-{n}" for n in range(20_000))
        self._paper = Choices.zipf(f"arxiv:{1000 + n % 1500}.{n:05d}" for n in range(5_000))
        self._free = Choices.zipf(f"topic-{n}" for n in range(20_000))

        chance = random.Random(count)
        # A million take a gigabyte, and half a minute to be made again for each table.
        self._made = [self._make(number, chance) for number in range(1, count + 1)]

    def __iter__(self) -> Iterator[Made]:
        return iter(self._made)

    def _make(self, number: int, chance: random.Random) -> Made:
        kind = self._type.one(chance)
        task = self._task.one(chance) or None if kind == "model" else None
        library = self._library.one(chance) if kind == "model" else None
        family, *words = chance.choice(FAMILIES), *chance.sample(WORDS, 2)
        created = NOW - int(YEARS * chance.random() ** 2)
        popularity = chance.paretovariate(0.7)
        likes = min(int(popularity / 4), 9_000)
        return Made(
            number=number,
            type=kind,
            owner=int(self._owner.one(chance)),
            name=f"{family}-{'-'.join(words)}-{number:x}",
            private=chance.random() < 0.1,
            sdk=self._sdk.one(chance) if kind == "space" else None,
            downloads=min(int(chance.paretovariate(0.6)) - 1, 10**8),
            likes=likes,
            trending=likes // 20 if chance.random() < 0.2 else 0,
            created_at=created,
            updated_at=created + int((NOW - created) * chance.random() ** 3),
            task=task,
            library=library,
            tags=tuple(dict.fromkeys(self._tags(kind, task, library, chance))),
        )

    def _tags(
        self, kind: str, task: str | None, library: str | None, chance: random.Random
    ) -> Iterator[str]:
        yield from (tag for tag in (task, library) if tag)
        license = self._license.one(chance)
        if license:
            yield f"license:{license}"
        languages = self._language.draw(chance, chance.choice((0, 1, 1, 1, 2, 5)))
        if kind == "model":
            yield from (tag for tag, share in FORMATS.items() if chance.random() * 100 < share)
            yield from languages
            yield from self._dataset.draw(chance, chance.choice((0, 0, 1, 3)))
            if chance.random() < 0.5:
                base = self._base.one(chance)
                yield from (f"base_model:{base}", f"base_model:finetune:{base}")
            yield chance.choice(FAMILIES)
            yield from ("endpoints_compatible", "text-generation-inference")[
                : chance.choice((0, 1, 2))
            ]
        elif kind == "dataset":
            size = self._size.one(chance)
            yield from (f"language:{language}" for language in languages)
            yield from ("library:datasets", "library:mlcroissant", "format:parquet")
            yield from (
                f"task_categories:{task}" for task in filter(None, [self._task.one(chance)])
            )
            yield from ([f"size_categories:{size}"] if size else [])
        else:
            yield self._sdk.one(chance)
            yield f"model:{self._base.one(chance)}"
        yield from self._paper.draw(chance, chance.choice((0, 0, 0, 1)))
        yield from self._free.draw(chance, chance.choice((0, 1, 2, 4)))


# Into the database


Rows = Iterator[tuple[Any, ...]]


def _accounts(made: MadeHub) -> Rows:
    for number in range(made.owners):
        name = owner_name(number)
        yield hex_id("owner", number), "user", name, name, name, 1


def _repos(made: MadeHub) -> Rows:
    for it in made:
        owner = hex_id("owner", it.owner)
        yield (
            *(hex_id("repo", it.number), it.number, it.type, owner, it.name, it.name, owner),
            *(
                it.private,
                it.sdk,
                it.downloads,
                it.likes,
                it.trending,
                it.created_at,
                it.updated_at,
            ),
        )


def _refs(made: MadeHub) -> Rows:
    for number in range(1, made.count + 1):
        yield hex_id("repo", number), "refs/heads/main", HEAD


def _names(made: MadeHub) -> Rows:
    for it in made:
        yield it.number, hex_id("repo", it.number), it.full_name


_CONFIG = json.dumps({"architectures": ["LlamaForCausalLM"], "model_type": "llama"})
_SIBLINGS = json.dumps(
    [".gitattributes", "README.md", "config.json", "generation_config.json", "tokenizer.json"]
    + [f"model-{n:05d}-of-00004.safetensors" for n in range(1, 5)]
)


def _texts(made: MadeHub) -> Rows:
    """The words of cards, of which each has some forty, most of them frequent."""
    chance = random.Random(1)
    words = Choices.zipf(f"word{n}" for n in range(50_000))
    for it in made:
        marks = [MARK + it.type, MARK + hex_id("owner", it.owner)]
        marks += [] if it.private else [f"{MARK}public"]
        name = it.full_name.replace("/", " ").replace("-", " ")
        tags = " ".join(tag.rpartition(":")[2] for tag in it.tags)
        text = " ".join(dict.fromkeys(words.draw(chance, 60)))
        yield (
            *(it.number, hex_id("repo", it.number), it.type, it.name),
            *(f"{' '.join(marks)} {name}", tags, text, text),
        )


def _account_texts(made: MadeHub) -> Rows:
    for number in range(made.owners):
        name = owner_name(number)
        yield hex_id("owner", number), "user", name, f"{MARK}user {name.replace('-', ' ')}"


def _facts(made: MadeHub) -> Rows:
    for it in made:
        card = {"tags": it.tags[-3:], "library_name": it.library, "pipeline_tag": it.task}
        yield (
            *(hex_id("repo", it.number), VERSION, HEAD, it.task, it.library),
            *(json.dumps(it.tags), json.dumps(card), _CONFIG, _SIBLINGS),
        )


class _Tags:
    """The tags of all, numbered by how many have them."""

    def __init__(self, made: MadeHub) -> None:
        uses = Counter((it.type, tag) for it in made for tag in it.tags)
        self._made, self._uses = made, uses
        self._numbers = {tag: number for number, tag in enumerate({tag for _, tag in uses}, 1)}

    def tags(self) -> Rows:
        for tag, number in self._numbers.items():
            yield number, tag

    def repo_tags(self) -> Rows:
        pairs = array("q")
        for it in self._made:
            pairs.extend(self._numbers[tag] << 32 | it.number for tag in it.tags)
        # In the order of the index, which is made much faster by it.
        for pair in sorted(pairs):
            yield pair >> 32, pair & 0xFFFFFFFF

    def totals(self) -> Rows:
        for (kind, tag), total in self._uses.items():
            yield kind, self._numbers[tag], total


def _tables(made: MadeHub) -> list[tuple[str, tuple[str, ...], Rows]]:
    tags = _Tags(made)
    return [
        ("account", ACCOUNT, _accounts(made)),
        ("repo", REPO, _repos(made)),
        ("git_ref", REF, _refs(made)),
        ("repo_name", NAME, _names(made)),
        ("repo_text", TEXT, _texts(made)),
        ("account_text", ACCOUNT_TEXT, _account_texts(made)),
        ("repo_facts", FACTS, _facts(made)),
        ("tag", TAG, tags.tags()),
        ("repo_tag", REPO_TAG, tags.repo_tags()),
        ("tag_total", TAG_TOTAL, tags.totals()),
    ]


def fill_sqlite(path: str, made: MadeHub) -> None:
    """Put the repositories into a database that the hub has made."""
    database = sqlite3.connect(path)
    try:
        for pragma in ("synchronous=OFF", "cache_size=-2000000", "temp_store=MEMORY"):
            database.execute(f"PRAGMA {pragma}")
        # Made at the end, indexes take a fraction of the time.
        later = database.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type = 'trigger'"
            " OR (type = 'index' AND sql NOT LIKE '%UNIQUE%')"
        ).fetchall()
        for kind, name, _ in later:
            database.execute(f"DROP {kind} {name}")
        for table, columns, rows in _tables(made):
            marks = ", ".join("?" * len(columns))
            into = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
            database.executemany(into, rows)
        words = "SELECT name FROM sqlite_master WHERE sql LIKE '%USING fts5%'"
        for (table,) in database.execute(words).fetchall():
            database.execute(f"INSERT INTO {table} ({table}) VALUES ('rebuild')")
        for _, _, definition in later:
            database.execute(definition)
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        database.close()


def fill_postgresql(url: str, made: MadeHub) -> None:
    """The same for PostgreSQL, with the statistics that it would have after a while."""
    address = url.replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        connection.execute("SET maintenance_work_mem = '1GB'")
        indexes = connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
            " AND indexdef NOT LIKE '%UNIQUE%'"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        for table, columns, rows in _tables(made):
            into = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
            with connection.cursor().copy(into) as copy:
                for row in rows:
                    copy.write_row(row)
        for _, definition in indexes:
            connection.execute(definition)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
