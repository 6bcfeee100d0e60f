"""The command line: `freehold COMMAND …`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from freehold.errors import FreeholdError

if TYPE_CHECKING:
    import argparse

INTERRUPTED = 130
"""The exit status after Ctrl-C: 128 and the number of the signal, as shells have it."""
BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives the exit status; docs/guides/command-line.md lists them."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    _open_closed_streams()
    try:
        return _run(words)
    except BrokenPipeError:
        # Whoever read the output has had enough.
        _discard_output()
        return BROKEN_PIPE
    except KeyboardInterrupt:
        _stop_at_once(as_json)
    except (FreeholdError, ModuleNotFoundError, OSError) as error:
        from freehold.cli.failures import report

        status = report(error, as_json)
        _discard_output()
        return status


def _run(words: list[str]) -> int:
    from freehold.cli.parsing import make_parser

    options: argparse.Namespace = make_parser(words).parse_args(words)
    if options.json or options.quiet:
        _silence_warnings()
    status = int(options.run(options) or 0)
    sys.stdout.flush()
    return status


def _silence_warnings() -> None:
    import logging

    logging.getLogger("freehold").setLevel(logging.ERROR)


def _open_closed_streams() -> None:
    """A stream that the caller has closed is None; what is written there is for nobody."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - open to the end
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115


def _discard_output() -> None:
    """Nothing more is written to stdout: what is left there would fail again at the very end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stop_at_once(as_json: bool) -> NoReturn:
    """Ends the process without waiting for threads that may hang in the network."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from freehold.cli.failures import tell_interruption

    with suppress(OSError, ValueError):
        tell_interruption(as_json)
        sys.stdout.flush()
    os._exit(INTERRUPTED)
