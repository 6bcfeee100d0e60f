"""What lists can be narrowed by: the tags of public repositories, by type, and how many have each.

Only public repositories are counted, so the numbers are the same for everybody and betray nothing;
a tag that only private ones have is not shown to anybody. They are remembered for some seconds.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

from freehold.formats.catalogue.dataset_attributes import ATTRIBUTES
from freehold.formats.catalogue.languages import LANGUAGES
from freehold.formats.catalogue.pipeline_tags import PIPELINE_TAGS
from freehold.formats.catalogue.tags import TAG_TYPES, describe_tag
from freehold.server.core.access import Context
from freehold.server.db.tags import list_totals

REMEMBERED_SECONDS = 15

# Tags are found in lower case, and shown as their catalogue writes them.
_ATTRIBUTES = {value.lower(): value for values in ATTRIBUTES.values() for value in values}


class TagTotal(NamedTuple):
    """A tag, as it is called and shown, and how many public repositories have it."""

    tag: str
    label: str
    total: int


TotalsByType = Mapping[str, list[TagTotal]]


def count_facets(ctx: Context, repo_type: str) -> TotalsByType:
    """The tags of the public repositories of that type, by type of tag; the most frequent first.

    They are some seconds old at most.
    """
    now = time.monotonic()
    known = ctx.hub.tag_totals.get(repo_type)
    if known is None or now - known[0] > REMEMBERED_SECONDS:
        known = ctx.hub.tag_totals[repo_type] = (now, _read_totals(ctx, repo_type))
    totals: TotalsByType = known[1]
    return totals


def _read_totals(ctx: Context, repo_type: str) -> TotalsByType:
    with ctx.hub.db.read() as tx:
        rows = list_totals(tx, repo_type)
    found: dict[str, list[TagTotal]] = {type: [] for type in TAG_TYPES[repo_type]}
    for name, total in rows:
        described = describe_tag(repo_type, name)
        label = label_tag(described.type, described.label)
        found[described.type].append(TagTotal(name, label, total))
    return found


def label_tag(type: str, label: str) -> str:
    """A tag of that type, without its prefix, in the words of people."""
    if type == "language":
        return LANGUAGES.get(label, label)
    if type in ("task_categories", "pipeline_tag") and label in PIPELINE_TAGS:
        return PIPELINE_TAGS[label].label
    return _ATTRIBUTES.get(label, label)
