"""`freehold upload`."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO

from freehold.cli.connection import connect
from freehold.cli.failures import UsageError
from freehold.cli.output import Progress, note, show
from freehold.cli.parsing import add_repo_options, add_revision
from freehold.client.errors import LocalFileError

if TYPE_CHECKING:
    import argparse

    from freehold.client.api import HfApi
    from freehold.client.commit_info import CommitInfo
    from freehold.client.events import Event, OnEvent
    from freehold.client.operations import CommitOperation

STDIN = "-"


def add_upload(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    add_repo_options(parser)
    parser.add_argument(
        "paths", metavar="PATH", nargs="+", help="a file, a folder, or - for what is piped in"
    )
    parser.add_argument(
        "--to",
        metavar="PATH",
        help="where it goes in the repository; ends in / for a folder to put files into",
    )
    for name, text in _PATTERNS.items():
        parser.add_argument(name, metavar="PATTERN", action="append", help=text)
    parser.add_argument("-m", "--message", help="the first line of the commit's message")
    parser.add_argument("--description", help="the rest of the commit's message")
    parser.add_argument("--create-pr", action="store_true", help="open a pull request with it")
    parser.add_argument("--create", action="store_true", help="make the repository if need be")
    parser.add_argument("--private", action="store_true", help="with --create: make it private")
    add_revision(parser)
    parser.set_defaults(run=upload)


_PATTERNS = {
    "--include": "of folders, only files that match; may be repeated",
    "--exclude": "of folders, no files that match; may be repeated",
    "--delete": "delete what matches in the same commit, unless it is uploaded",
}


def upload(options: argparse.Namespace) -> None:
    """`freehold upload`: all that is given becomes one commit."""
    _check(options)
    api = connect(options)
    if options.create:
        api.create_repo(
            options.repo_id,
            repo_type=options.repo_type,
            private=options.private or None,
            exist_ok=True,
        )
    with Progress(options) as bars:
        landed = _Landed(bars)
        info = _upload(api, options, landed)
    if not landed.found:
        _require_a_file(options)
    note(options, _tell(info, landed.found))
    found = {"url": str(info), "commit_url": info.commit_url, "commit": info.oid}
    shown = info.pr_url or str(info)
    show(options, {**found, "pr_url": info.pr_url, "changed": landed.found}, shown)


def _tell(info: CommitInfo, has_landed: bool) -> str:
    if not has_landed:
        return "Nothing has changed: no commit was needed."
    if info.pr_revision is None:
        return "Committed."
    return f"Opened the pull request #{info.pr_num}: {info.pr_revision} is its revision."


class _Landed:
    """Passes events on, and remembers whether a commit was among them."""

    def __init__(self, on_event: OnEvent | None) -> None:
        self._on_event = on_event
        self.found = False

    def __call__(self, event: Event) -> None:
        self.found |= event.kind == "commit"
        if self._on_event is not None:
            self._on_event(event)


def _check(options: argparse.Namespace) -> None:
    """Raises before anything is sent: `UsageError`, `LocalFileError`."""
    if options.paths.count(STDIN) > 1:
        raise UsageError("- can be given once.")
    if STDIN in options.paths and (len(options.paths) > 1 or not options.to):
        raise UsageError("- is uploaded alone, and needs --to: the name of the file.")
    if options.private and not options.create:
        raise UsageError("--private belongs to --create; `freehold repo settings` changes it.")
    for path in options.paths:
        if path != STDIN and not Path(path).exists():
            raise LocalFileError(f"{path!r} does not exist.")


def _require_a_file(options: argparse.Namespace) -> None:
    """Raises `UsageError` when nothing was uploaded because the patterns let nothing through."""
    if not options.delete and options.paths != [STDIN] and not _list_additions(options):
        raise UsageError("There is nothing to upload: no file matches.")


def _upload(api: HfApi, options: argparse.Namespace, on_event: OnEvent) -> CommitInfo:
    target = {
        "repo_id": options.repo_id,
        "repo_type": options.repo_type,
        "revision": options.revision,
        "commit_description": options.description,
        "create_pr": options.create_pr,
        "on_event": on_event,
    }
    if options.paths == [STDIN]:
        with TemporaryFile() as file:
            return _create_commit(api, options, target, _spool(file))
    if len(options.paths) == 1 and Path(options.paths[0]).is_dir():
        return _upload_folder(api, options, target)
    return _create_commit(api, options, target)


def _spool(file: BinaryIO) -> BinaryIO:
    """What is piped in, on disk: its digest is needed before it is sent."""
    from shutil import copyfileobj

    copyfileobj(sys.stdin.buffer, file)
    file.seek(0)
    return file


def _upload_folder(api: HfApi, options: argparse.Namespace, target: dict[str, Any]) -> CommitInfo:
    """One folder: its content goes to the root, or to `--to`."""
    return api.upload_folder(
        folder_path=options.paths[0],
        path_in_repo=options.to,
        commit_message=options.message,
        allow_patterns=options.include,
        ignore_patterns=options.exclude,
        delete_patterns=options.delete,
        **target,
    )


def _create_commit(
    api: HfApi, options: argparse.Namespace, target: dict[str, Any], piped: BinaryIO | None = None
) -> CommitInfo:
    """Files, or several things: each under its own name, as `cp -r` would have it."""
    from freehold.client.operations import CommitOperationAdd

    additions = [CommitOperationAdd(options.to, piped)] if piped else _list_additions(options)
    if not additions:
        _require_a_file(options)
    names = {addition.path_in_repo for addition in additions}
    operations: list[CommitOperation] = [*additions, *_list_deletions(api, options, names)]
    about = next(iter(names)) if len(names) == 1 else f"{len(names)} files"
    message = options.message or f"Upload {about} with freehold"
    return api.create_commit(operations=operations, commit_message=message, **target)


def _list_additions(options: argparse.Namespace) -> list[Any]:
    from freehold.client.folders import list_additions
    from freehold.client.operations import CommitOperationAdd

    found = []
    for path in map(Path, options.paths):
        name = _name_in_repo(options, path)
        if path.is_dir():
            found += list_additions(path, name, options.include, options.exclude)
        else:
            found.append(CommitOperationAdd(name, str(path)))
    return found


def _name_in_repo(options: argparse.Namespace, path: Path) -> str:
    to = options.to or ""
    if to and len(options.paths) == 1 and not to.endswith("/"):
        return str(to)
    folder = to.strip("/")
    own = path.name or path.resolve().name
    return f"{folder}/{own}" if folder else own


def _list_deletions(
    api: HfApi, options: argparse.Namespace, kept: set[str]
) -> list[CommitOperation]:
    from freehold.client.operations import CommitOperationDelete
    from freehold.client.patterns import filter_paths

    if not options.delete:
        return []
    held = api.list_repo_files(
        options.repo_id, revision=options.revision, repo_type=options.repo_type
    )
    chosen = filter_paths(held, options.delete)
    # Deleting it along with everything else would turn large files into small ones.
    kept = kept | {".gitattributes"}
    return [CommitOperationDelete(path, is_folder=False) for path in chosen if path not in kept]
