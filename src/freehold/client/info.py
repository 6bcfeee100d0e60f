"""What a hub tells about repositories, their files and their commits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from freehold.client.card_data import CardData, DatasetCardData, ModelCardData, SpaceCardData
from freehold.client.records import Record


def parse_time(text: str | datetime | None) -> datetime | None:
    """A moment of the protocol (`2024-01-02T03:04:05.000Z`) with its time zone; None stays None."""
    if text is None or isinstance(text, datetime):
        return text
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class BlobLfsInfo(Record):
    """The large file behind a pointer: `size` in bytes, `sha256`, and the pointer's own size."""

    size: int
    sha256: str
    pointer_size: int | None

    @classmethod
    def parse(cls, data: Mapping[str, Any] | None) -> BlobLfsInfo | None:
        """From an object of the protocol, which names the digest `oid` or `sha256`."""
        if not data:
            return None
        digest = data.get("sha256") or data.get("oid")
        return cls(size=data["size"], sha256=digest, pointer_size=data.get("pointerSize"))


class LastCommitInfo(Record):
    """The newest commit that changed a path: `oid`, `title` and `date`."""

    oid: str
    title: str
    date: datetime

    @classmethod
    def parse(cls, data: Mapping[str, Any] | None) -> LastCommitInfo | None:
        """From an object of the protocol."""
        if not data:
            return None
        return cls(oid=data["id"], title=data["title"], date=parse_time(data["date"]))


class RepoFile(Record):
    """A file of a repository.

    `rfilename` (also `path`) is its name from the root; `size` (bytes), `blob_id` (git id) and
    `lfs` are None where the hub was not asked for them, and `lfs` for files that are kept in git.
    """

    rfilename: str
    size: int | None
    blob_id: str | None
    lfs: BlobLfsInfo | None
    xet_hash: str | None
    last_commit: LastCommitInfo | None
    security: Any

    def __init__(
        self,
        rfilename: str | None = None,
        size: int | None = None,
        blobId: str | None = None,  # noqa: N803 - the documented name
        lfs: Mapping[str, Any] | BlobLfsInfo | None = None,
        **fields: Any,
    ) -> None:
        path = fields.pop("path", None)
        named = rfilename if rfilename is not None else path
        if not isinstance(named, str):
            raise TypeError("a file needs rfilename, its path")
        last = fields.pop("lastCommit", None)
        super().__init__(
            rfilename=named,
            size=size,
            blob_id=blobId or fields.pop("oid", None) or fields.pop("blob_id", None),
            lfs=lfs if isinstance(lfs, BlobLfsInfo) else BlobLfsInfo.parse(lfs),
            xet_hash=fields.pop("xetHash", None),
            last_commit=fields.pop("last_commit", None) or LastCommitInfo.parse(last),
            security=fields.pop("securityFileStatus", None),
            **{name: value for name, value in fields.items() if name != "type"},
        )

    @property
    def path(self) -> str:
        """The name from the root of the repository."""
        return self.rfilename

    @property
    def digest(self) -> str | None:
        """The sha256 of a large file, the git id of any other: what its ETag is."""
        return self.lfs.sha256 if self.lfs is not None else self.blob_id


class RepoFolder(Record):
    """A folder of a repository: `path` from the root, `tree_id` (git id), `last_commit`."""

    path: str
    tree_id: str
    last_commit: LastCommitInfo | None

    def __init__(self, path: str, **fields: Any) -> None:
        last = fields.pop("lastCommit", None)
        super().__init__(
            path=path.removesuffix("/"),
            tree_id=fields.pop("oid", None) or fields.pop("tree_id", None),
            last_commit=fields.pop("last_commit", None) or LastCommitInfo.parse(last),
            **{name: value for name, value in fields.items() if name not in {"type", "size"}},
        )


def parse_entry(data: Mapping[str, Any]) -> RepoFile | RepoFolder:
    """A file or a folder from an entry of a tree."""
    return RepoFolder(**data) if data.get("type") == "directory" else RepoFile(**data)


# What the protocol calls a field, and what it is called here.
_FIELDS = {
    "baseModels": "base_models",
    "cardData": "card_data",
    "childrenModelCount": "children_model_count",
    "createdAt": "created_at",
    "downloadsAllTime": "downloads_all_time",
    "evalResults": "eval_results",
    "inferenceProviderMapping": "inference_provider_mapping",
    "lastModified": "last_modified",
    "mainSize": "main_size",
    "model-index": "model_index",
    "modelId": "id",
    "resourceGroup": "resource_group",
    "securityRepoStatus": "security_repo_status",
    "securityStatus": "security_repo_status",
    "transformersInfo": "transformers_info",
    "trendingScore": "trending_score",
    "usedStorage": "used_storage",
    "widgetData": "widget_data",
}


