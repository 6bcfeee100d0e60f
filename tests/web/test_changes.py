"""Changing files in the page: uploading, writing, deleting."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from freehold.server.web.assets import asset_url
from tests.browsing import Shown, Visitor
from tests.discussions import as_account, propose
from tests.repos import Repo, deleted, file, new_repo

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from tests.live import Account, LiveHub
    from tests.web.conftest import Browse

Visit = Callable[..., Visitor]

SCRIPT = "<img src=x onerror=alert(1)>.txt"


@pytest.fixture
def repo(site: LiveHub, ann: Account) -> Repo:
    """A repository of Ann's with a text and a folder."""
    return new_repo(site, ann, file("a.txt", "one\n"), file("docs/b.md", "two\n"))


def save(visitor: Visitor, repo: Repo, path: str, /, **fields: str) -> Shown:
    """Open the page to edit a file, fill it in and send it."""
    return visitor.fill_in(
        f"{repo.page}/edit/main/{path}", f"{repo.page}/edit/main/{path}", **fields
    )


def read(repo: Repo, path: str, revision: str = "main") -> bytes:
    """The bytes of a file, as the API gives them."""
    return repo.resolve(path, revision).content


def location(shown: Shown) -> str:
    """Where a form that was accepted leads to."""
    assert shown.status == 303, shown.text
    return shown.answer.headers["location"]


def notice(shown: Shown) -> str:
    """Why a form was not accepted."""
    return shown.document.one("p", role="alert").text


# Writing


def test_new_file_page_makes_a_file(visit: Visit, repo: Repo, ann: Account) -> None:
    page, action = f"{repo.page}/new/main/docs", f"{repo.page}/edit/main/docs"
    visitor = visit(ann)
    assert visitor.see(page).document.one("input", name="path")["value"] == "docs/"
    made = visitor.fill_in(page, action, path="docs/new.txt", text="a\r\nb", title="Add it")
    assert location(made) == f"{repo.page}/blob/main/docs/new.txt"
    assert read(repo, "docs/new.txt") == b"a\nb\n"
    assert repo.get("/commits/main").json()[0]["title"] == "Add it"


def test_new_file_page_refuses_what_is_there_already(
    visit: Visit, repo: Repo, ann: Account
) -> None:
    page, action = f"{repo.page}/new/main", f"{repo.page}/edit/main"
    for path, reason in (("a.txt", "already something"), ("../x", "Invalid path"), ("", "path")):
        again = visit(ann).fill_in(page, action, path=path, text="mine <b>")
        assert again.status == 400 and reason in notice(again)
        assert again.document.one("textarea", name="text").text == "mine <b>"
    assert read(repo, "a.txt") == b"one\n"


def test_edit_file_page_shows_names_and_texts_as_they_are(
    visit: Visit, repo: Repo, ann: Account
) -> None:
    text = "\n\n</textarea><script>alert(1)</script>\n"
    repo.commit(file(SCRIPT, text))
    path = SCRIPT.replace("<", "%3C").replace(">", "%3E").replace(" ", "%20").replace("=", "%3D")
    shown = visit(ann).see(f"{repo.page}/edit/main/{path}")
    assert shown.document.one("input", name="path")["value"] == SCRIPT
    assert "<script>alert" not in shown.answer.text and "<img src=x" not in shown.answer.text
    form = next(f for f in shown.document.all("form") if "/edit/" in f["action"])
    saved = visit(ann).fill_in(f"{repo.page}/edit/main/{path}", form["action"], title="Same")
    assert location(saved).startswith(f"{repo.page}/blob/main/")
    assert read(repo, path) == text.encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xfe", "not UTF-8"),
        (b"a\0b", "not UTF-8"),
        (b"x" * 1_000_001, "over 1 MB"),
    ],
)
def test_edit_file_page_is_for_texts(
    visit: Visit, repo: Repo, ann: Account, data: bytes, reason: str
) -> None:
    repo.commit(file("c.txt", data))
    shown = visit(ann).look(f"{repo.page}/edit/main/c.txt")
    assert shown.status == 400 and reason in shown.text


def test_edit_file_page_is_not_for_large_files_folders_and_tags(
    visit: Visit, repo: Repo, ann: Account
) -> None:
    repo.commit_lfs("c.bin", b"large")
    repo.post("/tag/main", {"tag": "v1"})
    visitor = visit(ann)
    assert "(LFS)" in visitor.look(f"{repo.page}/edit/main/c.bin").text
    assert "folder" in visitor.look(f"{repo.page}/edit/main/docs").text
    assert "on a branch" in visitor.look(f"{repo.page}/edit/v1/a.txt").text
    for missing in ("main/none", "none/a.txt"):
        assert visitor.look(f"{repo.page}/edit/{missing}").status == 404


def test_edit_file_page_is_for_who_has_an_account(visit: Visit, repo: Repo) -> None:
    shown = visit().look(f"{repo.page}/edit/main/a.txt")
    assert location(shown).startswith("/login?next=")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"one\r\ntwo\r\n", b"one\r\n2\r\n"),
        (b"one\ntwo\n", b"one\n2\n"),
        (b"one\ntwo", b"one\n2"),
    ],
)
def test_save_file_form_keeps_line_ends(
    visit: Visit, repo: Repo, ann: Account, before: bytes, after: bytes
) -> None:
    repo.commit(file("c.txt", before))
    lines = before.decode().replace("\r\n", "\n").replace("two", "2").replace("\n", "\r\n")
    location(save(visit(ann), repo, "c.txt", text=lines))
    assert read(repo, "c.txt") == after


def test_save_file_form_moves_a_file(visit: Visit, repo: Repo, ann: Account) -> None:
    moved = save(visit(ann), repo, "a.txt", path="docs/ä b.txt", text="new")
    assert location(moved) == f"{repo.page}/blob/main/docs/%C3%A4%20b.txt"
    assert sorted(repo.paths()) == ["docs/b.md", "docs/ä b.txt"]
    assert repo.get("/commits/main").json()[0]["title"] == "Rename docs/ä b.txt"


def test_save_file_form_minds_what_others_have_changed(
    visit: Visit, repo: Repo, ann: Account
) -> None:
    visitor, path = visit(ann), f"{repo.page}/edit/main/a.txt"
    fields = {"parent": repo.head(), "path": "a.txt", "title": "Mine", "finished": "1"}
    repo.commit(file("other.txt", "of no matter"))
    location(visitor.send(path, {**fields, "text": "first"}, path))
    # The second one has not seen the first.
    again = visitor.send(path, {**fields, "text": "second"}, path)
    assert again.status == 409 and "Others have changed this" in notice(again)
    assert again.document.one("textarea", name="text").text == "second"
    assert read(repo, "a.txt") == b"first\n"
    seen = again.document.one("input", name="replace")["value"]
    location(visitor.send(path, {**fields, "text": "second", "replace": seen}, path))
    assert read(repo, "a.txt") == b"second\n"


def test_save_file_form_needs_to_know_what_was_seen(visit: Visit, repo: Repo, ann: Account) -> None:
    path = f"{repo.page}/edit/main/a.txt"
    for parent in ("", "main", "f" * 40):
        fields = {"path": "a.txt", "text": "blind", "parent": parent}
        assert visit(ann).send(path, fields, path).status in (400, 409)
    assert read(repo, "a.txt") == b"one\n"


def test_save_file_form_keeps_the_text_when_the_branch_is_gone(
    visit: Visit, repo: Repo, ann: Account
) -> None:
    repo.post("/branch/side")
    fields = {"parent": repo.head(), "path": "a.txt", "text": "kept"}
    repo.delete("/branch/side")
    again = visit(ann).send(f"{repo.page}/edit/side/a.txt", fields, f"{repo.page}/new/main")
    assert again.status == 409 and "branch is not there" in notice(again)
    assert again.document.one("textarea", name="text").text == "kept"


def test_save_file_form_of_a_card_that_cannot_be_read(
    visit: Visit, repo: Repo, ann: Account
) -> None:
    page, action = f"{repo.page}/new/main?name=README.md", f"{repo.page}/edit/main"
    again = visit(ann).fill_in(page, action, text="---\na: [\n---\n")
    assert again.status == 400 and "YAML" in notice(again)
    assert again.document.one("div", data_preview=f"{repo.page}/preview")


def test_save_file_form_of_a_reader_opens_a_pull_request(
    visit: Visit, repo: Repo, ben: Account
) -> None:
    visitor, path = visit(ben), f"{repo.page}/edit/main/a.txt"
    assert not visitor.see(path).document.all("input", type="radio", name="target")
    asked = {"text": "better", "title": "A proposal"}
    opened = location(save(visitor, repo, "a.txt", **asked))
    assert opened == f"{repo.page}/discussions/1"
    assert read(repo, "a.txt") == b"one\n" and read(repo, "a.txt", "refs%2Fpr%2F1") == b"better\n"
    # Whoever may not write is refused, whatever the form says, and keeps what they have written.
    refused = save(visitor, repo, "a.txt", text="forced", target="direct")
    assert refused.status == 409 and "pull request instead" in notice(refused)
    assert refused.document.one("textarea", name="text").text == "forced"
    assert read(repo, "a.txt") == b"one\n"
    # Their own pull request takes more.
    path = f"{repo.page}/edit/refs%2Fpr%2F1/a.txt"
    location(visitor.fill_in(path, path, text="best"))
    assert read(repo, "a.txt", "refs%2Fpr%2F1") == b"best\n"


def test_edit_file_page_of_the_pull_request_of_somebody_else(
    visit: Visit, repo: Repo, ben: Account
) -> None:
    propose(repo, file("a.txt", "proposed"))
    assert visit(ben).look(f"{repo.page}/edit/refs%2Fpr%2F1/a.txt").status == 403


def test_edit_file_page_where_nobody_may_propose(visit: Visit, repo: Repo, ben: Account) -> None:
    repo.put("/settings", {"discussionsDisabled": True})
    shown = visit(ben).look(f"{repo.page}/edit/main/a.txt")
    assert shown.status == 403 and "disabled" in shown.text


def test_save_file_form_on_each_database(hub: LiveHub, alice: Account, bob: Account) -> None:
    repo = new_repo(hub, alice, file("a.txt", "one"))
    path = f"{repo.page}/edit/main/a.txt"
    fields = {"parent": repo.head(), "path": "a.txt", "finished": "1"}
    asked = {**fields, "text": "two", "target": "pull_request", "description": "Why"}
    opened = Visitor(hub, bob).send(path, asked, path)
    assert location(opened) == f"{repo.page}/discussions/1"
    assert read(repo, "a.txt", "refs%2Fpr%2F1") == b"two\n"
    location(Visitor(hub, alice).send(path, {**fields, "text": "three"}, path))
    again = Visitor(hub, alice).send(path, {**fields, "text": "four"}, path)
    assert again.status == 409 and read(repo, "a.txt") == b"three\n"


# Deleting


def test_delete_file_page_says_what_goes(visit: Visit, repo: Repo, ann: Account) -> None:
    repo.commit(file("docs/c.txt", "three"))
    visitor = visit(ann)
    assert "2 files with 9 B" in visitor.see(f"{repo.page}/delete/main/docs").text
    assert "one file of 4 B" in visitor.see(f"{repo.page}/delete/main/a.txt").text
    assert visitor.look(f"{repo.page}/delete/main/none").status == 404
    assert visitor.look(f"{repo.page}/delete/main").status == 404


def test_delete_file_form_deletes_a_folder(visit: Visit, repo: Repo, ann: Account) -> None:
    path = f"{repo.page}/delete/main/docs"
    gone = visit(ann).fill_in(path, path, description="Not needed.")
    assert location(gone) == f"{repo.page}/commit/{repo.head()}"
    assert repo.paths() == ["a.txt"]
    [commit, *_] = repo.get("/commits/main").json()
    assert commit["title"] == "Delete docs" and "Not needed." in commit["message"]


