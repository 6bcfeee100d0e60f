"""How often somebody has failed to sign in, by name and by address."""

from __future__ import annotations

from typing import NamedTuple

from freehold.server.db.database import Transaction


class Failures(NamedTuple):
    """The failures of a subject since a time in milliseconds."""

    failures: int
    since: int


def count_failure(tx: Transaction, subject: str, now: int, before: int) -> Failures:
    """Adds a failure, and gives all since the first one; those from before are forgotten."""
    row = tx.one(
        "INSERT INTO sign_in_failure (subject, failures, since) VALUES (:subject, 1, :now)"
        " ON CONFLICT (subject) DO UPDATE SET"
        " failures = CASE WHEN sign_in_failure.since < :before THEN 1"
        " ELSE sign_in_failure.failures + 1 END,"
        " since = CASE WHEN sign_in_failure.since < :before THEN excluded.since"
        " ELSE sign_in_failure.since END"
        " RETURNING failures, since",
        subject=subject,
        now=now,
        before=before,
    )
    assert row is not None
    return Failures(row.failures, row.since)


def take_back_failure(tx: Transaction, subject: str) -> None:
    """One of the failures was none."""
    tx.run(
        "UPDATE sign_in_failure SET failures = failures - 1"
        " WHERE subject = :subject AND failures > 0",
        subject=subject,
    )


def forget_failures(tx: Transaction, subject: str) -> None:
    """Forgets all failures of the subject."""
    tx.run("DELETE FROM sign_in_failure WHERE subject = :subject", subject=subject)


def forget_old_failures(tx: Transaction, before: int) -> int:
    """Forgets the failures since a time before that one, and gives the number of subjects."""
    return tx.run("DELETE FROM sign_in_failure WHERE since < :before", before=before)
