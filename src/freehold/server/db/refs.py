"""The refs of repositories: the only truth about what a branch or tag leads to."""

from __future__ import annotations

from freehold.server.db.database import Transaction

# The default branch of every repository.
MAIN = "refs/heads/main"


def list_refs(tx: Transaction, repo_id: str) -> dict[str, str]:
    """Commit (or tag object) ids by full ref name, in the order of the names."""
    rows = tx.all(
        "SELECT name, oid FROM git_ref WHERE repo_id = :repo_id ORDER BY name", repo_id=repo_id
    )
    return {row.name: row.oid for row in rows}


def list_ref_names(tx: Transaction, repo_id: str, limit: int) -> list[str]:
    """The first `limit` names of refs that are not those of pull requests, in their order."""
    rows = tx.all(
        "SELECT name FROM git_ref WHERE repo_id = :repo_id AND name NOT LIKE :proposals"
        " ORDER BY name LIMIT :limit",
        repo_id=repo_id,
        proposals="refs/pr/%",
        limit=limit,
    )
    return [row.name for row in rows]


def find_refs(tx: Transaction, repo_id: str, names: list[str]) -> dict[str, str]:
    """Those of the named refs that exist."""
    rows = tx.all(
        "SELECT name, oid FROM git_ref WHERE repo_id = :repo_id AND name IN :names",
        repo_id=repo_id,
        names=names,
    )
    return {row.name: row.oid for row in rows}


def swap_ref(tx: Transaction, repo_id: str, name: str, old: str | None, new: str | None) -> bool:
    """Moves a ref from `old` to `new` (`None`: absent); false when it was not at `old`."""
    if old is None:
        done = tx.run(
            "INSERT INTO git_ref (repo_id, name, oid) VALUES (:repo_id, :name, :new)"
            " ON CONFLICT DO NOTHING",
            repo_id=repo_id,
            name=name,
            new=new,
        )
    elif new is None:
        done = tx.run(
            "DELETE FROM git_ref WHERE repo_id = :repo_id AND name = :name AND oid = :old",
            repo_id=repo_id,
            name=name,
            old=old,
        )
    else:
        done = tx.run(
            "UPDATE git_ref SET oid = :new"
            " WHERE repo_id = :repo_id AND name = :name AND oid = :old",
            repo_id=repo_id,
            name=name,
            old=old,
            new=new,
        )
    return done == 1
