"""What lists can be narrowed by: the tags of public repositories, by type, and how many have each.

Only public repositories are counted, so the numbers are the same for everybody and betray nothing;
a tag that only private ones have is not shown to anybody. Tags of the catalogue are all counted, of
others those that are among the most frequent: of a million, nobody chooses the rarest from a list.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from freehold.formats.catalogue.languages import LANGUAGES
from freehold.formats.catalogue.pipeline_tags import PIPELINE_TAGS
from freehold.formats.catalogue.tags import SDKS, TAG_TYPES, describe_tag, list_tags
from freehold.server.core.access import Context
from freehold.server.db.tags import count_tags, list_totals

REMEMBERED_SECONDS = 15
MOST_FREQUENT = 1000

_SIZE = re.compile(r"(?:(\d{1,6}[KMBT]?)<)?N([<>])(\d{1,6}[KMBT]?)")


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
        totals = dict(list_totals(tx, repo_type, MOST_FREQUENT))
        known = count_tags(tx, repo_type, list(_catalogue(repo_type)))
    totals |= {name: total for name, (_, total) in known.items() if total > 0}
    found: dict[str, list[TagTotal]] = {type: [] for type in TAG_TYPES[repo_type]}
    for name, total in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
        described = describe_tag(repo_type, name)
        label = label_tag(described.type, described.label)
        found[described.type].append(TagTotal(name, label, total))
    return found


@cache
def _catalogue(repo_type: str) -> frozenset[str]:
    """The tags that are known beforehand, as they are found."""
    listed = list_tags("dataset" if repo_type == "dataset" else "model")
    names = (name.lower() for tags in listed.values() for name in tags)
    return frozenset((*names, *SDKS) if repo_type == "space" else names)


def label_tag(type: str, label: str) -> str:
    """A tag of that type, without its prefix, in the words of people."""
    if type == "language":
        return LANGUAGES.get(label, label)
    if type in ("task_categories", "pipeline_tag") and label in PIPELINE_TAGS:
        return PIPELINE_TAGS[label].label
    if type == "size_categories":
        return _label_size(label)
    return label.capitalize() if type == "modality" else label


def _label_size(label: str) -> str:
    """So many rows, from `n<1K`, `1K<n<10K` or `n>1T`."""
    match = _SIZE.fullmatch(label.upper())
    if match is None:
        return label
    least, _, most = match.groups()
    if not least:
        return f"{'Under' if match[2] == '<' else 'Over'} {most} rows"
    return f"{least} to {most} rows"
