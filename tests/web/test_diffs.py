"""Changes as pages show them: rows, what is marked in them, and where they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from freehold.formats.diff import parse_patch
from freehold.server.core.differences import Patch
from freehold.server.web import diffs
from freehold.server.web.diffs import ShownDiff, show_diff
from freehold.server.web.visit import Visit
from tests.browsing import Visitor
from tests.repos import deleted, file, lfs_file, new_repo, sha256

if TYPE_CHECKING:
    from tests.live import Account, LiveHub
    from tests.web.conftest import Browse

See = Callable[..., Visitor]


def shown(text: str, **query: str) -> ShownDiff:
    """The changes of that patch, as somebody sees them."""
    visit = Visit(None, None, {}, "/a/b/commit/c", query, {}, {}, "")  # type: ignore[arg-type]
    return show_diff(visit, Patch(text), "/a/b/blob/new", "/a/b/blob/old")


def patch_of(old: list[str], new: list[str], name: str = "f") -> str:
    lines = [f"-{line}" for line in old] + [f"+{line}" for line in new]
    head = f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n"
    return f"{head}@@ -1,{len(old)} +1,{len(new)} @@\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("old", "new", "marks"),
    [
        ("size = 64", "size = 128", ("64", "128")),
        ("a small model.", "a small model of words.", ("", " of words")),
        ("layer_five(x)", "layer_seven(x)", ("five", "seven")),
        ("one", "two", ("", "")),
        ("same", "same", ("", "")),
        ("a" * 600 + " b", "a" * 600 + " c", ("", "")),
        ("  x", "    x", ("", "  ")),
    ],
)
def test_what_differs_within_a_line_is_marked(old: str, new: str, marks: tuple[str, str]) -> None:
    [found] = shown(patch_of([old], [new])).files
    rows = found.rows[1:]
    assert (rows[0].mark, rows[1].mark) == marks
    assert [row.before + row.mark + row.after for row in rows] == [old, new]


def test_side_by_side_a_line_stands_beside_what_it_became() -> None:
    diff = shown(patch_of(["a", "b"], ["c", "d", "e"]), view="split")
    pairs = [(pair.left.before, pair.right.before) for pair in diff.files[0].pairs[1:]]
    assert pairs == [("a", "c"), ("b", "d"), ("", "e")]
    assert diff.other_url == "/a/b/commit/c"


def test_what_is_long_is_cut_or_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    long_line = shown(patch_of([], ["x" * 5000])).files[0].rows[1].before
    assert len(long_line) < 2100 and long_line.endswith("… (5,000 characters)")
    folded = shown(patch_of([], ["x"] * 500)).files[0]
    assert not folded.is_open and len(folded.rows) == 501
    monkeypatch.setattr(diffs, "LIMITS", diffs.Limits(lines=10, file_lines=8, files=2))
    text = "".join(patch_of([], ["x"] * 9, name) for name in "abc")
    cut = shown(text)
    assert [len(file.rows) for file in cut.files] == [9, 3]
    assert cut.files[0].is_cut and "Only 8 lines" in cut.files[0].notes[0]
    assert cut.note == "1 more file changed, too many to show on one page."
    assert (cut.total, cut.added) == (3, 27)
    [alone] = shown(text, only="c").files
    assert len(alone.rows) == 10 and alone.is_open


def test_changes_that_are_too_large_say_so() -> None:
    visit = Visit(None, None, {}, "/x", {}, {}, {}, "")  # type: ignore[arg-type]
    assert show_diff(visit, Patch(None), "").note == diffs.TOO_LARGE


def test_a_large_patch_is_read_in_bounded_memory() -> None:
    text = "".join(patch_of([], [f"line {n}" for n in range(500)], f"f{i}") for i in range(400))
    parsed = parse_patch(text, diffs.LIMITS)
    kept = sum(len(hunk.lines) for found in parsed.files for hunk in found.hunks)
    assert kept == diffs.LIMITS.lines and len(parsed.files) == diffs.LIMITS.files
    assert (parsed.total, parsed.added) == (400, 200_000)


def test_every_kind_of_change_is_told(visit: See, site: LiveHub, ann: Account) -> None:
    long = "".join(f"line {n}\n" for n in range(50))
    repo = new_repo(site, ann, file("old.txt", long), file("bin", b"\0a"), file("gone", "1\n"))
    repo.commit_lfs("weights.bin", b"w" * 5000)
    oid = repo.commit(
        deleted("deletedFile", "old.txt"),
        deleted("deletedFile", "gone"),
        file("new.txt", long),
        file("bin", b"\0b"),
        lfs_file("weights.bin", repo.upload(b"v" * 9000), 9000),
    )
    page = visit().see(f"{repo.page}/commit/{oid}")
    files = {
        f.one("span", class_="diff-name").text: f.text for f in page.document.all("details")[1:]
    }
    assert files.keys() == {"bin", "gone", "old.txt → new.txt", "weights.bin"}
    assert "binary" in files["bin"] and "deleted" in files["gone"]
    assert "renamed" in files["old.txt → new.txt"]
    assert "5 kB → 9 kB" in files["weights.bin"]
    assert sha256(b"v" * 9000)[:16] in files["weights.bin"]
    links = [link["href"] for link in page.document.all("a", class_="diff-view")]
    assert f"{repo.page}/blob/{oid}/new.txt" in links


def test_a_folded_file_opens_when_a_link_leads_to_it(
    browse: Browse, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann)
    oid = repo.commit(file("big.txt", "x\n" * 500), file("small.txt", "x\n"))
    tab = browse()
    tab.goto(f"{repo.page}/commit/{oid}")
    assert not tab.locator("#file-1 table").is_visible()
    tab.get_by_role("link", name="big.txt", exact=True).click()
    tab.locator("#file-1 table").wait_for()
