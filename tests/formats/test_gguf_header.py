"""The header of a GGUF file tells what the model is; one that lies is refused."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.formats.gguf_header import (
    GgufError,
    GgufFacts,
    GgufTruncatedError,
    find_gguf,
    read_gguf_header,
)

U8, U32, I32, F32, BOOL, STRING, ARRAY, U64 = 0, 4, 5, 6, 7, 8, 9, 10


def text(value):
    """A text as the format has it."""
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def value(name, type, data):
    """One value with its name and type."""
    return text(name) + struct.pack("<I", type) + data


def texts(items):
    """An array of texts."""
    return struct.pack("<IQ", STRING, len(items)) + b"".join(map(text, items))


def tensor(name, *shape):
    """One tensor of 16-bit numbers."""
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 1, 0)


def write_file(values=(), tensors=(), magic=b"GGUF", version=3, counts=None):
    """The bytes of a header."""
    n_tensors, n_values = counts or (len(tensors), len(values))
    start = magic + struct.pack("<IQQ", version, n_tensors, n_values)
    return start + b"".join([*values, *tensors])


VALUES = (
    value("general.architecture", STRING, text("llama")),
    value("general.name", STRING, text("Tiny")),
    value("llama.context_length", U32, struct.pack("<I", 4096)),
    value("llama.rope.freq_base", F32, struct.pack("<f", 1e4)),
    value("tokenizer.ggml.tokens", ARRAY, texts(["<unk>", "<s>", "</s>", "ü"])),
    value("tokenizer.ggml.scores", ARRAY, struct.pack("<IQ4f", F32, 4, *[0.5] * 4)),
    value("tokenizer.ggml.merges", ARRAY, texts(["a b", "c d"])),
    value("tokenizer.ggml.bos_token_id", U32, struct.pack("<I", 1)),
    value("tokenizer.ggml.eos_token_id", U32, struct.pack("<I", 2)),
    value("tokenizer.ggml.add_bos_token", BOOL, b"\1"),
    value("tokenizer.chat_template", STRING, text("{{ messages }}")),
)
TENSORS = (tensor("token_embd.weight", 8, 4), tensor("output_norm.weight", 8), tensor("s"))
FILE = write_file(VALUES, TENSORS)


@pytest.mark.parametrize("version", [2, 3])
def test_a_header_tells_what_the_model_is(version):
    assert read_gguf_header(write_file(VALUES, TENSORS, version=version)) == GgufFacts(
        total=8 * 4 + 8 + 1,
        architecture="llama",
        context_length=4096,
        chat_template="{{ messages }}",
        bos_token="<s>",
        eos_token="</s>",
    )


def test_what_follows_the_header_does_not_matter():
    assert read_gguf_header(FILE + b"weights") == read_gguf_header(FILE)


def test_a_header_without_values_only_counts():
    assert read_gguf_header(write_file((), TENSORS)) == GgufFacts(total=41)


def test_every_shorter_piece_asks_for_more():
    for size in range(len(FILE)):
        with pytest.raises(GgufTruncatedError):
            read_gguf_header(FILE[:size])


def test_values_of_the_wrong_type_are_not_told():
    values = (
        value("general.architecture", U32, struct.pack("<I", 7)),
        value("tokenizer.chat_template", ARRAY, texts(["x"])),
        value("tokenizer.ggml.bos_token_id", I32, struct.pack("<i", -1)),
        value("tokenizer.ggml.eos_token_id", U64, struct.pack("<Q", 5)),
        value("tokenizer.ggml.tokens", ARRAY, texts(["a"])),
        value("None.context_length", BOOL, b"\1"),
    )
    assert read_gguf_header(write_file(values)) == GgufFacts(total=0)


@pytest.mark.parametrize(
    "data",
    [
        write_file(magic=b"GGML"),
        write_file(version=1),
        write_file(version=3 << 24),
        write_file(counts=(2**40, 0)),
        write_file(counts=(0, 2**40)),
        write_file([value("a", STRING, struct.pack("<Q", 2**60))]),
        write_file([value("a", 99, b"")]),
        write_file([value("a", ARRAY, struct.pack("<IQ", U8, 2**60))]),
        write_file([value("a", ARRAY, struct.pack("<IQ", ARRAY, 1))]),
        write_file([value("tokenizer.ggml.tokens", ARRAY, struct.pack("<IQ", U8, 0))]),
        write_file([VALUES[0], VALUES[0]]),
        write_file((), [tensor("a", *[1] * 9)]),
        write_file((), [tensor("a", 2**63, 2)]),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(data):
    with pytest.raises(GgufError) as caught:
        read_gguf_header(data)
    assert not isinstance(caught.value, GgufTruncatedError)


@given(st.binary(max_size=200), st.integers(0, len(FILE)))
def test_any_bytes_are_read_or_refused(data, place):
    for file in (data, FILE[:24] + data, FILE[:place] + data, FILE[:place] + data + FILE[place:]):
        with contextlib.suppress(GgufError):
            assert read_gguf_header(file).total >= 0


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["README.md", "b-Q8_0.gguf", "a/b.gguf", "b-Q4_K_M.GGUF"], "b-Q4_K_M.GGUF"),
        (["mmproj-f16.gguf", "x.imatrix.gguf", "z.gguf"], "z.gguf"),
        (["q/m-00002-of-00002.gguf", "q/m-00001-of-00002.gguf"], "q/m-00001-of-00002.gguf"),
        (["model.gguf.md"], None),
        ([], None),
    ],
)
def test_the_file_that_tells_most_is_found(paths, found):
    assert find_gguf(paths) == found
