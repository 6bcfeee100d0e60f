"""`freehold version`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from freehold import __version__
from freehold.cli.parsing import add_output_options

if TYPE_CHECKING:
    import argparse


def add_version(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    add_output_options(parser)
    parser.set_defaults(run=version)


def version(options: argparse.Namespace) -> None:
    """`freehold version`."""
    if not options.json:
        print(f"freehold {__version__}")
        return
    import json

    python = ".".join(str(part) for part in sys.version_info[:3])
    print(json.dumps({"version": __version__, "python": python}))
