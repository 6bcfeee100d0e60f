"""Which files of a repository are its model, where there are several forms and parts of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from freehold.formats.gguf_header import find_gguf
from freehold.formats.safetensors_header import find_safetensors

# Of a pipeline of diffusers, the part that is called the model.
_COMPONENTS: Final = ("transformer/", "unet/", "prior/", "decoder/")
_PIPELINE: Final = "model_index.json"

_STEMS: Final = ("model", "adapter_model", "diffusion_pytorch_model")
_SHARD: Final = re.compile(r"(.+)-(\d{5})-of-(\d{5})(\.safetensors|\.gguf)", re.IGNORECASE)


def choose_safetensors(paths: Sequence[str]) -> tuple[str, ...]:
    """The files with the weights of the model: an index of shards, one file, or all its shards.

    In the root; of a pipeline, also in the folder of its main part. Empty where it is not clear
    which file is the model, or shards are missing.
    """
    folders = ("", *_COMPONENTS) if _PIPELINE in paths else ("",)
    for folder in folders:
        names = [path.removeprefix(folder) for path in paths if path.startswith(folder)]
        if chosen := _choose_in_folder(names):
            return tuple(folder + name for name in chosen)
    return ()


def _choose_in_folder(names: Sequence[str]) -> tuple[str, ...]:
    name = find_safetensors(names)
    if name is not None and _SHARD.fullmatch(name) is None:
        return (name,)
    whole = _find_whole_sets(name for name in names if "/" not in name)
    usual = [whole[stem] for stem in _STEMS if stem in whole]
    if usual:
        return usual[0]
    return next(iter(whole.values())) if len(whole) == 1 else ()


def _find_whole_sets(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The shards of each model that has all of them, by what their names begin with."""
    sets: dict[tuple[str, int], dict[int, str]] = defaultdict(dict)
    for name in names:
        shard = _SHARD.fullmatch(name)
        if shard is not None and name.endswith(".safetensors"):
            sets[shard[1], int(shard[3])][int(shard[2])] = name
    return {
        stem: tuple(shards[number] for number in range(1, count + 1))
        for (stem, count), shards in sets.items()
        if len(shards) == count and shards.keys() == {*range(1, count + 1)}
    }


def choose_gguf(paths: Sequence[str]) -> tuple[str, ...]:
    """The GGUF file that says what the model is, with the other shards if it is the first of some.

    Empty without one, or when shards are missing.
    """
    first = find_gguf(paths)
    if first is None:
        return ()
    shard = _SHARD.fullmatch(first)
    if shard is None:
        return (first,)
    count = int(shard[3])
    if count > len(paths):
        return ()
    names = [f"{shard[1]}-{number:05}-of-{shard[3]}{shard[4]}" for number in range(1, count + 1)]
    return tuple(names) if {*names} <= {*paths} else ()
