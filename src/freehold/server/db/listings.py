"""Lists of repositories: by conditions, in an order, a page at a time.

A condition that few repositories meet is where the search begins. Otherwise the repositories are
looked at in the order of the list, by an index for each, until the page is full.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from freehold.server.db.database import Transaction
from freehold.server.db.repo_facts import COLUMNS as FACTS
from freehold.server.db.repo_facts import StoredFacts
from freehold.server.db.repos import COLUMNS, MAIN, RELATED, RELATION, Repo, make_repo
from freehold.server.db.visibility import VISIBLE

# Sorting so many rows takes less than looking for them in order could.
FEW = 5000

ORDERS = {
    "downloads": "repo.downloads",
    "likes": "repo.likes",
    "last_modified": "repo.updated_at",
    "created_at": "repo.created_at",
    "trending_score": "repo.trending_score",
}

_TAGGED = "SELECT repo_id FROM repo_tag WHERE tag = :{name}"
_HAS_TAG = "EXISTS (SELECT 1 FROM repo_tag WHERE tag = :{name} AND repo_tag.repo_id = repo.id)"

# The first is the index for parts of names. It takes an underscore for any letter, so the part is
# looked for again.
_NAMED = (
    "SELECT repo_name.repo_id FROM repo_name_index"
    " JOIN repo_name ON repo_name.number = repo_name_index.rowid"
    " WHERE repo_name_index.full_name LIKE :{name}_pattern"
    " AND REPLACE(repo_name.full_name, :{name}, '') <> repo_name.full_name"
)
_HAS_NAME = (
    "EXISTS (SELECT 1 FROM repo_name WHERE repo_name.repo_id = repo.id"
    " AND REPLACE(repo_name.full_name, :{name}, '') <> repo_name.full_name)"
)


class Place(NamedTuple):
    """A place in a list: the value that it is sorted by, and the id of the repository."""

    value: int
    id: str


@dataclass(frozen=True)
class Wanted:
    """Which repositories a list has; all conditions hold for each of them.

    `words` are parts of the names, in lower case; `tags` are found as they are written;
    `gated` asks for repositories with a gate, or without. `order` is one of `ORDERS`.
    """

    type: str
    words: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    author: str | None = None
    gated: bool | None = None
    parameters: tuple[int | None, int | None] = (None, None)
    order: str = "trending_score"
    ascending: bool = False


class Listed(NamedTuple):
    """A repository of a list, with what its files say once that is known."""

    repo: Repo
    trending_score: int
    facts: StoredFacts | None


class _Condition(NamedTuple):
    """A condition as the repositories that meet it, and as a question about one of them."""

    candidates: str
    check: str
    values: dict[str, Any]


def list_repos(
    tx: Transaction,
    wanted: Wanted,
    viewer_id: str | None,
    sees_all: bool,
    after: Place | None,
    limit: int,
    skip: int = 0,
) -> list[Listed]:
    """A page of the repositories that are wanted and that the viewer may see."""
    conditions = [_tag(n, tag) for n, tag in enumerate(wanted.tags)]
    conditions += [_word(n, word) for n, word in enumerate(wanted.words)]
    first = _find_rarest(tx, conditions)
    source, checks = _write_source(conditions, first)
    checks += _write_rest(wanted)
    key = ORDERS[wanted.order]
    direction, sign = ("ASC", ">") if wanted.ascending else ("DESC", "<")
    if after is not None:
        checks.append(f"({key}, repo.id) {sign} (:after_value, :after_id)")
    condition = " AND ".join([*checks, VISIBLE])
    rows = tx.all(
        f"SELECT {COLUMNS}, {RELATION}, repo.trending_score, {FACTS} FROM {source}"
        f" JOIN account ON account.id = repo.owner_id {MAIN} {RELATED}"
        " LEFT JOIN repo_facts ON repo_facts.repo_id = repo.id"
        f" WHERE {condition} ORDER BY {key} {direction}, repo.id {direction}"
        " LIMIT :limit OFFSET :skip",
        type=wanted.type,
        viewer_id=viewer_id,
        sees_all=sees_all,
        limit=limit,
        skip=skip,
        **_values_of(wanted, after),
        **{name: value for each in conditions for name, value in each.values.items()},
    )
    return [_make_listed(row) for row in rows]


def _make_listed(row: Any) -> Listed:
    size = len(Repo._fields)
    facts = StoredFacts(*row[size + 1 :])
    # Without facts, even the columns that must not be empty are.
    known = None if facts.commit_oid is None else facts
    return Listed(make_repo(row[:size]), row[size], known)


def _tag(n: int, tag: str) -> _Condition:
    name = f"tag_{n}"
    return _Condition(_TAGGED.format(name=name), _HAS_TAG.format(name=name), {name: tag})


def _word(n: int, word: str) -> _Condition:
    name = f"word_{n}"
    values = {name: word, f"{name}_pattern": f"%{word}%"}
    return _Condition(_NAMED.format(name=name), _HAS_NAME.format(name=name), values)


def _find_rarest(tx: Transaction, conditions: list[_Condition]) -> _Condition | None:
    """The condition that fewest meet, if they are few enough to be sorted."""
    counts = [_count(tx, condition) for condition in conditions]
    fewest = min(counts, default=FEW + 1)
    return conditions[counts.index(fewest)] if fewest <= FEW else None


def _count(tx: Transaction, condition: _Condition) -> int:
    candidates = condition.candidates
    row = tx.one(
        f"SELECT COUNT(*) AS total FROM ({candidates} LIMIT :most) AS candidate",
        most=FEW + 1,
        **condition.values,
    )
    return 0 if row is None else int(row.total)


def _write_source(conditions: list[_Condition], first: _Condition | None) -> tuple[str, list[str]]:
    """The tables that the search begins with, and what is asked of each repository there."""
    checks = [condition.check for condition in conditions if condition is not first]
    checks.append("repo.type = :type")
    if first is None:
        return "repo", checks
    # SQLite takes the tables of a CROSS JOIN in the order in which they are written.
    checks.append("repo.id = candidate.repo_id")
    return f"({first.candidates}) AS candidate CROSS JOIN repo", checks


def _write_rest(wanted: Wanted) -> list[str]:
    checks = []
    if wanted.author is not None:
        checks.append("repo.owner_id = (SELECT id FROM account WHERE name_key = :author)")
    if wanted.gated is not None:
        checks.append("repo.gated <> ''" if wanted.gated else "repo.gated = ''")
    least, most = wanted.parameters
    if least is not None:
        checks.append("repo_facts.parameters >= :least")
    if most is not None:
        checks.append("repo_facts.parameters <= :most")
    return checks


def _values_of(wanted: Wanted, after: Place | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if wanted.author is not None:
        values["author"] = wanted.author.lower()
    least, most = wanted.parameters
    if least is not None:
        values["least"] = least
    if most is not None:
        values["most"] = most
    if after is not None:
        values |= {"after_value": after.value, "after_id": after.id}
    return values
