"""The catalogues of tags and metrics."""

from __future__ import annotations

from freehold.server.core import tags
from freehold.server.http.bind import serve
from freehold.wire import community_routes as routes

SERVED = (
    serve(routes.LIST_MODEL_TAGS, tags.list_model_tags),
    serve(routes.LIST_DATASET_TAGS, tags.list_dataset_tags),
    serve(routes.LIST_METRICS, tags.list_metrics),
)
