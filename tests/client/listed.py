"""A hub whose lists are written down, and that remembers what it was asked for."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from freehold import HfApi
from tests.client.hostile import HostileServer, Received, reply


class ListedHub(HostileServer):
    """Answers each path with its list, `size` entries a page; what is no list is the answer."""

    def __init__(self, answers: dict[str, Any], size: int = 1000) -> None:
        super().__init__(self._give)
        self.answers = answers
        self.size = size

    @property
    def api(self) -> HfApi:
        """The calls of this hub, with a token."""
        return HfApi(endpoint=self.url, token="hf_x")

    @property
    def queries(self) -> list[list[tuple[str, str]]]:
        """What each request asked for, in order, empty values as well."""
        targets = [urlsplit(request.target) for request in self.requests]
        return [parse_qsl(target.query, keep_blank_values=True) for target in targets]

    @property
    def paths(self) -> list[str]:
        """The paths of all requests, without `/api/`."""
        return [urlsplit(request.target).path.removeprefix("/api/") for request in self.requests]

    def link(self, path: str, query: str) -> str:
        """The address of a next page."""
        return f"{self.url}{path}?{query}"

    def _give(self, request: Received) -> bytes:
        url = urlsplit(request.target)
        answer = self.answers[url.path.removeprefix("/api/")]
        if not isinstance(answer, list):
            return answer if isinstance(answer, bytes) else reply(200, answer)
        place = int(dict(parse_qsl(url.query)).get("cursor", 0))
        following = place + self.size
        if following >= len(answer):
            return reply(200, answer[place:])
        kept = [part for part in url.query.split("&") if part and not part.startswith("cursor=")]
        link = self.link(url.path, "&".join([*kept, f"cursor={following}"]))
        return reply(200, answer[place:following], link=f'<{link}>; rel="next"')


def entries(count: int, **fields: Any) -> list[dict[str, Any]]:
    """Compact entries of a list: `org0/name0`, `org0/name1`, `org1/name2`, …"""
    return [{"id": f"org{n // 2}/name{n}", **fields} for n in range(count)]
