"""How a list of operations becomes one commit: ask, hash, send what is large, commit.

Nothing of it can be seen before the commit has landed.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from freehold import wire
from freehold.client.calls import parse_with
from freehold.client.commit_body import CommitBody
from freehold.client.commit_call import CommitCall
from freehold.client.commit_info import CommitInfo
from freehold.client.commit_request import CommitRequest
from freehold.client.content import Content, LargeFile
from freehold.client.errors import InvalidAnswerError
from freehold.client.hash_cache import HashCache
from freehold.client.info import RepoFile
from freehold.client.large_files import send_large_files
from freehold.client.operations import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
)
from freehold.client.targets import Target
from freehold.client.transfers import Transfer

logger = logging.getLogger("freehold")

FILES_PER_PREUPLOAD = 1000
GIT_IGNORE = ".gitignore"
_SHA256_LENGTH = 64

Copied = tuple[CommitOperationCopy, RepoFile | bytes]


class File:
    """A file of a commit and what has been found out about it so far.

    `is_large` and `is_ignored` are what the hub says of it; `held` is the digest (a sha256, or the
    git id of a small file) of what the branch holds at its path, None for nothing; `sha256` is the
    name under which a large one was sent.
    """

    def __init__(self, addition: CommitOperationAdd) -> None:
        self.content = Content(addition)
        self.path = addition.path_in_repo
        self.is_large = False
        self.is_ignored = False
        self.held: str | None = None
        self.is_unchanged = False
        self.sha256: str | None = None

    def read_answer(self, item: Mapping[str, Any]) -> None:
        """Takes in what the hub says; empty files are never large."""
        self.is_large = item["uploadMode"] == "lfs" and self.content.size > 0
        self.is_ignored = bool(item.get("shouldIgnore"))
        self.held = item.get("oid")

    @property
    def is_wanted(self) -> bool:
        """Whether it is part of the commit."""
        return not self.is_ignored and not self.is_unchanged

    @property
    def may_be_unchanged(self) -> bool:
        """Whether it is worth reading to find out."""
        if self.held is None or self.is_ignored:
            return False
        return not self.is_large or len(self.held) == _SHA256_LENGTH


class Upload:
    """One commit on its way to a branch."""

    def __init__(self, target: Target, request: CommitRequest, transfer: Transfer) -> None:
        self._target = target
        self._request = request
        self._transfer = transfer
        self.head: str | None = None
        """The head of the branch when the hub was asked about the files."""

    def commit(
        self,
        additions: Sequence[CommitOperationAdd],
        deletions: Sequence[CommitOperationDelete],
        copies: Sequence[Copied],
    ) -> CommitInfo | None:
        """The commit with these operations; None when it would change nothing."""
        fresh = [addition for addition in additions if addition.sent_sha256 is None]
        fresh += [CommitOperationAdd(c.path_in_repo, d) for c, d in copies if isinstance(d, bytes)]
        files = [File(addition) for addition in fresh]
        self._ask(files)
        _forget_deleted(files, deletions)
        with HashCache(self._target.session.settings.home) as cache:
            self._find_unchanged(files, cache)
            wanted = [file for file in files if file.is_wanted]
            self._send_large(wanted, cache)
        # Every hub that names what it can do beyond the protocol compares the digest.
        has_digest = self._target.session.capabilities_path is not None
        body = CommitBody(self._request.header(), has_digest)
        for file in wanted:
            _add_file(body, file)
        _add_known(body, additions, copies)
        for deletion in deletions:
            key = "deletedFolder" if deletion.is_folder else "deletedFile"
            body.add(key, {"path": deletion.path_in_repo})
        self._transfer.check()
        if not body.operations:
            return None
        return CommitCall(self._target, self._request, self._transfer).send(body)

    def send_large(self, additions: Sequence[CommitOperationAdd], gitignore: str | None) -> None:
        """Sends the large ones of the additions now, and notes on each what was found out."""
        files = [File(addition) for addition in additions]
        self._ask(files, gitignore)
        with HashCache(self._target.session.settings.home) as cache:
            self._send_large([file for file in files if not file.is_ignored], cache)
        for file in files:
            file.content.addition.is_ignored = file.is_ignored
            file.content.addition.sent_sha256 = file.sha256

    # What the hub says

    def _ask(self, files: Sequence[File], gitignore: str | None = None) -> None:
        text = gitignore if gitignore is not None else _find_gitignore(files)
        heads = set()
        for start in range(0, len(files), FILES_PER_PREUPLOAD):
            self._transfer.check()
            heads.add(self._preupload(files[start : start + FILES_PER_PREUPLOAD], text))
        if len(heads) == 1:
            self.head = heads.pop()
        else:
            # The branch has moved in between: what one answer says does not hold for the others.
            for file in files:
                file.held = None

        for file in files:
            if file.is_ignored:
                logger.warning("%s is left out: the repository's .gitignore names it.", file.path)

    def _preupload(self, files: Sequence[File], gitignore: str | None) -> str | None:
        """Asks about the files, and gives the commit that they were compared with."""
        body = wire.files.Preupload(files=[_describe(file) for file in files], git_ignore=gitignore)
        answer = self._target.call(
            wire.routes.PREUPLOAD,
            revision=self._target.revision,
            query=self._target.query,
            body=body,
            repeatable=True,
        )
        data = answer.object()
        found = parse_with(lambda data: {item["path"]: item for item in data["files"]}, data)
        for file in files:
            if file.path not in found:
                raise InvalidAnswerError(f"The hub did not say how to send {file.path!r}.")
            parse_with(file.read_answer, found[file.path])
        head: str | None = data.get("commitOid")
        return head

    # What has to be sent

    def _find_unchanged(self, files: Sequence[File], cache: HashCache) -> None:
        """Notes which files the branch holds just so already."""
        self._transfer.run_all(
            [partial(self._compare, file, cache) for file in files if file.may_be_unchanged]
        )

    def _compare(self, file: File, cache: HashCache) -> None:
        if len(file.held or "") == _SHA256_LENGTH:
            found = file.sha256 = file.content.find_sha256(cache, self._transfer)
        else:
            found = file.content.find_git_id(self._transfer)
        if found == file.held:
            file.is_unchanged = True
            self._transfer.tell("skip", file.path, 0, file.content.size)

    def _send_large(self, files: Sequence[File], cache: HashCache) -> None:
        """Sends the large ones of the files; each then has its sha256."""

        def hash_one(file: File) -> None:
            file.sha256 = file.sha256 or file.content.find_sha256(cache, self._transfer)

        large = [file for file in files if file.is_large]
        self._transfer.run_all([partial(hash_one, file) for file in large])
        contents = [LargeFile(file.content, file.sha256) for file in large if file.sha256]
        send_large_files(self._target, contents, self._transfer)


def _describe(file: File) -> wire.files.PreuploadFile:
    sample = base64.b64encode(file.content.addition.sample()).decode()
    return wire.files.PreuploadFile(path=file.path, size=file.content.size, sample=sample)


def _find_gitignore(files: Iterable[File]) -> str | None:
    """The text of the root `.gitignore` among the files, which then counts instead of the old."""
    for file in files:
        if file.path == GIT_IGNORE:
            return b"".join(file.content.read_pieces()).decode("utf-8", "replace")
    return None


def _forget_deleted(files: Sequence[File], deletions: Sequence[CommitOperationDelete]) -> None:
    """What the branch holds at paths that are deleted first is not there when files are added."""
    folders = tuple(f"{one.path_in_repo}/" for one in deletions if one.is_folder)
    paths = {one.path_in_repo for one in deletions}
    for file in files:
        if file.path in paths or file.path.startswith(folders):
            file.held = None


def _add_file(body: CommitBody, file: File) -> None:
    if file.is_large and file.sha256 is not None:
        _add_large(body, file.path, file.sha256, file.content.size)
    else:
        body.add_file(file.content)


def _add_known(
    body: CommitBody, additions: Sequence[CommitOperationAdd], copies: Sequence[Copied]
) -> None:
    """Adds the large files whose bytes the hub has already."""
    for addition in additions:
        if addition.sent_sha256 is not None:
            _add_large(body, addition.path_in_repo, addition.sent_sha256, addition.size)
    for copy, found in copies:
        if isinstance(found, RepoFile) and found.lfs is not None:
            _add_large(body, copy.path_in_repo, found.lfs.sha256, found.lfs.size)


def _add_large(body: CommitBody, path: str, sha256: str, size: int) -> None:
    body.add("lfsFile", {"path": path, "algo": "sha256", "oid": sha256, "size": size})
