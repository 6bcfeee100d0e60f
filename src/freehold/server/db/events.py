"""What has happened to repositories that somebody watches, until each webhook has its delivery."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from freehold.server.db.database import Transaction

# Needs the table `repo` and the parameter :domain.
_WATCHED = """EXISTS (
    SELECT 1 FROM webhook_watch JOIN webhook ON webhook.id = webhook_watch.webhook_id
    WHERE (webhook_watch.repo_id = repo.id OR webhook_watch.account_id = repo.owner_id)
    AND webhook.state = 'enabled'
    AND (
        (:domain = 'repo' AND webhook.on_repo = TRUE)
        OR (:domain = 'discussion' AND webhook.on_discussion = TRUE)
    )
)"""


def record_event(
    tx: Transaction, repo_id: str, action: str, scope: str, detail: Mapping[str, Any], now: int
) -> None:
    """Keeps what has happened to a repository for its webhooks, if it has any that want to know.

    The repository is told as it is at this point of the transaction. `detail` is the rest of the
    payload, such as `{"updatedRefs": […]}`.
    """
    recorded = tx.run(
        "INSERT INTO webhook_event (repo_id, repo_type, repo_name, private, owner_id, sdk,"
        " head_oid, action, scope, detail, created_at)"
        " SELECT repo.id, repo.type, account.name || '/' || repo.name, repo.private,"
        " repo.owner_id, repo.sdk, git_ref.oid, :action, :scope, :detail, :now"
        " FROM repo JOIN account ON account.id = repo.owner_id"
        " LEFT JOIN git_ref ON git_ref.repo_id = repo.id AND git_ref.name = 'refs/heads/main'"
        f" WHERE repo.id = :repo_id AND {_WATCHED}",
        repo_id=repo_id,
        action=action,
        scope=scope,
        domain=scope.partition(".")[0],
        detail=msgspec.json.encode(detail).decode(),
        now=now,
    )
    if recorded:
        tx.announce()
