"""What the scripts of the compatibility tests share; it runs with every version of the client.

A script does its work with the unmodified client and ends with `tell(...)`, whose facts the test
then judges in a process of its own.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from huggingface_hub import HfApi

api = HfApi()
repo = os.environ.get("REPO", "")


def tell(**facts: Any) -> None:
    """Hand `facts` to the test; the last call of a script."""
    sys.stdout.write("\n" + json.dumps(facts) + "\n")


def error_of(call: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Make a call that should fail, and describe its error: every class it is, status and text."""
    try:
        result = call(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - which one it is, the test decides
        response = getattr(error, "response", None)
        return {
            "is": [kind.__name__ for kind in type(error).__mro__],
            "status": getattr(response, "status_code", None),
            "text": str(error),
        }
    return {"is": [], "status": None, "text": f"no error, but {result!r}"}


def sha256_of(sibling: Any) -> str | None:
    """The hash of a large file; old clients keep it in a dictionary."""
    if not sibling.lfs:
        return None
    return str(sibling.lfs["sha256"] if isinstance(sibling.lfs, dict) else sibling.lfs.sha256)
