"""Pictures for those who have none of their own: a pattern that follows from an id."""

from __future__ import annotations

import colorsys
import hashlib

SIZE = 5


def draw_identicon(id: str) -> bytes:
    """An SVG image with a symmetric pattern, always the same for an id and rarely for two."""
    digest = hashlib.sha256(id.encode()).digest()
    cells = "".join(f"M{x + 1} {y + 1}h1v1h-1z" for x, y in _cells(digest))
    side = SIZE + 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" width="280"'
        f' height="280" shape-rendering="crispEdges"><rect width="{side}" height="{side}"'
        f' fill="{_color(digest, 0.93)}"/><path fill="{_color(digest, 0.45)}" d="{cells}"/></svg>\n'
    ).encode()


def _cells(digest: bytes) -> list[tuple[int, int]]:
    """The squares that are filled: the left half by the digest, the right half as in a mirror."""
    half = (SIZE + 1) // 2
    left = [(n % half, n // half) for n in range(half * SIZE) if digest[n] % 2]
    return sorted({*left, *((SIZE - 1 - x, y) for x, y in left)})


def _color(digest: bytes, lightness: float) -> str:
    hue = int.from_bytes(digest[-2:]) / 65536
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, 0.55)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
