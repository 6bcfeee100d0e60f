"""Webhooks: addresses that a hub tells what happens to repositories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from freehold import wire
from freehold.client.calls import Caller, parse_with, require_text
from freehold.client.names import Token

if TYPE_CHECKING:
    from freehold.client.webhook_info import WebhookInfo, WebhookWatchedItem
    from freehold.wire.route import Route

DOMAINS = ("repo", "discussion")


class Webhooks(Caller):
    """Calls about the webhooks of the token's owner."""

    def list_webhooks(
        self, *, token: Token = None, timeout: float | None = None
    ) -> list[WebhookInfo]:
        """The webhooks of the token's owner."""
        from freehold.client.webhook_info import WebhookInfo

        route = wire.community_routes.LIST_WEBHOOKS
        items = self._session.call(route, token=token, timeout=timeout).items()
        return [parse_with(WebhookInfo.parse, item) for item in items]

    def get_webhook(
        self, webhook_id: str, *, token: Token = None, timeout: float | None = None
    ) -> WebhookInfo:
        """The webhook of that id; raises `NotFoundError`."""
        route = wire.community_routes.GET_WEBHOOK
        return self._ask_about(route, webhook_id, token, timeout)

    def create_webhook(
        self,
        *,
        url: str,
        watched: Iterable[Mapping[str, str] | WebhookWatchedItem],
        domains: Sequence[str] | None = None,
        secret: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> WebhookInfo:
        """Makes a webhook: the hub will send a request to `url` for each event.

        `watched` are repositories, users and organisations, such as `{"type": "user", "name":
        "alice"}`; `domains` is "repo", "discussion" or both, which is the default. The `secret`
        comes with each request, in `X-Webhook-Secret`.
        """
        body = wire.webhooks.CreateWebhook(
            url=require_text("url", url),
            watched=_to_items(watched),
            domains=list(DOMAINS if domains is None else domains),  # type: ignore[arg-type]
            secret=secret,
        )
        route = wire.community_routes.CREATE_WEBHOOK
        return _parse(self._session.call(route, body=body, token=token, timeout=timeout).object())

    def update_webhook(
        self,
        webhook_id: str,
        *,
        url: str | None = None,
        watched: Iterable[Mapping[str, str] | WebhookWatchedItem] | None = None,
        domains: Sequence[str] | None = None,
        secret: str | None = None,
        token: Token = None,
        timeout: float | None = None,
    ) -> WebhookInfo:
        """Changes what is given, as `create_webhook` takes it; raises `NotFoundError`."""
        body = wire.webhooks.UpdateWebhook(
            url=url,
            watched=None if watched is None else _to_items(watched),
            domains=None if domains is None else list(domains),  # type: ignore[arg-type]
            secret=secret,
        )
        route = wire.community_routes.UPDATE_WEBHOOK
        return self._ask_about(route, webhook_id, token, timeout, body=body)

    def enable_webhook(
        self, webhook_id: str, *, token: Token = None, timeout: float | None = None
    ) -> WebhookInfo:
        """Turns a webhook on; raises `NotFoundError`."""
        route = wire.community_routes.ENABLE_WEBHOOK
        return self._ask_about(route, webhook_id, token, timeout)

    def disable_webhook(
        self, webhook_id: str, *, token: Token = None, timeout: float | None = None
    ) -> WebhookInfo:
        """Turns a webhook off: it hears nothing of what happens meanwhile."""
        route = wire.community_routes.DISABLE_WEBHOOK
        return self._ask_about(route, webhook_id, token, timeout)

    def delete_webhook(
        self, webhook_id: str, *, token: Token = None, timeout: float | None = None
    ) -> None:
        """Deletes a webhook; raises `NotFoundError`."""
        self._session.call(
            wire.community_routes.DELETE_WEBHOOK,
            webhook=require_text("webhook_id", webhook_id),
            token=token,
            timeout=timeout,
        )

    def _ask_about(
        self, route: Route, webhook_id: str, token: Token, timeout: float | None, **more: Any
    ) -> WebhookInfo:
        known = require_text("webhook_id", webhook_id)
        answer = self._session.call(route, webhook=known, token=token, timeout=timeout, **more)
        return _parse(answer.object())


def _to_items(watched: Iterable[Mapping[str, str] | WebhookWatchedItem]) -> list[Any]:
    return [
        wire.webhooks.WatchedItem(
            type=require_text("type", item["type"]),  # type: ignore[arg-type]
            name=require_text("name", item["name"]),
        )
        for item in watched
    ]


def _parse(data: Mapping[str, Any]) -> WebhookInfo:
    from freehold.client.webhook_info import WebhookInfo

    info: WebhookInfo = parse_with(lambda found: WebhookInfo.parse(found["webhook"]), data)
    return info
