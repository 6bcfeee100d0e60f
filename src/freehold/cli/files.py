"""`freehold ls`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from freehold.cli.connection import connect
from freehold.cli.output import describe_size, show_each
from freehold.cli.parsing import add_repo_options, add_revision
from freehold.errors import EntryNotFoundError

if TYPE_CHECKING:
    import argparse

    from freehold.client.info import RepoFile, RepoFolder

ID_DIGITS = 12


def add_ls(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    add_repo_options(parser)
    parser.add_argument("path", metavar="PATH", nargs="?", help="a folder or a file in it")
    parser.add_argument(
        "-l", "--long", action="store_true", help="also the size, where it is kept, and its digest"
    )
    parser.add_argument("-R", "--recursive", action="store_true", help="everything below as well")
    parser.add_argument("--bytes", action="store_true", help="exact sizes")
    add_revision(parser)
    parser.set_defaults(run=list_repo_tree)


def list_repo_tree(options: argparse.Namespace) -> None:
    """`freehold ls`."""
    entries = _list_entries(options)
    if options.json:
        show_each(options, (_to_json(entry) for entry in entries), str)
    elif options.long:
        show_each(options, entries, lambda entry: _describe(entry, exact=options.bytes))
    else:
        show_each(options, entries, _name)


def _list_entries(options: argparse.Namespace) -> Iterator[RepoFile | RepoFolder]:
    """What is in the folder, or the file itself."""
    api, path = connect(options), (options.path or "").strip("/")
    where = {"revision": options.revision, "repo_type": options.repo_type}
    try:
        yield from api.list_repo_tree(options.repo_id, path, recursive=options.recursive, **where)
    except EntryNotFoundError:
        found = api.get_paths_info(options.repo_id, [path], **where) if path else []
        if not found:
            raise
        yield from found


def _is_folder(entry: RepoFile | RepoFolder) -> bool:
    return hasattr(entry, "tree_id")


def _name(entry: RepoFile | RepoFolder) -> str:
    return f"{entry.path}/" if _is_folder(entry) else entry.path


def _describe(entry: Any, *, exact: bool) -> str:
    """One line: size, `git`, `lfs` or `dir`, digest, name."""
    if _is_folder(entry):
        return f"{'-':>{15 if exact else 7}}  dir  {entry.tree_id[:ID_DIGITS]}  {_name(entry)}"
    size = f"{entry.size:15}" if exact else f"{describe_size(entry.size):>7}"
    kind = "git" if entry.lfs is None else "lfs"
    return f"{size}  {kind}  {(entry.digest or '')[:ID_DIGITS]}  {entry.path}"


def _to_json(entry: Any) -> dict[str, Any]:
    if _is_folder(entry):
        return {"type": "folder", "path": entry.path, "tree_id": entry.tree_id}
    return {
        "type": "file",
        "path": entry.path,
        "size": entry.size,
        "blob_id": entry.blob_id,
        "sha256": entry.lfs.sha256 if entry.lfs else None,
    }
