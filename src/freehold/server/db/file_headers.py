"""What the headers of large files say, each read once."""

from __future__ import annotations

from freehold.server.db.database import Transaction, in_chunks


def find_headers(tx: Transaction, kind: str, object_ids: list[str]) -> dict[str, str]:
    """Those that were read before, by the ids of stored contents, as JSON.

    Whoever asks has to have a right to each of the contents.
    """
    found: dict[str, str] = {}
    for chunk in in_chunks(object_ids):
        rows = tx.all(
            "SELECT object_id, header FROM file_header"
            " WHERE kind = :kind AND object_id IN :object_ids",
            kind=kind,
            object_ids=chunk,
        )
        found |= {row.object_id: row.header for row in rows}
    return found


def put_header(tx: Transaction, kind: str, object_id: str, header: str) -> None:
    """Keeps what a header says, unless the content was deleted meanwhile."""
    tx.run(
        "INSERT INTO file_header (object_id, kind, header)"
        " SELECT id, :kind, :header FROM lfs_object WHERE id = :object_id"
        " ON CONFLICT (object_id, kind) DO NOTHING",
        object_id=object_id,
        kind=kind,
        header=header,
    )
