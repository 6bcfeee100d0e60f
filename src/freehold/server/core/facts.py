"""What the files of a repository say, kept where repositories are looked for.

The facts are found before a branch moves and stored in the transaction that moves it. What has
none, or none by the rules of today, is looked at by a job.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pygit2

from freehold.formats.facts.configs import CONFIG_FILES, MAX_CONFIG_FILE
from freehold.formats.facts.contents import RepoContents, RepoFacts
from freehold.formats.facts.derive import derive_facts
from freehold.formats.facts.values import read_json
from freehold.formats.git_objects import DIRECTORY, GITLINK, SYMLINK, TreeEntry, parse_tree
from freehold.formats.lfs_pointer import parse_pointer
from freehold.formats.repocard import Card, parse_card
from freehold.formats.search_text import find_words, strip_markup
from freehold.server.core.cards import MAX_CARD_SIZE, README
from freehold.server.core.revisions import MAIN
from freehold.server.db import refs, repo_facts, repos
from freehold.server.db.database import Transaction
from freehold.server.db.repo_facts import StoredFacts
from freehold.server.db.repos import Repo
from freehold.server.db.search_text import put_repo_text
from freehold.server.git.memory import Memory
from freehold.server.git.reader import ObjectReader
from freehold.server.git.store import RefChange
from freehold.server.hub import Hub

# To be raised with the rules, so that everything is looked at again.
VERSION = 2

# What has the name of a file and holds nothing that could be read.
_NO_FILES = frozenset({DIRECTORY, GITLINK, SYMLINK})

# Of more files than these, the list is not kept and the rest not looked at.
MAX_SIBLINGS = 5000

# The files that are read; of all others the names are enough.
READ = frozenset({README, *CONFIG_FILES})

# What a card says of itself that it is searched by, as by its tags.
_TITLES = ("pretty_name", "title", "short_description")
MAX_TAG_WORDS = 500

# By type and tree; each weighs as much as it has files and, in hundreds of characters, text.
_known: Memory[tuple[str, bytes], Facts] = Memory(400_000)
# By the id of the file, in characters.
_cards: Memory[bytes, tuple[Card, CardText]] = Memory(32 * 1024 * 1024)


class Source(NamedTuple):
    """Where trees and blobs come from, by their ids of 20 bytes."""

    tree: Callable[[bytes], list[TreeEntry]]
    blob: Callable[[bytes], bytes]


class CardText(NamedTuple):
    """What people read of a card, and the words that it is found by, separated by blanks."""

    body: str
    words: str


class Facts(NamedTuple):
    """What a tree says, whatever commit names it, with the metadata of its card and its paths."""

    derived: RepoFacts
    card: dict[str, Any]
    text: CardText
    siblings: list[str] | None


def source_of(reader: ObjectReader) -> Source:
    """The objects of a repository."""
    return Source(lambda oid: reader.tree(oid.hex()), lambda oid: reader.blob(oid.hex()))


def source_of_repository(repository: pygit2.Repository) -> Source:
    """The objects that libgit2 finds there."""
    return Source(
        lambda oid: parse_tree(repository.odb.read(oid.hex())[1]),
        lambda oid: repository.odb.read(oid.hex())[1],
    )


def layered(new: Mapping[bytes, bytes], below: Source) -> Source:
    """Objects of a repository, and some that it does not have yet, by id."""
    return Source(
        lambda oid: parse_tree(new[oid]) if oid in new else below.tree(oid),
        lambda oid: new[oid] if oid in new else below.blob(oid),
    )


def noting_facts(
    source: Source, repo: Repo, moves: Iterable[RefChange], tree: bytes
) -> Callable[[Transaction], None]:
    """What stores the facts of a tree, to be run in the transaction that makes it the head.

    Nothing, unless the moves lead the default branch to it.
    """
    heads = [move.new for move in moves if move.name == MAIN and move.new is not None]
    if not heads:
        return lambda tx: None
    facts = find_facts(source, tree, repo.type)
    return lambda tx: store_facts(tx, repo.id, heads[0], facts)


def find_facts(source: Source, tree: bytes, repo_type: str) -> Facts:
    """What the files below a tree say; what cannot be read says nothing. It is remembered."""
    known = _known.get((repo_type, tree))
    return known or _look(source, tree, repo_type)


def _look(source: Source, tree: bytes, repo_type: str) -> Facts:
    root = {row.name: row for row in source.tree(tree) if row.mode not in _NO_FILES}
    card, text = _read_card(source, root.get(README.encode()))
    paths = _list_paths(source, tree)
    contents = RepoContents(
        repo_type=repo_type,
        card=card.data,
        text=card.body,
        paths=paths if paths is not None else [row.decode("utf-8", "replace") for row in root],
        # Where a hub stands is its operator's business.
        region="",
        **{
            field: _read_json(source, root.get(name.encode()))
            for name, field in CONFIG_FILES.items()
        },
    )
    facts = Facts(derive_facts(contents), card.data, text, paths)
    weight = 1 + len(paths or ()) + len(text.body + text.words) // 100
    return _known.put((repo_type, tree), facts, weight)


def _read_card(source: Source, row: TreeEntry | None) -> tuple[Card, CardText]:
    """The card, which most commits leave as it is, and which takes a while to parse."""
    known = None if row is None else _cards.get(row.oid)
    if known is not None:
        return known
    text = _read(source, row, MAX_CARD_SIZE)
    card = parse_card(text)
    body = strip_markup(card.body)
    found = card, CardText(body, " ".join(find_words(body)))
    weight = 1000 + len(text) + sum(map(len, found[1]))
    return found if row is None else _cards.put(row.oid, found, weight)


def _read(source: Source, row: TreeEntry | None, limit: int) -> str:
    data = b"" if row is None else source.blob(row.oid)
    is_text = len(data) <= limit and parse_pointer(data) is None
    return data.decode("utf-8", "replace") if is_text else ""


def _read_json(source: Source, row: TreeEntry | None) -> Any:
    text = _read(source, row, MAX_CONFIG_FILE)
    return read_json(text.encode()) if text else None


def read_facts(reader: ObjectReader, tree: str, repo_type: str) -> Facts:
    """The facts of a tree of a repository."""
    return find_facts(source_of(reader), bytes.fromhex(tree), repo_type)


def _list_paths(source: Source, tree: bytes) -> list[str] | None:
    """Every path below a tree, sorted; `None` when there are too many."""
    paths: list[str] = []
    for path in _walk(source, tree, ""):
        paths.append(path)
        if len(paths) > MAX_SIBLINGS:
            return None
    return sorted(paths)


def _walk(source: Source, tree: bytes, prefix: str) -> Iterator[str]:
    for row in source.tree(tree):
        path = prefix + row.name.decode("utf-8", "replace")
        if row.mode == DIRECTORY:
            yield from _walk(source, row.oid, f"{path}/")
        elif row.mode != GITLINK:
            yield path


def store_facts(tx: Transaction, repo_id: str, commit_oid: str, facts: Facts) -> None:
    """Keeps the facts of the commit that is the head of the default branch from now on."""
    derived = facts.derived
    stored = StoredFacts(
        commit_oid=commit_oid,
        pipeline_tag=derived.pipeline_tag,
        library_name=derived.library_name,
        tags=json.dumps(derived.tags),
        card=json.dumps(facts.card),
        config=json.dumps(derived.config),
        siblings=None if facts.siblings is None else json.dumps(facts.siblings),
        parameters=None,
    )
    # A NUL is in no text of a database.
    tags = [tag.lower() for tag in _searched(derived) if "\0" not in tag]
    repo_facts.put_facts(tx, repo_id, stored, tags, VERSION)
    put_repo_text(tx, repo_id, _tag_words(facts), facts.text.words, facts.text.body)


def _tag_words(facts: Facts) -> str:
    """The words of tags, of each what stands behind the name of its kind, and of titles."""
    tags = [tag.rpartition(":")[2] for tag in _searched(facts.derived)]
    titles = [text for name in _TITLES if isinstance(text := facts.card.get(name), str)]
    return " ".join(find_words(" ".join(tags + titles), MAX_TAG_WORDS))


def _searched(derived: RepoFacts) -> Iterator[str]:
    """What a repository is found by: its tags, and what has a name of its own."""
    yield from derived.tags
    yield from (text for text in (derived.pipeline_tag, derived.library_name) if text)
    yield from (f"dataset:{name}" for name in derived.datasets)
    yield from (f"model:{name}" for name in derived.models)


def renew_facts(hub: Hub, repo_id: str) -> bool:
    """Looks at the head of the default branch now; false when there is none, or it has moved."""
    with hub.db.read() as tx:
        repo = repos.find_repo_by_id(tx, repo_id, None)
    if repo is None or repo.main_oid is None:
        return False
    reader = hub.git.reader(repo.id, repo.generation)
    facts = read_facts(reader, reader.commit(repo.main_oid).tree, repo.type)
    with hub.db.write() as tx:
        repos.lock_repo(tx, repo_id)
        if refs.find_refs(tx, repo_id, [MAIN]).get(MAIN) != repo.main_oid:
            return False
        store_facts(tx, repo_id, repo.main_oid, facts)
    return True
