"""Markdown as HTML: what it says, that it is harmless whatever was written, and never too much."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from freehold.formats.markdown import MAX_HTML, render_markdown

# In characters: what a comment may have.
LONGEST = 65_536

MAY_HAVE = {
    "pre": {"tabindex"},
    "a": {"href", "title", "rel"},
    "code": {"class"},
    "img": {"alt", "src", "title", "loading"},
    "ol": {"start"},
    "div": {"class", "tabindex", "role", "aria-label"},
    "span": {"class"},
    "td": {"align"},
    "th": {"align"},
}
HARMLESS = {
    *("a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr"),
    *(
        "img",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "strong",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
        "div",
        "span",
    ),
}

# Ways to bring script into a page, through what Markdown knows and what it must not let through.
ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script\x20type=text/javascript>alert(1);</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=x:alert(alt) onerror=eval(src) alt=1>",
    "<img/src=`x`onerror=alert(1)>",
    '<img src="x" onerror="alert(1)" /',
    "<svg onload=alert(1)>",
    "<svg/onload=alert`1`//",
    "<svg><script>alert&#40;1&#41;</script></svg>",
    "<svg><a xlink:href=javascript:alert(1)><text y=9>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img onerror=1&gt;'>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<body onload=alert(1)>",
    "<form action=javascript:alert(1)><input type=submit></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<select autofocus onfocus=alert(1)>",
    "<base href=javascript:alert(1)//>",
    '<meta http-equiv="refresh" content="0;url=javascript:alert(1)">',
    '<link rel=stylesheet href="javascript:alert(1)">',
    "<style>@import 'javascript:alert(1)';</style>",
    "<div style='background:url(javascript:alert(1))'>",
    "<a href=javascript:alert(1)>x</a>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](java&Tab;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;&#x61;vascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](javascript%3Aalert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](&#1;javascript:alert(1))",
    "[x](\u00a0javascript:alert(1))",
    "[x](\u2028javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](< javascript:alert(1)>)",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](DATA:text/html,<script>alert(1)</script>)",
    "[x](file:///etc/passwd)",
    "[x](feed:javascript:alert(1))",
    "[x](view-source:javascript:alert(1))",
    "[x](blob:https://hub.example/1)",
    '[x](http://a.example "onmouseover=alert(1)")',
    '[x](http://a.example" onmouseover="alert(1))',
    '[x](http://a.example "\\" onmouseover=\\"alert(1)")',
    "[x](http://a.example '\" onmouseover=\"alert(1)')",
    '[x](<http://a.example" onmouseover="alert(1)>)',
    "[x]\n\n[x]: javascript:alert(1)",
    '[x]\n\n[x]: http://a.example "\'><script>alert(1)</script>"',
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    '<http://a.example/"onmouseover="alert(1)">',
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
    "![x](data:image/png;base64,AAAA)",
    '![" onerror="alert(1)](x)',
    '![x](x "\\" onerror=\\"alert(1)")',
    "![x](https://a.example/`onerror=alert(1))",
    '![<img src=x onerror=alert(1)>](https://a.example "<script>")',
    "[![x](javascript:alert(1))](javascript:alert(1))",
    '```"><script>alert(1)</script>\nx\n```',
    '```js" onmouseover="alert(1)\nx\n```',
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "|<script>|\n|-|\n|<img src=x onerror=alert(1)>|",
    '|a|\n|:-:" onclick="alert(1)|\n|b|',
    'https://a.example/"onmouseover="alert(1)',
    "https://a.example/<script>alert(1)</script>",
    "https://a.example/'><img src=x onerror=alert(1)>",
    "javascript://a.example/%0aalert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\<script>alert(1)\\</script>",
    "<scr\0ipt>alert(1)</scr\0ipt>",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "<\u200bscript>alert(1)</script>",
    "*<script>*alert(1)*</script>*",
    "<a\u2028href=javascript:alert(1)>x</a>",
    "# <script>alert(1)</script>\n> <img src=x onerror=alert(1)>\n- <svg onload=alert(1)>",
]


class Page(HTMLParser):
    """What a browser finds in a piece of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.others: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep each tag with its attributes."""
        self.tags.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        """Keep what is neither tag nor text."""
        self.others.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def assert_harmless(html: str, source: str) -> None:
    page = Page(html)
    assert page.others == [], source
    for tag, attributes in page.tags:
        assert tag in HARMLESS, source
        assert attributes.keys() <= MAY_HAVE.get(tag, set()), source
        for name in ("href", "src"):
            scheme = urlsplit((attributes.get(name) or "").strip()).scheme
            assert scheme in {"", "http", "https", "mailto"}, source
        if tag == "img":
            assert urlsplit(attributes["src"] or "").netloc == "", source


def test_no_script_gets_through() -> None:
    assert len(ATTACKS) >= 60
    for attack in ATTACKS:
        for text in (attack, f"text {attack} text", f"> * {attack}", attack * 3):
            assert_harmless(render_markdown(text), text)


def test_the_check_of_this_file_finds_what_is_not_harmless() -> None:
    for html in ("<script>", "<p onclick='x'>", "<a href='javascript:x'>", "<!-- x -->"):
        with pytest.raises(AssertionError):
            assert_harmless(html, html)


def test_links_and_pictures_are_those_of_the_web() -> None:
    rel = 'rel="nofollow noopener noreferrer"'
    for text, html in (
        ("[x](https://a.example)", f'<a href="https://a.example" {rel}>x</a>'),
        ("[x](mailto:a@b.example)", f'<a href="mailto:a@b.example" {rel}>x</a>'),
        (
            "see https://a.example/b.",
            f'see <a href="https://a.example/b" {rel}>https://a.example/b</a>.',
        ),
        ("[https://a.example](/b)", f'<a href="/b" {rel}>https://a.example</a>'),
        ("`https://a.example`", "<code>https://a.example</code>"),
        (
            "![x](https://a.example/p.png)",
            f'<a href="https://a.example/p.png" {rel}><span class="elsewhere">x</span></a>',
        ),
        ("![x](/p.png)", '<img src="/p.png" alt="x" loading="lazy">'),
        ("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;"),
    ):
        assert render_markdown(text) == f"<p>{html}</p>"


def test_cells_are_aligned_without_styles() -> None:
    html = render_markdown("|a|b|c|\n|:-|:-:|-:|\n|1|2|3|")
    aligned = [found.get("align") for tag, found in Page(html).tags if tag == "td"]
    assert aligned == ["left", "center", "right"]
    assert "style" not in html


# Texts that stand for more than they are


def table(columns: int, rows: int) -> str:
    """A table whose rows have one cell, to which the others are added."""
    return "a" + "|a" * columns + "\n-" + "|-" * columns + "\n" + "a\n" * rows + "\n"


def test_a_text_is_never_much_more_as_html() -> None:
    address = "y" * 40_000
    ampersands = "&" * 40_000
    for text in (
        f"[a]: http://x.example/{address}\n\n{'[a]' * 4900}",
        f"[a]: http://x.example/{address}\n\n{'![a]' * 4900}",
        f'[a]: http://x.example "{ampersands}"\n\n{"[a]" * 4900}',
        table(1000, 5000),
        table(100, 600) * 40,
        f"> * {table(100, 600)}" * 40,
    ):
        shown = text[:LONGEST]
        html = render_markdown(shown)
        assert html.startswith("<pre>"), text[:50]
        assert len(html) <= MAX_HTML
        assert len(Page(html).tags) == 1


def test_a_text_that_would_take_long_is_shown_as_it_was_written() -> None:
    for text in ("[" * 5001, "> " * 19 + "a\n" * 8001, "> " * 19 + "a\r" * 8001):
        html = render_markdown(text)
        assert html.startswith("<pre>")
        assert Page(html).tags == [("pre", {})]
    assert render_markdown("a\r\n" * 4001).startswith("<p>a\na\n")


def test_a_large_text_that_is_no_more_than_it_says_is_rendered() -> None:
    for text, tag in (
        ("| name | value |\n|---|---|\n" + "| a long enough name | 0.123456 |\n" * 1900, "td"),
        ("A line of *some* length, as people write them.\n\n" * 1300, "em"),
        ("* [a link](https://a.example/some/where)\n" * 1500, "a"),
        ("```\n" + '<a href="x">& so on</a>\n' * 2500 + "```", "code"),
    ):
        assert len(text) <= LONGEST
        assert tag in {found for found, _ in Page(render_markdown(text)).tags}
