"""Which files are the model, and what their headers say when they are read a little at a time."""

import json
import struct

import pytest

from freehold.formats.weight_headers import (
    MAX_SAFETENSORS,
    read_gguf,
    read_safetensors_header,
)
from freehold.formats.weights import choose_gguf, choose_safetensors
from tests.weights import gguf, safetensors, with_header

SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


@pytest.mark.parametrize(
    ("paths", "chosen"),
    [
        ("", ""),
        ("README.md sub/model.safetensors", ""),
        ("model.safetensors model.fp16.safetensors", "model.safetensors"),
        ("model.safetensors.index.json consolidated.safetensors", "model.safetensors.index.json"),
        ("model.safetensors adapter_model.safetensors", "model.safetensors"),
        ("adapter_model.safetensors other.safetensors", "adapter_model.safetensors"),
        ("style.safetensors", "style.safetensors"),
        ("one.safetensors two.safetensors", ""),
        (" ".join(SHARDS), " ".join(SHARDS)),
        (SHARDS[0], ""),
        (f"{SHARDS[1]} model-00001-of-00003.safetensors", ""),
        (f"x-00001-of-00001.safetensors {' '.join(SHARDS)}", " ".join(SHARDS)),
        ("x-00001-of-00001.safetensors", "x-00001-of-00001.safetensors"),
        ("x-00001-of-00001.safetensors y-00001-of-00001.safetensors", ""),
        ("x-00000-of-00000.safetensors", ""),
        ("unet/diffusion_pytorch_model.safetensors", ""),
        (
            "model_index.json unet/diffusion_pytorch_model.safetensors vae/x.safetensors",
            "unet/diffusion_pytorch_model.safetensors",
        ),
        (
            "model_index.json transformer/diffusion_pytorch_model.safetensors.index.json",
            "transformer/diffusion_pytorch_model.safetensors.index.json",
        ),
        (
            "model_index.json whole.safetensors unet/diffusion_pytorch_model.safetensors",
            "whole.safetensors",
        ),
    ],
)
def test_of_many_files_the_model_is_chosen(paths, chosen):
    assert choose_safetensors(paths.split()) == tuple(chosen.split())


@pytest.mark.parametrize(
    ("paths", "chosen"),
    [
        ("README.md", ""),
        ("b.gguf a.gguf mmproj-a.gguf", "a.gguf"),
        (
            "a-00001-of-00002.gguf a-00002-of-00002.gguf",
            "a-00001-of-00002.gguf a-00002-of-00002.gguf",
        ),
        ("a-00001-of-00002.gguf", ""),
        ("a-00001-of-99999.gguf b", ""),
    ],
)
def test_of_many_gguf_files_the_model_is_chosen(paths, chosen):
    assert choose_gguf(paths.split()) == tuple(chosen.split())


class Reads:
    """A file that notes what is read of it."""

    def __init__(self, data):
        self.data = data
        self.ranges = []

    def __call__(self, start, length):
        self.ranges.append((start, length))
        assert 0 <= start <= start + length <= len(self.data)
        return self.data[start : start + length]


def test_of_a_small_header_nothing_is_read_twice():
    reads = Reads(safetensors(a=("F32", 100_000), b=("BF16", 4)))
    counts = read_safetensors_header(reads, len(reads.data))
    assert counts == {"parameters": {"F32": 100_000, "BF16": 4}, "total": 100_004}
    assert reads.ranges == [(0, 128 * 1024)]


def test_a_long_header_is_read_to_its_end():
    names = {f"layer.{n}.weight": ("I8", 1) for n in range(5000)}
    reads = Reads(safetensors(**names) + b"")
    assert read_safetensors_header(reads, len(reads.data))["total"] == 5000
    assert reads.ranges[0][1] == 128 * 1024
    assert sum(length for _, length in reads.ranges) == len(reads.data) - 5000


def test_a_header_beyond_the_limit_is_not_read():
    reads = Reads(with_header(b"{}", bytes(MAX_SAFETENSORS + 10), size=MAX_SAFETENSORS))
    assert read_safetensors_header(reads, len(reads.data)) is None
    assert len(reads.ranges) == 1


def test_a_header_with_too_many_types_says_nothing():
    header = {
        f"t{n}": {"dtype": f"X{n}", "shape": [1], "data_offsets": [n, n + 1]} for n in range(100)
    }
    data = with_header(json.dumps(header).encode(), bytes(100))
    assert read_safetensors_header(Reads(data), len(data)) is None


def test_a_long_vocabulary_is_read_to_its_end():
    reads = Reads(gguf({"general.architecture": "x"}, [5], [f"t{n}" for n in range(150_000)]))
    facts = read_gguf(reads, len(reads.data))
    assert (facts["total"], facts["bos_token"], facts["eos_token"]) == (5, "t0", "t1")
    assert sum(length for _, length in reads.ranges) == len(reads.data)


def test_texts_of_a_gguf_file_that_are_too_long_are_left_out():
    data = gguf({"general.architecture": "x" * 2000, "tokenizer.chat_template": "y" * 70_000}, [1])
    facts = read_gguf(Reads(data), len(data))
    assert facts["total"] == 1
    assert "architecture" not in facts
    assert "chat_template" not in facts


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"GGUF", b"GGUF\3\0\0\0" + b"\xff" * 16, b"PK\3\4" * 1000),
        gguf({}, [])[:-3],
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**63),
    ],
)
def test_what_is_no_gguf_file_says_nothing(data):
    assert read_gguf(Reads(data), len(data)) is None
