"""The numbers that Prometheus collects; with several processes they are added up."""

from __future__ import annotations

import os

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

# The variable is the library's own: it decides at import whether numbers go into shared files.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

REQUESTS = Counter("freehold_requests_total", "Answered requests.", ("method", "route", "status"))
SECONDS = Histogram(
    "freehold_request_seconds",
    "Time from the request's head to the end of its answer, in seconds.",
    ("route",),
    buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600),
)
RUNNING = Gauge(
    "freehold_requests_running", "Requests that are being answered.", multiprocess_mode="livesum"
)
RECEIVED = Counter("freehold_received_bytes_total", "Bytes of request bodies.")
SENT = Counter("freehold_sent_bytes_total", "Bytes of answer bodies.")


def export() -> tuple[bytes, str]:
    """The numbers as text, and the content type of that text."""
    registry = REGISTRY
    if SHARED_FOLDER in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST
