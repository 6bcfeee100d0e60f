"""The pages of folders and files, and how each kind of file is shown."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from freehold.server.web.file_views import MAX_LINE, MAX_LINES
from tests.browsing import Element, Shown, Visitor
from tests.discussions import as_account, propose
from tests.pictures import PIXEL, SCRIPTED_SVG, picture
from tests.repos import file, lfs_file, new_repo, sha256
from tests.weights import gguf, safetensors, shard_index

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.live import Account, LiveHub
    from tests.web.conftest import Browse

Visit = Callable[..., Visitor]

ODD = "a #1 ?/100%25 <script>alert(1) ü & 'x'.txt"
NAME = "<script>alert(2)</script> & more"


def rows(page: Shown) -> list[Element]:
    return page.document.one("table", class_="files").one("tbody").all("tr")


def names(page: Shown) -> list[str]:
    return [row.one("a").text for row in rows(page)]


def links(page: Shown) -> list[str]:
    return [link["href"] for link in page.document.all("a")]


def lines(page: Shown) -> list[str]:
    return [code.text for code in page.document.one("div", class_="lines").all("code")]


# Folders


def test_tree_page_shows_folders_first_with_their_last_commits(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann)
    repo.commit(file("b.txt", "1"), file("z/c.txt", "2"), summary="The first")
    oid = repo.commit(file("b.txt", "34"), summary=NAME)
    repo.commit_lfs("model.safetensors", safetensors(a=("F32", 3)))
    page = visit().see(f"{repo.page}/tree/main")
    assert names(page) == ["z", ".gitattributes", "b.txt", "model.safetensors"]
    folder, _, changed, large = rows(page)
    assert "The first" in folder.text
    assert changed.all("a")[0]["href"] == f"{repo.page}/blob/main/b.txt"
    assert changed.all("a")[1]["href"] == f"{repo.page}/resolve/main/b.txt?download=true"
    assert changed.all("a")[2]["href"] == f"{repo.page}/commit/{oid}"
    assert changed.all("a")[2].text == NAME
    assert "2 B" in changed.text
    assert [badge.text for badge in large.all("span", class_="badge")] == ["safetensors", "LFS"]


def test_tree_page_of_a_folder_has_a_way_up_and_its_readme(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    text = "---\nlicense: mit\n---\n# Notes\n\n[x](../b.txt) ![p](p.png)\n\n|a|\n|-:|\n|1|\n"
    repo = new_repo(site, ann, file("docs/in/README.md", text), file("docs/in/x", "1"))
    page = visit().see(f"{repo.page}/tree/main/docs/in")
    assert names(page) == [".. the folder above", "README.md", "x"]
    assert rows(page)[0].one("a")["href"] == f"{repo.page}/tree/main/docs"
    readme = page.document.one("section", class_="readme")
    assert readme.all("a")[-1]["href"] == f"{repo.page}/blob/main/docs/b.txt"
    assert readme.one("img")["src"] == f"{repo.page}/resolve/main/docs/in/p.png"
    assert "license" not in readme.text
    assert len(page.document.all("h1")) == 1
    # The policy of the page allows no styles in it.
    assert "style=" not in page.answer.text
    assert visit().see(f"{repo.page}/tree/main").document.all("section", class_="readme") == []


def test_tree_page_shows_a_thousand_entries_and_then_the_rest(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann, *(file(f"d/{number:04}", "") for number in range(1001)))
    first = visit().see(f"{repo.page}/tree/main/d")
    assert len(rows(first)) == 1001
    [following] = [a["href"] for a in first.document.all("a", rel="next")]
    second = visit().see(following)
    assert names(second) == ["1000"]
    assert f"{repo.page}/tree/main/d" in links(second)
    assert second.document.all("a", rel="next") == []


@pytest.mark.parametrize("type", ["model", "dataset"])
def test_tree_page_of_a_new_repository_tells_how_to_fill_it(
    visit: Visit, site: LiveHub, ann: Account, type: str
) -> None:
    repo = new_repo(site, ann, type=type)
    page = visit(ann).see(f"{repo.page}/tree/main")
    assert f"git clone {site.url}{repo.page}" in page.text
    assert f"HF_ENDPOINT={site.url} hf upload {repo.full_name} ./folder" in page.text
    assert ("--repo-type dataset" in page.text) == (type == "dataset")
    repo.commit(file("x", "1"))
    assert "still empty" not in visit(ann).see(f"{repo.page}/tree/main").text


def test_tree_page_offers_changes_where_there_is_a_branch_and_a_right(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann, file("d/x", "1"))
    repo.post("/branch/a%2Fb", {})
    repo.post("/tag/main", {"tag": "v1"})
    number = propose(repo)
    for revision in ("main", "a%2Fb", f"refs%2Fpr%2F{number}"):
        shown = links(visit(ann).see(f"{repo.page}/tree/{revision}/d"))
        assert f"{repo.page}/upload/{revision}/d" in shown
        assert f"{repo.page}/new/{revision}/d" in shown
    for viewer, revision in ((None, "main"), (ann, "v1"), (ann, repo.head())):
        shown = links(visit(viewer).see(f"{repo.page}/tree/{revision}/d"))
        assert not any(
            f"/{page}/{revision}" in link for link in shown for page in ("upload", "new")
        )
    assert names(visit().see(f"{repo.page}/tree/refs/pr/{number}"))[-1] == "proposed.txt"


def test_tree_page_switches_to_other_branches_and_tags(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann, file("d/x", "1"))
    repo.post("/branch/z%23", {})
    repo.post("/branch/a%2Fb", {})
    repo.post("/tag/main", {"tag": "<b>"})
    switch = visit().see(f"{repo.page}/tree/a%2Fb/d").document.one("details", class_="switch")
    assert [(link.text, link["href"].removeprefix(repo.page)) for link in switch.all("a")] == [
        ("main", "/tree/main/d"),
        ("a/b", "/tree/a%2Fb/d"),
        ("z#", "/tree/z%23/d"),
        ("<b>", "/tree/%3Cb%3E/d"),
        ("All branches and tags", "/refs"),
    ]
    assert [link.text for link in switch.all("a", aria_current="true")] == ["a/b"]


def test_tree_page_of_odd_names_leads_to_the_files(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann, file(ODD, "found"))
    visitor = visit()
    address = f"{repo.page}/tree/main"
    for name in ODD.split("/"):
        page = visitor.see(address)
        address = next(link["href"] for link in page.document.all("a") if link.text == name)
    shown = visitor.see(address)
    assert lines(shown) == ["found"]
    assert "<script>alert" not in page.answer.text + shown.answer.text
    [download] = [href for href in links(page) if href.endswith("?download=true")]
    assert visitor.call("GET", download).content == b"found"


def test_tree_page_tells_the_same_folder_apart_at_other_commits(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann)
    for name in ("a", "b"):
        repo.commit(file("x", name), file(f"{name}.txt", name), summary=f"Put {name}")
        for _ in range(2):
            page = visit().see(f"{repo.page}/tree/main")
            assert f"{name}.txt" in names(page)
            assert f"Put {name}" in next(row.text for row in rows(page) if row.one("a").text == "x")


def test_tree_page_of_what_is_missing_says_so(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo = new_repo(site, ann, file("d/x", "1"))
    page = visit().look(f"{repo.page}/tree/main/no<b>")
    assert page.status == 404
    assert 'no<b> does not exist on "main"' in page.text
    page = visit().look(f"{repo.page}/tree/nope")
    assert page.status == 404
    assert "Invalid rev id: nope" in page.text
    assert visit().look(f"{repo.page}/tree/main?cursor=x").status == 400
    answer = visit().call("GET", f"{repo.page}/tree/main/d/x")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{repo.page}/blob/main/d/x")


def test_tree_page_of_a_private_repository_is_as_if_it_were_not(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    repo = new_repo(site, ann, file("x", "1"), private=True)
    for page in ("tree/main", "blob/main/x", "blame/main/x", "commits/main", "refs"):
        hidden = visit(ben).look(f"{repo.page}/{page}")
        missing = visit(ben).look(f"{repo.page}x/{page}")
        assert hidden.status == missing.status == 404
        assert hidden.text == missing.text


# Files


def test_blob_page_shows_numbered_lines(visit: Visit, site: LiveHub, ann: Account) -> None:
    text = 'def f(x):\r\n    return "<b>" + x\n\n# the end'
    repo = new_repo(site, ann, file("src/f.py", text), summary="x")
    page = visit(ann).see(f"{repo.page}/blob/main/src/f.py")
    assert lines(page) == ["def f(x):", 'return "<b>" + x', "", "# the end"]
    assert page.document.one("div", id="L4").one("a")["href"] == "#L4"
    assert page.document.one("div", class_="code").all("span", class_="k")
    shown = links(page)
    for action in ("raw", "commits", "blame", "edit", "delete"):
        assert f"{repo.page}/{action}/main/src/f.py" in shown
    assert f"{repo.page}/resolve/main/src/f.py?download=true" in shown
    assert f"{repo.page}/blob/{repo.head()}/src/f.py" in shown
    assert f"{repo.page}/tree/main/src" in shown
    assert f"{repo.page}/edit/main/src/f.py" not in links(
        visit().see(f"{repo.page}/blob/main/src/f.py")
    )


def test_blob_page_shows_only_so_much_of_a_text(visit: Visit, site: LiveHub, ann: Account) -> None:
    many = "x\n" * (MAX_LINES + 1)
    wide = f"{'y' * (MAX_LINE + 1)}\nz\n"
    repo = new_repo(site, ann, file("many.txt", many), file("wide.txt", wide))
    repo.commit_lfs("large.log", b"line\n" * 400_000)
    page = visit().see(f"{repo.page}/blob/main/many.txt")
    assert "only its first 10,000 lines" in page.text
    assert len(lines(page)) == MAX_LINES
    page = visit().see(f"{repo.page}/blob/main/wide.txt")
    assert lines(page) == ["y" * MAX_LINE + "…", "z"]
    assert "1 long line cut" in page.text
    page = visit(ann).see(f"{repo.page}/blob/main/large.log")
    assert len(lines(page)) == MAX_LINES
    assert f"{repo.page}/edit/main/large.log" not in links(page)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\0\1binary", "Binary, 8 bytes"),
        (b"", "This file is empty"),
        ("ünï\rx".encode(), "ünï\u240dx"),
        (b"\xef\xbb\xbfwith a mark", "1with a mark"),
        (b"latin \xe9 in a text of some length", "latin \ufffd in"),
        (b"\xff\xfe\xff\xfa", "Binary, 4 bytes"),
    ],
)
def test_blob_page_of_any_bytes(
    visit: Visit, site: LiveHub, ann: Account, data: bytes, expected: str
) -> None:
    repo = new_repo(site, ann, file("f", data))
    page = visit().see(f"{repo.page}/blob/main/f")
    assert expected.removeprefix("1") in page.text


def test_blob_page_of_a_large_file_names_its_sha256(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    data = b"\0" * 3000
    repo = new_repo(site, ann)
    repo.commit_lfs("w.dat", data)
    page = visit().see(f"{repo.page}/blob/main/w.dat")
    assert page.document.one("code", id="sha256").text == sha256(data)
    assert "Binary, 3,000 bytes" in page.text
    assert f"{repo.page}/raw/main/w.dat" in links(page)


def test_blob_page_of_markdown_shows_it_or_its_source(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    text = "# Hello\n\n<script>alert(1)</script>\n\n[a](b.md)\n"
    repo = new_repo(site, ann, file("d/x.md", text))
    page = visit().see(f"{repo.page}/blob/main/d/x.md")
    assert page.document.one("div", class_="prose").one("h2").text.startswith("Hello")
    assert page.document.one("div", class_="prose").all("script") == []
    assert f"{repo.page}/blob/main/d/b.md" in links(page)
    assert "?plain=1" in links(page)
    page = visit().see(f"{repo.page}/blob/main/d/x.md?plain=1")
    assert lines(page) == text.rstrip("\n").split("\n")


@pytest.mark.parametrize(
    ("name", "text", "columns", "cells"),
    [
        ("a.csv", 'x,y\n1,"a, <b>"\n2\n', ["#", "x", "y"], ["1", "1", "a, <b>", "2", "2", ""]),
        ("a.tsv", "x\ty\n1\t2\n", ["#", "x", "y"], ["1", "1", "2"]),
        ("a.jsonl", '{"x":1}\n{"y":{"z":[1]}}\n', ["#", "x", "y"],
         ["1", "1", "", "2", "", '{"z": [1]}']),
        ("a.json", '[{"x":"<b>"},{"x":null}]', ["#", "x"], ["1", "<b>", "2", "null"]),
    ],
)  # fmt: skip
def test_blob_page_of_a_table(
    visit: Visit,
    site: LiveHub,
    ann: Account,
    name: str,
    text: str,
    columns: list[str],
    cells: list[str],
) -> None:
    repo = new_repo(site, ann, file(name, text))
    table = visit().see(f"{repo.page}/blob/main/{name}").document.one("table", class_="data")
    assert [cell.text for cell in table.all("th")] == columns
    assert [cell.text for cell in table.all("td")] == cells
    plain = visit().see(f"{repo.page}/blob/main/{name}?plain=1")
    assert len(lines(plain)) == text.rstrip("\n").count("\n") + 1


def test_blob_page_of_other_json_is_a_text(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo = new_repo(site, ann, file("a.json", '{"x": 1}'), file("b.jsonl", "[" * 100_000))
    assert lines(visit().see(f"{repo.page}/blob/main/a.json")) == ['{"x": 1}']
    assert "long line" in visit().see(f"{repo.page}/blob/main/b.jsonl").text


def test_blob_page_of_a_notebook_shows_cells_but_no_html(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    outputs = [
        {"output_type": "stream", "text": ["hel", "lo"]},
        {"output_type": "display_data", "data": {"image/png": PIXEL}},
        {"output_type": "display_data", "data": {"text/html": "<script>alert(1)</script>"}},
        {"output_type": "error", "traceback": ["\x1b[31mNo\x1b[0m"]},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# T\n", "<script>x</script>"]},
        {"cell_type": "code", "execution_count": 7, "source": "import a", "outputs": outputs},
    ]
    notebook = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4})
    repo = new_repo(site, ann, file("n.ipynb", notebook), file("broken.ipynb", "{"))
    page = visit().see(f"{repo.page}/blob/main/n.ipynb")
    shown = page.document.one("div", class_="notebook")
    assert shown.one("h2").text.startswith("T")
    assert shown.one("pre", class_="cell-code").text == "import a"
    assert "In [7]" in shown.text and "hello" in shown.text
    assert shown.one("img")["src"] == f"data:image/png;base64,{PIXEL}"
    assert shown.all("script") == [] and "An output is not shown here: text/html" in shown.text
    assert shown.one("pre", class_="failed").text == "No"
    assert lines(visit().see(f"{repo.page}/blob/main/broken.ipynb")) == ["{"]


def test_blob_page_offers_changes_only_to_who_may_make_them(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    repo = new_repo(site, ann, file("a.txt", "x\n"))
    number = propose(as_account(repo, ben), file("a.txt", "y\n"))
    cid = site.user()

    def who_may(revision: str) -> list[Account]:
        edit, blob = (f"{repo.page}/{verb}/{revision}/a.txt" for verb in ("edit", "blob"))
        return [who for who in (ann, ben, cid) if edit in links(visit(who).see(blob))]

    assert who_may("main") == [ann, ben, cid]
    assert who_may(f"refs%2Fpr%2F{number}") == [ann, ben]
    assert who_may("HEAD") == []
    repo.put("/settings", {"discussionsDisabled": True})
    assert who_may("main") == [ann]
    assert who_may(f"refs%2Fpr%2F{number}") == []


def test_blob_page_of_a_notebook_ends_its_work_and_shows_the_rest_plain(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    slow = {"cell_type": "markdown", "source": f"*a* ${'&' * 990}$ " * 34}
    notebook = json.dumps({"cells": [slow] * 7, "metadata": {}})
    repo = new_repo(site, ann, file("n.ipynb", notebook))
    shown = visit().see(f"{repo.page}/blob/main/n.ipynb").document.one("div", class_="notebook")
    first, *_, last = shown.all("div", class_="cell")
    assert first.one("math") and first.one("em").text == "a"
    assert last.all("math") == [] and last.text.startswith("*a* $&&")


def test_blob_page_of_safetensors_lists_tensors(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo = new_repo(site, ann, file("small.safetensors", safetensors(b=("I8", 2))))
    repo.commit_lfs("model.safetensors", safetensors(w=("F32", 1500), v=("BF16", 5)))
    repo.commit_lfs("broken.safetensors", b"\xff" * 100)
    page = visit().see(f"{repo.page}/blob/main/model.safetensors")
    rows_ = [row.text for row in page.document.one("tbody").all("tr")]
    assert rows_ == ["wF3215001,500", "vBF1655"]
    assert "1.5k (1,505)" in page.text
    assert "bI822" in visit().see(f"{repo.page}/blob/main/small.safetensors").text
    assert "Binary, 100 bytes" in visit().see(f"{repo.page}/blob/main/broken.safetensors").text


def test_blob_page_of_an_index_links_to_the_shards(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    index = shard_index({"a": "m-1.safetensors", "b": "m-1.safetensors", "c": "m-2.safetensors"})
    name = "d/m.safetensors.index.json"
    repo = new_repo(site, ann, file(name, index))
    page = visit().see(f"{repo.page}/blob/main/{name}")
    assert "3 tensors in 2 shards" in page.text
    assert f"{repo.page}/blob/main/d/m-2.safetensors" in links(page)


def test_blob_page_of_gguf_says_what_the_header_says(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    data = gguf({"general.architecture": "llama<b>"}, [20, 30])
    repo = new_repo(site, ann, file("small.gguf", data))
    repo.commit_lfs("m.gguf", data)
    for name in ("m.gguf", "small.gguf"):
        facts = visit().see(f"{repo.page}/blob/main/{name}").document.one("dl", class_="known")
        assert facts.text.startswith("Parameters50Architecturellama<b>")


def test_blob_page_of_a_pickle_warns_and_loads_nothing(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("m/data.pkl", b"\x80\x02.")
        archive.writestr("m/<b>", bytes(2000))
    repo = new_repo(site, ann, file("old.pkl", b"\x80\x02."), file("x.bin", b"\0\1"))
    repo.commit_lfs("m.bin", packed.getvalue())
    page = visit().see(f"{repo.page}/blob/main/m.bin")
    assert "made with pickle" in page.text
    assert "2 files, 2 kB unpacked" in page.text
    assert [row.text for row in page.document.one("tbody").all("tr")] == [
        "m/data.pkl3 B",
        "m/<b>2 kB",
    ]
    assert "made with pickle" in visit().see(f"{repo.page}/blob/main/old.pkl").text
    assert "Binary, 2 bytes" in visit().see(f"{repo.page}/blob/main/x.bin").text


def test_blob_page_of_media_uses_their_elements(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo = new_repo(site, ann, file("a.png", picture()), file("b c.mp3", b"\xff\xfb\0"))
    repo.commit_lfs("v.mp4", b"\0\0\0\x18ftyp")
    see = visit().see
    assert see(f"{repo.page}/blob/main/a.png").document.one("img", alt="a.png")["src"] == (
        f"{repo.page}/raw/main/a.png"
    )
    sound = see(f"{repo.page}/blob/main/b%20c.mp3").document.one("audio")
    assert sound["src"] == f"{repo.page}/raw/main/b%20c.mp3"
    film = see(f"{repo.page}/blob/main/v.mp4").document.one("video")
    assert film["src"] == f"{repo.page}/resolve/main/v.mp4"


def test_blob_page_of_what_is_missing_says_so(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo = new_repo(site, ann, file("d/x", "1"))
    for path in ("nope", "d/x/y", "", "d//x"):
        page = visit().look(f"{repo.page}/blob/main/{path}")
        assert page.status == 404
        assert f'{path} does not exist on "main"'.strip() in page.text
    assert visit().look(f"{repo.page}/blob/nope/d/x").status == 404
    answer = visit().call("GET", f"{repo.page}/blob/main/d")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{repo.page}/tree/main/d")


# In a browser


def test_blob_page_in_a_browser_shows_pictures_of_a_private_repository(
    browse: Browse, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann, private=True)
    data = picture()
    repo.commit(
        lfs_file("large.png", repo.upload(data), len(data)),
        file("small.png", data),
        file("drawn.svg", SCRIPTED_SVG),
    )
    tab = browse(ann)
    for name in ("large.png", "small.png", "drawn.svg"):
        tab.goto(f"{repo.page}/blob/main/{name}")
        tab.wait_for_function("document.querySelector('.medium img').complete")
        width = tab.evaluate("document.querySelector('.medium img').naturalWidth")
        assert width > 0, name
    assert "drawn.svg" in tab.title()


@pytest.mark.parametrize("name", ["x.svg", "x.html"])
def test_blob_page_leads_to_files_that_run_no_script(
    chromium: Browser, site: LiveHub, ann: Account, name: str
) -> None:
    html = b"<html><body>shown<script>document.title = 'owned'</script></body></html>"
    data = SCRIPTED_SVG.encode() if name == "x.svg" else html
    repo = new_repo(site, ann, file(name, data))
    repo.commit(lfs_file(f"large/{name}", repo.upload(data), len(data)))
    context = chromium.new_context(base_url=site.url)
    tab = context.new_page()
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    for path in (f"resolve/main/{name}", f"raw/main/{name}", f"resolve/main/large/{name}"):
        tab.goto(f"{repo.page}/{path}")
        assert tab.title() != "owned"
    context.close()
    # It was a page with a script that the browser has refused to run.
    assert any("large" in text and "Blocked script execution" in text for text in said)


def test_blob_page_in_a_browser_marks_ranges_of_lines(
    browse: Browse, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann, file("x.txt", "line\n" * 50))
    tab = browse()
    tab.goto(f"{repo.page}/blob/main/x.txt#L10-L12")
    marked = "[...document.querySelectorAll('.marked')].map((line) => line.id)"
    tab.wait_for_function(f"{marked}.length == 3")
    tab.click("#L20 a")
    tab.click("#L18 a", modifiers=["Shift"])
    assert tab.evaluate(marked) == ["L18", "L19", "L20"]
    assert tab.url.endswith("#L18-L20")


def test_tree_page_in_a_browser_finds_branches_by_typing(
    browse: Browse, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann, file("x.txt", "1"))
    for number in range(9):
        repo.post(f"/branch/part-{number}", {})
    tab = browse()
    tab.goto(f"{repo.page}/tree/main")
    tab.click(".switch summary")
    tab.fill(".switch input", "PART-7")
    assert tab.locator(".switch a:visible").all_text_contents() == [
        "part-7",
        "All branches and tags",
    ]
    tab.press(".switch input", "Enter")
    tab.wait_for_url("**/tree/part-7")
