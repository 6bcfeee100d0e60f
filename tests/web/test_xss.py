"""Wherever a stranger may write something, scripts run nowhere: neither with a policy nor without.

Each test puts all the payloads into one kind of places and looks at the pages that show them. The
pages are seen twice: as they are, so that the browser tells what their policy had to stop, and
written into one page that has no policy, so that nothing depends on it.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest

from freehold.errors import BadRequestError
from freehold.server.core import orgs, users
from freehold.server.core.sign_up import invite
from freehold.server.core.tokens import create_token
from freehold.server.db import repos
from freehold.server.git.store import RefChange
from freehold.server.hub import now_ms
from freehold.wire.ids import check_path, check_ref_name
from tests.browsing import Visitor
from tests.discussions import act, as_account, discuss, propose
from tests.gates import Gate
from tests.live import Account, LiveHub, fresh_name
from tests.repos import Repo, file, new_repo
from tests.web.payloads import PAYLOADS
from tests.web.watching import Watched
from tests.weights import gguf, shard_index, with_header

if TYPE_CHECKING:
    from tests.web.conftest import Browse

Look = Callable[..., Watched]

_NO_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u00a0\u00ad\u200b\u2028\u2029\u202e\ufeff]+")
# In characters: what names, titles and searches may have, and what fits into an address.
SHORT, LONG = 195, 3000


def join(texts: Iterable[str], most: int, between: str = " ") -> list[str]:
    """The texts in their order, as many in one as fit."""
    joined: list[str] = []
    for text in texts:
        if joined and len(joined[-1]) + len(between) + len(text) <= most:
            joined[-1] += between + text
        else:
            joined.append(text)
    return joined


# Without line ends and what no name may have.
ONE_LINE = [_NO_LINE.sub(" ", text).strip() for text in PAYLOADS]
LINES = join(ONE_LINE, SHORT)
PARTS = join(ONE_LINE, LONG)
ALL = "\n\n".join(text.replace("\0", "") for text in PAYLOADS)


def as_path(number: int, text: str) -> str:
    """The payload as the path of a file; where that has folders, they are parts of it."""
    pieces = _NO_LINE.sub(" ", f"{number}{text}").replace("\\", "/").split("/")
    return "/".join(piece for piece in pieces if piece.strip(". "))


def as_ref(number: int, text: str) -> str:
    """The payload as the name of a branch; a slash is as good as a space between attributes."""
    name = re.sub(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//+", "/", f"{number}{text}")
    return re.sub(r"/+\.?", "/", name).strip("/.")


def allowed(check: Callable[[str], str], texts: Iterable[str]) -> list[str]:
    """Those of the texts that the hub accepts."""
    found = []
    for text in texts:
        try:
            found.append(check(text))
        except BadRequestError:
            continue
    return found


PATHS = allowed(check_path, (as_path(*numbered) for numbered in enumerate(PAYLOADS)))
REFS = allowed(check_ref_name, (as_ref(*numbered) for numbered in enumerate(PAYLOADS)))
DEEP = [f"deep/{path}/x.md" for path in join(PATHS, 900, "/")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveHub]:
    """A hub of its own: others would meet what is on it in their lists."""
    with LiveHub(tmp_path_factory.mktemp("hostile"), sign_up="invitation") as hub:
        yield hub


@pytest.fixture
def look(browse: Browse, site: LiveHub) -> Look:
    """Look at pages as an account, with their policy and without; `signs` selects what is there."""

    def see(
        account: Account | None, *paths: str, signs: Mapping[str, str] | None = None
    ) -> Watched:
        watched = Watched(browse(account), site.url)
        for path in paths:
            watched.see(path, (signs or {}).get(path, ""))
        others = Watched(browse(account, policy=False), site.url)
        others.see_together(fetch(Visitor(site, account), paths))
        return watched

    return see


def fetch(visitor: Visitor, paths: Iterable[str]) -> list[str]:
    """The pages at the paths, whatever they answer."""
    return [visitor.call("GET", path, headers={"accept": "text/html"}).text for path in paths]


def send(visitor: Visitor, path: str, token: str, fields: Mapping[str, str]) -> str:
    """What is answered to a form that is sent with that CSRF token."""
    data = urlencode({"csrf_token": token, **fields}, errors="replace").encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return visitor.call("POST", path, content=data, headers=headers).text


def address(path: str) -> str:
    return quote(path, safe="/")


def piece(text: str) -> str:
    return quote(text, safe="")


def test_there_are_hundreds_of_payloads_for_each_place() -> None:
    assert len(set(PAYLOADS)) > 200
    assert len(set(PATHS)) > 200 and len(set(REFS)) > 200
    for parts in (LINES, PARTS):
        assert all(text in " ".join(parts) for text in ONE_LINE)
        assert max(map(len, parts)) <= LONG


def test_names_of_files_and_folders(
    look: Look, browse: Browse, site: LiveHub, ann: Account
) -> None:
    files = [file(path, ALL) for path in [*PATHS, *DEEP]]
    repo = new_repo(site, ann, *files)
    home, deep = repo.page, address(DEEP[0])
    changed = [file(path, ALL + "\nmore") for path in (DEEP[0], PATHS[0])]
    repo.commit(*changed, summary="Change them")
    kinds = ("blob", "blame", "commits", "edit", "delete")
    folder = deep.rpartition("/")[0]
    shown = [f"{home}/{kind}/main/{deep}" for kind in kinds]
    places = [f"{home}/tree/main/{folder}", f"{home}/upload/main/{folder}"]
    look(ann, f"{home}/tree/main", f"{home}/commit/main", *shown, *places)
    others = [f"{home}/{kind}/main/{address(path)}" for kind in kinds[::3] for path in DEEP[1:]]
    Watched(browse(ann), site.url).see_together(fetch(Visitor(site, ann), others))


def test_commits(look: Look, site: LiveHub, ann: Account) -> None:
    repo = new_repo(site, ann, file("a.txt", "a\n"))
    operations = [file(f"f{n}.txt", f"{n}\n") for n in range(len(LINES))]
    for operation, line in zip(operations, LINES, strict=True):
        repo.commit(operation, summary=line, description=ALL if line is LINES[-1] else line)
    oid, home = repo.head(), repo.page
    repo.commit(file("README.md", "# Harmless\n"))
    first = repo.commit(file("a.txt", "b\n"), summary=" ".join(LINES), description=ALL)
    look(
        ann,
        *(f"{home}/commits/main", f"{home}/tree/main", f"{home}/commit/{oid}"),
        *(f"{home}/commit/{first}", f"{home}/blame/main/a.txt", f"{home}/compare/{oid}..main"),
        f"{home}/compare/{oid}..main?view=split",
    )


def test_branches_and_tags(look: Look, site: LiveHub, ann: Account) -> None:
    repo = new_repo(site, ann, file("a.txt", "a\n"))
    put_refs(repo, "refs/heads/", REFS)
    put_refs(repo, "refs/tags/", REFS)
    assert repo.post("/tag/main", {"tag": "v1", "message": ALL}).status_code == 200
    home = repo.page
    repo.commit(file("a.txt", "b\n"), summary="Change it", revision=piece(REFS[0]))
    names = [piece(REFS[0]), piece(REFS[100])]
    look(
        ann,
        *(f"{home}/refs?branches={page}&tags={page}" for page in range(4)),
        *(f"{home}/{kind}/{names[0]}" for kind in ("tree", "commits", "upload", "new")),
        *(f"{home}/{kind}/{names[1]}/a.txt" for kind in ("blob", "blame", "edit", "delete")),
        f"{home}/compare/{names[1]}...{names[0]}",
        f"{home}/discussions/new?base={names[1]}&head={names[0]}",
    )


def put_refs(repo: Repo, folder: str, names: Sequence[str]) -> None:
    """Make many refs at the head of the branch main, at once."""
    hub, (namespace, _, name) = repo.hub.inside, repo.full_name.partition("/")
    with hub.db.read() as tx:
        found = repos.find_visible_repo(tx, repo.type, namespace, name, None, True)
    assert found is not None
    head = repo.head()
    hub.git.publish(found.id, [RefChange(folder + n, None, head) for n in names], [], now_ms())


def test_discussions(look: Look, site: LiveHub, ann: Account, ben: Account) -> None:
    repo = new_repo(site, ann, file("a.txt", "a\n"))
    num, home = discuss(repo, LINES[0], ALL), repo.page
    for line in LINES[1:]:
        assert act(repo, num, "title", {"title": line}).status_code == 200
    act(repo, num, "comment", {"comment": ALL})
    act(repo, num, "status", {"status": "closed", "comment": ALL})
    event = repo.get(f"/discussions/{num}").json()["events"][0]["id"]
    for line in LINES[:40]:
        discuss(as_account(repo, ben), line, line)
    put_refs(repo, "refs/heads/", REFS[:1])
    request = propose(repo, file(PATHS[0], ALL), summary=LINES[1], description=ALL)
    aside = propose(repo, file("b.txt", "b"), base=REFS[0], summary=" ".join(LINES[2:4]))
    talk = f"{home}/discussions"
    places = [f"{num}/edit/{event}", str(aside), str(request)]
    views = [f"{request}/files", f"{request}/files?view=split"]
    last = look(ann, talk, *(f"{talk}/{place}" for place in (*places, *views, str(num))))
    # What is written, and previewed where it stands.
    last.tab.get_by_label("Comment").last.fill(ALL)
    last.tab.get_by_role("tab", name="Preview").last.click()
    last.tab.locator(".preview-shown p").first.wait_for()
    last.check(f"{talk}/{num}")


def test_people_and_organisations(look: Look, site: LiveHub, ann: Account) -> None:
    org, hub = site.org(owner=ann), site.inside
    repo = gated(site, ann, org)
    for line in LINES:
        name = fresh_name("mallory")
        users.create_user(hub, name, email=f"{name}@example.org", fullname=line)
        other = Account(name, site.token(name))
        Gate(repo).ask(other, {**dict.fromkeys(LINES, "-"), LINES[0]: line, "choice": LINES[1]})
        orgs.set_member(hub, org, name, "read")
        orgs.create_org(hub, fresh_name("org"), owner=ann.name, fullname=line)
    site.call("POST", f"{repo.api}/like", token=other.token)
    gate = Gate(repo)
    asked = gate.list("pending")
    assert len(asked) == len(LINES)
    for request in asked[: len(LINES) // 2]:
        user = Account(request["user"]["user"], "")
        assert gate.handle(user, "rejected", rejectionReason=LINES[0]).status_code == 200
    rejected = Account(asked[0]["user"]["user"], "")
    access = f"{repo.page}/settings/access"
    pages = [f"/{org}", f"/organizations/{org}/settings", "/settings", f"/{ann.name}", "/new", "/"]
    pages += [access, f"{access}?status=rejected", f"{repo.page}/likers", f"/{other.name}"]
    look(ann, *pages, "/search?q=script&type=account", "/search?q=xss&type=account")
    look(site.user(), repo.page)
    look(rejected, repo.page, "/settings/profile")


def gated(site: LiveHub, account: Account, org: str) -> Repo:
    """A repository whose gate asks what the payloads say."""
    fields: dict[str, Any] = dict.fromkeys(LINES, "text")
    fields["choice"] = {"type": "select", "options": LINES}
    card = {
        **{f"extra_gated_{name}": " ".join(LINES) for name in ("prompt", "description", "heading")},
        "extra_gated_button_content": " ".join(LINES),
        "extra_gated_fields": fields,
    }
    repo = new_repo(site, account, file("README.md", with_front(card)), namespace=org)
    assert repo.put("/settings", {"gated": "manual"}).status_code == 200
    return repo


def with_front(card: dict[str, Any], text: str = "") -> str:
    """A card with these metadata; what is JSON is YAML as well."""
    return f"---\n{json.dumps(card)}\n---\n{text}\n"


def test_tokens_and_invitations(look: Look, site: LiveHub) -> None:
    admin = site.user(admin=True)
    for line in LINES:
        create_token(site.inside, admin.name, name=line, role="read")
        invite(site.inside, line)
    look(admin, "/settings/tokens", "/settings/invitations")


def files_of_all_kinds() -> dict[str, bytes]:
    """A file of every kind that has a view of its own, made of payloads."""
    cells = [[text, text] for text in PAYLOADS]
    tensor = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    header = {**dict.fromkeys(PAYLOADS, tensor), "__metadata__": dict(cells)}
    placed = place_tensors(header)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for text in dict.fromkeys(PAYLOADS):
            archive.writestr(text, "x")
    facts = {"general.architecture": ALL[:500], "tokenizer.chat_template": ALL}
    texts = {
        "a.csv": "\n".join(",".join(json.dumps(text) for text in row) for row in cells),
        "b.csv": ",".join(csv_cell(text) for text in PAYLOADS[:90]) + "\n1\n",
        "c.json": json.dumps([{text: text for text in PAYLOADS[:90]}]),
        "d.jsonl": "\n".join(json.dumps({"text": text, "more": [text]}) for text in PAYLOADS),
        "e.ipynb": json.dumps(notebook()),
        "model.safetensors.index.json": shard_index({text: as_shard(text) for text in PAYLOADS}),
        "g.html": ALL,
        "h.svg": f"<svg xmlns='http://www.w3.org/2000/svg'>{ALL}</svg>",
        "i.md": ALL,
        "j.py": "\n".join(repr(text) + " # " + text for text in ONE_LINE),
        "k.yaml": ALL,
        "l.json": ALL,
        "m": ALL,
    }
    return {
        **{name: text.encode("utf-8", "replace") for name, text in texts.items()},
        "n.safetensors": with_header(json.dumps(header).encode(), bytes(4 * placed)),
        "o.pt": packed.getvalue(),
        "p.gguf": gguf(facts, [1], PAYLOADS),
    }


def place_tensors(header: dict[str, Any]) -> int:
    """Give each tensor a place behind the one before it; how many there are."""
    names = [name for name in header if name != "__metadata__"]
    for number, name in enumerate(names):
        header[name] = {**header[name], "data_offsets": [4 * number, 4 * number + 4]}
    return len(names)


def as_shard(text: str) -> str:
    return as_path(0, text).replace("/", " ") + ".safetensors"


def csv_cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def notebook() -> dict[str, Any]:
    """A notebook with payloads in all that its cells can hold."""
    data = {"text/html": ALL, "image/svg+xml": ALL, "application/javascript": "xss()"}
    outputs = [
        {"output_type": "stream", "name": ALL, "text": ALL},
        {"output_type": "error", "ename": ALL, "evalue": ALL, "traceback": [ALL]},
        {"output_type": "error", "ename": ALL, "evalue": ALL},
        {"output_type": "execute_result", "data": {"text/plain": ALL, **data}},
        {"output_type": "display_data", "data": data},
        {"output_type": "display_data", "data": dict.fromkeys(PAYLOADS[:5], ALL)},
        {"output_type": "display_data", "data": {"image/png": ALL, "image/jpeg": PAYLOADS}},
    ]
    cells = [
        {"cell_type": "markdown", "source": ALL},
        {"cell_type": "raw", "source": ALL},
        {"cell_type": ALL, "source": ALL},
        {"cell_type": "code", "execution_count": ALL, "source": ALL, "outputs": outputs},
    ]
    cells += [{"cell_type": "markdown", "source": text} for text in PAYLOADS]
    return {"cells": cells, "metadata": {"language_info": {"file_extension": "<i>.py"}}}


def test_contents_of_files(look: Look, site: LiveHub, ann: Account) -> None:
    made = files_of_all_kinds()
    repo = new_repo(site, ann, *(file(f"all/{name}", data) for name, data in made.items()))
    home = f"{repo.page}/blob/main/all"
    plain = [f"{home}/{name}?plain=1" for name in ("a.csv", "e.ipynb", "h.svg", "i.md")]
    blame = f"{repo.page}/blame/main/all/i.md"
    compare = f"{repo.page}/commit/main?view=split"
    paths = [f"{home}/{name}" for name in made]
    signs = {f"{home}/{name}": sign for name, sign in SIGNS.items()}
    look(ann, *paths, *plain, blame, compare, signs=signs)


# What is on the page of a file that was shown as what it is.
SIGNS = {
    "a.csv": "table.data",
    "b.csv": "table.data",
    "c.json": "table.data",
    "d.jsonl": "table.data",
    "e.ipynb": ".notebook",
    "model.safetensors.index.json": "[aria-label=Shards]",
    "n.safetensors": "[aria-label=Tensors]",
    "o.pt": "[aria-label='Files in the archive']",
    "p.gguf": "dl.known",
}


def test_metadata_of_cards(look: Look, site: LiveHub, ann: Account) -> None:
    card: dict[str, Any] = {
        **dict.fromkeys(("license", "tags", "base_model", "datasets", "language"), PAYLOADS),
        "metrics": PAYLOADS,
        "license_name": ALL,
        "license_link": ALL,
        "thumbnail": "javascript:xss()",
        "model-index": [result(text) for text in PAYLOADS[:60]],
    }
    one = {
        **dict.fromkeys(("license_link", "base_model", "datasets"), "javascript:xss()"),
        **dict.fromkeys(("pipeline_tag", "library_name", "language"), LINES[0]),
        **{"license": "other", "license_name": LINES[1], "tags": LINES, "summary": ALL},
        "model-index": [result(text) for text in PAYLOADS[60:120]],
    }
    wrong = {
        "license": "other",
        "license_link": "http:javascript:xss()",
        "widget": [{LINES[0]: ALL}],
    }
    made = [new_repo(site, ann, file("README.md", with_front(c, ALL))) for c in (card, one, wrong)]
    for type in ("dataset", "space"):
        front = {**card, "task_categories": PAYLOADS, "configs": PAYLOADS, "title": ALL, "sdk": ALL}
        front |= {"pretty_name": ALL, "short_description": ALL, "models": PAYLOADS, "emoji": ALL}
        made.append(new_repo(site, ann, file("README.md", with_front(front, ALL)), type=type))
    lists = ["/models", "/datasets", "/spaces", f"/{ann.name}", "/", "/search?q=script"]
    facets = [f"/models?facet={name}" for name in ("other", "language", "license")]
    look(ann, *(repo.page for repo in made), *lists, *facets, f"{made[0].page}/tree/main")


def result(text: str) -> dict[str, Any]:
    """What a card says about a measurement."""
    named = {"type": text, "name": text}
    metrics = [{**named, "value": text, "verified": True}]
    source = {"name": text, "url": "javascript:xss()"}
    measured = {"task": named, "dataset": named, "metrics": metrics, "source": source}
    return {"name": text, "results": [measured]}


def test_what_is_being_written(browse: Browse, site: LiveHub, ann: Account) -> None:
    # The editor takes no control characters.
    repo = new_repo(site, ann, file("README.md", "\n\n".join(ONE_LINE)))
    watched = Watched(browse(ann, policy=False), site.url)
    watched.see(f"{repo.page}/edit/main/README.md")
    watched.tab.get_by_role("tab", name="Preview").click()
    watched.tab.locator(".preview-shown p").first.wait_for()
    watched.check(f"{repo.page}/edit/main/README.md")
    watched.see(f"{repo.page}/upload/main")
    chosen = [{"name": text, "mimeType": "x", "buffer": b"x"} for text in PATHS]
    watched.tab.locator("input[type=file]").first.set_input_files(chosen)  # type: ignore[arg-type]
    watched.tab.locator("[data-list] li").first.wait_for()
    assert watched.tab.locator("[data-list] li").count() > 200
    watched.check(f"{repo.page}/upload/main")
    watched.see("/models")
    for text in LINES[:5]:
        watched.tab.get_by_role("combobox", name="Search").fill(text)
        watched.tab.locator("[role=option]", has_text=text[:20]).wait_for()
        watched.check("/models")


# Where what somebody was led to by a link is shown again: {} is that.
ASKED = ["/models?search={}", "/search?q={}", "/{}", "REPO/tree/{}"]
ASKED_AT_LENGTH = [
    *("/models?filter={}", "/models?author={}", "/datasets?search={}", "/models?sort={}"),
    *("/models?p={}", "/models?cursor={}", "/search?q=x&type={}", "/{}/{}", "/{}?tab={}"),
    *("/new?name={}&owner={}&type={}", "/new-{}", "/settings/{}", "/datasets/{}/{}"),
    *("/organizations/ORG/settings?search={}&cursor={}", "/organizations/{}/settings"),
    *("REPO/commits/{}", "REPO/commits/main/{}", "REPO/commits/main?cursor={}", "REPO/commit/{}"),
    *("REPO/compare/{}..main", "REPO/compare/main...{}", "REPO/compare?base={}&head={}"),
    *("REPO/tree/main?cursor={}", "REPO/tree/main/{}", "REPO/blame/main/{}", "REPO/edit/main/{}"),
    *("REPO/new/main/{}", "REPO/upload/main/{}", "REPO/delete/main/{}", "REPO/new/{}"),
    *("REPO/commit/main?view={}&file={}", "REPO/discussions/{}", "REPO/discussions/1/edit/{}"),
    *("REPO/discussions?search={}&author={}&type={}&status={}", "REPO/refs?branches={}&tags={}"),
    *("REPO/settings/access?status={}", "REPO/settings/access?after={}", "REPO/blob/main/{}"),
    *("REPO/discussions/new?base={}&head={}&title={}", "REPO/blob/main/a.txt?plain={}"),
]
ASKED_OF_STRANGERS = ["/login?next={}", "/login?next=/{}", "/join?invitation={}", "/{}"]


def test_addresses(look: Look, browse: Browse, site: LiveHub, ann: Account) -> None:
    repo, org = new_repo(site, ann, file("a.txt", "a\n")), site.org(owner=ann)
    discuss(repo)

    def fill(forms: Sequence[str], texts: Sequence[str]) -> list[str]:
        placed = [form.replace("REPO", repo.page).replace("ORG", org) for form in forms]
        return [form.replace("{}", piece(text)) for form in placed for text in texts]

    look(ann, *fill(ASKED, LINES[:1]))
    paths = [*fill(ASKED, LINES), *fill(ASKED_AT_LENGTH, PARTS)]
    found = fetch(Visitor(site, ann), paths)
    found += fetch(Visitor(site), fill(ASKED_OF_STRANGERS, [*LINES[:5], *PARTS]))
    shown = [text for text in found if "<main" in text]
    assert len(shown) > 300
    Watched(browse(ann), site.url).see_together(shown)


def test_refused_forms(browse: Browse, site: LiveHub) -> None:
    ann = site.user(admin=True)
    repo, org = new_repo(site, ann, file("a.txt", "a\n")), site.org(owner=ann)
    discuss(repo)
    visitor = Visitor(site, ann)
    token = visitor.csrf_token("/settings")
    shown = [send(visitor, path, token, fields) for path, fields in forms(repo, org)]
    shown += send_signed_out(site)
    shown = [text for text in shown if "<main" in text]
    assert len(shown) > 60
    assert sum('role="alert"' in text for text in shown) > 30
    Watched(browse(ann), site.url).see_together(shown)


def forms(repo: Repo, org: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Forms that are refused, with the payloads in their fields."""
    home = repo.page
    for text in (*PARTS, ALL):
        named = dict.fromkeys(("name", "fullname", "owner", "license", "sdk", "email"), text)
        asked = dict.fromkeys(("title", "description", "base", "head", "text", "parent"), text)
        yield "/new", {**named, "type": "model"}
        yield "/new", {**named, "type": text}
        yield "/organizations/new", named
        yield "/settings/profile", named
        yield "/settings/password", dict.fromkeys(("current", "password", "again"), text)
        yield "/settings/tokens", {"name": text, "role": text, "days": text}
        yield "/settings/tokens/delete", {"id": text}
        yield "/settings/invitations", {"note": text}
        yield f"/organizations/{org}/settings/members", {"user": text, "do": "add", "role": "read"}
        yield f"{home}/refs/branches", {"branch": text, "starting_point": text}
        yield f"{home}/refs/tags", {"tag": text, "revision": text, "message": text}
        yield f"{home}/refs/tags/delete", {"tag": text}
        yield f"{home}/settings/rename", {"name": text, "owner": text, "to": text}
        yield f"{home}/settings/gating", {"gated": text}
        yield f"{home}/settings/delete", {"confirm": text, "name": text}
        yield f"{home}/settings/access", {"action": "grant", "user": text, "reason": text}
        yield f"{home}/edit/main/a.txt", {**asked, "path": f"../{text}"}
        yield f"{home}/edit/main", {**asked, "path": f"../{text}", "is_new": "1"}
        yield f"{home}/delete/main/a.txt", asked
        yield f"{home}/discussions/new", {**asked, "title": text * 3}
        yield f"{home}/discussions/1/title", {"title": text * 3}
        yield f"{home}/discussions/1/status", {"status": text}


def send_signed_out(site: LiveHub) -> Iterator[str]:
    """The pages of those who want to come in and may not."""
    visitor = Visitor(site)
    token = visitor.csrf_token("/login")
    for text in (*PARTS, ALL):
        fields = {"username": text, "name": text, "password": text, "next": text, "email": text}
        yield send(visitor, "/login", token, fields)
        fields |= {"invitation": invite(site.inside), "fullname": text}
        yield send(visitor, "/join", token, fields)
