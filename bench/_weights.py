"""Files like those of models: weights in bfloat16, and the same with a part of them changed."""

from __future__ import annotations

import os
from pathlib import Path
from statistics import NormalDist

import numpy as np
from _measure import MIB
from numpy.random import Generator
from numpy.typing import NDArray

WEIGHT = 2
BLOCK = 16 * MIB

Weights = NDArray[np.uint16]


def _make_quantiles() -> Weights:
    """The upper halves of 65,536 numbers that are spread as freshly trained weights are."""
    spread, count = NormalDist(0, 0.02), 1 << 16
    numbers = [spread.inv_cdf((place + 0.5) / count) for place in range(count)]
    return (np.array(numbers, np.float32).view(np.uint32) >> 16).astype(np.uint16)


_QUANTILES = _make_quantiles()


def draw(source: Generator, count: int) -> Weights:
    """So many random weights."""
    return _QUANTILES[np.frombuffer(source.bytes(count * WEIGHT), np.uint16)]


def make_weights(path: Path, size: int, seed: int) -> Path:
    """A file of so many bytes, on the disk; another `seed` gives another one."""
    source = np.random.default_rng(seed)
    with path.open("wb") as file:
        for start in range(0, size, BLOCK):
            file.write(draw(source, min(BLOCK, size - start) // WEIGHT).data)
        os.fsync(file.fileno())
    return path


def change_weights(path: Path, share: float, unit: int, seed: int) -> None:
    """Draw a share of the weights anew: whole units of so many bytes, in all parts of the file."""
    source = np.random.default_rng(seed)
    weights = np.memmap(path, np.uint16, "r+")
    units = weights.reshape(-1, unit // WEIGHT)
    count = max(round(len(units) * share), 1)
    # One in each stretch of the file, at a random place of it.
    places = ((np.arange(count) + source.random(count)) * len(units) / count).astype(np.int64)
    units[places] = draw(source, count * units.shape[1]).reshape(count, -1)
    weights.flush()