class RepoInfo(Record):
    """What every kind of repository has.

    `id` is `namespace/name`, `sha` the commit that was described, `last_modified` and `created_at`
    are moments with a time zone, `siblings` the files. Fields that the hub did not send are None.
    The names that older scripts use can be read as well: `lastModified` and `createdAt` as text,
    `cardData`, `modelId`, `securityStatus`.
    """

    id: str
    author: str | None
    sha: str | None
    last_modified: datetime | None
    created_at: datetime | None
    private: bool | None
    gated: Any
    disabled: bool | None
    downloads: int | None
    downloads_all_time: int | None
    likes: int | None
    tags: list[str] | None
    trending_score: float | None
    card_data: CardData | None
    siblings: list[RepoFile] | None
    used_storage: int | None
    resource_group: dict[str, Any] | None

    _ORDER: ClassVar[tuple[str, ...]] = ("id",)
    _CARD: ClassVar[type[CardData]] = CardData

    def __init__(self, *values: Any, **fields: Any) -> None:
        """Values without a name come in the documented order, beginning with the id."""
        given = _name_values(type(self).__name__, self._ORDER, values, fields)
        renamed = {_FIELDS.get(name, name): value for name, value in given.items()}
        other = renamed.pop("id", None)
        super().__init__(**renamed, id=given.get("id") or other)
        self.last_modified = parse_time(renamed.get("last_modified"))
        self.created_at = parse_time(renamed.get("created_at"))
        card, siblings = renamed.get("card_data"), renamed.get("siblings")
        self.card_data = None if card is None else self._CARD.of(card, ignore_metadata_errors=True)
        self.siblings = None if siblings is None else [_to_file(item) for item in siblings]

    def __getattr__(self, name: str) -> Any:
        """Fields that this hub did not send, and names of older clients."""
        if name in _OLD_MOMENTS:
            moment = self.__dict__.get(_OLD_MOMENTS[name])
            return None if moment is None else _to_text(moment)
        if name in _FIELDS:
            return self.__dict__.get(_FIELDS[name])
        if any(name in vars(shape).get("__annotations__", ()) for shape in type(self).__mro__):
            return None
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")


def _name_values(
    what: str, order: tuple[str, ...], values: tuple[Any, ...], fields: Mapping[str, Any]
) -> dict[str, Any]:
    """All values by name; raises `TypeError` like a function with such arguments."""
    if len(values) > len(order):
        raise TypeError(f"{what} takes {len(order)} values by position, not {len(values)}")
    named = dict(zip(order, values, strict=False))
    for name in named.keys() & fields.keys():
        raise TypeError(f"{what} got two values for {name!r}")
    return {**named, **fields}


_OLD_MOMENTS = {"lastModified": "last_modified", "createdAt": "created_at"}


def _to_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _to_file(item: Mapping[str, Any] | RepoFile) -> RepoFile:
    return item if isinstance(item, RepoFile) else RepoFile(**item)


class SafeTensorsInfo(dict[str, Any]):
    """How many parameters of each type a model has, and in all; values are fields as well."""

    @property
    def parameters(self) -> dict[str, int]:
        """The number of parameters by type: `{"BF16": 8_000_000_000}`."""
        found: dict[str, int] = self["parameters"]
        return found

    @property
    def total(self) -> int:
        """The number of all of them."""
        return int(self["total"])


class TransformersInfo(dict[str, Any]):
    """The classes of transformers that load a model; values are fields as well, or None."""

    def __getattr__(self, name: str) -> str | None:
        if name not in ("auto_model", "custom_class", "pipeline_tag", "processor"):
            raise AttributeError(f"TransformersInfo has no attribute {name!r}")
        return self.get(name)


class ModelInfo(RepoInfo):
    """A model; besides what every repository has: `pipeline_tag`, `library_name`, `config`, …"""

    _CARD = ModelCardData
    _ORDER = (
        "id",
        "sha",
        "lastModified",
        "tags",
        "pipeline_tag",
        "siblings",
        "private",
        "author",
        "config",
        "securityStatus",
    )

    pipeline_tag: str | None
    library_name: str | None
    mask_token: str | None
    config: dict[str, Any] | None
    transformers_info: TransformersInfo | None
    safetensors: SafeTensorsInfo | None
    gguf: dict[str, Any] | None
    security_repo_status: dict[str, Any] | None
    spaces: list[str] | None
    widget_data: Any
    model_index: Any
    base_models: dict[str, Any] | None
    children_model_count: dict[str, int] | None
    inference: str | None
    inference_provider_mapping: Any
    eval_results: Any

    def __init__(self, *values: Any, **fields: Any) -> None:
        """Values without a name come in the documented order, beginning with the id."""
        super().__init__(*values, **fields)
        if isinstance(self.safetensors, Mapping):
            self.safetensors = SafeTensorsInfo(self.safetensors)
        if isinstance(self.transformers_info, Mapping):
            self.transformers_info = TransformersInfo(self.transformers_info)


