"""Xet: the token of a repository, and what the content-addressed store answers.

The store's own calls write their keys with underscores. Hashes are the strings of
`formats/xet/hashing.py`.
"""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from freehold.wire.codec import Wire

CAS_URL_HEADER = "X-Xet-Cas-Url"
ACCESS_TOKEN_HEADER = "X-Xet-Access-Token"  # noqa: S105  (the name of a header)
EXPIRATION_HEADER = "X-Xet-Token-Expiration"
HASH_HEADER = "X-Xet-Hash"

FILE_INFO_TYPE = "application/vnd.xet-fileinfo+json"
"""What the JavaScript client accepts when it asks for the headers of a file and not its bytes."""


class XetToken(Wire, kw_only=True):
    """A token for one repository: valid until `exp` (seconds since 1970), at the store `cas_url`.

    The headers of the answer say the same three things.
    """

    access_token: str
    exp: int
    cas_url: str

    @property
    def headers(self) -> dict[str, str]:
        """The token as clients of Python read it."""
        return {
            CAS_URL_HEADER: self.cas_url,
            ACCESS_TOKEN_HEADER: self.access_token,
            EXPIRATION_HEADER: str(self.exp),
        }


class XetWire(Wire, kw_only=True, rename=None):
    """An object of the store, which writes its keys with underscores."""


class XorbUploaded(XetWire, kw_only=True):
    """Whether this caller had not sent the xorb before; it is stored either way."""

    was_inserted: bool


class XorbGrant(XetWire, kw_only=True):
    """Body of `request_xorb_grant`: the bytes of the xorb that the client would send."""

    length: int


class ShardUploaded(XetWire, kw_only=True):
    """1 when the shard has registered a file, 0 when all its files were known."""

    result: int


class ShardEvent(XetWire, kw_only=True):
    """A line of the answer to a shard: progress, or its end with a result or an error."""

    type: str
    verified: int | UnsetType = UNSET
    total: int | UnsetType = UNSET
    result: int | UnsetType = UNSET
    message: str | UnsetType = UNSET
    retryable: bool | UnsetType = UNSET


class Span(XetWire, kw_only=True):
    """Chunks from `start` up to `end`, or bytes from `start` to `end`, which is one of them."""

    start: int
    end: int


class ReconstructionTerm(XetWire, kw_only=True):
    """A run of a file: these chunks of a xorb, so many bytes once they are unpacked."""

    hash: str
    unpacked_length: int
    range: Span


class FetchInfo(XetWire, kw_only=True):
    """Where chunks of a xorb are fetched, as version 1 says it."""

    range: Span
    url: str
    url_range: Span


class ReconstructionV1(XetWire, kw_only=True):
    """What a file consists of; `offset_into_first_range` bytes come before what was asked for."""

    offset_into_first_range: int
    terms: list[ReconstructionTerm]
    fetch_info: dict[str, list[FetchInfo]]


class FetchRange(XetWire, kw_only=True):
    """Chunks of a xorb, and the bytes that they are in it."""

    chunks: Span
    bytes: Span


class XorbFetch(XetWire, kw_only=True):
    """Where chunks of a xorb are fetched, as version 2 says it."""

    url: str
    ranges: list[FetchRange]


class ReconstructionV2(XetWire, kw_only=True):
    """The same as version 1, with the addresses by xorb."""

    offset_into_first_range: int
    terms: list[ReconstructionTerm]
    xorbs: dict[str, list[XorbFetch]]
