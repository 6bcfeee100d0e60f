"""How quick are the pages, beside the JSON of the same data, and how much is sent for a visit?"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from _measure import (
    MeasuredHub,
    Row,
    Session,
    commit_body,
    hub_on,
    median,
    need,
    ratios,
    report,
    work_folder,
)
from discussions import fill_thread
from playwright.sync_api import Browser, BrowserContext, sync_playwright

ROUNDS, SECONDS, CONNECTIONS = 5, 3, 8
VISITS = 7
AIM, FIRST_AIM, SECOND_AIM, PAINT_AIM = 0.5, 150_000, 20_000, 500
REPOS = 40

CARD = """---
license: apache-2.0
language: [en, de]
library_name: transformers
pipeline_tag: text-generation
tags: [bench, small]
---
# A model

It does **something**, and the table says how well.

| task | score |
|------|------:|
{rows}

```python
import torch
state = torch.load("model.pt", weights_only=True)
```
"""

# Prints what wrk itself does not: the time of which 95 of 100 answers stay below.
LUA = """
done = function(summary, latency, requests)
  io.write(string.format("p95 %.3f\\n", latency:percentile(95) / 1000))
end
"""


class Load(NamedTuple):
    """Answers a second, and the milliseconds that 95 of 100 took at most."""

    rate: float
    p95: float


class Visit(NamedTuple):
    """Bytes that were sent, and the milliseconds to the largest paint."""

    sent: float
    paint: float


def put_load(hub: MeasuredHub, script: Path, path: str) -> Load:
    """Ask for one path as fast as the hub answers; raises when one request fails."""
    load = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), hub.url + path]
    printed = subprocess.run(load, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in printed or "Socket errors" in printed:
        raise RuntimeError(printed)
    rate, p95 = re.search(r"Requests/sec:\s+([\d.]+)", printed), re.search(r"p95 ([\d.]+)", printed)
    assert rate is not None and p95 is not None, printed
    return Load(float(rate[1]), float(p95[1]))


def fill(hub: MeasuredHub) -> None:
    """Repositories for the lists, one with a card and a thread, one with 1,000 files."""
    session = Session(hub, hub.add_user("alice"))
    card = CARD.format(rows="\n".join(f"| task {n} | 0.{n} |" for n in range(20))).encode()
    for name in ["model", "folder", *(f"other-{n}" for n in range(REPOS))]:
        session.create_repo(name)
    files = {"README.md": card, "config.json": b'{"model_type": "llama"}'}
    session.commit("alice/model", commit_body(files))
    session.commit("alice/folder", commit_body({f"file-{n:04}.txt": b"x" * n for n in range(1000)}))
    inside = hub.open()
    fill_thread(inside, "model")
    inside.close()


# Each page, and the JSON of what it shows.
PAIRS = {
    "home": ("/", "/api/trending"),
    "list of models": ("/models", "/api/models?limit=30"),
    "repo": ("/alice/model", "/api/models/alice/model"),
    "tree of 1,000 files": (
        "/alice/folder/tree/main",
        "/api/models/alice/folder/tree/main?expand=true&limit=1000",
    ),
    "thread of 500 comments": (
        "/alice/model/discussions/1",
        "/api/models/alice/model/discussions/1",
    ),
}


def measure_rates(hub: MeasuredHub, backend: str, script: Path) -> list[Row]:
    """A row for each page beside its JSON."""
    loads: dict[str, list[Load]] = {}
    for path in (path for pair in PAIRS.values() for path in pair):
        put_load(hub, script, path)
        loads[path] = []
    for _ in range(ROUNDS):
        for path, known in loads.items():
            known.append(put_load(hub, script, path))
    return [
        _compare(backend, name, loads[page], loads[json]) for name, (page, json) in PAIRS.items()
    ]


def _compare(backend: str, name: str, pages: list[Load], answers: list[Load]) -> Row:
    ratio = median(ratios([load.rate for load in pages], [load.rate for load in answers]))
    shown = [
        f"{median([x.rate for x in loads]):.0f}/s, p95 {median([x.p95 for x in loads]):.1f} ms"
        for loads in (pages, answers)
    ]
    question = f"{name}, {backend}, beside its JSON"
    return Row(question, *shown, f"{ratio:.2f}", f">= {AIM}", ratio >= AIM)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def visit(context: BrowserContext, url: str) -> Visit:
    """Look at a page in a new tab until nothing more comes."""
    tab = context.new_page()
    wire = context.new_cdp_session(tab)
    wire.send("Network.enable")
    sizes: list[float] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    tab.goto(url, wait_until="networkidle")
    paint: float = tab.evaluate(
        "() => new Promise(done => new PerformanceObserver(list => done("
        "list.getEntries().at(-1).startTime)).observe("
        "{type: 'largest-contentful-paint', buffered: true}))"
    )
    tab.close()
    return Visit(sum(sizes), paint)


def measure_visits(hub: MeasuredHub, browser: Browser) -> list[Row]:
    """What a first and a second visit cost."""
    rows = []
    for name, path in (("home", "/"), ("repo", "/alice/model")):
        firsts, seconds = [], []
        for _ in range(VISITS):
            context = browser.new_context()
            firsts.append(visit(context, hub.url + path))
            seconds.append(visit(context, hub.url + path))
            context.close()
        rows += _describe_visits(name, firsts, seconds)
    return rows


def _describe_visits(name: str, firsts: list[Visit], seconds: list[Visit]) -> list[Row]:
    first, second = median([v.sent for v in firsts]), median([v.sent for v in seconds])
    paint = median([v.paint for v in firsts])
    return [
        _row(f"{name}: bytes of a first visit", first, "B", FIRST_AIM),
        _row(f"{name}: bytes of a second visit", second, "B", SECOND_AIM),
        _row(f"{name}: largest paint of a first visit", paint, "ms", PAINT_AIM),
    ]


def _row(question: str, found: float, unit: str, aim: int) -> Row:
    return Row(question, f"{found:,.0f} {unit}", "", "", f"< {aim:,} {unit}", found < aim)


def main() -> None:
    need("wrk")
    need("chromium")
    rows = []
    with work_folder() as folder:
        script = folder / "p95.lua"
        script.write_text(LUA)
        for backend in ("sqlite", "postgresql"):
            with hub_on(backend, folder / backend) as hub:
                fill(hub)
                rows += measure_rates(hub, backend, script)
                if backend == "sqlite":
                    with chromium() as browser:
                        rows += measure_visits(hub, browser)
    report(
        "21. Pages",
        "bench/pages.py",
        rows,
        [
            f"wrk, {CONNECTIONS} connections, {SECONDS} s a round, {ROUNDS} rounds in turns, one"
            " server process, by a stranger, not packed; the ratio is the median of the rounds'"
            " ratios.",
            f"Visits by Chromium, median of {VISITS}, headers included, packed.",
        ],
    )


if __name__ == "__main__":
    main()
