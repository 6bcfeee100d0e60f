"""What a card says of a dataset in words."""

import time

import pytest

from freehold.formats.facts.card_texts import MAX_DESCRIPTION, find_citation, find_description

ENTRY = "@article{x,\n  title={A {Great} Paper},\n  year={2024}\n}"


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("", None),
        ("# Only\n\n## Headings\n| a | table |\n", None),
        ("One line.", "One line."),
        ("\r\nTwo\r\nlines.\r\n\r\nMore.", "Two lines."),
        ("# Title\nText\n# Other\nMore", "Text"),
        ("<div>\n- item\n1. item\n> quote\n***\n\nText", "Text"),
        ("```python\ncode\n```\n~~~\ncode\n~~~\nText", "Text"),
        ("<!-- a\n\ncomment -->\nText", "Text"),
        ("A **bold** `word` and a [link](https://x.y) ![p](q.png).", "A bold word and a link p."),
        ("A title\n=======\n\nText\n\n---\n", "Text"),
        ("tabs\tand\0controls\x85here", "tabs and controls here"),
        ("half \ud800 of it", "half of it"),
        ("```\nnever closed\nText", None),
        ("It is 3.5 times\n2024-01-02 as good", "It is 3.5 times 2024-01-02 as good"),
    ],
)
def test_the_first_paragraph_is_the_description(text, description):
    assert find_description(text) == description


def test_a_long_description_is_cut():
    description = find_description("word " * 1000)
    assert len(description) <= MAX_DESCRIPTION
    assert description.endswith("word…")


@pytest.mark.parametrize(
    ("text", "citation"),
    [
        ("", None),
        ("Write to me @home {now}", None),
        (f"Text\n\n{ENTRY}\n\nMore text", ENTRY),
        (f"```bibtex\n{ENTRY}\n\n{ENTRY}\n```\nText", f"{ENTRY}\n\n{ENTRY}"),
        (f"```\ncode\n```\n```\n{ENTRY}\n```", ENTRY),
        ("@misc{never, closed\n" + "x\n" * 10_000, None),
        ("```\n@misc{\tx\0}\n```", "@misc{ x }"),
    ],
)
def test_entries_of_bibtex_are_the_citation(text, citation):
    found = find_citation(text)
    assert (found and " ".join(found.split())) == (citation and " ".join(citation.split()))
    assert found is None or found.count("\n") == citation.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        *("[" * 4_000_000, "@misc{" * 700_000, "\n" * 4_000_000, "[a](" * 1_000_000),
        *("<!--" * 1_000_000, "> " * 2_000_000, "a\n" * 2_000_000, "```\n@x{\n" * 500_000),
        *("**" * 2_000_000, "![" * 2_000_000, " " * 4_000_000, "{" * 4_000_000),
    ],
    ids=lambda text: repr(text[:6]),
)
def test_a_long_text_takes_no_long_time(text):
    began = time.monotonic()
    find_description(text)
    find_citation(text)
    assert time.monotonic() - began < 5
