"""Finding repositories and accounts by words: some candidates first, and what they are ranked by.

An index can hold a word of a million texts, so of each kind of place only the first `SCANNED`
are looked at, whichever the index has first, and the first `MOST` of them are given that are
wanted and that the viewer may see.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from freehold.server.db.database import Transaction
from freehold.server.db.repos import COLUMNS, MAIN, RELATED, RELATION, Repo, make_repo
from freehold.server.db.search_text import MARK
from freehold.server.db.visibility import VISIBLE

SCANNED = 2000
MOST = 500
# Of each type, and in the order of the alphabet.
MOST_BEGUN = 100
# Whoever belongs to more organisations is asked about in the database alone.
MOST_OWNERS = 100
POPULAR = 300

# An index makes one list of all texts with any word that begins so, which takes 0.3 s for half a
# million of them.
FEW_REPOS = 50_000

# SQLite takes the tables of a CROSS JOIN in the order in which they are written.
_WITH_WORDS = """SELECT repo_text.repo_id FROM repo_words(:query) AS found
    CROSS JOIN repo_text WHERE repo_text.number = found.rowid"""
_WITH_NAME_WORDS = """SELECT repo_text.repo_id FROM repo_name_words(:query) AS found
    CROSS JOIN repo_text WHERE repo_text.number = found.rowid"""
_WITH_NAME_START = """SELECT repo_text.repo_id FROM repo_text
    WHERE repo_text.type = :type AND repo_text.name >= :start AND repo_text.name < :end
    ORDER BY repo_text.name"""
_WITH_NAME_PART = """SELECT repo_name.repo_id FROM repo_name_index(:query) AS found
    CROSS JOIN repo_name WHERE repo_name.number = found.rowid"""
# Each is among the few that most people like.
_POPULAR = """SELECT popular.id AS repo_id FROM (
        SELECT repo.id FROM repo WHERE repo.type = :type AND repo.likes > 0
        ORDER BY repo.likes DESC, repo.number DESC LIMIT :popular
    ) AS popular CROSS JOIN repo_text WHERE repo_text.repo_id = popular.id
    AND REPLACE(repo_text.name_words, :word, '') <> repo_text.name_words"""
# One for each tag: PostgreSQL would look at all rows for several that it thinks are common.
_WITH_TAG = """SELECT repo.id AS repo_id FROM (SELECT repo_number FROM repo_tag
    WHERE tag_number = (SELECT number FROM tag WHERE name = :{name})
    ORDER BY repo_number LIMIT :scanned) AS {name}
    CROSS JOIN repo WHERE repo.number = {name}.repo_number"""

_ACCOUNT_WITH_WORDS = """SELECT account_text.account_id FROM account_words(:query) AS found
    CROSS JOIN account_text WHERE account_text.number = found.rowid"""
_ACCOUNT_WITH_START = """SELECT account_text.account_id FROM account_text
    WHERE account_text.kind = :kind AND account_text.name >= :start AND account_text.name < :end
    ORDER BY account_text.name"""


class Viewing(NamedTuple):
    """Who looks for repositories of these types, and whose private ones they may see."""

    types: Sequence[str]
    viewer_id: str | None
    sees_all: bool
    owner_ids: Sequence[str]

    @classmethod
    def of(
        cls, tx: Transaction, types: Sequence[str], viewer_id: str | None, sees_all: bool
    ) -> Viewing:
        """The viewer, with the organisations that they belong to now."""
        rows = tx.all(
            "SELECT org_id FROM org_member WHERE user_id = :viewer_id LIMIT :most",
            viewer_id=viewer_id,
            most=MOST_OWNERS + 1,
        )
        own = [] if viewer_id is None else [viewer_id]
        return cls(types, viewer_id, sees_all, [*own, *(row.org_id for row in rows)])


class Candidate(NamedTuple):
    """A repository that may be what is looked for, and what tells how well it fits."""

    id: str
    namespace: str
    name: str
    tag_words: str
    trending_score: int
    likes: int
    updated_at: int


class FoundRepo(NamedTuple):
    """A repository that was found; `tags` is JSON, and `body` the text of its card."""

    repo: Repo
    pipeline_tag: str | None
    tags: str | None
    body: str


class FoundAccount(NamedTuple):
    """A user or an organisation."""

    id: str
    name: str
    fullname: str


def find_by_words(tx: Transaction, viewing: Viewing, words: Sequence[str]) -> list[Candidate]:
    """Repositories with all of the words in their names, tags and cards, wherever each is."""
    query = _write_query(viewing, words, False)
    return _find(tx, _WITH_WORDS, viewing, query=query)


def find_by_begun_words(tx: Transaction, viewing: Viewing, words: Sequence[str]) -> list[Candidate]:
    """The same, with the last word at least begun; none where there are too many repositories."""
    row = tx.one("SELECT MAX(number) AS newest FROM repo_text")
    if row is None or (row.newest or 0) > FEW_REPOS:
        return []
    query = _write_query(viewing, words, True)
    return _find(tx, _WITH_WORDS, viewing, query=query)


def find_by_name_words(tx: Transaction, viewing: Viewing, words: Sequence[str]) -> list[Candidate]:
    """Repositories with all of the words in their `namespace/name`, the last one at least begun."""
    query = _write_query(viewing, words, True)
    return _find(tx, _WITH_NAME_WORDS, viewing, query=query)


def find_by_name_start(tx: Transaction, viewing: Viewing, start: str) -> list[Candidate]:
    """Repositories whose name without namespace begins so; `start` is what a name may hold."""
    values = {"start": start, "end": _end_of(start)}
    return [
        found
        for type in viewing.types
        for found in _find(tx, _WITH_NAME_START, viewing, MOST_BEGUN, type=type, **values)
    ]


def find_popular(tx: Transaction, viewing: Viewing, word: str) -> list[Candidate]:
    """Of the repositories that most people like, those with that part in `namespace/name`."""
    return [
        found
        for type in viewing.types
        for found in _find(tx, _POPULAR, viewing, type=type, word=word, popular=POPULAR)
    ]


def find_by_name_part(tx: Transaction, viewing: Viewing, part: str) -> list[Candidate]:
    """Repositories with that part in `namespace/name`; it has three letters that names may have."""
    return _find(tx, _WITH_NAME_PART, viewing, query=f'"{part}"')


def find_by_tag(tx: Transaction, viewing: Viewing, tags: Sequence[str]) -> list[Candidate]:
    """Repositories with any of the tags."""
    values: dict[str, Any] = {f"tag_{n}": tag for n, tag in enumerate(tags)}
    each = (_WITH_TAG.format(name=name) for name in values)
    return _find(tx, " UNION ALL ".join(each), viewing, **values)


def _find(
    tx: Transaction, candidates: str, viewing: Viewing, most: int = MOST, **values: Any
) -> list[Candidate]:
    rows = tx.all(
        "SELECT repo.id, account.name AS namespace, repo.name, repo_text.tag_words,"
        " repo.trending_score, repo.likes, repo.updated_at"
        f" FROM ({candidates} LIMIT :scanned) AS hit"
        " CROSS JOIN repo CROSS JOIN account CROSS JOIN repo_text"
        " WHERE repo.id = hit.repo_id AND account.id = repo.owner_id"
        " AND repo_text.repo_id = repo.id AND repo.type IN :types"
        f" AND {VISIBLE} LIMIT :most",
        scanned=SCANNED,
        most=most,
        types=list(viewing.types),
        viewer_id=viewing.viewer_id,
        sees_all=viewing.sees_all,
        **values,
    )
    return [Candidate(*row) for row in rows]


def _write_query(viewing: Viewing, words: Sequence[str], last_is_begun: bool) -> str:
    """What the index is asked for, so that it gives little that `VISIBLE` leaves out."""
    groups = [_any_of(viewing.types)]
    if not viewing.sees_all and len(viewing.owner_ids) <= MOST_OWNERS:
        groups.append(_any_of(["public", *viewing.owner_ids]))
    return _join(groups, words, last_is_begun)


def _any_of(names: Sequence[str]) -> str:
    return "(" + " OR ".join(f'"{MARK}{name}"' for name in names) + ")"


def _join(groups: Sequence[str], words: Sequence[str], last_is_begun: bool) -> str:
    """A query in the language of FTS5; words hold nothing but letters and digits."""
    parts = [*groups, *(f'"{word}"' for word in words)]
    return " AND ".join(parts) + ("*" if last_is_begun else "")


def _end_of(start: str) -> str:
    """What comes after all names that begin so: no name has a character as large as this."""
    return f"{start}~"


def read_found(tx: Transaction, viewing: Viewing, repo_ids: Sequence[str]) -> dict[str, FoundRepo]:
    """Those of the repositories that the viewer may see, by id."""
    rows = tx.all(
        f"SELECT {COLUMNS}, {RELATION}, repo_facts.pipeline_tag, repo_facts.tags, repo_text.body"
        " FROM repo JOIN account ON account.id = repo.owner_id"
        f" JOIN repo_text ON repo_text.repo_id = repo.id {MAIN} {RELATED}"
        " LEFT JOIN repo_facts ON repo_facts.repo_id = repo.id"
        f" WHERE repo.id IN :repo_ids AND {VISIBLE}",
        repo_ids=list(repo_ids),
        viewer_id=viewing.viewer_id,
        sees_all=viewing.sees_all,
    )
    size = len(Repo._fields)
    return {row.id: FoundRepo(make_repo(row[:size]), *row[size:]) for row in rows}


def find_accounts_by_words(tx: Transaction, kind: str, words: Sequence[str]) -> list[FoundAccount]:
    """Users or organisations with all of the words in their names, the last one at least begun."""
    query = _join([_any_of([kind])], words, True)
    return _find_accounts(tx, _ACCOUNT_WITH_WORDS, query=query)


def find_accounts_by_start(tx: Transaction, kind: str, start: str) -> list[FoundAccount]:
    """Users or organisations whose name begins so; `start` is what a name may hold."""
    return _find_accounts(tx, _ACCOUNT_WITH_START, kind=kind, start=start, end=_end_of(start))


def _find_accounts(tx: Transaction, candidates: str, **values: Any) -> list[FoundAccount]:
    rows = tx.all(
        "SELECT account.id, account.name, account.fullname"
        f" FROM ({candidates} LIMIT :most) AS hit CROSS JOIN account"
        " WHERE account.id = hit.account_id",
        most=MOST,
        **values,
    )
    return [FoundAccount(*row) for row in rows]
