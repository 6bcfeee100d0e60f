"""Which processor runs a process's Python code.

Python code of one process runs on one processor at a time anyway. Handing its lock to a thread on
another processor has to wake that one up, which on an idle machine takes longer than the short
jobs of a hub: with the event loop and the short jobs on one processor, twice as many are answered.
Threads that hash, compress or wait for the disk let go of the lock, and stay free to go anywhere.
"""

from __future__ import annotations

import os
import random
import socket
from contextlib import suppress
from dataclasses import dataclass, field

Cpus = frozenset[int]


@dataclass(frozen=True)
class Placement:
    """The processors for short jobs, and those for everything else; empty: wherever."""

    short: Cpus = frozenset()
    bulk: Cpus = frozenset()
    # Held as long as the process lives, so that no other hub on this machine takes the processor.
    _claim: socket.socket | None = field(default=None, repr=False)


def claim_processor() -> Placement:
    """A processor that no other hub process has claimed; no preference where there is none."""
    if not hasattr(os, "sched_getaffinity"):
        return Placement()
    allowed = frozenset(os.sched_getaffinity(0))
    if len(allowed) == 1:
        return Placement()
    # At random, because hubs in several containers of one machine cannot see each other's claims.
    for cpu in random.sample(sorted(allowed), len(allowed)):
        claim = _claim(cpu)
        if claim is not None:
            return Placement(frozenset({cpu}), allowed, claim)
    return Placement()


def _claim(cpu: int) -> socket.socket | None:
    """A name that only one process can have; the system takes it back when the process ends."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0freehold-processor-{cpu}")
    except OSError:
        claim.close()
        return None
    return claim


def move_to(cpus: Cpus) -> None:
    """Keeps the calling thread on these processors, where the system allows that."""
    if cpus:
        with suppress(OSError):
            os.sched_setaffinity(0, cpus)
