"""The metadata of a README.md alone: loaded, saved, and updated on a hub."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from freehold.client.card_data import ModelCardData
from freehold.client.cards import (
    DatasetCard,
    ModelCard,
    RepoCard,
    SpaceCard,
    card_errors,
    download,
    encode,
    find_commit,
    hub_of,
    read_text,
    write_bytes,
)
from freehold.client.errors import HFValidationError, InvalidCardError, MetadataConflictError
from freehold.client.eval_results import merge_results, model_index_to_eval_results
from freehold.client.names import Token, check_repo_type
from freehold.errors import EntryNotFoundError, PreconditionFailedError
from freehold.formats.repocard import find_front_matter
from freehold.formats.repocard_edit import read_card, rewrite_card

if TYPE_CHECKING:
    from freehold.client.api import HfApi
    from freehold.client.commit_info import CommitInfo

# Each time, somebody else has changed the same README.md in the moment between.
_MORE_ATTEMPTS: Final = 4

_CARDS: Final[Mapping[str, type[RepoCard]]] = {
    "model": ModelCard,
    "dataset": DatasetCard,
    "space": SpaceCard,
}


def metadata_load(local_path: str | Path) -> dict[str, Any] | None:
    """The metadata of a README.md of this machine; None when it has none.

    Raises `InvalidCardError` when it cannot be read, `LocalFileError` without such a file.
    """
    text = read_text(Path(local_path))
    with card_errors():
        data = read_card(text).data
    return data if data or find_front_matter(text) else None


def metadata_save(local_path: str | Path, data: Mapping[str, Any]) -> None:
    """Makes this the metadata of a README.md of this machine, which need not be there yet.

    Lines whose values do not change stay as they are. Raises `InvalidCardError`, and then leaves
    the file alone, and `LocalFileError`.
    """
    path = Path(local_path)
    text = read_text(path) if path.exists() else ""
    with card_errors():
        content = rewrite_card(text, data)
    write_bytes(path, encode(content))


def metadata_update(
    repo_id: str,
    metadata: Mapping[str, Any],
    *,
    repo_type: str | None = None,
    overwrite: bool = False,
    token: Token = None,
    commit_message: str | None = None,
    commit_description: str | None = None,
    revision: str | None = None,
    create_pr: bool = False,
    parent_commit: str | None = None,
    api: HfApi | None = None,
) -> CommitInfo:
    """Adds metadata to the README.md of a repository, or changes it with `overwrite`.

    Of a `model-index`, results are added; one for the same metric of the same task and dataset
    takes the place of the old one. A README.md that is not there is begun, but for a Space. When
    somebody else changes it at the same time, theirs is kept and this is added to it. As a text the
    answer is the address of the page.

    Raises `MetadataConflictError` when there is another value and `overwrite` is false,
    `InvalidCardError` when what is there cannot be read, or would not be valid, and what
    `HfApi.upload_file` raises; nothing is pushed then. `api` is the hub that is asked, by default
    that of the environment.
    """
    kind = check_repo_type(repo_type)
    if not isinstance(metadata, Mapping):
        raise HFValidationError("metadata must be a mapping of keys and values.")
    hub = hub_of(api)

    def update() -> CommitInfo:
        card, head = _load(hub, repo_id, kind, revision, token)
        _merge(card, metadata, overwrite, repo_id)
        return card.push_to_hub(
            repo_id,
            token=token,
            repo_type=kind,
            commit_message=commit_message or "Update metadata with freehold",
            commit_description=commit_description,
            revision=revision,
            create_pr=create_pr,
            parent_commit=parent_commit or head,
            rebase=not (parent_commit or create_pr),
            api=hub,
        )

    for _ in range(_MORE_ATTEMPTS if parent_commit is None else 0):
        with suppress(PreconditionFailedError):
            return update()
    return update()


def _load(
    api: HfApi, repo_id: str, repo_type: str, revision: str | None, token: Token
) -> tuple[RepoCard, str | None]:
    """The card that is to be changed, and the commit that it is from."""
    kind = _CARDS.get(repo_type, RepoCard)
    try:
        head = find_commit(api, repo_id, repo_type, revision, token)
        text = download(api, repo_id, repo_type, head, token)
    except EntryNotFoundError:
        if repo_type == "space":
            raise InvalidCardError("A Space needs a README.md, and this one has none.") from None
        info = api.repo_info(repo_id, revision, repo_type, token=token, expand=["sha"])
        return kind(f"\n# {repo_id.rpartition('/')[2]}\n"), info.sha
    # A `model-index` that nobody can read is a reason to refuse results, and nothing else.
    return kind(text, ignore_metadata_errors=True), head


def _merge(card: RepoCard, metadata: Mapping[str, Any], overwrite: bool, repo_id: str) -> None:
    """Changes the data of the card; raises `MetadataConflictError`, `InvalidCardError`."""
    for name, value in metadata.items():
        if name == "model-index" and isinstance(card.data, ModelCardData):
            _merge_results(card.data, value, overwrite, repo_id)
            continue
        known = card.data.get(name)
        if known is not None and known != value and not overwrite:
            raise MetadataConflictError(
                f"The card has another value for {name!r}: pass overwrite=True to replace it."
            )
        card.data[name] = value


def _merge_results(data: ModelCardData, index: Any, overwrite: bool, repo_id: str) -> None:
    if data.get("model-index"):
        raise InvalidCardError("The `model-index` of the card cannot be read: nothing is added.")
    named = [_name(entry, data.model_name or repo_id) for entry in index] if _is_list(index) else 0
    name, added = model_index_to_eval_results(named)
    known = list(data.eval_results or [])
    conflicts = merge_results(known, added, overwrite)
    if conflicts:
        raise MetadataConflictError(
            f"The card has another value for the metric {conflicts[0]!r}:"
            " pass overwrite=True to replace it."
        )
    data.eval_results = known
    data.model_name = data.model_name or name


def _is_list(index: Any) -> bool:
    return isinstance(index, (list, tuple))


def _name(entry: Any, name: str) -> Any:
    """The entry with a name; what is no entry stays what it is."""
    return {"name": name, **entry} if isinstance(entry, Mapping) else entry
