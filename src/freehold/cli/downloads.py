"""`freehold download`."""

from __future__ import annotations

from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from freehold.cli.connection import connect
from freehold.cli.failures import NothingFoundError, UsageError
from freehold.cli.output import Progress, show
from freehold.cli.parsing import add_repo_options, add_revision

if TYPE_CHECKING:
    import argparse

    from freehold.client.api import HfApi


def add_download(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    add_repo_options(parser)
    parser.add_argument(
        "files", metavar="FILE", nargs="*", help="only these; folders end in / (default: all)"
    )
    for name, text in _PATTERNS.items():
        parser.add_argument(name, metavar="PATTERN", action="append", help=text)
    parser.add_argument("--local-dir", metavar="FOLDER", help="put the files there, not in a cache")
    parser.add_argument("--cache-dir", metavar="FOLDER", help="another cache [HF_HUB_CACHE]")
    parser.add_argument(
        "--verify", action="store_true", help="check what is here, and mend what is broken"
    )
    parser.add_argument("--force", action="store_true", help="fetch again what is here")
    add_revision(parser)
    parser.set_defaults(run=download)


_PATTERNS = {
    "--include": "only files that match; may be repeated",
    "--exclude": "no files that match; may be repeated",
}


def download(options: argparse.Namespace) -> None:
    """`freehold download`: prints where the files are, and nothing else, on stdout."""
    if options.files and (options.include or options.exclude):
        raise UsageError("Give names of files, or --include and --exclude.")
    api = connect(options)
    if len(options.files) == 1 and not options.files[0].endswith("/"):
        path = hf_hub_download(api, options)
        show(options, {"path": path}, path)
        return
    folder = snapshot_download(api, options)
    files = [str(Path(folder, name)) for name in options.files]
    show(options, {"path": folder, "files": files or None}, "\n".join(files or [folder]))


def _where(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "repo_type": options.repo_type,
        "revision": options.revision,
        "cache_dir": options.cache_dir,
        "local_dir": options.local_dir,
        "force_download": options.force,
        "verify": options.verify,
    }


def hf_hub_download(api: HfApi, options: argparse.Namespace) -> str:
    """The path of the one file."""
    with Progress(options) as bars:
        path: str = api.hf_hub_download(
            options.repo_id, options.files[0], on_event=bars, **_where(options)
        )
    return path


def snapshot_download(api: HfApi, options: argparse.Namespace) -> str:
    """The folder with the named files, or with all that the patterns choose."""
    if options.files or options.include:
        _require_files(api, options)
    with Progress(options) as bars:
        folder: str = api.snapshot_download(
            options.repo_id,
            allow_patterns=[escape(name) for name in options.files] or options.include,
            ignore_patterns=options.exclude,
            on_event=bars,
            **_where(options),
        )
    return folder


def _require_files(api: HfApi, options: argparse.Namespace) -> None:
    """Raises `NothingFoundError` when something that was asked for is not in the repository."""
    held = api.snapshot_download(
        options.repo_id, dry_run=True, allow_patterns=options.include, **_where(options)
    )
    names = [file.filename for file in held]
    if not names and options.include:
        raise NothingFoundError(f"{options.repo_id} has no file that matches.")
    missing = [wanted for wanted in options.files if not _is_among(wanted, names)]
    if missing:
        raise NothingFoundError(f"{options.repo_id} does not hold {', '.join(missing)}.")


def _is_among(wanted: str, names: list[str]) -> bool:
    if wanted.endswith("/"):
        return any(name.startswith(wanted) for name in names)
    return wanted in names