def test_delete_file_form_opens_a_pull_request(visit: Visit, repo: Repo, ben: Account) -> None:
    path = f"{repo.page}/delete/main/a.txt"
    assert location(visit(ben).fill_in(path, path)) == f"{repo.page}/discussions/1"
    assert "a.txt" in repo.paths() and "a.txt" not in repo.paths("refs%2Fpr%2F1")


def test_delete_file_form_minds_what_others_have_changed(
    visit: Visit, repo: Repo, ann: Account
) -> None:
    path, parent = f"{repo.page}/delete/main/a.txt", repo.head()
    repo.commit(file("a.txt", "newer"))
    again = visit(ann).send(path, {"parent": parent}, path)
    assert again.status == 409 and again.document.all("input", name="replace")
    repo.commit(deleted("deletedFile", "a.txt"))
    again = visit(ann).send(path, {"parent": repo.head()}, f"{repo.page}/new/main")
    assert again.status == 409 and "not there any more" in notice(again)


# Uploading


def choose(tab: Page, *files: Path | dict[str, Any]) -> None:
    """Choose files by the button of the upload page."""
    tab.locator("[data-files]").first.set_input_files(list(files))  # type: ignore[arg-type]


def test_upload_page_is_of_no_use_without_scripts(visit: Visit, repo: Repo, ann: Account) -> None:
    shown = visit(ann).see(f"{repo.page}/upload/main/docs")
    assert "needs JavaScript" in shown.document.one("noscript").text
    form = shown.document.one("form", class_="upload")
    assert form["data-commit"] == f"{repo.api}/commit/main"
    assert "worker-src 'self'" in shown.answer.headers["content-security-policy"]


def test_upload_page_sends_large_and_small_files(
    browse: Browse, repo: Repo, ann: Account, torch_checkpoint: Path
) -> None:
    tab = browse(ann)
    tab.goto(f"{repo.page}/upload/main/docs")
    small = {"name": SCRIPT, "mimeType": "text/plain", "buffer": b"small"}
    empty = {"name": "empty", "mimeType": "text/plain", "buffer": b""}
    choose(tab, torch_checkpoint)
    choose(tab, small, empty)
    assert tab.locator(".upload-name").all_text_contents()[1:] == [SCRIPT, "empty"]
    tab.get_by_label("Title of the change").fill("From a page")
    puts: list[str] = []
    tab.on("request", lambda r: puts.append(r.url) if r.method == "PUT" else None)
    refusal = {"status": 409, "body": '{"error": "Not <b>now</b>."}'}
    tab.route(re.compile(r"/lfs/uploads/\w+\?"), lambda r: r.fulfill(**refusal), times=1)
    tab.get_by_role("button", name="Upload").click()
    tab.get_by_text("Not <b>now</b>.", exact=True).wait_for()
    # The hub holds both parts: they are not sent again, and what was filled in is still there.
    tab.get_by_role("button", name="Try again").click()
    tab.wait_for_url(f"**{repo.page}/commit/*")
    assert len(puts) == 2
    assert repo.get("/commits/main").json()[0]["title"] == "From a page"
    assert {f"docs/{SCRIPT}", "docs/empty"} < set(repo.paths())
    stored = read(repo, "docs/transformer.pt")
    assert hashlib.sha256(stored).digest() == hashlib.sha256(torch_checkpoint.read_bytes()).digest()
    [told] = repo.post("/paths-info/main", {"paths": ["docs/transformer.pt"]}).json()
    assert told["lfs"]["size"] == torch_checkpoint.stat().st_size


