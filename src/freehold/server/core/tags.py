"""The catalogues of tags and metrics: what is known beforehand, and what repositories have."""

from __future__ import annotations

from msgspec import UNSET

from freehold.errors import BadRequestError
from freehold.formats.catalogue.metrics import METRICS
from freehold.formats.catalogue.tags import TAG_TYPES, TagDescription, list_tags
from freehold.server.core.access import Context
from freehold.server.db.tags import list_tags_in_use
from freehold.wire.tags import Metric, Tag, TagsQuery

TagsByType = dict[str, list[Tag]]


def list_model_tags(ctx: Context, query: TagsQuery) -> TagsByType:
    """All tags that models may have or have, by type; of one type when the query names it.

    The catalogue comes first, in its order, then what else models have that the caller may see.
    Raises `BadRequestError` for a type that models do not have.
    """
    return _list_tags(ctx, "model", query.type)


def list_dataset_tags(ctx: Context, query: TagsQuery) -> TagsByType:
    """The same for datasets; their tags begin with their type, as in `language:en`."""
    return _list_tags(ctx, "dataset", query.type)


def _list_tags(ctx: Context, repo_type: str, type: str | None) -> TagsByType:
    types = TAG_TYPES[repo_type]
    if type and type not in types:
        shown = ", ".join(types)
        raise BadRequestError(f"There is no type of tags {type[:100]!r}: it is one of {shown}.")
    with ctx.hub.db.read() as tx:
        in_use = list_tags_in_use(tx, ctx.viewer.id, ctx.viewer.is_admin, repo_type)
    tags = list_tags(repo_type, in_use)
    wanted = [type] if type else types
    return {name: [_describe(tag) for tag in tags[name].values()] for name in wanted}


def _describe(tag: TagDescription) -> Tag:
    return Tag(
        id=tag.id,
        label=tag.label,
        type=tag.type,
        sub_type=tag.sub_type or UNSET,
        clickable=True if tag.type == "other" else UNSET,
    )


def list_metrics(ctx: Context) -> list[Metric]:
    """The metrics that cards name, with what each says; the same for everybody."""
    return [Metric(id=id, description=text) for id, text in METRICS.items()]
