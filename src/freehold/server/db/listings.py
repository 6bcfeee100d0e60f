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

# Sorting so many rows takes less than looking for them in order could. Those with a part of a name
# are found more slowly than those with a tag.
FEW = 5000
FEW_NAMED = 1000

ORDERS = {
    "downloads": "repo.downloads",
    "likes": "repo.likes",
    "last_modified": "repo.updated_at",
    "created_at": "repo.created_at",
    "trending_score": "repo.trending_score",
}

# PostgreSQL would make one large join of a question with EXISTS, and look at all that have the tag.
_TAGGED = "SELECT DISTINCT repo_id FROM repo_tag WHERE tag IN :{name}"
_HAS_TAG = (
    "(SELECT MAX(repo_tag.tag) FROM repo_tag"
    " WHERE repo_tag.tag IN :{name} AND repo_tag.repo_id = repo.id) IS NOT NULL"
)

# The first is the index for parts of names. It takes an underscore for any letter, so the part is
# looked for again.
_NAMED = (
    "SELECT repo_id FROM repo_name_index WHERE full_name LIKE :{name}_pattern"
    " AND REPLACE(full_name, :{name}, '') <> full_name"
)
_HAS_NAME = (
    "(SELECT repo_name.number FROM repo_name WHERE repo_name.repo_id = repo.id"
    " AND REPLACE(repo_name.full_name, :{name}, '') <> repo_name.full_name) IS NOT NULL"
)

# A Space that names a model or a dataset.
_LINKED = """(SELECT MAX(repo_tag.tag) FROM repo_tag WHERE repo_tag.repo_id = repo.id
    AND (repo_tag.tag LIKE :a_model OR repo_tag.tag LIKE :a_dataset)) IS NOT NULL"""


_IS_OWNED = "repo.owner_id = (SELECT id FROM account WHERE name_key = :author)"
_OWNED = f"SELECT repo.id AS repo_id FROM repo WHERE {_IS_OWNED}"


class Place(NamedTuple):
    """A place in a list: the value that it is sorted by, and the id of the repository."""

    value: int
    id: str


@dataclass(frozen=True)
class Wanted:
    """Which repositories a list has; all conditions hold for each of them.

    `words` are parts of the names, and each of `tags` a choice of tags, all in lower case; `gated`
    asks for repositories with a gate, or without, and `linked` for those that name a model or a
    dataset. `order` is one of `ORDERS`.
    """

    type: str
    words: tuple[str, ...] = ()
    tags: tuple[tuple[str, ...], ...] = ()
    author: str | None = None
    gated: bool | None = None
    linked: bool = False
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
    few: int = FEW


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
    if wanted.author is not None:
        conditions.append(_Condition(_OWNED, _IS_OWNED, {"author": wanted.author.lower()}))
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


def _tag(n: int, tags: tuple[str, ...]) -> _Condition:
    name = f"tag_{n}"
    return _Condition(_TAGGED.format(name=name), _HAS_TAG.format(name=name), {name: list(tags)})


def _word(n: int, word: str) -> _Condition:
    name = f"word_{n}"
    values = {name: word, f"{name}_pattern": f"%{word}%"}
    return _Condition(_NAMED.format(name=name), _HAS_NAME.format(name=name), values, FEW_NAMED)


def _find_rarest(tx: Transaction, conditions: list[_Condition]) -> _Condition | None:
    """The condition that fewest meet, if they are few enough to be sorted."""
    counts = [(_count(tx, each), place) for place, each in enumerate(conditions)]
    few = [(count, place) for count, place in counts if count <= conditions[place].few]
    return conditions[min(few)[1]] if few else None


def _count(tx: Transaction, condition: _Condition) -> int:
    candidates = condition.candidates
    row = tx.one(
        f"SELECT COUNT(*) AS total FROM ({candidates} LIMIT :most) AS candidate",
        most=condition.few + 1,
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
    if wanted.gated is not None:
        checks.append("repo.gated <> ''" if wanted.gated else "repo.gated = ''")
    if wanted.linked:
        checks.append(_LINKED)
    least, most = wanted.parameters
    if least is not None:
        checks.append("repo_facts.parameters >= :least")
    if most is not None:
        checks.append("repo_facts.parameters <= :most")
    return checks


def _values_of(wanted: Wanted, after: Place | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    least, most = wanted.parameters
    if least is not None:
        values["least"] = least
    if most is not None:
        values["most"] = most
    if wanted.linked:
        values |= {"a_model": "model:%", "a_dataset": "dataset:%"}
    if after is not None:
        values |= {"after_value": after.value, "after_id": after.id}
    return values
