"""Lists of repositories: by conditions, in an order, a page at a time.

What a page takes must not grow with the hub. There are two ways to find it:

- of what few repositories meet, all that meet it are looked at and sorted;
- else the repositories are looked at in the order of the list, by its index, until the page is
  full: with a condition that many meet, that is soon. If it is not after some thousands, nor
  would be after some more, all that meet the rarest condition are sorted after all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from freehold.server.db.database import Transaction
from freehold.server.db.repo_facts import StoredFacts, select_facts
from freehold.server.db.repos import COLUMNS, MAIN, RELATED, RELATION, Repo, make_repo
from freehold.server.db.tags import count_tags
from freehold.server.db.visibility import VISIBLE

# So many are sorted as fast as the page would be found by walking: about 2 us for each. A part of
# a name costs more, because the index of names has only parts of three letters.
FEW = 10_000
COST_OF_NAMES = 5
# What is taken for the number of many that are not counted.
MANY = 50_000
# PostgreSQL would think for long about how to join more.
MOST_JOINED = 4

# How far to walk, and for a page of many how far for each of them.
WALK = 10_000
WALK_FOR_EACH = 20
# How often that far to go on, if it filled that part of the page.
PATIENCE = 8

LARGEST = 2**63 - 1

# Of an account with more repositories of a type, those that were made before may be old.
RECENT = 500

ORDERS = {
    "downloads": "repo.downloads",
    "likes": "repo.likes",
    "last_modified": "repo.updated_at",
    "created_at": "repo.created_at",
    "parameters": "repo.parameters",
    "trending_score": "repo.trending_score",
}


class Place(NamedTuple):
    """A place in a list: the value that it is sorted by, and the number of the repository."""

    value: int
    number: int


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
    """A repository of a list, with what its files say once that is known.

    `value` and `number` are its place; `parameters` is 0 where that is not known.
    """

    repo: Repo
    number: int
    value: int
    trending_score: int
    parameters: int
    facts: StoredFacts | None


class _Condition(NamedTuple):
    """A condition as the numbers of those that meet it, and as a question about `{number}`.

    `cost` is that of finding one of them, beside that of other conditions, and `at_least` how many
    they are said to be. Those of one that `is_costly` should not be found twice.
    """

    candidates: str
    check: str
    values: dict[str, Any]
    cost: int = 1
    at_least: int = 0
    is_costly: bool = False


class _Range(NamedTuple):
    """A part of the list: what comes after a place, up to and with another."""

    after: Place | None
    end: Place | None = None


def list_repos(
    tx: Transaction,
    wanted: Wanted,
    viewer_id: str | None,
    sees_all: bool,
    after: Place | None,
    limit: int,
    skip: int = 0,
) -> list[Listed]:
    """A page of the repositories that are wanted and that the viewer may see.

    Their facts are without what may be long: `find_facts` reads that.
    """
    conditions = _read_conditions(tx, wanted)
    if conditions is None:
        return []
    viewer = {"viewer_id": viewer_id, "sees_all": sees_all}
    search = _Search(tx, wanted, conditions, viewer)
    if len(conditions) == 1 and conditions[0].is_costly:
        found = search.find(conditions[0], _Range(after), limit, skip, if_few=True)
        if found:
            return found
    counts = [_count(tx, wanted.type, each) for each in conditions]
    costs = [count * each.cost for count, each in zip(counts, conditions, strict=True)]
    rarest = conditions[costs.index(min(costs))] if costs else None
    if not costs or (min(costs) > FEW and _is_worth_walking(tx, counts, limit + skip)):
        walked = search.walk(after, limit, skip)
        if walked is not None:
            return walked
    return search.find(rarest, _Range(after), limit, skip)


def _is_worth_walking(tx: Transaction, counts: list[int], wanted: int) -> bool:
    """Whether so many are likely on the way, if the conditions have nothing to do with another."""
    row = tx.one("SELECT MAX(number) AS newest FROM repo")
    repos = max((row and row.newest) or 0, 1)
    likely = _far(wanted) * math.prod(min(count / repos, 1) for count in counts)
    return likely * PATIENCE >= wanted


def _far(wanted: int) -> int:
    """How many places to walk for a page of so many."""
    return max(WALK, wanted * WALK_FOR_EACH)


class _Search:
    """What stays the same while a page is looked for."""

    def __init__(
        self,
        tx: Transaction,
        wanted: Wanted,
        conditions: list[_Condition],
        viewer: dict[str, Any],
    ) -> None:
        self._tx = tx
        self._wanted = wanted
        self._conditions = conditions
        self._viewer = viewer

    def walk(self, after: Place | None, limit: int, skip: int) -> list[Listed] | None:
        """The page, found in the order of the list; `None` when that would be too far."""
        far = skip + _far(limit)
        end = _find_place(self._tx, self._wanted, after, far)
        found = self.find(None, _Range(after, end), limit, skip)
        if end is None or len(found) == limit:
            return found
        if skip or len(found) * PATIENCE < limit:
            return None
        end_of_all = _find_place(self._tx, self._wanted, end, far * PATIENCE)
        found += self.find(None, _Range(end, end_of_all), limit - len(found), 0)
        return found if end_of_all is None or len(found) == limit else None

    def find(
        self,
        first: _Condition | None,
        part: _Range,
        limit: int,
        skip: int,
        if_few: bool = False,
    ) -> list[Listed]:
        """A page of a part of the list, begun with what meets one condition or with the order.

        Nothing when only few shall be looked at, and there are many.
        """
        key, order = ORDERS[self._wanted.order], _write_order(self._wanted)
        columns = _write_columns(key)
        candidates, checks = _write_source(self._conditions, first, if_few)
        source = "repo" if first is None else "candidate CROSS JOIN repo"
        bounds, values = _write_bounds(self._wanted, part)
        condition = " AND ".join([*checks, *bounds, *_write_rest(self._wanted), VISIBLE])
        # The columns of the answer are read for the page alone: sorting all of them takes far
        # longer.
        rows = self._tx.all(
            f"WITH {candidates} page AS (SELECT repo.number FROM {source} WHERE {condition}"
            f" ORDER BY {order} LIMIT :limit OFFSET :skip)"
            f" SELECT {columns} FROM page"
            f" JOIN repo ON repo.number = page.number {_JOINED} ORDER BY {order}",
            type=self._wanted.type,
            limit=limit,
            skip=skip,
            **self._viewer,
            **values,
            **({"a_model": "model:%", "a_dataset": "dataset:%"} if self._wanted.linked else {}),
            **{name: value for each in self._conditions for name, value in each.values.items()},
        )
        return [_make_listed(row) for row in rows]


def find_listed(
    tx: Transaction, repo_ids: Sequence[str], viewer_id: str | None, sees_all: bool
) -> dict[str, Listed]:
    """Those of the repositories that the viewer may see, by id, as lists have them."""
    columns = _write_columns("repo.number")
    rows = tx.all(
        f"SELECT {columns} FROM repo {_JOINED} WHERE repo.id IN :repo_ids AND {VISIBLE}",
        repo_ids=list(repo_ids),
        viewer_id=viewer_id,
        sees_all=sees_all,
    )
    return {listed.repo.id: listed for listed in map(_make_listed, rows)}


def list_recent(tx: Transaction, owner_id: str, limit: int) -> list[str]:
    """The ids of the repositories of an account that changed last, the newest first.

    Of each type, only the `RECENT` that were made last are looked at.
    """
    candidates = " UNION ALL ".join(_NEWEST.format(type=type) for type in _TYPES)
    rows = tx.all(
        f"SELECT id FROM ({candidates}) AS found ORDER BY updated_at DESC, id LIMIT :limit",
        owner_id=owner_id,
        most=RECENT,
        limit=limit,
        **{type: type for type in _TYPES},
    )
    return [row.id for row in rows]


_TYPES = ("model", "dataset", "space", "kernel")
_NEWEST = """SELECT * FROM (SELECT repo.id, repo.updated_at FROM repo
    WHERE repo.owner_id = :owner_id AND repo.type = :{type}
    ORDER BY repo.number DESC LIMIT :most) AS newest_{type}"""
_JOINED = f"""JOIN account ON account.id = repo.owner_id {MAIN} {RELATED}
    LEFT JOIN repo_facts ON repo_facts.repo_id = repo.id"""


def _write_columns(key: str) -> str:
    """What `_make_listed` reads, with what the list is sorted by."""
    return (
        f"{COLUMNS}, {RELATION}, repo.number, {key} AS value, repo.trending_score,"
        f" repo.parameters, {select_facts(())}"
    )


def _make_listed(row: Any) -> Listed:
    size = len(Repo._fields)
    number, value, score, parameters = row[size : size + 4]
    facts = StoredFacts(*row[size + 4 :])
    # Without facts, even the columns that must not be empty are.
    known = None if facts.commit_oid is None else facts
    return Listed(make_repo(row[:size]), number, value, score, parameters, known)


# The conditions


def _read_conditions(tx: Transaction, wanted: Wanted) -> list[_Condition] | None:
    """The conditions; `None` when there is one that no repository can meet."""
    names = [name for choice in wanted.tags for name in choice]
    known = count_tags(tx, wanted.type, names) if names else {}
    choices = [[known[name] for name in choice if name in known] for choice in wanted.tags]
    if not all(choices):
        return None
    conditions = [_tagged(choices)] if choices else []
    if wanted.words:
        conditions.append(_named(wanted.words))
    if wanted.author is not None:
        owner = tx.one("SELECT id FROM account WHERE name_key = :key", key=wanted.author.lower())
        if owner is None:
            return None
        conditions.append(_owned(owner.id))
    if wanted.gated:
        conditions.append(_GATED)
    if any(size is not None for size in wanted.parameters):
        conditions.append(_sized(*wanted.parameters))
    return conditions


def _tagged(choices: list[list[tuple[int, int]]]) -> _Condition:
    """Those with a tag of each choice, given by its number and how many have it."""
    totals = [sum(total for _, total in choice) for choice in choices]
    # The rarest comes first: SQLite takes the tables of a CROSS JOIN as they are written.
    names = [f"tag_{n}" for n in sorted(range(len(choices)), key=totals.__getitem__)]
    joined, number = names[:MOST_JOINED], f"of_{names[0]}.repo_number"
    source = " CROSS JOIN ".join(f"repo_tag AS of_{name}" for name in joined)
    checks = {name: _HAS_TAG.format(name=name) for name in names}
    condition = " AND ".join(
        [
            *(f"of_{name}.tag_number IN :{name}" for name in joined),
            *(f"of_{name}.repo_number = {number}" for name in joined[1:]),
            *(checks[name].format(number=number) for name in names[MOST_JOINED:]),
        ]
    )
    once = f" GROUP BY {number}" if any(len(choice) > 1 for choice in choices) else ""
    return _Condition(
        f"SELECT {number} AS number FROM {source} WHERE {condition}" + once,
        " AND ".join(checks.values()),
        {f"tag_{n}": [number for number, _ in choice] for n, choice in enumerate(choices)},
        at_least=totals[0] if len(choices) == 1 else 0,
        is_costly=len(choices) > 1 and min(totals) <= MANY,
    )


# As a question with EXISTS, PostgreSQL would make one large join of it.
_HAS_TAG = (
    "(SELECT MAX(repo_tag.tag_number) FROM repo_tag WHERE repo_tag.tag_number IN :{name}"
    " AND repo_tag.repo_number = {{number}}) IS NOT NULL"
)


def _named(words: tuple[str, ...]) -> _Condition:
    """Those with all the words in their names."""
    values = {f"word_{n}": f"%{word.replace('_', '!_')}%" for n, word in enumerate(words)}
    # What is asked in this way, PostgreSQL does not ask the index of names.
    parts = [f"COALESCE(full_name, '') LIKE :{name} ESCAPE '!'" for name in values]
    pieces = [piece for word in words if (piece := _piece_for_index(word))]
    patterns = {f"pattern_{n}": f"%{piece}%" for n, piece in enumerate(pieces)}
    source = "repo_name_index" if patterns else "repo_name"
    # Both are a view of the same rows, which are numbered as what they are about.
    key = "rowid" if patterns else "number"
    condition = " AND ".join([*(f"full_name LIKE :{name}" for name in patterns), *parts])
    check = " AND ".join(parts)
    return _Condition(
        f"SELECT {key} AS number FROM {source} WHERE {condition}",
        f"(SELECT repo_name.number FROM repo_name WHERE {check}"
        " AND repo_name.number = {number}) IS NOT NULL",
        values | patterns,
        COST_OF_NAMES,
        # To count without an index, all names would be read.
        at_least=0 if patterns else MANY,
    )


def _piece_for_index(word: str) -> str:
    """The longest piece of a word that the index of names can find; "" when all are too short.

    The index would take an underscore for any letter. Beside another pattern, SQLite 3.40 crashes
    on one without three letters in a row.
    """
    piece = max(word.split("_"), key=len)
    return piece if len(piece) >= 3 else ""


def _owned(owner_id: str) -> _Condition:
    """Those of an account."""
    return _Condition(
        f"SELECT repo.number FROM repo WHERE {_IS_OWNED} AND {_OF_TYPE}",
        _CHECK_OWNER,
        {"owner_id": owner_id},
    )


_IS_OWNED = "repo.owner_id = :owner_id"
# As a question about one, for which PostgreSQL shall not look at all of the owner's.
_CHECK_OWNER = "COALESCE(repo.owner_id, '') = :owner_id"
_IS_GATED = "repo.gated <> ''"
_GATED = _Condition(f"SELECT repo.number FROM repo WHERE {_IS_GATED}", _IS_GATED, {})


def _sized(least: int | None, most: int | None) -> _Condition:
    """Those with so many parameters; what is not known is 0."""
    return _Condition(
        f"SELECT repo.number FROM repo WHERE {_OF_TYPE} AND {_IS_SIZED}",
        _IS_SIZED,
        {"least": max(least or 0, 1), "most": LARGEST if most is None else most},
    )


_OF_TYPE = "repo.type = :type"
_IS_SIZED = "repo.parameters >= :least AND repo.parameters <= :most"


def _count(tx: Transaction, type: str, condition: _Condition) -> int:
    """How many meet the condition; of more than `FEW`, about how many."""
    if condition.at_least > FEW:
        return condition.at_least
    candidates, most = condition.candidates, FEW // condition.cost
    row = tx.one(
        f"SELECT COUNT(*) AS total FROM ({candidates} LIMIT :most_counted) AS candidate",
        type=type,
        most_counted=most + 1,
        **condition.values,
    )
    count = 0 if row is None else int(row.total)
    return count if count <= most else max(MANY, count)


# The parts of the statements


def _write_source(
    conditions: list[_Condition], first: _Condition | None, if_few: bool
) -> tuple[str, list[str]]:
    """The table `candidate` that the search begins with, and what is asked of each repository."""
    rest = [condition.check for condition in conditions if condition is not first]
    if first is None:
        return "", [*(check.format(number="repo.number") for check in rest), _OF_TYPE]
    # SQLite takes the tables of a CROSS JOIN in the order in which they are written.
    checks = [
        *(check.format(number="candidate.number") for check in rest),
        "repo.number = candidate.number",
        _OF_TYPE,
    ]
    if not if_few:
        return f"candidate AS NOT MATERIALIZED ({first.candidates}),", checks
    are_few = f"(SELECT COUNT(*) FROM candidate) <= {FEW}"
    return f"candidate AS MATERIALIZED ({first.candidates} LIMIT {FEW + 1}),", [are_few, *checks]


def _write_order(wanted: Wanted) -> str:
    direction = "ASC" if wanted.ascending else "DESC"
    return f"{ORDERS[wanted.order]} {direction}, repo.number {direction}"


def _write_bounds(wanted: Wanted, part: _Range) -> tuple[list[str], dict[str, Any]]:
    """The conditions that a part of the list is, and their values."""
    key = ORDERS[wanted.order]
    later, not_later = (">", "<=") if wanted.ascending else ("<", ">=")
    bounds: list[str] = []
    values: dict[str, Any] = {}
    for name, place, compared in (("after", part.after, later), ("end", part.end, not_later)):
        if place is not None:
            bounds.append(f"({key}, repo.number) {compared} (:{name}_value, :{name}_number)")
            values |= {f"{name}_value": place.value, f"{name}_number": place.number}
    return bounds, values


def _find_place(tx: Transaction, wanted: Wanted, after: Place | None, far: int) -> Place | None:
    """The place that is so far on in the list of the whole type; `None` beyond its end."""
    key, order = ORDERS[wanted.order], _write_order(wanted)
    bounds, values = _write_bounds(wanted, _Range(after))
    condition = " AND ".join([_OF_TYPE, *bounds])
    row = tx.one(
        f"SELECT {key} AS value, repo.number FROM repo WHERE {condition}"
        f" ORDER BY {order} LIMIT 1 OFFSET :far",
        type=wanted.type,
        far=far,
        **values,
    )
    return None if row is None else Place(row.value, row.number)


def _write_rest(wanted: Wanted) -> Iterator[str]:
    """What is asked of each repository, because most meet it."""
    if wanted.gated is False:
        yield "repo.gated = ''"
    if wanted.linked:
        yield _LINKED


# A Space that names a model or a dataset.
_LINKED = """(SELECT MAX(tag.number) FROM repo_tag JOIN tag ON tag.number = repo_tag.tag_number
    WHERE repo_tag.repo_number = repo.number
    AND (tag.name LIKE :a_model OR tag.name LIKE :a_dataset)) IS NOT NULL"""
