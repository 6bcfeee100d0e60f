"""Query files: which downloads count for a model."""

from __future__ import annotations

import pytest

from freehold.formats.facts.query_files import (
    BY_LIBRARY,
    has_query_file,
    is_query_file,
    is_weights,
    may_count,
)


@pytest.mark.parametrize(
    ("library", "path", "counts"),
    [
        (None, "config.json", True),
        ("transformers", "config.json", True),
        ("no-such-library", "params.json", True),
        ("transformers", "model.safetensors", False),
        ("transformers", "onnx/config.json", False),
        ("transformers", "old-config.json", False),
        ("transformers", "README.md", False),
        ("transformers", "model-q4.gguf", True),
        ("peft", "adapter_config.json", True),
        ("peft", "config.json", False),
        ("peft", "parts/model.gguf", True),
        ("diffusers", "model_index.json", True),
        ("diffusers", "sdxl.safetensors", True),
        ("diffusers", "unet/model.safetensors", False),
        ("nemo", "parakeet.nemo", True),
        ("ultralytics", "weights/best.pt", True),
        ("stanza", "models/default.zip", True),
    ],
)
def test_a_query_file_depends_on_the_library(library: str | None, path: str, counts: bool) -> None:
    assert is_query_file(library, path) == counts
    assert has_query_file(library, ["a.txt", path]) == counts


def test_weights_are_those_of_torch_and_the_like() -> None:
    paths = ["a.pt", "runs/b.pth", "c.bin", "d.ckpt", "e.safetensors", "f.txt", "pt", "g.PT"]
    assert [path for path in paths if is_weights(path)] == paths[:5]


def test_what_may_count_is_all_that_does() -> None:
    names = {name for row in BY_LIBRARY.values() for name in row}
    examples = {
        "config.json",
        "a.pt",
        "q.gguf",
        *(n.replace("/", "").replace("*", "x") for n in names),
    }
    examples |= {"models/default.zip"}
    for path in examples:
        counted = is_weights(path) or any(is_query_file(library, path) for library in BY_LIBRARY)
        assert not counted or may_count(path), path
    assert not may_count("README.md")
    assert not may_count("tokenizer.json")
