"""Repo cards: a README.md and the metadata at its head, read, changed, checked and pushed.

What is not changed stays as it was written, byte for byte: comments, quotes, the order of keys,
line ends and the text below.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from freehold.client.calls import parse_with
from freehold.client.card_data import (
    NEEDED,
    CardData,
    DatasetCardData,
    ModelCardData,
    SpaceCardData,
)
from freehold.client.disk import local_errors, write_whole
from freehold.client.errors import HFValidationError, InvalidCardError, LocalFileError
from freehold.client.names import Token, check_repo_id, check_repo_type
from freehold.errors import BadRequestError

try:
    from freehold.formats.repocard import CardIssue, parse_card
    from freehold.formats.repocard_edit import read_card, rewrite_card
    from freehold.formats.yaml_dump import CardFormatError
except ImportError as error:
    raise ImportError(NEEDED) from error

if TYPE_CHECKING:
    from freehold.client.api import HfApi
    from freehold.client.commit_info import CommitInfo

README: Final = "README.md"
MAX_CARD_SIZE: Final = 32 * 1024 * 1024
"""A larger README.md is not read."""


@contextmanager
def card_errors() -> Iterator[None]:
    """What is wrong with metadata as an `InvalidCardError`."""
    try:
        yield
    except CardFormatError as error:
        raise _invalid(error.issues) from error


def _invalid(issues: list[CardIssue]) -> InvalidCardError:
    lines = "".join(f"\n- {issue.message}" for issue in issues)
    return InvalidCardError(f"The metadata of {README} is not valid:{lines}", issues)


def _join(head: str, text: str) -> str:
    """The text on a line of its own below the metadata."""
    return head + text if head.endswith("\n") or not text else f"{head}\n{text}"


class RepoCard:
    """A README.md: `data` is its metadata and `text` what is below; both may be changed.

    `content` is the whole of it with these changes, and may be set as well. Raises
    `InvalidCardError` when the metadata cannot be read; with `ignore_metadata_errors` only when it
    is no YAML mapping.
    """

    card_data_class: ClassVar[type[CardData]] = CardData
    repo_type: ClassVar[str] = "model"

    data: CardData
    text: str

    def __init__(self, content: str, ignore_metadata_errors: bool = False) -> None:
        self.ignore_metadata_errors = ignore_metadata_errors
        self.content = content

    @property
    def content(self) -> str:
        """The whole README.md; raises `InvalidCardError` for data that no card can hold."""
        data = self.data.to_dict()
        # A key without a value is a gap that somebody may want to fill.
        data |= {name: None for name in self._gaps if name in self.data and name not in data}
        with card_errors():
            if self._head:
                return _join(rewrite_card(self._head, data), self.text)
            return rewrite_card(self.text, data) if data else self.text

    @content.setter
    def content(self, content: str) -> None:
        with card_errors():
            card = read_card(content)
        self._head, self.text = content.removesuffix(card.body), card.body
        self._gaps = [name for name, value in card.data.items() if value is None]
        self.data = self.card_data_class.of(card.data, self.ignore_metadata_errors)

    def __str__(self) -> str:
        return self.content

    @classmethod
    def load(
        cls,
        repo_id_or_path: str | Path,
        repo_type: str | None = None,
        token: Token = None,
        ignore_metadata_errors: bool = False,
        *,
        revision: str | None = None,
        api: HfApi | None = None,
    ) -> Self:
        """The card of a repository, or a file of this machine.

        `api` is the hub that is asked, by default that of the environment. Raises
        `InvalidCardError`, `RepositoryNotFoundError`, `EntryNotFoundError` without a README.md,
        `LocalFileError` for what is neither a file here nor a repo id.
        """
        if os.path.isfile(repo_id_or_path):  # noqa: PTH113 - no name of a file is an error
            return cls(read_text(Path(repo_id_or_path)), ignore_metadata_errors)
        repo_id = _check_place(repo_id_or_path)
        hub, kind = hub_of(api), repo_type or cls.repo_type
        find_commit(hub, repo_id, kind, revision, token)
        return cls(download(hub, repo_id, kind, revision, token), ignore_metadata_errors)

    def save(self, filepath: str | Path) -> None:
        """Writes the card in one step; raises `InvalidCardError`, `LocalFileError`."""
        write_bytes(Path(filepath), self.to_bytes())

    def to_bytes(self) -> bytes:
        """The card as it is written into a file; raises `InvalidCardError`."""
        return encode(self.content)

    def validate(
        self,
        repo_type: str | None = None,
        *,
        ask_hub: bool = False,
        token: Token = None,
        api: HfApi | None = None,
    ) -> list[CardIssue]:
        """What is doubtful about the metadata, each with its line and column in `content`.

        It is checked here, and with `ask_hub` by the hub as well. Raises `InvalidCardError`, which
        has the `issues`, for what is wrong.
        """
        kind = check_repo_type(repo_type or self.repo_type)
        content = self.to_bytes().decode("utf-8", "replace")
        card = parse_card(content, require_metadata=True)
        if card.errors:
            raise _invalid(card.errors)
        if not ask_hub:
            return card.warnings
        return _ask_hub(hub_of(api), kind, content, token)

    def push_to_hub(
        self,
        repo_id: str,
        token: Token = None,
        repo_type: str | None = None,
        commit_message: str | None = None,
        commit_description: str | None = None,
        revision: str | None = None,
        create_pr: bool | None = None,
        parent_commit: str | None = None,
        *,
        rebase: bool = False,
        api: HfApi | None = None,
    ) -> CommitInfo:
        """Makes it the README.md of a repository; as a text the answer is the address of its page.

        It is checked before. Raises `InvalidCardError`, and what `HfApi.upload_file` raises, whose
        arguments have the same names.
        """
        self.validate(repo_type)
        return hub_of(api).upload_file(
            path_or_fileobj=self.to_bytes(),
            path_in_repo=README,
            repo_id=repo_id,
            token=token,
            repo_type=repo_type or self.repo_type,
            revision=revision,
            commit_message=commit_message,
            commit_description=commit_description,
            create_pr=create_pr,
            parent_commit=parent_commit,
            rebase=rebase,
        )


class ModelCard(RepoCard):
    """The README.md of a model, with `ModelCardData`: see `RepoCard`."""

    card_data_class = ModelCardData
    data: ModelCardData


class DatasetCard(RepoCard):
    """The README.md of a dataset, with `DatasetCardData`: see `RepoCard`."""

    card_data_class = DatasetCardData
    repo_type = "dataset"
    data: DatasetCardData


class SpaceCard(RepoCard):
    """The README.md of a Space, with `SpaceCardData`: see `RepoCard`."""

    card_data_class = SpaceCardData
    repo_type = "space"
    data: SpaceCardData


# The hub


def hub_of(api: HfApi | None) -> HfApi:
    """The hub to ask: that of the environment when none is given."""
    from freehold.client.api import HfApi

    return api or HfApi()


def find_commit(
    api: HfApi, repo_id: str, repo_type: str, revision: str | None, token: Token
) -> str:
    """The commit of a revision that has a README.md.

    Raises `EntryNotFoundError` when there is none, `InvalidCardError` when it is too large.
    """
    found = api.hf_hub_download(
        repo_id, README, repo_type=repo_type, revision=revision, token=token, dry_run=True
    )
    _check_size(found.file_size or 0)
    return found.commit_hash


def download(api: HfApi, repo_id: str, repo_type: str, revision: str | None, token: Token) -> str:
    """The text of the README.md of a revision; raises `EntryNotFoundError`."""
    path = api.hf_hub_download(repo_id, README, repo_type=repo_type, revision=revision, token=token)
    return read_text(Path(path))


def _ask_hub(api: HfApi, repo_type: str, content: str, token: Token) -> list[CardIssue]:
    """What the hub finds doubtful; raises `InvalidCardError` for what it would refuse."""
    from freehold import wire

    body = wire.repos.ValidateYaml(content=content, repo_type=repo_type)
    try:
        answer = api._session.call(
            wire.routes.VALIDATE_YAML, body=body, token=token, repeatable=True
        )
    except BadRequestError as error:
        issues = error.body.get("errors") if isinstance(error.body, dict) else None
        raise _invalid(_read_issues(issues) or [CardIssue(error.message)]) from error
    return _read_issues(answer.object().get("warnings"))


def _read_issues(issues: Any) -> list[CardIssue]:
    """Those of an answer; hubs need not say where they are."""
    read: list[CardIssue] = parse_with(
        lambda items: [CardIssue(i["message"], i.get("line"), i.get("column")) for i in items],
        issues or [],
    )
    return read


# This machine


def read_text(path: Path) -> str:
    """The text of a README.md, which `encode` makes the same bytes of.

    Raises `LocalFileError`, `InvalidCardError` when it is too large.
    """
    with local_errors("read"), path.open("rb") as file:
        data = file.read(MAX_CARD_SIZE + 1)
    _check_size(len(data))
    return data.decode("utf-8", "surrogateescape")


def encode(content: str) -> bytes:
    """The bytes of a README.md; raises `InvalidCardError` for what is no text."""
    try:
        return content.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise InvalidCardError(f"The text is not valid Unicode: {error}.") from error


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file in one step, over the one that a link may lead to; its mode stays."""
    place = path.resolve()
    with local_errors():
        mode = place.stat().st_mode if place.exists() else None
        write_whole(str(place), data)
        if mode is not None:
            place.chmod(mode & 0o7777)


def _check_size(size: int) -> None:
    if size > MAX_CARD_SIZE:
        raise InvalidCardError(f"{README} has {size} bytes; at most {MAX_CARD_SIZE} are read.")


def _check_place(repo_id_or_path: str | Path) -> str:
    try:
        return check_repo_id(repo_id_or_path)  # type: ignore[arg-type]
    except HFValidationError as error:
        raise LocalFileError(f"{repo_id_or_path} is neither a file here nor a repo id.") from error
