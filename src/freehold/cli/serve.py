"""`freehold serve`: runs the hub."""

from __future__ import annotations

import argparse
from typing import Any

from freehold.cli.settings import add_settings, read_settings


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser("serve", help="run the hub")
    add_settings(parser)
    parser.set_defaults(run=_serve)


def _serve(options: argparse.Namespace) -> None:
    config = read_settings(options)
    from freehold.server.serving import run_hub

    run_hub(config)
