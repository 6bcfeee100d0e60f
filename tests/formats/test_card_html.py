"""Cards as HTML: what they say, where their links lead, and that none takes for ever."""

from __future__ import annotations

import time

import pytest

from freehold.formats import card_html
from freehold.formats.card_html import MAX_CARD, MAX_PLAIN, render_card
from freehold.formats.safe_html import Places
from tests.browsing import Element, read_page

PLACES = Places("/lab/tiny/blob/main/", "/lab/tiny/resolve/main/", "https://hub.example")


def render(text: str) -> Element:
    card = render_card(text, PLACES)
    assert not card.is_plain
    return read_page(card.html)


def test_tables_lists_and_struck_text() -> None:
    page = render("|a|b|\n|:-:|-:|\n|1|~~2~~|\n\n- [x] one\n- [ ] two\n- three")
    assert [cell["align"] for cell in page.all("td")] == ["center", "right"]
    assert page.one("s").text == "2" and page.one("div", class_="table-wrap").all("table")
    assert ["checked" in box.attributes for box in page.all("input")] == [True, False]
    assert all("disabled" in box.attributes for box in page.all("input"))


def test_headings_can_be_linked_to_and_are_told_apart() -> None:
    page = render("# Use it `now`!\n\n## A\n\n## A\n\n# !!")
    ids = [e["id"] for e in page.all() if e.tag in ("h2", "h3")]
    assert ids == ["card-use-it-now", "card-a", "card-a-1", "card-section"]
    assert [a["href"] for a in page.all("a", class_="anchor")] == [f"#{name}" for name in ids]


def test_the_title_of_a_page_is_above_all_headings_of_a_card() -> None:
    page = render("# a\n\n###### b\n\n<h1 align=center>c</h1>\n")
    assert [e.tag for e in page.all() if e.tag[0] == "h"] == ["h2", "h6", "h2"]


def test_addresses_in_a_folder_begin_there() -> None:
    html = render_card(
        "[a](b.md) [c](../d.md) [e](../../../f)", PLACES._replace(folder="docs/x")
    ).html
    links = [a["href"] for a in read_page(html).all("a")]
    assert links == [f"/lab/tiny/blob/main/{path}" for path in ("docs/x/b.md", "docs/d.md", "f")]


def test_alerts_and_footnotes() -> None:
    page = render("> [!WARNING]\n> Hot\n\n> quoted\n\nA[^1] and [^2].\n\n[^1]: Note *one*\n")
    warning, quote = page.all("blockquote")
    assert warning["class"] == "alert alert-warning" and warning.text == "Warning Hot"
    assert "class" not in quote.attributes
    assert page.one("sup").one("a")["href"] == "#card-note-1"
    assert page.one("li", id="card-note-1").one("em").text == "one"
    assert "[^2]" in page.text


def test_formulas_that_take_too_long_are_shown_as_they_were_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(card_html, "MAX_FORMULA_SECONDS", 0)
    page = read_page(render_card("$x$\n\n$$y$$\n").html)
    assert page.one("math").text == "x" and page.one("code").text == "$$y$$"


def test_formulas_and_prices() -> None:
    page = render(
        "It costs $5 and $6, $x_1$, \\\\(y\\\\) and $$z$$\n\n$$\na\n$$\n\n```math\nb\n```\n"
    )
    assert [math["display"] for math in page.all("math")] == ["inline", "inline", *["block"] * 3]
    assert [math.text for math in page.all("math")] == ["x1", "y", "z", "a", "b"]
    assert "It costs $5 and $6," in page.text
    assert read_page(render_card("$\\frac{$").html).text == "$\\frac{$"
    broken = read_page(render_card("$\\left(x$").html)
    assert broken.one("code").text == "$\\left(x$"


def test_code_is_highlighted() -> None:
    page = render("```python\nimport x\n```\n\n```nothing\n<b>\n```\n\n    indented\n")
    assert [pre.text for pre in page.all("pre")] == ["import x", "<b>", "indented"]
    assert page.one("span", class_="k").text == "import"


