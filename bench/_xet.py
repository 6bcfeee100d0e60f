"""The official client and a hub: either with Xet, as it comes, or with plain LFS."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from _measure import MeasuredHub, cpu_of_tree, run_client
from download import SCRIPT as DOWNLOAD
from upload import SCRIPT as UPLOAD

CLIENT = "2.4.0"


@dataclass(frozen=True)
class Cost:
    """What a transfer took: seconds of the client, processor seconds of the server, bytes sent.

    `proof` are the processor seconds after the client was done, in which the sha256 is proven.
    """

    seconds: float
    cpu: float
    proof: float = 0
    sent: int = 0


class Lane:
    """One client with its home, and the hub that it sends to and fetches from, always one way."""

    def __init__(self, hub: MeasuredHub, folder: Path, *, with_xet: bool) -> None:
        self.hub = hub
        self.folder = folder
        self.token = hub.add_user("alice")
        self._settings = {"HF_HUB_DISABLE_XET": "0" if with_xet else "1"}

    def url(self, repo: str) -> str:
        """Where the uploaded file is, for any program."""
        return f"{self.hub.url}/alice/{repo}/resolve/main/model.bin"

    def upload(self, source: Path, repo: str = "model") -> Cost:
        """Send the file and wait until the hub has proven what it is."""
        since, before = self.hub.log_size(), cpu_of_tree(self.hub.pid)
        seconds = self._run(UPLOAD, "up", REPO=f"alice/{repo}", FILE=str(source))
        answered = cpu_of_tree(self.hub.pid)
        self.hub.wait_for_proofs()
        proven = cpu_of_tree(self.hub.pid)
        sent = sum(line["received"] for line in self.hub.requests(since))
        return Cost(seconds, proven - before, proven - answered, sent)

    def download(self, target: Path, repo: str = "model") -> Cost:
        """Fetch the file into a new cache below the folder `target`, and delete it again."""
        cache = target / "cache"
        before = cpu_of_tree(self.hub.pid)
        try:
            seconds = self._run(DOWNLOAD, "down", REPO=f"alice/{repo}", CACHE=str(cache))
        finally:
            shutil.rmtree(cache, ignore_errors=True)
        return Cost(seconds, cpu_of_tree(self.hub.pid) - before)

    def forget(self) -> None:
        """Throw the client's home away: it is on a new machine."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, script: str, home: str, **environ: str) -> float:
        environ |= self._settings
        found = run_client(CLIENT, script, self.hub, self.token, self.folder / home, **environ)
        return float(found)
