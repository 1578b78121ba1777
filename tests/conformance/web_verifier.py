"""The operations of the vectors by the WebAssembly module, in node: one process that answers a line for each vector."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.soundness.native import ROOT

from zkseal_reference import vectors as reference

from .verifiers import Arguments, Vector

PACKAGE = ROOT / "web" / "verifier"
RUNNER = PACKAGE / "build" / "test" / "vectors.js"
MODULES = (PACKAGE / "wasm" / "zkseal_verifier.wasm", PACKAGE / "wasm" / "vectors" / "zkseal_vectors.wasm")

LEFT_OUT = {"opening": "openings are checked by the prover's side, which is in no browser"}
"""Areas that the module has no operation for, and why."""


def missing() -> str | None:
    """Why the runner cannot start; None if it can."""
    if shutil.which("node") is None:
        return "node is not installed"
    absent = [path.relative_to(ROOT).as_posix() for path in (RUNNER, *MODULES) if not path.exists()]
    return f"make test-web builds what is missing: {absent[0]}" if absent else None


@dataclass(frozen=True)
class WebVerifier:
    """The process."""

    process: subprocess.Popen[str]

    def finds(self, vector: Vector) -> str:
        """What the module finds, in the words of `Vector.expected`."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        line = json.dumps({"area": vector.area, "arguments": _exact(vector.arguments)})
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        found = json.loads(self.process.stdout.readline())
        return reference.describe(found["result"], found.get("value", {}), found.get("error"))


def _exact(arguments: Arguments) -> dict[str, Any]:
    """JSON of node rounds integers above 2^53: values go as text."""
    exact = dict(arguments)
    if "public" in exact:
        exact["public"] = _texts(exact["public"])
    for side in ("input", "output"):
        if side in exact:
            exact[side] = exact[side] | {"values": _texts(exact[side]["values"])}
    return exact


def _texts(values: dict[str, list[int]]) -> dict[str, list[str]]:
    return {index: list(map(str, integers)) for index, integers in values.items()}


@contextmanager
def web_verifier() -> Iterator[WebVerifier]:
    """A process, ended at the end."""
    command = ("node", str(RUNNER), *map(str, MODULES))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield WebVerifier(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=30)
