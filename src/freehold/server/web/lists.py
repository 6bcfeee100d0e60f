"""The front page, and lists of repositories."""

from __future__ import annotations

from typing import Any

from freehold.errors import BadRequestError
from freehold.server.core.facets import count_facets
from freehold.server.core.listings import Found, find_repos
from freehold.server.core.profiles import list_own_things
from freehold.server.web import routes
from freehold.server.web.list_facets import make_group_alone, make_groups
from freehold.server.web.list_filters import KINDS, Filters, list_sorts
from freehold.server.web.list_pager import describe_number, make_pager
from freehold.server.web.pages import Maker, show
from freehold.server.web.repo_rows import make_rows, make_short_rows
from freehold.server.web.searching import show_search
from freehold.server.web.visit import Answer, Visit, page
from freehold.wire.listings import ListQuery

TRENDING = 6
FRONT_TYPES = ("model", "dataset", "space")


def show_home(visit: Visit) -> Answer:
    """The front page: what people look at now, one's own things, and how to begin."""
    query = ListQuery(limit=TRENDING, sort="trendingScore")
    found = [(KINDS[type], find_repos(visit.ctx, type, query).listed) for type in FRONT_TYPES]
    own = list_own_things(visit.ctx)
    return page(
        "home.html",
        trending=[(kind, make_short_rows(listed)) for kind, listed in found],
        is_empty=not any(listed for _, listed in found),
        recent=make_short_rows(own.recent, mixed=True),
        organizations=own.organizations,
    )


def _list_of(type: str) -> Maker:
    kind = KINDS[type]

    def show_list(visit: Visit) -> Answer:
        filters = Filters(kind, visit.lists)
        found = find_repos(visit.ctx, type, filters.query())
        return page("list.html", **_describe_list(visit, filters, found))

    return show_list


def _describe_list(visit: Visit, filters: Filters, found: Found) -> dict[str, Any]:
    totals = count_facets(visit.ctx, filters.kind.type)
    field, part = visit.query.get("facet", ""), visit.query.get("find", "").strip()
    alone = make_group_alone(filters, totals, field, part.lower()) if field else None
    if field and alone is None:
        raise BadRequestError(f"{filters.kind.title} have no facet {field[:50]!r}.")
    return {
        "kind": filters.kind,
        "filters": filters,
        "sorts": list_sorts(filters.kind.type, filters.sort),
        "chips": filters.chips(),
        "rows": make_rows(found.listed),
        "told": describe_number(filters, found),
        "pager": make_pager(filters, found, filters.path, filters.pairs()),
        "alone": alone,
        "part": part,
        "groups": [] if alone else make_groups(filters, totals),
    }


SERVED = (
    show(routes.HOME_PAGE, show_home, bulk=True),
    show(routes.MODELS_PAGE, _list_of("model"), bulk=True),
    show(routes.DATASETS_PAGE, _list_of("dataset"), bulk=True),
    show(routes.SPACES_PAGE, _list_of("space"), bulk=True),
    show(routes.KERNELS_PAGE, _list_of("kernel"), bulk=True),
    show(routes.SEARCH_PAGE, show_search, bulk=True),
)
