"""The hub itself, and what holds for every answer whatever the route."""

from __future__ import annotations

import base64
import re

import pytest

from freehold.wire.routes import NOT_SUPPORTED
from tests.live import Account, LiveHub
from tests.repos import assert_error, new_repo

REQUEST_ID = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}")


def test_health_is_ok_without_a_token(hub: LiveHub) -> None:
    answer = hub.call("GET", "/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_metrics_count_each_answered_request_by_route_and_status(hub: LiveHub) -> None:
    def count() -> float:
        text = hub.call("GET", "/metrics").text
        found = re.search(
            r'freehold_requests_total\{method="GET",route="health",status="200"\} (\S+)', text
        )
        return float(found[1]) if found else 0

    before = count()
    hub.call("GET", "/health")
    hub.call("GET", "/health")
    assert count() == before + 2


def test_metrics_are_text_in_the_format_of_prometheus(hub: LiveHub) -> None:
    answer = hub.call("GET", "/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    for name in ("freehold_request_seconds_bucket", "freehold_requests_running"):
        assert name in answer.text


def test_agent_harnesses_is_an_empty_registry_for_everybody(hub: LiveHub) -> None:
    answer = hub.call("GET", "/api/agent-harnesses")
    assert (answer.status_code, answer.json()) == (200, {"harnesses": {}, "standardEnvVars": []})


def test_validate_yaml_accepts_a_good_card(hub: LiveHub) -> None:
    for content in ("# hi\n", "---\nlicense: mit\ntags:\n- a\n---\n# hi\n"):
        body = {"content": content, "repoType": "model"}
        answer = hub.call("POST", "/api/validate-yaml", json=body)
        assert (answer.status_code, answer.json()) == (200, {"errors": [], "warnings": []})


def test_validate_yaml_names_the_place_of_an_error(hub: LiveHub) -> None:
    content = "---\nlicense: mit\ntags: 'a' b\n---\n"
    answer = hub.call("POST", "/api/validate-yaml", json={"content": content, "repoType": "model"})
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert (error["line"], error["column"]) == (3, 11)
    assert error["message"].startswith("line 3, column 11: ")
    assert answer.json()["warnings"] == []
    assert answer.json()["error"] == error["message"]


def test_validate_yaml_warns_without_refusing(hub: LiveHub) -> None:
    content = "---\nlicense: mit\n# never closed\n"
    answer = hub.call("POST", "/api/validate-yaml", json={"content": content})
    assert answer.status_code == 200
    assert answer.json()["errors"] == []
    assert answer.json()["warnings"][0]["line"] == 1


def test_every_answer_has_a_request_id_that_ends_with_the_callers_trace(hub: LiveHub) -> None:
    plain = hub.call("GET", "/health").headers["x-request-id"]
    traced = hub.call("GET", "/nowhere", headers={"x-amzn-trace-id": "my-trace"})
    assert REQUEST_ID.fullmatch(plain)
    assert REQUEST_ID.fullmatch(traced.headers["x-request-id"].removesuffix(";my-trace"))
    assert traced.headers["x-request-id"].endswith(";my-trace")


def test_any_page_may_call_with_a_token_but_never_with_cookies(hub: LiveHub) -> None:
    for path in ("/health", "/api/models/no/body", "/no/body/resolve/main/x"):
        answer = hub.call("GET", path, headers={"origin": "https://page.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
        exposed = answer.headers["access-control-expose-headers"].split(",")
        assert {"X-Repo-Commit", "X-Error-Code", "Link", "ETag", "X-Linked-Size"} <= set(exposed)


def test_a_preflight_allows_the_methods_and_headers_of_the_browser_client(hub: LiveHub) -> None:
    answer = hub.call(
        "OPTIONS",
        "/api/models/some/body/commit/main",
        headers={"origin": "https://page.example", "access-control-request-method": "POST"},
    )
    assert (answer.status_code, answer.content) == (204, b"")
    methods = answer.headers["access-control-allow-methods"].split(", ")
    assert set(methods) >= {"GET", "HEAD", "POST", "PUT", "DELETE"}
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert set(allowed) >= {"authorization", "content-type", "range", "accept"}
    assert answer.headers["access-control-max-age"] == "86400"


def test_another_method_gets_405_with_the_methods_that_are_there(hub: LiveHub) -> None:
    for method, path, allowed in (
        ("DELETE", "/health", "GET, HEAD"),
        ("GET", "/api/repos/create", "POST"),
        ("PATCH", "/api/models/some/body/tag/v1", "DELETE, POST"),
        ("PUT", "/some/body/resolve/main/a.txt", "GET, HEAD"),
    ):
        answer = hub.call(method, path)
        assert answer.status_code == 405, path
        assert answer.headers["allow"] == allowed
        assert "RepoNotFound" not in str(answer.headers)


def test_an_unknown_route_is_a_json_404_without_an_error_code(hub: LiveHub) -> None:
    for path in ("/api", "/api/nothing", "/some/body/else/entirely"):
        answer = hub.call("GET", path)
        assert_error(answer, 404, "Sorry, we can't find the page you are looking for.")
        assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_a_head_request_is_answered_as_get_without_its_body(hub: LiveHub) -> None:
    get, head = (hub.call(method, "/api/agent-harnesses") for method in ("GET", "HEAD"))
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize("route", NOT_SUPPORTED, ids=lambda route: f"{route.method} {route.path}")
def test_what_is_not_offered_yet_says_so_with_501(
    hub: LiveHub, alice: Account, route: object
) -> None:
    repo = new_repo(hub, alice)
    pieces = {"type": "model", "prefix": "", "repo": repo.full_name}
    path = route.path.format(**pieces, revision="main", path="x")  # type: ignore[attr-defined]
    answer = repo.call(route.method, path)  # type: ignore[attr-defined]
    assert answer.status_code == 501
    message = answer.headers["x-error-message"]
    assert message.startswith("This hub does not offer ") and message.endswith(".")
    assert answer.json()["error"] == message


def test_errors_carry_both_texts_that_clients_look_for(hub: LiveHub) -> None:
    body = hub.call("GET", "/api/models/no/body").json()
    assert body == {
        "error": "Invalid username or password.",
        "message": "Invalid username or password.",
    }


def test_a_malformed_body_is_refused_with_the_place_of_the_mistake(
    hub: LiveHub, alice: Account
) -> None:
    for content, part in ((b"{", "Invalid JSON body"), (b'{"name": 1}', "$.name"), (b"", "body")):
        answer = hub.call("POST", "/api/repos/create", token=alice.token, content=content)
        assert answer.status_code == 400
        assert part in answer.json()["error"]


def test_a_path_that_is_no_text_is_refused(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    for path in (
        f"{repo.page}/resolve/main/%FF",
        f"{repo.page}/resolve/%FF/a",
        f"{repo.page}/resolve/main/a%00b",
        f"{repo.page}/resolve/ma%00in/a",
        f"{repo.api}/tree/main/%00",
        "/api/models/some%00body/x",
    ):
        assert repo.call("GET", path).status_code == 400, path


def test_a_nul_character_in_a_body_is_refused(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    for path, body in (
        ("/api/repos/create", {"name": "x", "organization": "a\0b"}),
        ("/api/repos/delete", {"name": "a\0b"}),
        ("/api/repos/move", {"fromRepo": "a\0b/c", "toRepo": f"{alice.name}/d"}),
        (f"{repo.api}/branch/dev", {"startingPoint": "a\0b"}),
        (f"{repo.lfs}/objects/verify", {"oid": "a\0b", "size": 1}),
    ):
        method = "DELETE" if path.endswith("delete") else "POST"
        answer = repo.call(method, path, json=body)
        assert answer.status_code in (400, 403, 404), (path, answer.text)


def test_the_token_may_come_as_the_password_of_any_user(hub: LiveHub, alice: Account) -> None:
    for pair in (f"user:{alice.token}", f"{alice.name}:{alice.token}", f"{alice.token}:"):
        basic = base64.b64encode(pair.encode()).decode()
        answer = hub.call("GET", "/api/whoami-v2", headers={"authorization": f"Basic {basic}"})
        assert answer.json()["name"] == alice.name


def test_a_broken_authorization_header_is_a_stranger(hub: LiveHub) -> None:
    for value in ("", "Bearer", "Bearer x y", "Basic !!!", "Basic", "Digest x", "Basic /w=="):
        answer = hub.call("GET", "/api/whoami-v2", headers={"authorization": value})
        assert answer.status_code == 401, value
