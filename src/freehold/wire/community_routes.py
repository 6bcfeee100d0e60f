"""The routes by which people work together: accounts, likes, discussions, requests, hooks."""

from __future__ import annotations

from freehold.wire import webhooks
from freehold.wire.route import Needs, Route

# Webhooks
LIST_WEBHOOKS = Route(
    "GET", "/api/settings/webhooks", Needs.ACCOUNT, returns=list[webhooks.Webhook]
)
CREATE_WEBHOOK = Route(
    "POST",
    "/api/settings/webhooks",
    Needs.ACCOUNT,
    body=webhooks.CreateWebhook,
    returns=webhooks.OneWebhook,
)
GET_WEBHOOK = Route(
    "GET", "/api/settings/webhooks/{webhook}", Needs.ACCOUNT, returns=webhooks.OneWebhook
)
UPDATE_WEBHOOK = Route(
    "POST",
    "/api/settings/webhooks/{webhook}",
    Needs.ACCOUNT,
    body=webhooks.UpdateWebhook,
    returns=webhooks.OneWebhook,
)
DELETE_WEBHOOK = Route("DELETE", "/api/settings/webhooks/{webhook}", Needs.ACCOUNT)
ENABLE_WEBHOOK = Route(
    "POST", "/api/settings/webhooks/{webhook}/enable", Needs.ACCOUNT, returns=webhooks.OneWebhook
)
DISABLE_WEBHOOK = Route(
    "POST", "/api/settings/webhooks/{webhook}/disable", Needs.ACCOUNT, returns=webhooks.OneWebhook
)
LIST_WEBHOOK_LOGS = Route(
    "GET",
    "/api/settings/webhooks/{webhook}/logs",
    Needs.ACCOUNT,
    query=webhooks.WebhookLogQuery,
    returns=list[webhooks.WebhookLogEntry],
)
REPLAY_WEBHOOK = Route(
    "POST",
    "/api/settings/webhooks/{webhook}/replay/{log}",
    Needs.ACCOUNT,
    returns=webhooks.ReplayAccepted,
)
