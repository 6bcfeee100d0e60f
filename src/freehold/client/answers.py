"""What a hub answered, and the error that an answer stands for (section 1.8 of the protocol)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from freehold import errors
from freehold.client.addresses import without_secrets
from freehold.client.errors import InvalidAnswerError
from freehold.errors import HfHubHTTPError

_INVALID_TOKEN = "Invalid credentials in Authorization header"  # noqa: S105 - what a hub says
_ABOUT_A_REPO = re.compile(r"^https?://[^/]+/(api/(models|datasets|spaces|kernels)/|.*/resolve/)")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_GATEWAY = frozenset({502, 503, 504})
_LONGEST_TEXT = 500


class Headers(Mapping[str, str]):
    """The headers of an answer: lower-case names, found in any spelling."""

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self._pairs = {name.lower(): value for name, value in pairs.items()}

    def __getitem__(self, name: str) -> str:
        return self._pairs[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __repr__(self) -> str:
        return f"Headers({self._pairs!r})"


class Answer:
    """A whole answer: `status_code`, `headers` (in any spelling), `content`, `method`, `url`."""

    def __init__(
        self, method: str, url: str, status_code: int, headers: Mapping[str, str], content: bytes
    ) -> None:
        self.method = method
        self.url = url
        self.status_code = status_code
        self.headers = Headers(headers)
        self.content = content

    def __repr__(self) -> str:
        return f"<Answer {self.status_code} to {self.method} {without_secrets(self.url)}>"

    @property
    def shown_url(self) -> str:
        """The address without a query and an account, which may be secret."""
        return without_secrets(self.url)

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status_code < 400

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON; raises `InvalidAnswerError`."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise InvalidAnswerError(f"{self.described()} is not JSON: {error}") from error

    def object(self) -> dict[str, Any]:
        """The body as a JSON object; raises `InvalidAnswerError`."""
        value = self.json()
        if not isinstance(value, dict):
            raise InvalidAnswerError(f"{self.described()} is not a JSON object.")
        return value

    def items(self) -> list[Any]:
        """The body as a JSON list; raises `InvalidAnswerError`."""
        value = self.json()
        if not isinstance(value, list):
            raise InvalidAnswerError(f"{self.described()} is not a JSON list.")
        return value

    def described(self) -> str:
        """The answer in words, for messages."""
        kind = self.headers.get("content-type", "").partition(";")[0] or "unknown content"
        shown = without_secrets(self.url)
        return f"The answer to {self.method} {shown} ({self.status_code}, {kind})"


def without_controls(text: str) -> str:
    """The text without what would steer the terminal that it is shown on; lines stay lines."""
    return _CONTROLS.sub("?", text)


def to_error(answer: Answer) -> HfHubHTTPError:
    """The error that the answer stands for, with the answer attached."""
    found = _find_class(answer)
    body = _error_object(answer)
    error = found(
        without_controls("; ".join(dict.fromkeys(_texts(answer, body)))) or None,
        status=answer.status_code,
        headers=answer.headers,
        body=body,
    )
    error.code = answer.headers.get("x-error-code", error.code)
    error.response = answer
    return error


def _find_class(answer: Answer) -> type[HfHubHTTPError]:
    status = answer.status_code
    if by_code := _BY_CODE.get(answer.headers.get("x-error-code", "")):
        return by_code
    message = answer.headers.get("x-error-message", "")
    if message == errors.DisabledRepoError.default_message:
        return errors.DisabledRepoError
    if status == 401 and message != _INVALID_TOKEN and _ABOUT_A_REPO.match(answer.url):
        return errors.RepositoryNotFoundError
    if status in _GATEWAY:
        return errors.UnavailableError
    return _BY_STATUS.get(status, errors.InternalError if status == 500 else HfHubHTTPError)


def _error_object(answer: Answer) -> dict[str, Any]:
    try:
        body = json.loads(answer.content)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _texts(answer: Answer, body: Mapping[str, Any]) -> Iterator[str]:
    """All that the answer says about the error: header, JSON fields, or its plain text."""
    said = [answer.headers.get("x-error-message"), body.get("error"), body.get("message")]
    said += [body.get("error_description"), *_listed(body.get("errors"))]
    if not any(said) and "html" not in answer.headers.get("content-type", ""):
        said.append(answer.text[:_LONGEST_TEXT])
    for text in said:
        if isinstance(text, list):
            yield from (str(item) for item in text)
        elif text:
            yield str(text).strip()


def _listed(items: Any) -> list[Any]:
    found = items if isinstance(items, list) else []
    return [item.get("message") if isinstance(item, dict) else item for item in found]


_CLASSES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, HfHubHTTPError)
]
_BY_CODE = {value.code: value for value in _CLASSES if value.code is not None}
_BY_STATUS = {
    value.status: value
    for value in reversed(_CLASSES)
    if value.code is None and value is not HfHubHTTPError
}
