"""Runs modules that use the JavaScript client, @huggingface/hub."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.compat import environments

if TYPE_CHECKING:
    from tests.live import LiveHub

# What the modules share: they begin with it, and end with `tell`.
PRELUDE = """
import * as hf from "@huggingface/hub";

const repo = { type: "model", name: process.env.REPO };
const all = { hubUrl: process.env.HUB, accessToken: process.env.TOKEN, repo };

async function list(options) {
  const entries = [];
  for await (const entry of hf.listFiles({ ...all, ...options })) entries.push(entry);
  return entries;
}

async function read(path, options) {
  const blob = await hf.downloadFile({ ...all, path, ...options });
  return blob && Buffer.from(await blob.arrayBuffer()).toString("base64");
}

async function errorOf(promise) {
  try {
    await promise;
  } catch (error) {
    return { status: error.statusCode, message: error.message };
  }
  return null;
}

function tell(facts) {
  console.log("\\n" + JSON.stringify(facts));
}

const big = new Uint8Array(300_000).map((_, index) => (index * index) % 251);
"""


def run_javascript(script: str, hub: LiveHub, home: Path, token: str, **env: str) -> Any:
    """Run a module with the Node packages and return the JSON of its last line."""
    if not environments.is_javascript_ready():
        pytest.fail("@huggingface/hub is not installed: run `make environments`")
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "HUB": hub.url, "TOKEN": token}
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", PRELUDE + script],
        cwd=environments.JAVASCRIPT,
        env=environ | env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout.splitlines()[-1])
