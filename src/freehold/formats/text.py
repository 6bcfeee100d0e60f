"""Telling text from binary by the first bytes of a file."""

from __future__ import annotations

import codecs
import re
from typing import Final

# Tab, newline, carriage return, form feed, backspace and escape occur in real text files.
_CONTROL: Final = re.compile(rb"[\x00-\x07\x0b\x0e-\x1a\x1c-\x1f\x7f]")


def looks_binary(sample: bytes) -> bool:
    """Whether these first bytes of a file are anything but UTF-8 text.

    A character cut at the end of the sample is no reason, a control character is.
    """
    if _CONTROL.search(sample):
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=False)
    except UnicodeDecodeError:
        return True
    return False
