"""What no file of the project says: where it was written, and whose package index was at hand."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

from tests.house.sources import ROOT

# Each pattern is broken up, so that this file does not find itself.
FORBIDDEN = {
    "a path of one machine": r"(?<![\w.-])/(?:wor" + r"k|roo" + r"t|home/\w+|Users/\w+)/",
    "a package index": r"\b(?:py" + r"pi\.org|pythonho" + r"sted\.org|download\.pytor" + r"ch\.org"
    r"|registry\.np" + r"mjs\.org|crat" + r"es\.io|proxy\.gol" + r"ang\.org|art" + r"ifactory)\b",
    "an author that is a machine": r"(?i)\bag" + r"ents?\b",
}

# The protocol has a header, a call and a library with this word in their names.
INNOCENT = re.compile(
    r"(?i)user[-_ ]ag" + r"ent\w*|ag" + r"ent[-_]?harness(?:es)?|\bml-ag" + r"ents\b"
)


def files() -> Iterator[tuple[str, str]]:
    """The name and the text of every file that is, or is about to be, in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file():
            yield name, path.read_text(errors="replace")


def test_no_file_says_what_it_should_not() -> None:
    found = [
        f"{name}:{number}: {what}: {line.strip()[:100]}"
        for name, text in files()
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in FORBIDDEN.items()
        if re.search(pattern, INNOCENT.sub("", line))
    ]
    assert found == []


def test_the_search_finds_what_it_is_for() -> None:
    examples = [
        "see /wor" + "k/main/x",
        "from https://py" + "pi.org/simple",
        "as the ag" + "ent said",
    ]
    hits = [
        [w for w, p in FORBIDDEN.items() if re.search(p, INNOCENT.sub("", e))] for e in examples
    ]
    assert hits == [[what] for what in FORBIDDEN]
