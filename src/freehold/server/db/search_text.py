"""What repositories and accounts are searched by, kept beside them."""

from __future__ import annotations

from collections.abc import Iterable

from freehold.server.db.database import Transaction

# A word that no text has: it says what something is, in the index that its words are in.
MARK = "§"

# A name is made of letters, digits and these.
_NAME_WORDS = """:mark || repo.type || ' ' || :mark || repo.owner_id
    || CASE WHEN repo.private THEN ' ' ELSE ' ' || :mark || 'public ' END
    || REPLACE(REPLACE(REPLACE(
        account.name_key || ' ' || repo.name_key, '-', ' '), '_', ' '), '.', ' ')"""


def put_repo_name(tx: Transaction, repo_id: str) -> None:
    """Makes a repository be found by the name that it has now, and by whom it is for."""
    tx.run(
        "INSERT INTO repo_text (repo_id, type, name, name_words)"
        f" SELECT repo.id, repo.type, repo.name_key, {_NAME_WORDS}"
        " FROM repo JOIN account ON account.id = repo.owner_id WHERE repo.id = :repo_id"
        " ON CONFLICT (repo_id) DO UPDATE SET name = excluded.name,"
        " name_words = excluded.name_words",
        repo_id=repo_id,
        mark=MARK,
    )


def put_repo_text(
    tx: Transaction, repo_id: str, tag_words: str, text_words: str, body: str
) -> None:
    """Makes a repository be found by these words as well; what is there is not written again."""
    tx.run(
        "UPDATE repo_text SET tag_words = :tag_words, text_words = :text_words, body = :body"
        " WHERE repo_id = :repo_id AND"
        " (tag_words <> :tag_words OR text_words <> :text_words OR body <> :body)",
        repo_id=repo_id,
        tag_words=tag_words,
        text_words=text_words,
        body=body,
    )


def put_account_text(
    tx: Transaction, account_id: str, kind: str, name: str, words: Iterable[str]
) -> None:
    """Makes a new account be found by its name in lower case and by these words."""
    tx.run(
        "INSERT INTO account_text (account_id, kind, name, words)"
        " VALUES (:account_id, :kind, :name, :words)",
        account_id=account_id,
        kind=kind,
        name=name,
        words=" ".join([MARK + kind, *words]),
    )


def replace_account_text(
    tx: Transaction, account_id: str, kind: str, name: str, words: Iterable[str]
) -> None:
    """Makes an account be found by these words instead of those before."""
    # SQLite's tables of words follow rows that come and go, not rows that change.
    tx.run("DELETE FROM account_text WHERE account_id = :account_id", account_id=account_id)
    put_account_text(tx, account_id, kind, name, words)
