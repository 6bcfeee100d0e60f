"""Small pictures, made here."""

from __future__ import annotations

import base64
import struct
import zlib

# One that is shown, and would run if it were opened as a page.
SCRIPTED_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10">'
    '<rect width="20" height="10" fill="teal"/>'
    "<script>document.documentElement.setAttribute('data-ran', '1');"
    " document.title = 'owned'</script></svg>"
)


def picture(width: int = 4, height: int = 3) -> bytes:
    """A PNG in one colour."""
    rows = b"".join(b"\0" + b"\x20\x80\x60" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PIXEL = base64.b64encode(picture(1, 1)).decode()
