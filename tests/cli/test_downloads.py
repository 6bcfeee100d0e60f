"""`freehold download`: what it fetches, and that stdout holds where it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.conftest import PROGRAM, Cli
from tests.terminal import Terminal

if TYPE_CHECKING:
    from freehold import HfApi

MODEL = bytes(range(256)) * 64


def test_hf_hub_download_prints_the_path_of_one_file(cli: Cli, repo: str) -> None:
    done = cli.run("download", repo, "weights/model.bin")
    (path,) = done.lines
    assert Path(path).read_bytes() == MODEL
    assert "hf-home" in path
    again = cli.run("download", repo, "weights/model.bin", "--json", "--quiet")
    assert again.json == {"path": path}
    assert again.err == ""


def test_hf_hub_download_into_a_folder(cli: Cli, repo: str) -> None:
    done = cli.run("download", repo, "README.md", "--local-dir", "here")
    assert done.lines[0].endswith("here/README.md")
    assert (cli.folder / "here" / "README.md").read_text() == "# Tiny\n"


def test_snapshot_download_prints_the_folder(cli: Cli, api: HfApi, repo: str) -> None:
    (folder,) = cli.run("download", repo).lines
    found = {p.relative_to(folder).as_posix() for p in Path(folder).rglob("*") if p.is_file()}
    assert found == set(api.list_repo_files(repo))


def test_snapshot_download_of_several_files_and_folders(cli: Cli, repo: str) -> None:
    done = cli.run("download", repo, "README.md", "weights/", "--local-dir", "here")
    assert [Path(line).name for line in done.lines] == ["README.md", "weights"]
    files = (path for path in (cli.folder / "here").rglob("*") if path.is_file())
    names = {path.relative_to(cli.folder / "here").as_posix() for path in files}
    assert {n for n in names if not n.startswith(".")} == {"README.md", "weights/model.bin"}


def test_snapshot_download_with_patterns(cli: Cli, repo: str) -> None:
    cli.run("download", repo, "--include", "*.md", "--include", "*.bin", "--exclude", "weights/*",
            "--local-dir", "here")  # fmt: skip
    here = cli.folder / "here"
    assert (here / "README.md").is_file() and not (here / "weights").exists()


def test_what_the_repository_does_not_hold_is_not_found(cli: Cli, repo: str) -> None:
    for names in (["nope.txt"], ["README.md", "nope.txt"], ["nope/"]):
        done = cli.fail("download", repo, *names)
        assert done.status == 3, done
    assert "nope.txt" in cli.fail("download", repo, "README.md", "nope.txt").err
    assert cli.fail("download", f"{repo}-not").status == 3
    assert cli.fail("download", repo, "--revision", "nope").status == 3
    assert cli.fail("download", repo, "README.md", "--include", "*").status == 2
    assert "no file that matches" in cli.fail("download", repo, "--include", "*.nope").err


def test_verify_mends_a_broken_file(cli: Cli, repo: str) -> None:
    (path,) = cli.run("download", repo, "weights/model.bin").lines
    blob = Path(path).resolve()
    blob.chmod(0o644)
    blob.write_bytes(b"\0" * len(MODEL))
    cli.run("download", repo, "weights/model.bin", "--verify")
    assert Path(path).read_bytes() == MODEL


def test_what_was_downloaded_is_found_without_a_hub(cli: Cli, repo: str) -> None:
    first = cli.run("download", repo, "README.md").lines
    offline = {"HF_HUB_OFFLINE": "1"}
    assert cli.run("download", repo, "README.md", **offline).lines == first
    done = cli.try_run("download", repo, "weights/model.bin", **offline)
    assert (done.status, len(done.err.splitlines())) == (3, 1)


def test_a_terminal_shows_a_summary_and_the_path(cli: Cli, api: HfApi, repo: str) -> None:
    api.upload_file(bytes(50_000_000), "big.bin", repo)
    terminal = Terminal([*PROGRAM, "download", repo, "big.bin"], cli.environ)
    assert terminal.finish() == 0
    assert "big.bin: " in terminal.written
    summary, *path = terminal.screen.text.splitlines()
    assert summary.startswith("Downloaded 1 file, 50.0MB in ")
    assert "".join(path).endswith("big.bin")
