"""Lists of repositories: what they can be asked for."""

from __future__ import annotations

from msgspec import UNSET, UnsetType, field

from freehold.wire.codec import Wire


class ListQuery(Wire, kw_only=True):
    """Which repositories are wanted, in which order, and what is told of each.

    All conditions must hold; a list may be given by repeating the key, `filter`, `apps` and
    `inference_provider` also with commas. `search` is a part of `namespace/name`, in any case of
    letters. An empty text is no condition.

    `direction` is -1 for the largest first, which is the default, or 1. Without `full`, `expand`,
    `config` and `cardData` an entry has only what every list shows.
    """

    search: list[str] = []
    author: str = ""
    filter: list[str] = []
    tags: list[str] = []
    pipeline_tag: str = field(default="", name="pipeline_tag")
    library: list[str] = []
    language: list[str] = []
    trained_dataset: list[str] = field(default=[], name="trained_dataset")
    gated: bool | UnsetType = UNSET
    inference: str = ""
    inference_provider: list[str] = field(default=[], name="inference_provider")
    apps: list[str] = []
    num_parameters: str = field(default="", name="num_parameters")
    datasets: list[str] = []
    models: list[str] = []
    linked: bool = False
    sort: str = ""
    direction: str = ""
    limit: int | None = None
    skip: int = 0
    cursor: str = ""
    full: bool = False
    card_data: bool = False
    config: bool = False
    expand: list[str] = []
