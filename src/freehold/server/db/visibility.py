"""Which repositories a viewer may see: the one condition behind every check and every listing."""

from __future__ import annotations

# Needs the tables `repo` and the parameters :viewer_id (NULL for a stranger) and :sees_all.
VISIBLE = """(
    repo.private = FALSE
    OR :sees_all = TRUE
    OR repo.owner_id = :viewer_id
    OR EXISTS (
        SELECT 1 FROM org_member
        WHERE org_member.org_id = repo.owner_id AND org_member.user_id = :viewer_id
    )
)"""

# The same for the bytes of its files: a gate keeps out all but its owner, their members and those
# whose request was accepted.
READABLE = f"""(
    repo.disabled = FALSE
    AND {VISIBLE}
    AND (
        repo.gated = ''
        OR :sees_all = TRUE
        OR repo.owner_id = :viewer_id
        OR EXISTS (
            SELECT 1 FROM org_member
            WHERE org_member.org_id = repo.owner_id AND org_member.user_id = :viewer_id
        )
        OR EXISTS (
            SELECT 1 FROM access_request
            WHERE access_request.repo_id = repo.id AND access_request.user_id = :viewer_id
                AND access_request.status = 'accepted'
        )
    )
)"""
