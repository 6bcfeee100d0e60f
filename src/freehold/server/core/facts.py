"""What the files of a repository say, kept where repositories are looked for.

The facts are found before a branch moves and stored in the transaction that moves it. What has
none, or none by the rules of today, is looked at by a job.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from freehold.errors import FreeholdError
from freehold.formats.facts.configs import CONFIG_FILES, MAX_CONFIG_FILE
from freehold.formats.facts.contents import RepoContents, RepoFacts
from freehold.formats.facts.derive import derive_facts
from freehold.formats.facts.values import read_json
from freehold.formats.gguf_header import GgufFacts
from freehold.formats.git_objects import DIRECTORY, GITLINK, TreeEntry
from freehold.formats.lfs_pointer import parse_pointer
from freehold.formats.repocard import Card, parse_card
from freehold.formats.search_text import find_words, strip_markup
from freehold.server.core.cards import MAX_CARD_SIZE, README
from freehold.server.core.repo_details import write_details
from freehold.server.core.revisions import MAIN
from freehold.server.core.sources import Source, source_of
from freehold.server.core.weights import (
    NO_FILES,
    Effort,
    LargeFiles,
    Weights,
    read_weights,
)
from freehold.server.db import refs, repo_facts, repos
from freehold.server.db.database import Transaction
from freehold.server.db.lfs import StoredObject
from freehold.server.db.repo_facts import StoredFacts
from freehold.server.db.repos import Repo
from freehold.server.db.search_text import put_repo_text
from freehold.server.git.memory import Memory
from freehold.server.git.reader import ObjectReader
from freehold.server.git.store import RefChange
from freehold.server.hub import Hub

log = logging.getLogger("freehold.facts")

# To be raised with the rules, so that everything is looked at again.
VERSION = 3

# Of facts that are not all known yet: a job looks again.
UNFINISHED = 0

# Of more files than these, the list is not kept and the rest not looked at.
MAX_SIBLINGS = 5000

# Of weights that are new, so many headers are read for somebody who only asks.
MAX_FILES_SHOWN = 4

# The files that are read besides weights; of all others the names are enough.
READ = frozenset({README, *CONFIG_FILES})

# What a card says of itself that it is searched by, as by its tags.
_TITLES = ("pretty_name", "title", "short_description")
MAX_TAG_WORDS = 500
MAX_TITLE = 1000

# By type, tree, and the repository where the facts are for it alone; each weighs as much as it has
# files and, in hundreds of characters, text and values.
_known: Memory[tuple[str, bytes, str], Facts] = Memory(400_000)
# Of folders and files, by their ids.
_sizes: Memory[bytes, int] = Memory(300_000)
# By the id of the file, in characters.
_cards: Memory[bytes, tuple[Card, CardText]] = Memory(32 * 1024 * 1024)


class CardText(NamedTuple):
    """What people read of a card, and the words that it is found by, separated by blanks."""

    body: str
    words: str


class Facts(NamedTuple):
    """What a tree says, whatever commit names it, with the metadata of its card and its paths.

    `details` is told where somebody asks for it. `parameters` counts those of a model. What
    `is_known` is false of has to be looked at again.
    """

    derived: RepoFacts
    card: dict[str, Any]
    text: CardText
    siblings: list[str] | None
    details: dict[str, Any]
    parameters: int | None
    is_known: bool


def noting_facts(
    hub: Hub,
    source: Source,
    repo: Repo,
    moves: Iterable[RefChange],
    tree: bytes,
    coming: Iterable[StoredObject] = (),
) -> Callable[[Transaction], None]:
    """What stores the facts of a tree, to be run in the transaction that makes it the head.

    Nothing, unless the moves lead the default branch to it. `coming` are large files that the
    repository may serve from then on.
    """
    heads = [move.new for move in moves if move.name == MAIN and move.new is not None]
    if not heads:
        return lambda tx: None
    large = LargeFiles(hub, repo.id, {stored.sha256: stored for stored in coming})
    try:
        facts = find_facts(source, tree, repo.type, large)
    except Exception:
        # What is only there to find things by must not refuse a commit; a job looks again.
        log.exception("what the files of %s say could not be found", repo.full_name)
        return lambda tx: None
    return lambda tx: store_facts(tx, repo.id, heads[0], facts)


def find_facts(source: Source, tree: bytes, repo_type: str, large: LargeFiles) -> Facts:
    """What the files below a tree say; what cannot be read says nothing. It is remembered."""
    for repo_id in ("", large.repo_id):
        known = _known.get((repo_type, tree, repo_id))
        if known is not None:
            return known
    return _look(source, tree, repo_type, large)


def _look(source: Source, tree: bytes, repo_type: str, large: LargeFiles) -> Facts:
    root = {row.name: row for row in source.tree(tree) if row.mode not in NO_FILES}
    card, text = _read_card(source, root.get(README.encode()))
    paths = _list_paths(source, tree)
    names = paths if paths is not None else [row.decode("utf-8", "replace") for row in root]
    weights = read_weights(source, tree, names, large) if repo_type == "model" else Weights()
    derived = derive_facts(_gather(source, root, repo_type, card, names, weights))
    size = _measure(source, tree) if repo_type == "dataset" and paths is not None else None
    facts = Facts(
        derived,
        card.data,
        text,
        paths,
        write_details(derived, weights, size),
        weights.parameters,
        weights.is_known,
    )
    if not weights.is_known or (weights.is_private and large.coming):
        return facts
    # Who has the same pointers may not have the files.
    owner = large.repo_id if weights.is_private else ""
    held = len(text.body + text.words) + _weigh(card.data) + _weigh(facts.details)
    weight = 1 + len(paths or ()) + held // 100
    return _known.put((repo_type, tree, owner), facts, weight)


def _gather(
    source: Source,
    root: Mapping[bytes, TreeEntry],
    repo_type: str,
    card: Card,
    names: list[str],
    weights: Weights,
) -> RepoContents:
    configs = {
        field: _read_json(source, root.get(name.encode())) for name, field in CONFIG_FILES.items()
    }
    return RepoContents(
        repo_type=repo_type,
        card=card.data,
        text=card.body,
        paths=names,
        gguf=None if weights.gguf is None else GgufFacts(**weights.gguf),
        # Where a hub stands is its operator's business.
        region="",
        **configs,
    )


def _measure(source: Source, tree: bytes) -> int | None:
    """The bytes of all files below a tree, those of large files included."""
    try:
        return _add_sizes(source, tree)
    except (FreeholdError, KeyError):
        return None


def _add_sizes(source: Source, tree: bytes) -> int:
    total = 0
    for row in source.tree(tree):
        if row.mode == GITLINK:
            continue
        size = _sizes.get(row.oid)
        if size is None:
            size = _add_sizes(source, row.oid) if row.mode == DIRECTORY else source.size(row.oid)
            _sizes.put(row.oid, size)
        total += size
    return total


def _read_card(source: Source, row: TreeEntry | None) -> tuple[Card, CardText]:
    """The card, which most commits leave as it is, and which takes a while to parse."""
    known = None if row is None else _cards.get(row.oid)
    if known is not None:
        return known
    text = _read_text(source, row)
    card = parse_card(text)
    body = strip_markup(card.body)
    found = card, CardText(body, " ".join(find_words(body)))
    weight = 1000 + len(text) + sum(map(len, found[1])) + _weigh(card.data)
    return found if row is None else _cards.put(row.oid, found, weight)


def _weigh(value: Mapping[str, Any]) -> int:
    """About how many bytes the values take in memory: a short one takes sixty, written as four."""
    return 16 * len(json.dumps(value))


def _read_text(source: Source, row: TreeEntry | None) -> str:
    data = b"" if row is None else source.blob(row.oid)
    return data[:MAX_CARD_SIZE].decode("utf-8", "replace") if parse_pointer(data) is None else ""


def _read_json(source: Source, row: TreeEntry | None) -> Any:
    data = b"" if row is None else source.blob(row.oid)
    is_json = 0 < len(data) <= MAX_CONFIG_FILE and parse_pointer(data) is None
    return read_json(data) if is_json else None


def read_facts(hub: Hub, reader: ObjectReader, tree: str, repo_type: str) -> Facts:
    """The facts of a tree of a repository, for somebody who waits for them."""
    large = LargeFiles(hub, reader.repo_id, effort=Effort(files=MAX_FILES_SHOWN))
    return find_facts(source_of(reader), bytes.fromhex(tree), repo_type, large)


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


def store_facts(
    tx: Transaction, repo_id: str, commit_oid: str, facts: Facts, is_last: bool = False
) -> None:
    """Keeps the facts of the commit that is the head of the default branch from now on.

    What is not known of them stays so if this is the `is_last` look, until a large file arrives.
    """
    derived = facts.derived
    is_incomplete = is_last and not facts.is_known
    details = {**facts.details, repo_facts.INCOMPLETE: True} if is_incomplete else facts.details
    stored = StoredFacts(
        commit_oid=commit_oid,
        pipeline_tag=derived.pipeline_tag,
        library_name=derived.library_name,
        tags=json.dumps(derived.tags),
        card=json.dumps(facts.card),
        config=json.dumps(derived.config),
        siblings=None if facts.siblings is None else json.dumps(facts.siblings),
        details=json.dumps(details),
    )
    # A NUL is in no text of a database.
    tags = [tag.lower() for tag in _searched(derived) if "\0" not in tag]
    version = VERSION if facts.is_known or is_last else UNFINISHED
    repo_facts.put_facts(tx, repo_id, stored, tags, facts.parameters or 0, version)
    put_repo_text(tx, repo_id, _tag_words(facts), facts.text.words, facts.text.body)


def _tag_words(facts: Facts) -> str:
    """The words of tags, of each what stands behind the name of its kind, and of titles."""
    tags = [tag.rpartition(":")[2] for tag in _searched(facts.derived)]
    titles = [text[:MAX_TITLE] for name in _TITLES if isinstance(text := facts.card.get(name), str)]
    return " ".join(find_words(" ".join(tags + titles), MAX_TAG_WORDS))


def _searched(derived: RepoFacts) -> Iterator[str]:
    """What a repository is found by: its tags, and what has a name of its own."""
    yield from derived.tags
    yield from (text for text in (derived.pipeline_tag, derived.library_name) if text)
    yield from (f"dataset:{name}" for name in derived.datasets)
    yield from (f"model:{name}" for name in derived.models)


def renew_facts(hub: Hub, repo_id: str) -> bool:
    """Looks at the head of the default branch now; false when there is none, or it has moved.

    When that fails it is logged, and left to a job: what was asked for is done already.
    """
    try:
        return _renew(hub, repo_id, Effort())
    except Exception:
        log.exception("what the files of repository %s say could not be found", repo_id)
        return False


def settle_facts(hub: Hub, repo_id: str) -> bool:
    """The same, however much has to be read, and it raises what fails."""
    return _renew(hub, repo_id, Effort(is_patient=True))


def _renew(hub: Hub, repo_id: str, effort: Effort) -> bool:
    with hub.db.read() as tx:
        repo = repos.find_repo_by_id(tx, repo_id, None)
    if repo is None:
        return False
    facts = _find_facts_of_head(hub, repo, effort)
    with hub.db.write() as tx:
        repos.lock_repo(tx, repo_id)
        if refs.find_refs(tx, repo_id, [MAIN]).get(MAIN) != repo.main_oid:
            return False
        if repo.main_oid is None or facts is None:
            repo_facts.delete_facts(tx, repo_id)
            return False
        store_facts(tx, repo_id, repo.main_oid, facts, effort.is_patient)
        repo_facts.forget_stale(tx, repo_id)
    return True


def _find_facts_of_head(hub: Hub, repo: Repo, effort: Effort) -> Facts | None:
    if repo.main_oid is None:
        return None
    reader = hub.git.reader(repo.id, repo.generation)
    tree = bytes.fromhex(reader.commit(repo.main_oid).tree)
    return find_facts(source_of(reader), tree, repo.type, LargeFiles(hub, repo.id, effort=effort))


def settle_or_put_off(hub: Hub, repo_id: str) -> bool:
    """What `settle_facts` does; a repository that cannot be read comes after all others then."""
    try:
        return settle_facts(hub, repo_id)
    except Exception:
        with hub.db.write() as tx:
            repo_facts.note_failed(tx, repo_id, VERSION)
        raise
