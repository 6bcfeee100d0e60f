"""`freehold cache`: what was downloaded to this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from freehold.cli.connection import connect
from freehold.cli.failures import FAILED, NothingFoundError, UsageError, message_of
from freehold.cli.output import Progress, confirm, describe_size, note, show, show_each, show_table
from freehold.cli.parsing import (
    Verbs,
    add_confirmation,
    add_hub_options,
    add_output_options,
    add_repo_type,
)
from freehold.client.errors import CacheNotFound
from freehold.errors import FreeholdError

if TYPE_CHECKING:
    import argparse

    from freehold.client.api import HfApi
    from freehold.client.cache_scan import CachedRepoInfo, CachedRevisionInfo, HFCacheInfo
    from freehold.client.events import OnEvent

SHORT_ID = 10
SHORTEST_PREFIX = 7
"""How many digits of a commit id are needed to name it."""


def add_cache(parser: argparse.ArgumentParser) -> None:
    """Adds the commands."""
    verbs = Verbs(parser)
    listing = verbs.add("ls", "list what was downloaded", scan_cache_dir)
    listing.add_argument("--revisions", action="store_true", help="a line for each commit")
    _add_cache_dir(listing)
    add_output_options(listing)
    _add_rm(verbs.add("rm", "delete what was downloaded", delete_revisions))
    verify = verbs.add("verify", "compare what is here with its digests", verify_repo_checksums)
    verify.add_argument("repos", metavar="REPO", nargs="*", help="only these (default: all)")
    _add_cache_dir(verify)
    add_repo_type(verify)
    add_hub_options(verify)


def _add_rm(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", metavar="TARGET", nargs="*", help="a repository or a commit id")
    parser.add_argument(
        "--incomplete", action="store_true", help="also what downloads that were cut have left"
    )
    _add_cache_dir(parser)
    add_repo_type(parser)
    add_confirmation(parser)
    add_output_options(parser)


def _add_cache_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cache-dir", metavar="FOLDER", help="another cache [HF_HUB_CACHE]")


class Snapshot(NamedTuple):
    """A commit of a repository in the cache."""

    repo: CachedRepoInfo
    revision: CachedRevisionInfo


def _scan(options: argparse.Namespace) -> HFCacheInfo:
    from freehold.client import cache_scan

    try:
        found = cache_scan.scan_cache_dir(options.cache_dir)
    except ValueError as error:
        raise UsageError(str(error)) from error
    for warning in found.warnings:
        note(options, f"Not listed: {warning}")
    return found


def _snapshots(found: HFCacheInfo) -> list[Snapshot]:
    pairs = [Snapshot(repo, revision) for repo in found.repos for revision in repo.revisions]
    return sorted(pairs, key=lambda pair: (pair.repo.cache_id, pair.revision.commit_hash))


# Listing


def scan_cache_dir(options: argparse.Namespace) -> None:
    """`freehold cache ls`."""
    try:
        found = _scan(options)
    except CacheNotFound:
        if options.cache_dir is not None:
            raise
        # Nothing has been downloaded yet.
        show_each(options, (), str)
        return
    if options.revisions:
        _list_revisions(options, found)
    else:
        _list_repos(options, found)
    if found.incomplete_files:
        size = describe_size(found.incomplete_size_on_disk)
        note(options, f"{size} of downloads that were cut: `freehold cache rm --incomplete`.")


def _list_repos(options: argparse.Namespace, found: HFCacheInfo) -> None:
    repos = sorted(found.repos, key=lambda repo: repo.cache_id)
    if options.json:
        show(options, [_repo_fields(repo) for repo in repos])
        return

    def to_row(repo: CachedRepoInfo) -> tuple[str, ...]:
        refs = ", ".join(sorted(repo.refs))
        size = describe_size(repo.size_on_disk)
        return repo.repo_id, repo.repo_type, size, str(repo.nb_files), repo.last_accessed_str, refs

    show_table(options, repos, ("REPO", "TYPE", "SIZE", "FILES", "LAST USED", "REFS"), to_row)


def _repo_fields(repo: CachedRepoInfo) -> dict[str, Any]:
    return {
        "repo_id": repo.repo_id,
        "repo_type": repo.repo_type,
        "path": str(repo.repo_path),
        "size": repo.size_on_disk,
        "files": repo.nb_files,
        "last_accessed": repo.last_accessed,
        "revisions": sorted(revision.commit_hash for revision in repo.revisions),
    }


def _list_revisions(options: argparse.Namespace, found: HFCacheInfo) -> None:
    pairs = _snapshots(found)
    if options.json:
        show(options, [_revision_fields(pair) for pair in pairs])
        return

    def to_row(pair: Snapshot) -> tuple[str, ...]:
        repo, revision = pair
        refs = ", ".join(sorted(revision.refs))
        size, files = describe_size(revision.size_on_disk), str(revision.nb_files)
        return repo.repo_id, repo.repo_type, revision.commit_hash, size, files, refs

    show_table(options, pairs, ("REPO", "TYPE", "COMMIT", "SIZE", "FILES", "REFS"), to_row)


def _revision_fields(pair: Snapshot) -> dict[str, Any]:
    return {
        "repo_id": pair.repo.repo_id,
        "repo_type": pair.repo.repo_type,
        "commit": pair.revision.commit_hash,
        "path": str(pair.revision.snapshot_path),
        "size": pair.revision.size_on_disk,
        "files": pair.revision.nb_files,
        "refs": sorted(pair.revision.refs),
    }


# Deleting


def delete_revisions(options: argparse.Namespace) -> None:
    """`freehold cache rm`."""
    if not options.targets and not options.incomplete:
        raise UsageError("Name a repository or a commit id, or give --incomplete.")
    found = _scan(options)
    commits = {commit for target in options.targets for commit in _choose(found, target, options)}
    partial = [file.file_path for file in found.incomplete_files] if options.incomplete else []
    plans = [found.delete_revisions(*commits), found.delete_files(*partial)]
    size = sum(plan.expected_freed_size for plan in plans)
    what = f"{len(commits)} commits" + (f" and {len(partial)} cut downloads" if partial else "")
    confirm(options, f"Delete {what} ({describe_size(size)}) from the cache?")
    for plan in plans:
        plan.execute()
    note(options, f"Deleted {what} ({describe_size(size)}) from the cache.")
    show(options, {"commits": sorted(commits), "freed": size})


def _choose(found: HFCacheInfo, target: str, options: argparse.Namespace) -> set[str]:
    """The commits that a repository or a commit id stands for."""
    pairs = [p for p in _snapshots(found) if options.repo_type in {None, p.repo.repo_type}]
    named = [pair for pair in pairs if target in (pair.repo.repo_id, pair.repo.cache_id)]
    if len({pair.repo.repo_type for pair in named}) > 1:
        raise UsageError(f"{target} is several things: say which with --repo-type.")
    if not named and len(target) >= SHORTEST_PREFIX:
        named = [pair for pair in pairs if pair.revision.commit_hash.startswith(target)]
    if not named:
        raise NothingFoundError(f"The cache holds no {target}: see `freehold cache ls`.")
    return {pair.revision.commit_hash for pair in named}


# Checking


def verify_repo_checksums(options: argparse.Namespace) -> int:
    """`freehold cache verify`: the exit status is 1 when something is wrong."""
    found = _scan(options)
    for target in options.repos:
        _choose(found, target, options)
    pairs = [pair for pair in _snapshots(found) if _is_meant(pair.repo, options)]
    api = connect(options)
    with Progress(options) as bars:
        outcomes = [_verify(api, options, pair, bars) for pair in pairs]
    show_outcomes(options, outcomes)
    return FAILED if any(outcome["mismatches"] or outcome["error"] for outcome in outcomes) else 0


def _is_meant(repo: CachedRepoInfo, options: argparse.Namespace) -> bool:
    if options.repo_type not in {None, repo.repo_type}:
        return False
    return not options.repos or bool({repo.repo_id, repo.cache_id} & set(options.repos))


def _verify(
    api: HfApi, options: argparse.Namespace, pair: Snapshot, bars: OnEvent | None
) -> dict[str, Any]:
    repo, commit = pair.repo, pair.revision.commit_hash
    outcome = {"repo_id": repo.repo_id, "repo_type": repo.repo_type, "commit": commit}
    try:
        checked = api.verify_repo_checksums(
            repo.repo_id,
            repo_type=repo.repo_type,
            revision=commit,
            cache_dir=options.cache_dir,
            on_event=bars,
        )
    except FreeholdError as error:
        # One that this hub does not know must not hide what is wrong with the others.
        return {**outcome, "checked": 0, "mismatches": [], "error": message_of(error)}
    return {
        **outcome,
        "checked": checked.checked_count,
        "mismatches": checked.mismatches,
        "error": None,
    }


def show_outcomes(options: argparse.Namespace, outcomes: list[dict[str, Any]]) -> None:
    """Prints a line for each commit, and one for each file that is wrong."""
    show(options, outcomes, "\n".join(line for o in outcomes for line in _describe(o)) or None)


def _describe(outcome: dict[str, Any]) -> list[str]:
    about = f"{outcome['repo_id']}  {outcome['commit'][:SHORT_ID]}"
    if outcome["error"]:
        return [f"unknown  {about}  {outcome['error']}"]
    wrong = [f"         {path}" for path in outcome["mismatches"]]
    state = "broken " if wrong else "sound  "
    mend = f"; `freehold download {outcome['repo_id']} --verify` mends it" if wrong else ""
    return [f"{state}  {about}  {outcome['checked']} files{mend}", *wrong]
