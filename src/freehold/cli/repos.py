"""`freehold repo`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from freehold.cli.connection import connect
from freehold.cli.failures import NothingFoundError, UsageError
from freehold.cli.output import confirm, describe_size, note, show, show_table
from freehold.cli.parsing import (
    Verbs,
    add_confirmation,
    add_repo_options,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from freehold.client.info import LFSFileInfo

GATES = {"auto": "auto", "manual": "manual", "off": False}
VISIBILITIES = ("public", "private", "protected")
SDKS = ("gradio", "docker", "static", "streamlit")


def add_repo(parser: argparse.ArgumentParser) -> None:
    """Adds the commands."""
    verbs = Verbs(parser)
    _add_create(verbs.add("create", "make a repository and print its address", create_repo))
    _add_delete(verbs.add("delete", "delete a repository and all it holds", delete_repo))
    _add_move(verbs.add("move", "rename a repository, or hand it to somebody", move_repo))
    _add_duplicate(verbs.add("duplicate", "copy a repository on the hub", duplicate_repo))
    _add_settings(verbs.add("settings", "show or change settings", update_repo_settings))
    _add_lfs_files(verbs.add("lfs-files", "list large files and delete them for ever"))


def _add_create(parser: argparse.ArgumentParser) -> None:
    add_repo_options(parser)
    _add_visibility(parser)
    parser.add_argument("--exist-ok", action="store_true", help="no error when it is there already")
    parser.add_argument("--sdk", choices=SDKS, help="what a Space is made with")


def _add_visibility(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--private", action="store_true", help="only its members can see it")
    parser.add_argument("--public", action="store_true", help="everybody can see it")
    parser.add_argument("--visibility", choices=VISIBILITIES, help="who can see it, in one word")


def _read_visibility(options: argparse.Namespace) -> dict[str, Any]:
    """The arguments of the call; raises `UsageError` for two that contradict each other."""
    if options.private + options.public + (options.visibility is not None) > 1:
        raise UsageError("Give one of --private, --public and --visibility.")
    private = options.private if options.private or options.public else None
    return {"private": private, "visibility": options.visibility}


def create_repo(options: argparse.Namespace) -> None:
    """`freehold repo create`."""
    visibility = _read_visibility(options)
    url = connect(options).create_repo(
        options.repo_id,
        repo_type=options.repo_type,
        exist_ok=options.exist_ok,
        space_sdk=options.sdk,
        **visibility,
    )
    show(options, {"repo_id": url.repo_id, "repo_type": url.repo_type, "url": url.url}, url.url)


def _add_delete(parser: argparse.ArgumentParser) -> None:
    add_repo_options(parser)
    parser.add_argument("--missing-ok", action="store_true", help="no error when it is not there")
    add_confirmation(parser)


def delete_repo(options: argparse.Namespace) -> None:
    """`freehold repo delete`."""
    confirm(options, f"Delete {options.repo_id} and all it holds, for ever?")
    connect(options).delete_repo(
        options.repo_id, repo_type=options.repo_type, missing_ok=options.missing_ok
    )
    note(options, f"Deleted {options.repo_id}.")
    show(options, {"repo_id": options.repo_id})


def _add_move(parser: argparse.ArgumentParser) -> None:
    add_repo_options(parser)
    parser.add_argument("to_id", metavar="TO", help="the new namespace/name")


def move_repo(options: argparse.Namespace) -> None:
    """`freehold repo move`."""
    connect(options).move_repo(options.repo_id, options.to_id, repo_type=options.repo_type)
    note(options, f"{options.repo_id} is {options.to_id} now; the old name leads there.")
    show(options, {"from": options.repo_id, "repo_id": options.to_id})


def _add_duplicate(parser: argparse.ArgumentParser) -> None:
    add_repo_options(parser)
    parser.add_argument(
        "to_id", metavar="TO", nargs="?", help="the id of the copy (default: yours, same name)"
    )
    _add_visibility(parser)
    parser.add_argument("--exist-ok", action="store_true", help="no error when it is there already")


def duplicate_repo(options: argparse.Namespace) -> None:
    """`freehold repo duplicate`."""
    visibility = _read_visibility(options)
    url = connect(options).duplicate_repo(
        options.repo_id,
        options.to_id,
        repo_type=options.repo_type,
        exist_ok=options.exist_ok,
        **visibility,
    )
    show(options, {"repo_id": url.repo_id, "repo_type": url.repo_type, "url": url.url}, url.url)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    add_repo_options(parser)
    _add_visibility(parser)
    parser.add_argument("--gated", choices=list(GATES), help="whether readers must ask for access")


def update_repo_settings(options: argparse.Namespace) -> None:
    """`freehold repo settings`: without a change, it shows them."""
    changes = _read_visibility(options)
    if options.gated is not None:
        changes["gated"] = GATES[options.gated]
    api, repo_type = connect(options), options.repo_type
    if any(value is not None for value in changes.values()):
        api.update_repo_settings(options.repo_id, repo_type=repo_type, **changes)
    info = api.repo_info(options.repo_id, repo_type=repo_type)
    found = {"repo_id": info.id, "private": info.private, "gated": info.gated}
    show(options, found, "\n".join(f"{name}: {_word(value)}" for name, value in found.items()))


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


# Large files


def _add_lfs_files(parser: argparse.ArgumentParser) -> None:
    verbs = Verbs(parser)
    show_all = verbs.add("list", "list every large file, also of old commits", list_lfs_files)
    add_repo_options(show_all)
    show_all.add_argument("--bytes", action="store_true", help="exact sizes")
    delete = verbs.add("delete", "delete large files for ever", permanently_delete_lfs_files)
    add_repo_options(delete)
    delete.add_argument("files", metavar="FILE", nargs="+", help="a name, or a digest")
    delete.add_argument(
        "--keep-history",
        action="store_true",
        help="leave what mentions them in the history; they can no longer be downloaded",
    )
    add_confirmation(delete)


def list_lfs_files(options: argparse.Namespace) -> None:
    """`freehold repo lfs-files list`."""
    found = list(connect(options).list_lfs_files(options.repo_id, repo_type=options.repo_type))

    def to_row(file: LFSFileInfo) -> Sequence[str]:
        size = str(file.size) if options.bytes else describe_size(file.size)
        return size, file.pushed_at.strftime("%Y-%m-%d %H:%M"), file.oid, file.filename

    show_table(options, found, ("SIZE", "PUSHED", "SHA256", "NAME"), to_row)


def permanently_delete_lfs_files(options: argparse.Namespace) -> None:
    """`freehold repo lfs-files delete`."""
    api = connect(options)
    held = list(api.list_lfs_files(options.repo_id, repo_type=options.repo_type))
    chosen = _choose(held, options.files)
    size = describe_size(sum(file.size for file in chosen))
    confirm(options, f"Delete {len(chosen)} large files ({size}) of {options.repo_id}, for ever?")
    api.permanently_delete_lfs_files(
        options.repo_id,
        chosen,
        rewrite_history=not options.keep_history,
        repo_type=options.repo_type,
    )
    note(options, f"Deleted {len(chosen)} large files ({size}) of {options.repo_id}.")
    show(options, {"repo_id": options.repo_id, "deleted": [file.oid for file in chosen]})


def _choose(held: list[LFSFileInfo], names: list[str]) -> list[LFSFileInfo]:
    """The files of those names or digests; raises `NothingFoundError` for one without any."""
    found = {name: [f for f in held if name in (f.filename, f.oid, f.file_oid)] for name in names}
    missing = [name for name, files in found.items() if not files]
    if missing:
        raise NothingFoundError(f"No large file is called {', '.join(missing)}: see the list.")
    return list({file.oid: file for files in found.values() for file in files}.values())
