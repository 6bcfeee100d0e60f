"""Parameters are counted by the header of a file, and a header that lies is refused."""

import contextlib
import json
import time

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from freehold.formats.safetensors_header import (
    MAX_HEADER_SIZE,
    ParameterCounts,
    SafetensorsError,
    add_counts,
    count_parameters,
    count_tensors,
    find_safetensors,
    is_shard_index,
    list_shards,
    list_tensors,
    read_header_size,
    read_shards,
)

TORCH_NAMES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.float8_e5m2: "F8_E5M2",
    torch.complex64: "C64",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}


def write_file(tensors, metadata=None, padding=0):
    """A file of `name: (dtype, shape, bytes)`, as the format describes it."""
    header = {} if metadata is None else {"__metadata__": metadata}
    place = 0
    for name, (dtype, shape, data) in tensors.items():
        end = place + len(data)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [place, end]}
        place = end
    text = json.dumps(header).encode() + b" " * padding
    body = b"".join(data for _, _, data in tensors.values())
    return len(text).to_bytes(8, "little") + text + body


def count(file):
    """The parameters of a whole file, read as a hub does it."""
    size = read_header_size(file[:8], len(file))
    return count_parameters(file[8 : 8 + size], len(file))


def count_header(header, data_size):
    """The parameters by a header alone, which may be anything that JSON can be."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return count_parameters(text, 8 + len(text) + data_size)


def tensor(dtype="F32", shape=(1,), offsets=(0, 4), **more):
    """One entry of a header."""
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets, **more}


def test_the_tensors_of_torch_are_counted_by_their_type():
    tensors = {}
    for dtype, name in TORCH_NAMES.items():
        made = torch.zeros(3, 5, dtype=dtype)
        tensors[name] = (name, made.shape, bytes(made.numel() * made.element_size()))
    counts = count(write_file(tensors, {"format": "pt"}))
    assert counts == ParameterCounts(dict.fromkeys(TORCH_NAMES.values(), 15), 15 * len(TORCH_NAMES))


def test_the_layers_of_a_model_are_counted_together():
    model = torch.nn.TransformerEncoderLayer(16, nhead=2, dim_feedforward=32)
    state = model.state_dict()
    file = write_file({n: ("F32", t.shape, t.numpy().tobytes()) for n, t in state.items()})
    total = sum(parameter.numel() for parameter in model.parameters())
    assert count(file) == ParameterCounts({"F32": total}, total)


def test_numbers_of_numpy_empty_tensors_and_padding_are_fine():
    arrays = {
        "scalar": numpy.float64(1.5),
        "none": numpy.zeros((0, 7), "float16"),
        "many": numpy.arange(6, dtype="uint16").reshape(1, 2, 3),
    }
    names = {"float64": "F64", "float16": "F16", "uint16": "U16"}
    tensors = {
        name: (names[array.dtype.name], array.shape, array.tobytes())
        for name, array in arrays.items()
    }
    assert count(write_file(tensors, padding=5)) == ParameterCounts(
        {"F64": 1, "F16": 0, "U16": 6}, 7
    )


def test_elements_smaller_than_a_byte_and_types_that_are_new_are_counted():
    tensors = {"a": ("F4", (2, 3), b"123"), "b": ("F6_E2M3", (4,), b"123"), "c": ("I2", (8,), b"1")}
    assert count(write_file(tensors)).parameters == {"F4": 6, "F6_E2M3": 4, "I2": 8}


def test_a_file_without_tensors_has_no_parameters():
    assert count(write_file({}, {})) == ParameterCounts({}, 0)


@given(st.lists(st.tuples(st.sampled_from(["F32", "I8"]), st.lists(st.integers(0, 4), max_size=4))))
def test_any_shapes_are_counted(shapes):
    tensors = {}
    expected = 0
    for number, (dtype, shape) in enumerate(shapes):
        elements = int(numpy.prod(shape, dtype=int))
        expected += elements
        tensors[str(number)] = (dtype, shape, bytes(elements * (4 if dtype == "F32" else 1)))
    assert count(write_file(tensors)).total == expected


# Refused


@pytest.mark.parametrize(
    ("start", "file_size", "words"),
    [
        (b"", 0, "no eight bytes"),
        (b"\0" * 7, 100, "no eight bytes"),
        (b"\xff" * 8, 2**63, "more than"),
        ((MAX_HEADER_SIZE + 1).to_bytes(8, "little"), 2**40, "more than"),
        ((93).to_bytes(8, "little"), 100, "ends before"),
    ],
)
def test_a_header_of_an_impossible_size_is_refused(start, file_size, words):
    with pytest.raises(SafetensorsError, match=words):
        read_header_size(start, file_size)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"", "no JSON object"),
        (b"[]", "no JSON object"),
        (b' {"a": 1}', "no JSON object"),
        (b"{", "not valid JSON"),
        (b"{} {}", "not valid JSON"),
        (b'{"\xff": 1}', "not valid JSON"),
        (b'{"a":' * 100_000, "not valid JSON"),
        (b'{"a": NaN}', "not valid JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b'{"a": 1, "a": 1}', "twice"),
        (b'{"a": {"dtype": "F32", "dtype": "F32"}}', "twice"),
        ({"a": 1}, "no object"),
        ({"a": {}}, "no type"),
        ({"a": tensor(dtype=32)}, "no type"),
        ({"a": tensor(dtype="")}, "no type"),
        ({"a": tensor(dtype="F" * 17)}, "no type"),
        ({"a": tensor(dtype="F\n32")}, "no type"),
        ({"a": tensor(shape=None)}, "no list of sizes"),
        ({"a": tensor(shape=[-1])}, "no list of sizes"),
        ({"a": tensor(shape=[True])}, "no list of sizes"),
        ({"a": tensor(shape=[1.0])}, "no list of sizes"),
        ({"a": tensor(shape=[2**64])}, "no list of sizes"),
        ({"a": tensor(shape=[1] * 65)}, "dimensions"),
        ({"a": tensor(shape=[2**62, 2**62])}, "more elements"),
        ({"a": tensor(shape=[2])}, "as its shape says"),
        ({"a": tensor(dtype="F4", shape=[3], offsets=[0, 1])}, "as its shape says"),
        ({"a": tensor(offsets=[0])}, "no two offsets"),
        ({"a": tensor(offsets=[0, "4"])}, "no two offsets"),
        ({"a": tensor(offsets=[-4, 0])}, "no two offsets"),
        ({"a": tensor(offsets=[4, 0])}, "before it begins"),
        ({"a": tensor(offsets=[4, 8])}, "overlap, or leave a gap"),
        ({"a": tensor(), "b": tensor()}, "overlap, or leave a gap"),
        ({"a": tensor(), "b": tensor(offsets=[2, 6])}, "overlap, or leave a gap"),
        ({"a": tensor(shape=[2], offsets=[0, 8])}, "do not end where"),
        ({}, "do not end where"),
        ({"__metadata__": {"a": 1}, "a": tensor()}, "not all texts"),
        ({"__metadata__": None, "a": tensor()}, "not all texts"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(header, words):
    with pytest.raises(SafetensorsError, match=words):
        count_header(header, 4)


@given(st.binary(max_size=300))
def test_any_bytes_are_counted_or_refused(data):
    for text in (data, b"{" + data):
        with contextlib.suppress(SafetensorsError):
            assert count_parameters(text, 8 + len(text)).total >= 0


@given(
    st.dictionaries(
        st.text(max_size=3),
        st.dictionaries(
            st.sampled_from(["dtype", "shape", "data_offsets"]),
            st.sampled_from(["F32", 4, None, [0, 4], [1], [], [4, 4], {}, -1, 2**70]),
        ),
    )
)
def test_any_header_is_counted_or_refused(header):
    with contextlib.suppress(SafetensorsError):
        assert count_header(header, 4).total >= 0


def test_many_tensors_take_no_long_time():
    tensors = {f"layer.{n}.weight": ("I8", (1,), b"x") for n in range(20_000)}
    file = write_file(tensors)
    begin = time.process_time()
    assert count(file).total == 20_000
    assert time.process_time() - begin < 5


# Shards


def test_the_shards_of_an_index_are_listed_once():
    weight_map = {f"w{n}": f"model-0000{1 + n % 3}-of-00003.safetensors" for n in range(9)}
    index = {"metadata": {"total_size": 1}, "weight_map": weight_map}
    assert list_shards(json.dumps(index).encode()) == (
        "model-00001-of-00003.safetensors",
        "model-00002-of-00003.safetensors",
        "model-00003-of-00003.safetensors",
    )


@pytest.mark.parametrize(
    "index",
    [
        *(b"", b"[]", b"{}", b'{"weight_map": []}', b'{"weight_map": {"a": 1}}', b"{" * 10_000),
        *(b'{"weight_map": {"a": "../x.safetensors"}}', b'{"weight_map": {"a": "model.bin"}}'),
        *(b'{"weight_map": {"a": "/x.safetensors"}}', b'{"weight_map": {"a": "x/y.safetensors"}}'),
        b'{"weight_map": {"a": "x.safetensors", "a": "y.safetensors"}}',
    ],
)
def test_an_index_that_is_none_is_refused(index):
    with pytest.raises(SafetensorsError):
        list_shards(index)


def test_an_index_of_too_many_shards_is_refused():
    index = {"weight_map": {str(n): f"{n}.safetensors" for n in range(10_001)}}
    with pytest.raises(SafetensorsError, match="10000"):
        list_shards(json.dumps(index).encode())


def test_the_parameters_of_shards_are_added():
    parts = [ParameterCounts({"F32": 2, "I8": 1}, 3), ParameterCounts({"F32": 5}, 5)]
    assert add_counts(parts) == ParameterCounts({"F32": 7, "I8": 1}, 8)
    assert add_counts([]) == ParameterCounts({}, 0)
    with pytest.raises(SafetensorsError, match="than can be counted"):
        add_counts([ParameterCounts({"F32": 2**63 - 1}, 2**63 - 1)] * 2)


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (["config.json", "model.safetensors"], "model.safetensors"),
        (
            ["model-00001-of-00002.safetensors", "model.safetensors.index.json"],
            "model.safetensors.index.json",
        ),
        (["model.safetensors", "model.safetensors.index.json"], "model.safetensors.index.json"),
        (["adapter_model.safetensors", "training_args.bin"], "adapter_model.safetensors"),
        (["unet/diffusion_pytorch_model.safetensors", "lora.safetensors"], "lora.safetensors"),
        (["a.safetensors", "b.safetensors"], None),
        (["x/model.safetensors"], None),
        ([], None),
    ],
)
def test_the_file_that_counts_is_found(paths, found):
    assert find_safetensors(paths) == found
    assert is_shard_index(found or "") == bool(found and found.endswith(".json"))


def test_tensors_are_listed_in_the_order_of_the_header():
    tensors = {"b": ("F16", (2, 3), bytes(12)), "a": ("I8", (), bytes(1))}
    file = write_file(tensors, {"format": "pt"})
    found = list_tensors(file[8 : 8 + read_header_size(file[:8], len(file))])
    assert [tuple(tensor) for tensor in found.tensors] == [
        ("b", "F16", (2, 3), 6),
        ("a", "I8", (), 1),
    ]
    assert found.metadata == {"format": "pt"}
    assert count_tensors(found.tensors) == ParameterCounts({"F16": 6, "I8": 1}, 7)


@pytest.mark.parametrize("header", [b"", b"[]", b'{"a":1}', b'{"__metadata__":{"a":1}}'])
def test_what_is_no_header_lists_no_tensors(header):
    with pytest.raises(SafetensorsError):
        list_tensors(header)


def test_an_index_tells_the_shard_of_each_tensor():
    assert read_shards(b'{"weight_map":{"a":"x.safetensors"}}') == {"a": "x.safetensors"}
    with pytest.raises(SafetensorsError):
        read_shards(b'{"weight_map":{"a":"../x.safetensors"}}')
