"""Webhooks: the settings of their owners."""

from __future__ import annotations

from freehold.server.core import webhooks
from freehold.server.http.bind import serve
from freehold.wire import community_routes as routes

SERVED = (
    serve(routes.LIST_WEBHOOKS, webhooks.list_webhooks),
    serve(routes.CREATE_WEBHOOK, webhooks.create_webhook),
    serve(routes.GET_WEBHOOK, webhooks.get_webhook),
    serve(routes.UPDATE_WEBHOOK, webhooks.update_webhook),
    serve(routes.DELETE_WEBHOOK, webhooks.delete_webhook),
    serve(routes.ENABLE_WEBHOOK, webhooks.enable_webhook),
    serve(routes.DISABLE_WEBHOOK, webhooks.disable_webhook),
    serve(routes.LIST_WEBHOOK_LOGS, webhooks.list_webhook_logs),
    serve(routes.REPLAY_WEBHOOK, webhooks.replay_webhook),
)
