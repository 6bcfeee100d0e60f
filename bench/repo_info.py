"""How many `GET /api/models/{id}` a second, beside constant answers of the same server?"""

from __future__ import annotations

import re
import subprocess

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

ROUNDS, SECONDS, CONNECTIONS = 5, 4, 16
AIM = 0.4

CARD = b"""---
license: apache-2.0
language: [en, de]
library_name: transformers
pipeline_tag: text-generation
tags: [bench, small]
datasets: [squad]
---
# A model
"""
FILES = {"README.md": CARD, "config.json": b'{"model_type": "llama", "architectures": ["L"]}'} | {
    f"part-{number}.txt": b"x" * number for number in range(10)
}


def rate(hub: MeasuredHub, path: str, token: str | None = None) -> float:
    """Requests a second; raises when one of them fails."""
    header = ["-H", f"Authorization: Bearer {token}"] if token else []
    load = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *header, hub.url + path]
    printed = subprocess.run(load, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in printed or "Socket errors" in printed:
        raise RuntimeError(printed)
    found = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert found is not None, printed
    return float(found[1])


def measure(hub: MeasuredHub, backend: str) -> list[Row]:
    token = hub.add_user("alice")
    session = Session(hub, token)
    session.create_repo("model")
    session.commit("alice/model", commit_body(FILES))
    info = "/api/models/alice/model"
    targets = {
        "health": ("/health", None),
        "harnesses": ("/api/agent-harnesses", None),
        "anonymous": (info, None),
        "token": (info, token),
    }
    for path, key in targets.values():
        rate(hub, path, key)
    rates: dict[str, list[float]] = {name: [] for name in targets}
    for _ in range(ROUNDS):
        for name, (path, key) in targets.items():
            rates[name].append(rate(hub, path, key))
    return [
        compare(backend, who, limit, rates)
        for who in ("anonymous", "token")
        for limit in ("health", "harnesses")
    ]


def compare(backend: str, who: str, limit: str, rates: dict[str, list[float]]) -> Row:
    ratio = median(ratios(rates[who], rates[limit]))
    has_aim = limit == "health"
    return Row(
        f"repo info, {backend}, {who}, beside {limit}",
        f"{median(rates[who]):.0f}/s",
        f"{median(rates[limit]):.0f}/s",
        f"{ratio:.2f}",
        f">= {AIM}" if has_aim else "",
        ratio >= AIM if has_aim else None,
    )


def main() -> None:
    need("wrk")
    rows = []
    with work_folder() as folder:
        for backend in ("sqlite", "postgresql"):
            with hub_on(backend, folder / backend) as hub:
                rows += measure(hub, backend)
    report(
        "1. Repo info",
        "bench/repo_info.py",
        rows,
        [
            f"wrk, {CONNECTIONS} connections, {SECONDS} s a round, {ROUNDS} rounds in turns,"
            " one server process; the ratio is the median of the rounds' ratios."
        ],
    )


if __name__ == "__main__":
    main()
