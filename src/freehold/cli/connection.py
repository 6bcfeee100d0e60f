"""The hub that a command asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freehold.cli.failures import UsageError

if TYPE_CHECKING:
    import argparse

    from freehold.client.api import HfApi


def connect(options: argparse.Namespace) -> HfApi:
    """The calls of the hub that `--endpoint` names, with the token of `--token`."""
    from freehold.client.api import HfApi

    return HfApi(endpoint=check_endpoint(options.endpoint), token=options.token)


def check_endpoint(endpoint: str | None) -> str | None:
    """The address as it was given; raises `UsageError` when it is none."""
    if endpoint is not None and not endpoint.startswith(("http://", "https://")):
        raise UsageError(f"{endpoint!r} is no address: it begins with http:// or https://.")
    return endpoint
