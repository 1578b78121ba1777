"""The WebAssembly module: it imports nothing, is small on the way, and names no folder of whoever built it."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path

import pytest
from tests.tee.web.node import MODULES, ROOT, Node

from zkseal.receipts import cbor

pytestmark = pytest.mark.slow

PACKED = MODULES[0]
LISTS = """
const packed = require("node:fs").readFileSync(process.argv[1]);
const module = new WebAssembly.Module(require("node:zlib").gunzipSync(packed));
const names = (entries) => entries.map(({ name }) => name);
console.log(JSON.stringify([WebAssembly.Module.imports(module), names(WebAssembly.Module.exports(module))]));
"""


@pytest.mark.usefixtures("node")
def test_it_imports_nothing_and_exports_three_functions() -> None:
    listed = subprocess.run(["node", "-e", LISTS, PACKED], check=True, capture_output=True, text=True).stdout
    imports, exports = json.loads(listed)
    assert imports == []
    functions = {"attest_request", "attest_call", "attest_reply"}
    assert {name for name in exports if not name.startswith("__")} == {"memory", *functions}


@pytest.mark.usefixtures("node")
def test_it_is_small_on_its_way_and_names_nobody_s_folders() -> None:
    assert PACKED.stat().st_size < 360_000
    module = gzip.decompress(PACKED.read_bytes())
    assert str(Path.home() / ".cargo").encode() not in module
    assert str(ROOT).encode() not in module


def test_evidence_that_is_too_large_never_gets_there(node: Node) -> None:
    evidence = {"platform": "nitro", "payload": bytes((1 << 22) + 1), "index": 0, "endorsements": {}}
    data = cbor.dumps({"standalone": 1, "evidence": evidence})
    assert node.ask("evidence", {"extends": "evidence-only", "name": "x"}, data)["error"]["code"] == "InvalidEncoding"
