"""What a type checker tells somebody who uses the library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import ROOT

RIGHT = """
import asyncio

from freehold import (
    AsyncHfApi, Event, HfApi, ModelInfo, RepositoryNotFoundError, RepoUrl, create_repo, repo_info,
)


def show(event: Event) -> None:
    print(event.kind, event.done)


api = HfApi(endpoint="http://127.0.0.1:8080", token="hf_x", user_agent={"mine": 1})
url: RepoUrl = create_repo("a/b", exist_ok=True)
info: ModelInfo = api.model_info(url.repo_id, files_metadata=True)
names: list[str] = [file.rfilename for file in info.siblings or []]
sha: str | None = repo_info("a/b", repo_type="dataset").sha
paths: list[str] = [entry.path for entry in api.list_repo_tree("a/b", recursive=True)]


async def main() -> int:
    many = AsyncHfApi(token=False)
    made: RepoUrl = await many.create_repo("b", private=True)
    sizes = [entry.path async for entry in many.list_repo_tree(made.repo_id)]
    return len(sizes)


try:
    count: int = asyncio.run(main())
    future = api.run_as_future(len, "text")
    length: int = future.result()
except RepositoryNotFoundError as error:
    print(error.status, error.request_id, error.retry_after)
"""

WRONG = {
    "an unknown name": ("from freehold import create_repos", "create_repos"),
    "an unknown argument": (
        "from freehold import create_repo\ncreate_repo('a', privat=True)",
        "privat",
    ),
    "a wrong type": ("from freehold import HfApi\nHfApi().model_info(7)", "int"),
    "a call that nobody awaits": (
        "from freehold import AsyncHfApi\nx: str = AsyncHfApi().create_repo('a')",
        "Coroutine",
    ),
}


def check(script: str, folder: Path) -> str:
    """What mypy says; nothing when it has nothing to say."""
    (folder / "script.py").write_text(script)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "script.py"]
    cache = ["--cache-dir", str(ROOT / ".mypy_cache" / "users")]
    done = subprocess.run([*command, *cache], cwd=folder, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_a_script_that_is_right_passes_the_strictest_check(tmp_path: Path) -> None:
    assert check(RIGHT, tmp_path) == ""


@pytest.mark.parametrize(("script", "named"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_found(script: str, named: str, tmp_path: Path) -> None:
    assert named in check(script, tmp_path)
