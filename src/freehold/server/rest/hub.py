"""The hub itself: its health, its numbers, and calls that belong to no repository."""

from __future__ import annotations

from starlette.responses import Response

from freehold.server.core import capabilities, cards, users
from freehold.server.http import metrics
from freehold.server.http.bind import JSON_TYPE, Call, serve, stream
from freehold.wire import routes

_HEALTHY = b'{"status":"ok"}'


async def _health(call: Call) -> Response:
    return Response(_HEALTHY, 200, media_type=JSON_TYPE)


async def _metrics(call: Call) -> Response:
    text, content_type = await call.threads.run(metrics.export)
    return Response(text, 200, media_type=content_type)


SERVED = (
    stream(routes.HEALTH, _health),
    stream(routes.METRICS, _metrics),
    serve(routes.CAPABILITIES, capabilities.capabilities),
    serve(routes.AGENT_HARNESSES, users.agent_harnesses),
    serve(routes.VALIDATE_YAML, cards.validate_yaml, bulk=True),
    serve(routes.WHOAMI, users.whoami),
)
