"""What the names of files tell: formats of weights, and of the data of a dataset."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple


class Survey(NamedTuple):
    """The names of a repository: what there is to know of them, in a form that is searched fast."""

    paths: Sequence[str]
    roots: frozenset[str]
    """The paths of files that are in no folder."""
    extensions: frozenset[str]
    """What stands after the last dot of any path, in lower case."""
    text: str
    """All paths, each in a line."""


def survey_paths(paths: Sequence[str]) -> Survey:
    """The names of a repository, prepared for many questions."""
    roots = frozenset(path for path in paths if "/" not in path)
    extensions = frozenset(path.rpartition(".")[2].lower() for path in paths)
    return Survey(paths, roots, extensions, "\n".join(["", *paths, ""]))


# Weights

# In the order of the tags that this gives.
_WEIGHTS: Final[Mapping[str, frozenset[str]]] = {
    "pytorch": frozenset({"bin", "pt", "pth"}),
    "tf": frozenset({"h5"}),
    "jax": frozenset({"msgpack"}),
    "tflite": frozenset({"tflite"}),
    "rust": frozenset({"ot"}),
    "coreml": frozenset({"mlmodel"}),
    "onnx": frozenset({"onnx"}),
    "openvino": frozenset(),
    "safetensors": frozenset({"safetensors"}),
    "gguf": frozenset({"gguf"}),
    "tensorboard": frozenset(),
    "joblib": frozenset({"joblib"}),
    "executorch": frozenset({"pte"}),
    "llamafile": frozenset({"llamafile"}),
    "nemo": frozenset({"nemo"}),
    "keras": frozenset({"keras"}),
    "skops": frozenset({"skops"}),
}

# The state of a training, the weights of other formats, and tokenizers.
_NO_TORCH: Final = re.compile(
    r"(?:training_args|optimizer|scheduler|scaler|rng_state|random_states|openvino_|ggml|tokenizer"
    r"|sentencepiece|vocab)",
    re.IGNORECASE,
)
# Folders that are one file to a person.
_PACKAGES: Final = (".mlpackage/", ".mlmodelc/")

# Parts of paths that tell a format which no extension tells; some are folders.
_PARTS: Final[Mapping[str, str]] = {
    "tfevents": "tensorboard",
    "openvino_": "openvino",
    ".ckpt-": "tf",
    ".ckpt.": "tf",
    "/saved_model.pb\n": "tf",
    "\nsaved_model.pb\n": "tf",
    **dict.fromkeys(_PACKAGES, "coreml"),
}


def find_weight_formats(survey: Survey) -> tuple[str, ...]:
    """The tags for the formats of weights, in the order in which the Hub has them."""
    found = {tag for tag, known in _WEIGHTS.items() if survey.extensions & known}
    found |= {tag for part, tag in _PARTS.items() if part in survey.text}
    if "pytorch" in found and not any(map(_is_torch, survey.paths)):
        found.remove("pytorch")
    return tuple(tag for tag in _WEIGHTS if tag in found)


def _is_torch(path: str) -> bool:
    if not path.lower().endswith((".bin", ".pt", ".pth")):
        return False
    is_part = any(package in path for package in _PACKAGES)
    return not is_part and not _NO_TORCH.match(path.rpartition("/")[2])


# Data

_DATA: Final[Mapping[str, frozenset[str]]] = {
    "parquet": frozenset({"parquet"}),
    "json": frozenset({"json", "jsonl", "ndjson"}),
    "csv": frozenset({"csv", "tsv"}),
    "text": frozenset({"txt"}),
    "arrow": frozenset({"arrow"}),
    "webdataset": frozenset({"tar"}),
    "imagefolder": frozenset({"jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "gif"}),
    "audiofolder": frozenset({"wav", "mp3", "flac", "ogg", "opus", "m4a"}),
    "videofolder": frozenset({"mp4", "webm", "mkv", "avi", "mov"}),
}
_FORMAT_OF: Final = {extension: f for f, extensions in _DATA.items() for extension in extensions}

# What describes the data beside it, by name.
_NO_DATA: Final = frozenset(
    {
        "dataset_infos.json",
        "dataset_dict.json",
        "dataset_info.json",
        "state.json",
        "croissant.json",
        "package.json",
        "requirements.txt",
        "license.txt",
        "readme.txt",
        "citation.txt",
    }
)

_LIBRARIES: Final[Mapping[str, tuple[str, ...]]] = {
    "parquet": ("datasets", "pandas", "polars"),
    "json": ("datasets", "pandas", "polars"),
    "csv": ("datasets", "pandas", "polars"),
    "webdataset": ("datasets", "webdataset"),
}
_MODALITIES: Final = {"imagefolder": "image", "audiofolder": "audio", "videofolder": "video"}


def find_data_format(paths: Sequence[str]) -> str | None:
    """The format that most of the data files have; the first in the catalogue of equal ones."""
    names = (path.rpartition("/")[2].lower() for path in paths)
    counts = Counter(_FORMAT_OF.get(n.rpartition(".")[2]) for n in names if n not in _NO_DATA)
    del counts[None]
    return max(_DATA, key=lambda format: counts[format]) if counts else None


def list_data_libraries(format: str | None) -> tuple[str, ...]:
    """The libraries that read data of this format by its address on a hub."""
    return _LIBRARIES.get(format, ("datasets",)) if format else ()


def find_modality(format: str | None) -> tuple[str, ...]:
    """What data of this format is, where the format says it."""
    return (_MODALITIES[format],) if format in _MODALITIES else ()
