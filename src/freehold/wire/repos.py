"""Repositories: creating, changing and describing them."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType, field

from freehold.wire.codec import Wire

Gated = Literal[False, "auto", "manual"]
Visibility = Literal["public", "private", "protected"]


class InlineFile(Wire, kw_only=True):
    """A small file given with the creation of a repository (JavaScript client)."""

    path: str
    content: str
    encoding: Literal["base64", "utf-8"] = "base64"


class CreateRepo(Wire, kw_only=True):
    """Body of `create_repo`; `organization` is the namespace, the caller's own when absent."""

    name: str
    organization: str | None = None
    type: str | None = None
    private: bool | None = None
    visibility: Visibility | None = None
    sdk: str | None = None
    sdk_version: str | None = None
    license: str | None = None
    license_name: str | None = field(default=None, name="license_name")
    license_link: str | None = field(default=None, name="license_link")
    short_description: str | None = field(default=None, name="short_description")
    files: list[InlineFile] = []


class RepoCreated(Wire, kw_only=True):
    """The new repository: its web address, its `namespace/name` and its id."""

    url: str
    name: str
    id: str


class DeleteRepo(Wire, kw_only=True):
    """Body of `delete_repo`."""

    name: str
    organization: str | None = None
    type: str | None = None


class MoveRepo(Wire, kw_only=True):
    """Body of `move_repo`; both are `namespace/name`."""

    from_repo: str
    to_repo: str
    type: str | None = None


class DuplicateRepo(Wire, kw_only=True):
    """Body of `duplicate_repo`; `repository` is the new `namespace/name`."""

    repository: str
    private: bool | None = None
    visibility: Visibility | None = None


class RepoUrl(Wire, kw_only=True):
    """Where the repository is."""

    url: str


class UpdateRepoSettings(Wire, kw_only=True):
    """Body of `update_repo_settings`; only what is present is changed."""

    private: bool | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET
    gated: Gated | UnsetType = UNSET
    discussions_disabled: bool | UnsetType = UNSET
    xet_enabled: bool | UnsetType = UNSET


class RepoSettings(Wire, kw_only=True):
    """The settings that the call has set."""

    private: bool | UnsetType = UNSET
    gated: Gated | UnsetType = UNSET
    discussions_disabled: bool | UnsetType = UNSET


class InfoQuery(Wire, kw_only=True):
    """What `repo_info` is asked to tell; `expand` limits the answer to the named properties."""

    blobs: bool = False
    security_status: bool = False
    expand: list[str] = []


class SiblingLfs(Wire, kw_only=True):
    """The large file behind a pointer, as `siblings` give it."""

    sha256: str
    size: int
    pointer_size: int


class Sibling(Wire, kw_only=True):
    """One file of the revision; everything but the name only with `blobs`."""

    rfilename: str
    size: int | UnsetType = UNSET
    blob_id: str | UnsetType = UNSET
    lfs: SiblingLfs | UnsetType = UNSET


class SecurityRepoStatus(Wire, kw_only=True):
    """The result of scans; no scan has been made when `scans_done` is false."""

    scans_done: bool
    files_with_issues: list[dict[str, str]]


class Safetensors(Wire, kw_only=True):
    """How many parameters of each type the weights of a model have, and how many in all."""

    parameters: dict[str, int]
    total: int


class Gguf(Wire, kw_only=True):
    """What a GGUF file says of its model; `total` counts parameters, the size is in bytes."""

    total: int
    architecture: str | UnsetType = UNSET
    context_length: int | UnsetType = field(default=UNSET, name="context_length")
    chat_template: str | UnsetType = field(default=UNSET, name="chat_template")
    bos_token: str | UnsetType = field(default=UNSET, name="bos_token")
    eos_token: str | UnsetType = field(default=UNSET, name="eos_token")
    total_file_size: int | UnsetType = UNSET


class NamedModel(Wire, kw_only=True):
    """A model, with its id where the hub has it."""

    id_: str | UnsetType = field(default=UNSET, name="_id")
    id: str


class BaseModels(Wire, kw_only=True):
    """What a model was made of: `relation` is finetune, adapter, merge or quantized."""

    relation: str
    models: list[NamedModel]


class RepoInfo(Wire, kw_only=True):
    """A repository at one revision; which fields are present depends on type and query."""

    id_: str = field(name="_id")
    id: str
    model_id: str | UnsetType = UNSET
    author: str | UnsetType = UNSET
    sha: str | UnsetType = UNSET
    last_modified: str | UnsetType = UNSET
    created_at: str | UnsetType = UNSET
    private: bool | UnsetType = UNSET
    gated: Gated | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET
    downloads: int | UnsetType = UNSET
    downloads_all_time: int | UnsetType = UNSET
    likes: int | UnsetType = UNSET
    trending_score: int | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    pipeline_tag: str | UnsetType = field(default=UNSET, name="pipeline_tag")
    library_name: str | UnsetType = field(default=UNSET, name="library_name")
    card_data: dict[str, Any] | UnsetType = UNSET
    config: dict[str, Any] | UnsetType = UNSET
    card_exists: bool | UnsetType = UNSET
    siblings: list[Sibling] | UnsetType = UNSET
    used_storage: int | UnsetType = UNSET
    description: str | UnsetType = UNSET
    sdk: str | UnsetType | None = UNSET
    discussions_disabled: bool | UnsetType = UNSET
    xet_enabled: bool | UnsetType = UNSET
    security_repo_status: SecurityRepoStatus | UnsetType = UNSET
    resource_group: UnsetType | None = UNSET
    mask_token: str | UnsetType = field(default=UNSET, name="mask_token")
    widget_data: list[Any] | UnsetType = UNSET
    model_index: list[Any] | UnsetType | None = field(default=UNSET, name="model-index")
    transformers_info: dict[str, str] | UnsetType = UNSET
    safetensors: Safetensors | UnsetType = UNSET
    gguf: Gguf | UnsetType = UNSET
    base_models: BaseModels | UnsetType = UNSET
    children_model_count: dict[str, int] | UnsetType = UNSET
    spaces: list[str] | UnsetType = UNSET
    citation: str | UnsetType = UNSET
    paperswithcode_id: str | UnsetType = field(default=UNSET, name="paperswithcode_id")
    main_size: int | UnsetType = UNSET
    title: str | UnsetType = UNSET
    subdomain: str | UnsetType = UNSET
    models: list[str] | UnsetType = UNSET
    datasets: list[str] | UnsetType = UNSET


class ValidateYaml(Wire, kw_only=True):
    """Body of `validate_yaml`: the text of a README.md and the type of its repository."""

    content: str
    repo_type: str = "model"


class YamlIssue(Wire, kw_only=True):
    """One finding; `line` and `column` count from 1 in the file."""

    message: str
    line: int | UnsetType = UNSET
    column: int | UnsetType = UNSET


class YamlReport(Wire, kw_only=True):
    """What is wrong with a card; a commit is refused only for `errors`."""

    errors: list[YamlIssue]
    warnings: list[YamlIssue]
