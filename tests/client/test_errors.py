"""What an error tells, and answers that no hub should give."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import freehold
from freehold import (
    BadRequestError,
    ConflictError,
    DisabledRepoError,
    EntryNotFoundError,
    ForbiddenError,
    FreeholdError,
    GatedRepoError,
    HfApi,
    HfHubHTTPError,
    HubConnectionError,
    InternalError,
    InvalidAnswerError,
    LocalEntryNotFoundError,
    NotFoundError,
    NotSupportedError,
    PayloadTooLargeError,
    PreconditionFailedError,
    RangeNotSatisfiableError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
    UnprocessableError,
    errors,
)
from freehold.client import errors as client_errors
from freehold.client import retries
from freehold.client.answers import Answer, to_error
from tests.client.every_call import CALLS, make_call
from tests.client.hostile import HostileServer, reply

API = "https://hub.example/api/models/a/b"


def answer(status: int, content: bytes = b"", url: str = API, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer("GET", url, status, named, content)


# Which class


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(404, x_error_code="RevisionNotFound"), RevisionNotFoundError),
        (answer(404, x_error_code="EntryNotFound"), EntryNotFoundError),
        (answer(403, x_error_code="GatedRepo"), GatedRepoError),
        (answer(401, x_error_code="GatedRepo"), GatedRepoError),
        (answer(404, x_error_code="RepoNotFound"), RepositoryNotFoundError),
        (answer(401, x_error_code="RepoNotFound"), RepositoryNotFoundError),
        (
            answer(403, x_error_message="Access to this resource is disabled."),
            DisabledRepoError,
        ),
        (answer(401), RepositoryNotFoundError),
        (answer(401, url="https://h/a/b/resolve/main/f"), RepositoryNotFoundError),
        (
            answer(401, x_error_message="Invalid credentials in Authorization header"),
            UnauthorizedError,
        ),
        (answer(401, url="https://h/api/whoami-v2"), UnauthorizedError),
        (answer(400), BadRequestError),
        (answer(403), ForbiddenError),
        (answer(404), NotFoundError),
        (answer(409), ConflictError),
        (answer(412), PreconditionFailedError),
        (answer(413), PayloadTooLargeError),
        (answer(416), RangeNotSatisfiableError),
        (answer(422), UnprocessableError),
        (answer(429), TooManyRequestsError),
        (answer(500), InternalError),
        (answer(501), NotSupportedError),
        (answer(502), UnavailableError),
        (answer(503), UnavailableError),
        (answer(504), UnavailableError),
        (answer(418), HfHubHTTPError),
        (answer(404, x_error_code="Unheard"), NotFoundError),
    ],
)
def test_the_class_follows_from_the_answer(given: Answer, expected: type) -> None:
    error = to_error(given)
    assert type(error) is expected
    assert error.status == given.status_code


@pytest.mark.parametrize(
    ("error", "family"),
    [
        (BadRequestError, ValueError),
        (HubConnectionError, ConnectionError),
        (client_errors.HubTimeoutError, TimeoutError),
        (client_errors.HFValidationError, ValueError),
        (client_errors.LocalTokenNotFoundError, OSError),
        (LocalEntryNotFoundError, FileNotFoundError),
        (GatedRepoError, RepositoryNotFoundError),
        (client_errors.OfflineModeIsEnabled, ConnectionError),
        (InvalidAnswerError, ValueError),
    ],
)
def test_scripts_may_catch_the_families_that_they_know(error: type, family: type) -> None:
    assert issubclass(error, family)
    assert issubclass(error, FreeholdError)


# What it tells


def test_an_error_tells_all_that_is_known() -> None:
    error = to_error(
        answer(
            404,
            b'{"error": "Repository not found", "more": 1}',
            X_Error_Code="RepoNotFound",
            X_Error_Message="Repository not found",
            X_Request_Id="req-1",
            Retry_After="5",
        )
    )
    assert (error.status, error.code, error.request_id) == (404, "RepoNotFound", "req-1")
    assert error.server_message == "Repository not found"
    assert error.retry_after == 5
    assert error.hint is not None and "repo_id" in error.hint
    assert error.body["more"] == 1
    assert error.response.status_code == 404
    assert error.response.headers["X-Error-Code"] == "RepoNotFound"
    assert error.response.headers.get("x-error-code") == "RepoNotFound"
    assert error.response.headers.get("missing") is None
    assert error.response.json()["more"] == 1
    assert str(error) == (
        "Repository not found (404 for GET https://hub.example/api/models/a/b, request id req-1) "
        + error.hint
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (answer(400, b'{"error": ["one", "two"]}'), "one; two"),
        (answer(400, b'{"error": "one", "error_description": "more"}'), "one; more"),
        (answer(400, b'{"errors": [{"message": "m1"}, "m2"]}'), "m1; m2"),
        (answer(400, b'{"message": "m"}'), "m"),
        (answer(400, b"plain words", content_type="text/plain"), "plain words"),
        (answer(400, b'{"error": "same"}', x_error_message="same"), "same"),
        (answer(400, b"<html>...</html>", content_type="text/html"), "Bad request"),
        (answer(400, b'{"error": {"deep": 1}}'), "{'deep': 1}"),
        (answer(400, b'{"error": null, "errors": 7}'), '{"error": null, "errors": 7}'),
        (answer(400, b"[1, 2]"), "[1, 2]"),
        (answer(400, b"\xff\xfe"), "\ufffd\ufffd"),
        (answer(400, b""), "Bad request"),
        (answer(400, b"x" * 10_000), "x" * 500),
        (answer(400, b"[" * 100_000), "[" * 500),
    ],
)
def test_the_message_is_what_the_hub_said(given: Answer, message: str) -> None:
    assert to_error(given).message == message


# Answers that no hub should give


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.001)


READING: dict[str, Callable[[HfApi], Any]] = {
    "whoami": lambda api: api.whoami(),
    "get_full_repo_name": lambda api: api.get_full_repo_name("b"),
    "create_repo": lambda api: api.create_repo("a/b"),
    "duplicate_repo": lambda api: api.duplicate_repo("a/b", "a/c"),
    "update_repo_settings": lambda api: api.update_repo_settings("a/b", private=True),
    "model_info": lambda api: api.model_info("a/b"),
    "repo_exists": lambda api: api.repo_exists("a/b"),
    "list_repo_refs": lambda api: api.list_repo_refs("a/b"),
    "list_repo_commits": lambda api: api.list_repo_commits("a/b"),
    "list_repo_files": lambda api: api.list_repo_files("a/b"),
    "get_paths_info": lambda api: api.get_paths_info("a/b", ["f"]),
    "list_lfs_files": lambda api: list(api.list_lfs_files("a/b")),
    "ask_access": lambda api: api.ask_access("a/b"),
    "list_pending_access_requests": lambda api: list(api.list_pending_access_requests("a/b")),
}
# A body that is right for one call is wrong for all others.
WRONG = {
    "half": b'{"id": "a/b", "sh',
    "empty": b"",
    "text": b'"text"',
    "number": b"7",
    "null": b"null",
    "list of numbers": b"[7]",
    "list of lists": b"[[]]",
    "list of nothing": b"[null]",
    "list of wrong objects": b'[{"id": 1, "date": 5, "path": 7, "size": "x"}]',
    "deep": b"[" * 100_000,
    "page": b"<html>Log in to this network</html>",
    "not utf-8": b'{"name": "\xff"}',
}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("name", READING)
def test_a_wrong_answer_is_an_error_of_our_own(name: str, body: bytes) -> None:
    with HostileServer(lambda _: reply(200, body)) as server, pytest.raises(InvalidAnswerError):
        READING[name](HfApi(endpoint=server.url, token="hf_x"))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", sorted(READING.keys() - {"whoami", "update_repo_settings"}))
def test_an_object_without_its_fields_is_an_error_of_our_own(name: str) -> None:
    with HostileServer(lambda _: reply(200, {"x": 1})) as server, pytest.raises(InvalidAnswerError):
        READING[name](HfApi(endpoint=server.url, token="hf_x"))


@pytest.mark.usefixtures("quick")
@pytest.mark.filterwarnings("ignore:update_repo_visibility:FutureWarning")
@pytest.mark.filterwarnings("ignore:What a hidden comment said:UserWarning")
@pytest.mark.parametrize("name", CALLS)
def test_no_call_raises_anything_but_our_own_errors(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    bodies = [*WRONG.values(), b"{}", b"[]", b'{"x": 1}', b'{"files": 7, "objects": [7]}']
    with HostileServer(lambda _: reply(200)) as server:
        for body in bodies:
            server.script = lambda _, body=body: reply(200, body)
            with suppress(FreeholdError):
                make_call(HfApi(endpoint=server.url, token="hf_x"), name, folder)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", ["create_tag", "create_branch", "delete_repo", "auth_check"])
def test_the_page_of_a_network_is_not_taken_for_done(name: str, tmp_path: Path) -> None:
    page = reply(200, b"<html>Log in</html>", content_type="text/html; charset=utf-8")
    with (
        HostileServer(lambda _: page) as server,
        pytest.raises(InvalidAnswerError, match="web page"),
    ):
        make_call(HfApi(endpoint=server.url, token="hf_x"), name, tmp_path)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        b"\x00" * 100,
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 200_000 + b"\r\n\r\n",
    ],
    ids=["cut", "chunks", "gzip", "ssh", "status", "zeros", "long header"],
)
def test_what_is_not_http_is_a_broken_connection(raw: bytes) -> None:
    with HostileServer(lambda _: raw) as server, pytest.raises(HubConnectionError, match="broke"):
        HfApi(endpoint=server.url, token="hf_x").create_tag("a/b", tag="v")


@pytest.mark.parametrize("name", [n for n in freehold.__all__ if hasattr(errors, n)])
def test_an_error_can_be_sent_to_another_process(name: str) -> None:
    error = getattr(errors, name)("said")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == "said"


def test_an_error_is_sent_to_another_process_with_its_answer() -> None:
    error = to_error(answer(418, b'{"error": "tea"}', x_error_code="Pot"))
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.status, copy.code, copy.body) == (418, "Pot", {"error": "tea"})
    assert str(copy) == str(error)
    assert copy.response.headers["X-Error-Code"] == "Pot"


def test_failed_calls_are_caught_as_scripts_catch_them() -> None:
    error = RepositoryNotFoundError("gone", status=404, headers={"x-request-id": "7"})
    assert isinstance(error, OSError)
    assert (str(error), error.errno, error.request_id) == ("gone", None, "7")
    assert isinstance(BadRequestError("bad"), OSError | ValueError)