@pytest.mark.parametrize(
    ("address", "link", "picture"),
    [
        ("a/b.md#c", "/lab/tiny/blob/main/a/b.md#c", "/lab/tiny/resolve/main/a/b.md#c"),
        ("./a.png?x=1", "/lab/tiny/blob/main/a.png?x=1", "/lab/tiny/resolve/main/a.png?x=1"),
        ("../../x", "/lab/tiny/blob/main/x", "/lab/tiny/resolve/main/x"),
        ("a b.png", "/lab/tiny/blob/main/a%20b.png", "/lab/tiny/resolve/main/a%20b.png"),
        ("/lab/other", "/lab/other", "/lab/other"),
        ("https://hub.example/a/b", "/a/b", "/a/b"),
        ("https://hub.example//evil.example", "/evil.example", "/evil.example"),
        ("https://hub.example.evil/a", "https://hub.example.evil/a", None),
        ("https://a.example/b", "https://a.example/b", None),
        ("//a.example/b", "https://a.example/b", None),
        ("/\\a.example/b", "https://a.example/b", None),
        ("#use", "#card-use", "#card-use"),
        ("javascript:x", None, None),
        (" java\nscript:x", None, None),
    ],
)
def test_addresses(address: str, link: str | None, picture: str | None) -> None:
    page = render(f'<a href="{address}">a</a>')
    assert page.one("a").attributes.get("href") == link
    page = render(f'<p><img src="{address}" alt="the picture"></p>')
    assert [img["src"] for img in page.all("img")] == ([] if picture is None else [picture])
    if picture is None:
        assert page.one("span", class_="elsewhere").text == "the picture"
        assert [a["href"] for a in page.all("a")] == ([] if link is None else [link])


def test_a_picture_of_another_host_in_a_link_is_no_link_in_a_link() -> None:
    page = render('<a href="https://a.example"><img src="https://b.example/x.svg" alt="Badge"></a>')
    assert len(page.all("a")) == 1 and page.one("a")["href"] == "https://a.example"
    assert page.one("span", class_="elsewhere").text == "Badge"


def test_html_of_the_usual_sort() -> None:
    page = render(
        '<p align="center"><img src="a.png" width="200px" onerror="x"></p>\n'
        '<div style="text-align: right; color: red" class="bar" id="content">x</div>\n\n'
        "<details open><summary>More</summary>\n\n*text*\n\n</details>\n"
        '<table><tr><td colspan="9999999999">a</td></tr></table>'
        '<video src="v.mp4" autoplay></video>'
    )
    assert page.one("p")["align"] == "center"
    picture = {"src": "/lab/tiny/resolve/main/a.png", "width": "200", "loading": "lazy"}
    assert page.one("img").attributes == picture
    assert page.one("div").attributes == {"align": "right", "id": "card-content"}
    assert page.one("details").one("em").text == "text"
    assert page.one("td").attributes == {}
    video = {"src": "/lab/tiny/resolve/main/v.mp4", "preload": "none"}
    assert page.one("video").attributes == video


def test_what_stands_in_a_slot_of_ours_cannot_be_moved_into_an_attribute() -> None:
    page = render('<div title="\n\n```\n" onclick="x\n```\n\n$y$ ">d</div>')
    assert all("onclick" not in element.attributes for element in page.all())


@pytest.mark.parametrize(
    "text", ["x" * (MAX_CARD + 1), "[" * 5001, "a\n" * 8001, "<ul><li>" * 300, "<b>" * 9000]
)
def test_a_card_that_would_take_long_is_shown_as_it_was_written(text: str) -> None:
    card = render_card(text)
    assert card.is_plain and not card.is_cut
    assert read_page(card.html).one("pre", class_="as-written").text == " ".join(text.split())


def test_of_a_very_long_card_the_beginning_is_shown() -> None:
    card = render_card("<" * (MAX_PLAIN + 1))
    assert card.is_plain and card.is_cut
    assert len(card.html) < 5 * MAX_PLAIN


@pytest.mark.parametrize(
    "piece",
    ["<div><!--</div>-->", "$a ", "[^1]: a\n\n", "> $$a\n", "1. " * 8 + "a\n", "- > " * 8 + "a\n"],
)
def test_a_hostile_card_takes_no_more_than_seconds(piece: str) -> None:
    started = time.thread_time()
    render_card(piece * (MAX_CARD // len(piece)))
    assert time.thread_time() - started < 5
