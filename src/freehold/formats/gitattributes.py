"""`.gitattributes`: which paths go to LFS, and the file a fresh repository starts with.

The rules are those of `gitattributes(5)` for the file at the root of a repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.formats.wildmatch import RuleList

_LFS: Final = "filter=lfs diff=lfs merge=lfs -text"
_MAX_LINE_BYTES: Final = 2047
_BLANK: Final = b" \t\r\n"
_BOM: Final = b"\xef\xbb\xbf"
_ATTRIBUTE_NAME: Final = re.compile(rb"[A-Za-z0-9_.][A-Za-z0-9_.-]*")
_QUOTED: Final = re.compile(rb'"((?:[^"\\]|\\(?:[abfnrtv"\\]|[0-3][0-7][0-7]))*)"')
_ESCAPE: Final = re.compile(rb'\\([abfnrtv"\\]|[0-7]{3})')
_ESCAPED: Final = dict(zip(b'abfnrtv"\\', b'\a\b\f\n\r\t\v"\\', strict=True))


class LfsRules:
    """The LFS part of a `.gitattributes`: asks only about the `filter` attribute."""

    def __init__(self, rules: list[tuple[bytes, bool]]) -> None:
        self._rules = RuleList(rules)

    @classmethod
    def parse(cls, text: bytes | str) -> LfsRules:
        """Read a `.gitattributes`; lines that git ignores are ignored, nothing is an error.

        Macros (`[attr]name ...`) are not expanded.
        """
        data = text.encode(errors="surrogateescape") if isinstance(text, str) else text
        return cls(list(_read_rules(data.removeprefix(_BOM))))

    def is_lfs(self, path: str) -> bool:
        """Whether git would give the file at this path to LFS: the last word on `filter` counts."""
        return self._rules.find_last(path.encode(errors="surrogateescape")) is True


def _read_rules(data: bytes) -> Iterator[tuple[bytes, bool]]:
    for line in data.split(b"\n"):
        rule = _read_line(line.split(b"\0", 1)[0])
        if rule is not None:
            yield rule


def _read_line(line: bytes) -> tuple[bytes, bool] | None:
    if len(line) > _MAX_LINE_BYTES:
        return None
    line = line.strip(_BLANK)
    pattern, attributes = _split_line(line)
    if line.startswith(b"#") or pattern[:1] in (b"", b"!") or _is_macro(pattern):
        return None
    value = _read_filter(re.findall(rb"[^ \t\r\n]+", attributes))
    return None if value is None else (pattern, value)


def _is_macro(pattern: bytes) -> bool:
    return pattern.startswith(b"[attr]") and pattern != b"[attr]"


def _split_line(line: bytes) -> tuple[bytes, bytes]:
    quoted = _QUOTED.match(line)
    if quoted:
        return _ESCAPE.sub(_unescape, quoted[1]), line[quoted.end() :]
    bare = re.match(rb"[^ \t\r\n]*", line)
    end = bare.end() if bare else 0
    return line[:end], line[end:]


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return bytes([int(code, 8) if len(code) == 3 else _ESCAPED[code[0]]])


def _read_filter(attributes: list[bytes]) -> bool | None:
    """Whether the last `filter` of a line means LFS; None when the line says nothing about it."""
    answer = None
    for attribute in attributes:
        sign = attribute[:1] if attribute[:1] in (b"-", b"!") else b""
        name, _, value = attribute.removeprefix(sign).partition(b"=")
        if not _ATTRIBUTE_NAME.fullmatch(name):
            return None
        if name == b"filter":
            answer = not sign and value == b"lfs"
    return answer


def lfs_line(path: str) -> str:
    """The `.gitattributes` line, without newline, that sends exactly this path to LFS.

    `ValueError` when the line would be longer than git reads (2047 bytes).
    """
    anchor = "/" if "/" not in path or path[0] in '#"!' else ""
    escaped = re.sub(r"([*?\[\\])", r"\\\1", path)
    pattern = anchor + re.sub(r"[ \t\r\n]", "[[:space:]]", escaped)
    line = f"{pattern} {_LFS}"
    if len(line.encode(errors="surrogateescape")) > _MAX_LINE_BYTES:
        raise ValueError(f"no .gitattributes line can hold this path: {path!r}")
    return line


_MODEL_PATTERNS: Final = (
    *("*.7z", "*.arrow", "*.bin", "*.bz2", "*.ckpt", "*.ftz", "*.gz", "*.h5", "*.joblib"),
    *("*.lfs.*", "*.mlmodel", "*.model", "*.msgpack", "*.npy", "*.npz", "*.onnx", "*.ot"),
    *("*.parquet", "*.pb", "*.pickle", "*.pkl", "*.pt", "*.pth", "*.rar", "*.safetensors"),
    *("saved_model/**/*", "*.tar.*", "*.tar", "*.tflite", "*.tgz", "*.wasm", "*.xz", "*.zip"),
    *("*.zst", "*tfevents*"),
)
_DATASET_INSERTIONS: Final = {"*.arrow": ("*.avro",), "*.lfs.*": ("*.lz4", "*.mds")}
_MEDIA_GROUPS: Final = {
    "Audio files - uncompressed": ("*.pcm", "*.sam", "*.raw"),
    "Audio files - compressed": ("*.aac", "*.flac", "*.mp3", "*.ogg", "*.wav"),
    "Image files - uncompressed": ("*.bmp", "*.gif", "*.png", "*.tiff"),
    "Image files - compressed": ("*.jpg", "*.jpeg", "*.webp"),
    "Video files - compressed": ("*.mp4", "*.webm"),
}


def default_attributes(repo_type: str) -> bytes:
    """The `.gitattributes` of a fresh repository: a longer list for datasets (section 7.3)."""
    lines = list(_dataset_lines() if repo_type == "dataset" else _MODEL_PATTERNS)
    return "".join(f"{line}\n" if line[0] == "#" else f"{line} {_LFS}\n" for line in lines).encode()


def _dataset_lines() -> Iterator[str]:
    for pattern in _MODEL_PATTERNS:
        yield pattern
        yield from _DATASET_INSERTIONS.get(pattern, ())
    for title, patterns in _MEDIA_GROUPS.items():
        yield f"# {title}"
        yield from patterns
