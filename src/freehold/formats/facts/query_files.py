"""Query files: those of a model whose download counts as a download of the model.

Loading a model takes many files, so one of them stands for all. Which one depends on the library;
a model without any is counted by its weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

DEFAULT: Final = ("config.json", "config.yaml", "hyperparams.yaml", "params.json", "meta.yaml")

# A name with `*` is an ending, in any folder; with `/*` it is one of the folder at the top.
BY_LIBRARY: Final[dict[str, tuple[str, ...]]] = {
    "adapter-transformers": ("adapter_config.json",),
    "asteroid": ("pytorch_model.bin",),
    "diffusers": (
        *("model_index.json", "modular_model_index.json"),
        *("/*.safetensors", "/*.ckpt", "/*.bin"),
    ),
    "fasttext": ("*.bin",),
    "flair": ("pytorch_model.bin",),
    "gliner": ("gliner_config.json",),
    "keras": ("config.json", "*.keras"),
    "ml-agents": ("*.onnx",),
    "nemo": ("*.nemo", "model_config.yaml"),
    "open_clip": ("open_clip_config.json", "open_clip_model.safetensors"),
    "paddlenlp": ("model_config.json", "config.json"),
    "peft": ("adapter_config.json",),
    "sample-factory": ("cfg.json",),
    "sklearn": ("*.joblib", "*.pkl"),
    "spacy": ("*.whl",),
    "speechbrain": ("hyperparams.yaml",),
    "stable-baselines3": ("*.zip",),
    "stanza": ("models/default.zip",),
    "tf-keras": ("saved_model.pb", "*.keras"),
    "timm": ("pytorch_model.bin", "model.safetensors"),
    "ultralytics": ("*.pt",),
    "unity-sentis": ("*.sentis",),
}

# Each is a model of its own, whatever the library.
ALWAYS: Final = ("*.gguf",)

WEIGHTS: Final = ("*.pt", "*.pth", "*.bin", "*.ckpt", "*.safetensors")

_EVERY = {*DEFAULT, *ALWAYS, *WEIGHTS, *(name for row in BY_LIBRARY.values() for name in row)}
_ENDINGS = tuple({name.lstrip("/*") for name in _EVERY if "*" in name})
_NAMES = frozenset(name for name in _EVERY if "*" not in name)


def may_count(path: str) -> bool:
    """Whether the path is a query file or a file of weights of any model; this is quick."""
    return path in _NAMES or path.endswith(_ENDINGS)


def is_query_file(library: str | None, path: str) -> bool:
    """Whether a download of the file counts for a model of that library."""
    return _meets(path, (*ALWAYS, *BY_LIBRARY.get(library or "", DEFAULT)))


def is_weights(path: str) -> bool:
    """Whether the file counts for a model that has no query file."""
    return _meets(path, WEIGHTS)


def has_query_file(library: str | None, paths: Iterable[str]) -> bool:
    """Whether a model of these files has one that stands for it."""
    return any(is_query_file(library, path) for path in paths)


def _meets(path: str, names: Iterable[str]) -> bool:
    for name in names:
        if "*" not in name:
            found = path == name
        else:
            found = path.endswith(name.lstrip("/*")) and not (name[0] == "/" and "/" in path)
        if found:
            return True
    return False
