"""Which tags repositories have, and how many public ones of a type have each.

Many commits add the same tag at once: each writes down the change in a row of its own, and a job
adds the rows to the totals. Readers take both, so the totals are always those of this moment.
"""

from __future__ import annotations

from collections import Counter

from freehold.server.db.database import Transaction
from freehold.server.db.visibility import VISIBLE

# More tags than these are of no use to anybody who chooses one.
MOST = 10_000
# The private repositories whose tags are shown to those who may see them.
MOST_PRIVATE = 1000


def _find_tags(tx: Transaction, names: list[str]) -> dict[str, int]:
    """The numbers of those tags that some repository has or had."""
    rows = tx.all("SELECT name, number FROM tag WHERE name IN :names", names=names)
    return {row.name: row.number for row in rows}


def count_tags(tx: Transaction, repo_type: str, names: list[str]) -> dict[str, tuple[int, int]]:
    """The number of each tag, and how many public repositories of the type have it.

    Tags that no repository has or had are absent.
    """
    rows = tx.all(
        "SELECT tag.name, tag.number, COALESCE((SELECT total FROM tag_total"
        " WHERE repo_type = :repo_type AND tag_number = tag.number), 0)"
        " + COALESCE((SELECT SUM(change) FROM tag_change"
        " WHERE tag_number = tag.number AND repo_type = :repo_type), 0) AS total"
        " FROM tag WHERE tag.name IN :names",
        repo_type=repo_type,
        names=names,
    )
    return {row.name: (row.number, int(row.total)) for row in rows}


def put_tags(tx: Transaction, repo_id: str, names: list[str]) -> None:
    """Replaces the tags of a repository, in lower case, which it is found by."""
    repo = tx.one("SELECT number, type, private FROM repo WHERE id = :repo_id", repo_id=repo_id)
    if repo is None:
        return
    rows = tx.all(
        "SELECT tag.name, tag.number FROM repo_tag JOIN tag ON tag.number = repo_tag.tag_number"
        " WHERE repo_tag.repo_number = :repo_number",
        repo_number=repo.number,
    )
    old, new = {row.name: row.number for row in rows}, set(names)
    dropped = [number for name, number in old.items() if name not in new]
    added = _number_tags(tx, sorted(new - old.keys()))
    for statement, numbers in (
        ("DELETE FROM repo_tag WHERE tag_number = :tag AND repo_number = :repo", dropped),
        ("INSERT INTO repo_tag (tag_number, repo_number) VALUES (:tag, :repo)", added),
    ):
        tx.run_many(statement, [{"tag": number, "repo": repo.number} for number in numbers])
    if not repo.private:
        changes = [(number, -1) for number in dropped] + [(number, 1) for number in added]
        _note_changes(tx, repo.type, changes)


def _number_tags(tx: Transaction, names: list[str]) -> list[int]:
    """The numbers of the tags, those that are new among them.

    The names are sorted, so that two transactions with the same new tags wait for each other in
    the same order.
    """
    known = _find_tags(tx, names) if names else {}
    new = [name for name in names if name not in known]
    if new:
        tx.run_many(
            "INSERT INTO tag (name) VALUES (:name) ON CONFLICT DO NOTHING",
            [{"name": name} for name in new],
        )
        known |= _find_tags(tx, new)
    return sorted(known.values())


def _note_changes(tx: Transaction, repo_type: str, changes: list[tuple[int, int]]) -> None:
    tx.run_many(
        "INSERT INTO tag_change (repo_type, tag_number, change)"
        " VALUES (:repo_type, :tag_number, :change)",
        [{"repo_type": repo_type, "tag_number": tag, "change": by} for tag, by in changes],
    )


def count_tags_of(tx: Transaction, repo_id: str, change: int) -> None:
    """Adds the tags of a repository, if it is public, to the totals, or takes them away with -1."""
    tx.run(
        "INSERT INTO tag_change (repo_type, tag_number, change)"
        " SELECT repo.type, repo_tag.tag_number, CAST(:change AS BIGINT) FROM repo"
        " JOIN repo_tag ON repo_tag.repo_number = repo.number"
        " WHERE repo.id = :repo_id AND repo.private = FALSE",
        repo_id=repo_id,
        change=change,
    )


def add_up_tags(tx: Transaction, most: int) -> int:
    """Adds up to `most` changes to the totals, and gives their number."""
    rows = tx.all(
        "DELETE FROM tag_change WHERE number IN"
        " (SELECT number FROM tag_change ORDER BY number LIMIT :most)"
        " RETURNING repo_type, tag_number, change",
        most=most,
    )
    sums: Counter[tuple[str, int]] = Counter()
    for row in rows:
        sums[row.repo_type, row.tag_number] += row.change
    tx.run_many(
        "INSERT INTO tag_total (repo_type, tag_number, total)"
        " VALUES (:repo_type, :tag_number, :total) ON CONFLICT (repo_type, tag_number)"
        " DO UPDATE SET total = tag_total.total + excluded.total",
        [
            {"repo_type": repo_type, "tag_number": tag, "total": total}
            for (repo_type, tag), total in sorted(sums.items())
            if total
        ],
    )
    return len(rows)


def list_tags_in_use(
    tx: Transaction, viewer_id: str | None, sees_all: bool, repo_type: str
) -> list[str]:
    """The tags of the repositories of a type that the viewer may see, each once.

    Of private repositories, those of the viewer's and of their organisations, at most
    `MOST_PRIVATE`. The order is that of the answer: what most repositories have comes first.
    """
    rows = tx.all(
        f"""WITH counted AS (
            SELECT * FROM (
                SELECT tag_number, total FROM tag_total
                WHERE repo_type = :repo_type AND total > 0 ORDER BY total DESC LIMIT :most
            ) AS often
            UNION ALL SELECT tag_number, change FROM tag_change WHERE repo_type = :repo_type
            UNION ALL SELECT repo_tag.tag_number, 1 FROM (
                SELECT repo.number FROM repo
                WHERE repo.owner_id IN (
                    SELECT :viewer_id
                    UNION ALL SELECT org_id FROM org_member WHERE user_id = :viewer_id
                ) AND repo.type = :repo_type AND repo.private = TRUE AND {VISIBLE}
                LIMIT :most_private
            ) AS shown JOIN repo_tag ON repo_tag.repo_number = shown.number
        )
        SELECT tag.name, SUM(counted.total) AS total
        FROM counted JOIN tag ON tag.number = counted.tag_number
        GROUP BY tag.name HAVING SUM(counted.total) > 0
        ORDER BY total DESC, tag.name LIMIT :most""",
        repo_type=repo_type,
        viewer_id=viewer_id,
        sees_all=sees_all,
        most=MOST,
        most_private=MOST_PRIVATE,
    )
    return [row.name for row in rows]


def list_totals(tx: Transaction, repo_type: str, most: int) -> list[tuple[str, int]]:
    """The tags that most public repositories of a type have, and how many have each."""
    rows = tx.all(
        """WITH counted AS (
            SELECT * FROM (
                SELECT tag_number, total FROM tag_total
                WHERE repo_type = :repo_type AND total > 0 ORDER BY total DESC LIMIT :most
            ) AS often
            UNION ALL SELECT tag_number, change FROM tag_change WHERE repo_type = :repo_type
        )
        SELECT tag.name, SUM(counted.total) AS total
        FROM counted JOIN tag ON tag.number = counted.tag_number
        GROUP BY tag.name HAVING SUM(counted.total) > 0
        ORDER BY total DESC, tag.name LIMIT :most""",
        repo_type=repo_type,
        most=most,
    )
    return [(row.name, int(row.total)) for row in rows]