class DatasetInfo(RepoInfo):
    """A dataset; besides what every repository has: `description`, `citation`, …"""

    _CARD = DatasetCardData
    _ORDER = (
        "id",
        "sha",
        "lastModified",
        "tags",
        "siblings",
        "private",
        "author",
        "description",
        "citation",
        "cardData",
    )

    description: str | None
    citation: str | None
    paperswithcode_id: str | None
    main_size: int | None


class SpaceInfo(RepoInfo):
    """A Space; besides what every repository has: `sdk`, `host`, `subdomain`, `runtime`, …"""

    _CARD = SpaceCardData
    _ORDER = ("id", "sha", "lastModified", "siblings", "private", "author")

    sdk: str | None
    host: str | None
    subdomain: str | None
    runtime: dict[str, Any] | None
    models: list[str] | None
    datasets: list[str] | None


class KernelInfo(RepoInfo):
    """A kernel repository."""


INFO_TYPES: dict[str, type[RepoInfo]] = {
    "model": ModelInfo,
    "dataset": DatasetInfo,
    "space": SpaceInfo,
    "kernel": KernelInfo,
}


class GitRefInfo(Record):
    """A ref: its short `name`, its full name `ref`, and `target_commit`, the id it leads to."""

    name: str
    ref: str
    target_commit: str

    def __init__(
        self,
        data: Mapping[str, Any] | str | None = None,
        ref: str | None = None,
        target_commit: str | None = None,
        *,
        name: str | None = None,
    ) -> None:
        """From an object of the protocol, as in older clients, or from name, ref and commit."""
        if isinstance(data, Mapping):
            name, ref, target_commit = data["name"], data["ref"], data["targetCommit"]
        else:
            name = name if data is None else data
        super().__init__(name=name, ref=ref, target_commit=target_commit)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> GitRefInfo:
        """From an object of the protocol."""
        return cls(name=data["name"], ref=data["ref"], target_commit=data["targetCommit"])


class GitRefs(Record):
    """All refs of a repository; `pull_requests` is None unless they were asked for."""

    branches: list[GitRefInfo]
    converts: list[GitRefInfo]
    tags: list[GitRefInfo]
    pull_requests: list[GitRefInfo] | None

    def __init__(
        self,
        branches: list[GitRefInfo],
        converts: list[GitRefInfo],
        tags: list[GitRefInfo],
        pull_requests: list[GitRefInfo] | None = None,
    ) -> None:
        super().__init__(
            branches=branches, converts=converts, tags=tags, pull_requests=pull_requests
        )


class GitCommitInfo(Record):
    """One commit of a history; the formatted texts are HTML and only there when asked for."""

    commit_id: str
    authors: list[str]
    created_at: datetime
    title: str
    message: str
    formatted_title: str | None
    formatted_message: str | None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> GitCommitInfo:
        """From an object of the protocol."""
        formatted = data.get("formatted") or {}
        return cls(
            commit_id=data["id"],
            authors=[author["user"] for author in data["authors"]],
            created_at=parse_time(data["date"]),
            title=data["title"],
            message=data["message"],
            formatted_title=formatted.get("title"),
            formatted_message=formatted.get("message"),
        )


class LFSFileInfo(Record):
    """A large file that a repository holds: `file_oid` names it for a deletion, `oid` is sha256."""

    file_oid: str
    filename: str
    oid: str
    pushed_at: datetime
    ref: str | None
    size: int
    pusher: dict[str, Any] | None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> LFSFileInfo:
        """From an object of the protocol."""
        return cls(
            file_oid=data["fileOid"],
            filename=data["filename"],
            oid=data["oid"],
            pushed_at=parse_time(data["pushedAt"]),
            ref=data.get("ref"),
            size=data["size"],
            pusher=data.get("pusher"),
        )


class AccessRequest(Record):
    """What somebody asks of the authors of a gated repository, or was granted.

    `fields` are the answers to the form of the card, None for who was granted access without
    asking; then the authors are not told an `email` either.
    """

    username: str | None
    request_id: str
    fullname: str | None
    email: str | None
    timestamp: datetime
    status: Literal["pending", "accepted", "rejected"]
    fields: dict[str, Any] | None
    rejection_reason: str | None
    reviewed_at: datetime | None
    granted_by: str | None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> AccessRequest:
        """From an object of the protocol."""
        user = data.get("user") or {}
        return cls(
            username=user.get("user"),
            request_id=data["requestId"],
            fullname=user.get("fullname"),
            email=user.get("email"),
            timestamp=parse_time(data["timestamp"]),
            status=data["status"],
            fields=data.get("fields"),
            rejection_reason=data.get("rejectionReason"),
            reviewed_at=parse_time(data.get("reviewedAt")),
            granted_by=(data.get("grantedBy") or {}).get("user"),
        )
