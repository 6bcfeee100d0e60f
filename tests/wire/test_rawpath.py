"""Every URL that a client can build leads to its route and to the pieces it was built of."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.errors import BadRequestError
from freehold.server.http.rawpath import Router
from freehold.wire import routes
from freehold.wire.ids import REPO_TYPES, URL_PREFIXES
from freehold.wire.route import Route
from freehold.wire.routes import NOT_SUPPORTED, named_routes

ROUTES = named_routes()
ROUTER: Router[Route] = Router((route, route) for route in [*ROUTES.values(), *NOT_SUPPORTED])

NAMES = st.from_regex(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,8}[A-Za-z0-9_])?", fullmatch=True).filter(
    lambda name: not name.endswith(".git")
)
# Namespaces that are words of routes cannot exist.
NAMESPACES = NAMES.filter(lambda name: name not in {"api", "datasets", "spaces", "kernels", "lfs"})
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
SEGMENTS = TEXTS.map(lambda text: text.replace("/", "-"))
PATHS = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join)
REVISIONS = st.one_of(
    TEXTS,
    st.integers(1, 10**6).map("refs/pr/{}".format),
    SEGMENTS.map("refs/convert/{}".format),
    st.sampled_from(["main", "HEAD", "a/b", "refs/heads/a/b", "tree", "resolve", "..", "%2F"]),
)


@st.composite
def calls(draw: st.DrawFn, route: Route) -> tuple[str, dict[str, str]]:
    """A URL of the route, and the pieces that it was built of."""
    kind = draw(st.sampled_from(REPO_TYPES))
    wanted = {
        "type": kind,
        "repo": f"{draw(NAMESPACES)}/{draw(NAMES)}",
        "revision": draw(REVISIONS),
        "path": draw(PATHS),
        "upload": draw(st.from_regex("[0-9a-f]{24}", fullmatch=True)),
        "oid": draw(st.from_regex("[0-9a-f]{64}", fullmatch=True)),
        "number": str(draw(st.integers(1, 10_000))),
    }
    names = re.findall(r"\{(\w+)\}", route.path)
    found = {name: wanted.get(name) or draw(TEXTS) for name in names if name != "prefix"}
    if "prefix" in names:
        found["type"] = kind
    written = {name: quote(value, safe="") for name, value in found.items()}
    written |= {"prefix": URL_PREFIXES[kind], "repo": wanted["repo"]}
    if "path" in names and draw(st.booleans()):
        written["path"] = quote(found["path"], safe="/")
    if wanted["revision"].startswith(("refs/pr/", "refs/convert/")) and draw(st.booleans()):
        written["revision"] = quote(found.get("revision", ""), safe="/")
    return route.path.format(**written), found


@pytest.mark.parametrize("name", ROUTES)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_a_url_gives_back_the_pieces_it_was_built_of(name: str, data: st.DataObject) -> None:
    route = ROUTES[name]
    url, pieces = data.draw(calls(route))
    match = ROUTER.find(route.method, url)
    assert match is not None, url
    assert (match.target.method, match.target.path) == (route.method, route.path), url
    assert match.params == pieces


@settings(deadline=None)
@given(data=st.data())
def test_an_unencoded_pull_request_before_a_path_is_the_revision(data: st.DataObject) -> None:
    number, path = data.draw(st.integers(1, 999)), data.draw(PATHS)
    for route in ("tree", "resolve", "raw"):
        api = "/api/models" if route == "tree" else ""
        url = f"{api}/u/n/{route}/refs/pr/{number}/{quote(path)}"
        match = ROUTER.find("GET", url)
        assert match is not None
        assert (match.params["revision"], match.params["path"]) == (f"refs/pr/{number}", path)


def test_the_root_folder_needs_no_slash() -> None:
    for url in ("/api/models/u/n/tree/main", "/api/models/u/n/tree/main/"):
        match = ROUTER.find("GET", url)
        assert match is not None
        assert match.target is routes.LIST_REPO_TREE
        assert match.params["path"] == ""


def test_an_encoded_slash_never_ends_a_segment() -> None:
    match = ROUTER.find("GET", "/api/datasets/u/n/tree/refs%2Fpr%2F1/d.txt")
    assert match is not None
    assert match.params == {
        "type": "dataset",
        "repo": "u/n",
        "revision": "refs/pr/1",
        "path": "d.txt",
    }


def test_what_is_encoded_twice_is_decoded_once() -> None:
    match = ROUTER.find("GET", "/u/n/resolve/a%252Fb/c%2520d")
    assert match is not None
    assert (match.params["revision"], match.params["path"]) == ("a%2Fb", "c%20d")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@settings(deadline=None)
@given(raw=st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=60))
def test_any_other_path_is_a_match_no_match_or_a_bad_request(method: str, raw: str) -> None:
    for path in (f"/{raw}", f"/api/models/{raw}", f"/a/b/resolve/{raw}"):
        try:
            match = ROUTER.find(method, path)
        except BadRequestError:
            continue
        assert match is None or "\0" not in "".join(match.params.values())


@pytest.mark.parametrize("piece", ["%ff", "%c3%28", "%ed%a0%80", "a%00b", "%00"])
def test_pieces_that_are_no_text_are_refused(piece: str) -> None:
    for path in (f"/u/n/resolve/main/{piece}", f"/u/n/resolve/{piece}/x", f"/{piece}/n/raw/a/b"):
        with pytest.raises(BadRequestError):
            ROUTER.find("GET", path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/api",
        "/api/",
        "/api/models/",
        "/u/n",
        "/u/n/resolve",
        "/lfs/objects/",
        "//",
        "/x/",
    ],
)
def test_what_is_no_call_has_no_route(path: str) -> None:
    assert ROUTER.find("GET", path) is None
    assert ROUTER.find("POST", path) is None


def test_the_methods_of_a_path_are_all_of_its_routes() -> None:
    assert ROUTER.methods("/api/models/u/n/branch/x") == ["DELETE", "POST"]
    assert ROUTER.methods("/health") == ["GET", "HEAD"]
    assert ROUTER.methods("/nothing") == []
