"""What do ten checkpoints of one training cost to keep and to send, when 3 % change each time?"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

from _measure import MIB, Row, hub_on, report, scaled, size_text, work_folder
from _weights import WEIGHT, change_weights, make_weights
from _xet import CLIENT, Lane

SIZE, CHECKPOINTS = scaled(512 * MIB), 10
CHANGED, TENSOR, VECTOR = 0.03, 4 * MIB, 4096
AIM = 2.0


@dataclass(frozen=True)
class Variant:
    """What changes: whole units of so many bytes; and whether each upload is from a new machine."""

    name: str
    unit: int
    is_elsewhere: bool = False
    aim: float | None = None


@dataclass
class Totals:
    """Bytes that are stored and that were sent, after each checkpoint."""

    stored: list[int] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)


VARIANTS = (
    Variant("whole tensors", TENSOR, aim=AIM),
    Variant("whole tensors, from other machines", TENSOR, is_elsewhere=True, aim=AIM),
    Variant("rows of 4 KiB", VECTOR),
    Variant("single weights", WEIGHT),
)


def stored_bytes(data: Path) -> int:
    """All large files of a hub: xorbs with their tables, and objects that are kept whole."""
    folders = [data / "objects" / kind for kind in ("xorbs", "lfs")]
    return sum(p.stat().st_size for folder in folders for p in folder.rglob("*") if p.is_file())


def measure(variant: Variant, folder: Path) -> Totals:
    totals = Totals()
    source = make_weights(folder / "source", SIZE, seed=1)
    with hub_on("sqlite", folder / "hub") as hub:
        lane = Lane(hub, folder / "client", with_xet=True)
        for number in range(CHECKPOINTS):
            if number:
                change_weights(source, CHANGED, variant.unit, seed=100 + number)
            if variant.is_elsewhere:
                lane.forget()
            totals.sent.append(lane.upload(source).sent)
            totals.stored.append(stored_bytes(hub.data))
    return totals


def make_rows(variant: Variant, totals: Totals) -> list[Row]:
    one, all_of_them = totals.stored[0], totals.stored[-1]
    ratio, least = all_of_them / one, 1 + CHANGED * (CHECKPOINTS - 1)
    return [
        Row(
            f"{variant.name}: stored",
            f"{all_of_them / MIB:.0f} MiB",
            f"one checkpoint {one / MIB:.0f} MiB",
            f"{ratio:.2f} (changed bytes alone: {least:.2f})",
            "" if variant.aim is None else f"<= {variant.aim:g}",
            None if variant.aim is None else ratio <= variant.aim,
        ),
        Row(
            f"{variant.name}: sent",
            f"{sum(totals.sent) / MIB:.0f} MiB",
            f"one checkpoint {totals.sent[0] / MIB:.0f} MiB",
            f"{sum(totals.sent) / totals.sent[0]:.2f}",
        ),
    ]


def main() -> None:
    rows = []
    for variant in VARIANTS:
        with work_folder() as folder:
            if shutil.disk_usage(folder).free < (CHECKPOINTS + 2) * SIZE:
                sys.exit("not enough room on the disk")
            rows += make_rows(variant, measure(variant, folder))
    notes = [
        f"{CHECKPOINTS} checkpoints of {size_text(SIZE)} of random bfloat16 weights, sent one after"
        f" the other by huggingface_hub {CLIENT}; {CHANGED:.0%} of the bytes are drawn anew each"
        f" time, in tensors of {size_text(TENSOR)}, in rows, or anywhere. With plain LFS, ten are"
        " 10.00 times one.",
        "Whole tensors change where the others are frozen. An optimizer that moves every weight a"
        " little leaves no chunk as it was: then nothing is saved, as with single weights.",
    ]
    report("12. Xet: checkpoints", "bench/xet_checkpoints.py", rows, notes)


if __name__ == "__main__":
    main()
