"""The settings of the hub as options of a command."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from freehold.server.config import Config


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Adds an option for each setting; what is not given comes from the environment."""
    from freehold.server.config import SETTINGS

    for setting in SETTINGS:
        default = f" (default: {setting.default})" if setting.default else ""
        parser.add_argument(
            setting.flag,
            dest=setting.name,
            metavar="VALUE",
            help=f"{setting.help}{default} [{setting.variable}]".replace("%", "%%"),
        )


def read_settings(options: argparse.Namespace) -> Config:
    """The settings that the options and the environment give; raises `ConfigError`."""
    from freehold.server.config import SETTINGS, Config

    return Config.load(**{s.name: getattr(options, s.name, None) for s in SETTINGS})
