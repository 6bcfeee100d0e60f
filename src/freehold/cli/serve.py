"""`freehold serve`: runs the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freehold.cli.settings import add_settings, read_settings

if TYPE_CHECKING:
    import argparse


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    add_settings(parser)
    parser.set_defaults(run=_serve)


def _serve(options: argparse.Namespace) -> None:
    config = read_settings(options)
    from freehold.server.serving import run_hub

    run_hub(config)