def test_upload_page_of_a_reader_opens_a_pull_request(
    browse: Browse, repo: Repo, ben: Account
) -> None:
    tab = browse(ben)
    tab.goto(f"{repo.page}/upload/main")
    bad = {"name": "a\\b", "mimeType": "text/plain", "buffer": b"x"}
    choose(tab, {"name": "c.bin", "mimeType": "a/b", "buffer": b"\0\1"}, bad)
    tab.get_by_role("button", name="Upload").click()
    # The hub refuses the name, and says so; without that file the rest is sent.
    tab.get_by_role("alert").filter(has_text="Invalid path").wait_for()
    tab.get_by_role("button", name="Remove a\\b").click()

    def cancel(route: Route) -> None:
        tab.get_by_role("button", name="Cancel").click()
        route.abort()

    tab.route("**/objects/batch", cancel, times=1)
    tab.get_by_role("button", name="Try again").click()
    tab.get_by_role("alert").filter(has_text="Cancelled: nothing was committed").wait_for()
    tab.get_by_role("button", name="Try again").click()
    tab.wait_for_url(f"**{repo.page}/discussions/1")
    assert read(as_account(repo, ben), "c.bin", "refs%2Fpr%2F1") == b"\0\1"
    assert "c.bin" not in repo.paths()


def test_upload_page_takes_folders_and_what_is_dropped(
    browse: Browse, repo: Repo, ann: Account, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    (folder / "deep").mkdir(parents=True)
    (folder / ".git").mkdir()
    for name in ("deep/c.txt", "d.txt", ".git/config"):
        (folder / name).write_text(name)
    tab = browse(ann)
    tab.goto(f"{repo.page}/upload/main")
    tab.locator("[data-files]").nth(1).set_input_files(folder)
    tab.get_by_role("alert").filter(has_text="Left out: what is in .git").wait_for()
    tab.locator("[data-drop]").evaluate(
        """drop => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File(["dropped"], "e.txt"));
            drop.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
        }"""
    )
    tab.get_by_text("3 files").wait_for()
    # A connection that breaks is tried again.
    tab.route("**/preupload/main", lambda route: route.abort(), times=1)
    tab.get_by_role("button", name="Upload").click()
    tab.wait_for_url(f"**{repo.page}/commit/*")
    assert set(repo.paths()) == {"a.txt", "docs/b.md", "data/deep/c.txt", "data/d.txt", "e.txt"}
    assert read(repo, "e.txt") == b"dropped"


def test_sha256_in_the_browser(browse: Browse) -> None:
    tab = browse()
    tab.goto("/")
    sizes = [0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1000, 100_000]
    digests = tab.evaluate(
        """async ([url, sizes]) => {
            const { Sha256 } = await import(url);
            return sizes.map((size) => {
                const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7 + size) % 256);
                const hash = new Sha256();
                for (let at = 0, step = 1; at < size; at += step, step = (step * 5) % 97 + 1) {
                    hash.update(bytes.subarray(at, at + step));
                }
                return hash.finish();
            });
        }""",
        [asset_url("sha256.js"), sizes],
    )
    made = [bytes((i * 7 + size) % 256 for i in range(size)) for size in sizes]
    assert digests == [hashlib.sha256(data).hexdigest() for data in made]


def test_edit_file_page_in_a_browser(browse: Browse, repo: Repo, ann: Account) -> None:
    repo.commit(file("c.txt", "\none\r\ntwo"))
    tab = browse(ann)
    tab.goto(f"{repo.page}/edit/main/c.txt")
    area = tab.get_by_label("Text", exact=True)
    area.press("Control+Home")
    # Tab leaves the field until somebody wants it to indent.
    area.press("Tab")
    assert area.evaluate("area => document.activeElement !== area")
    tab.get_by_label("Tab key indents").check()
    area.focus()
    area.press("Tab")
    area.press("Escape")
    area.press("Tab")
    assert area.evaluate("area => document.activeElement !== area")
    tab.get_by_role("button", name="Save").click()
    tab.wait_for_url("**/blob/main/c.txt")
    assert read(repo, "c.txt") == b"  \n" + b"one\ntwo"
