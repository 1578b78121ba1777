"""Everything by the command line, in processes: a publisher, a broker, an enclave, a client, an auditor."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from zkseal.zoo import MODELS

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = "visit 12"
PATIENCE_S = 60
POLICY = (
    'extends = "development"\nname = "clinic, development"\n[references]\n"sandbox.measurement" = ["{measurement}"]\n'
)
RECEIPT_POLICY = """
name = "clinic"
mode = "{mode}"
allow_not_checked = ["tee.age"]
{more}
[attestation]
extends = "development"
[attestation.references]
"sandbox.measurement" = ["{measurement}"]
"""


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass
class World:
    """A folder with the files of everybody. Commands run in it.

    Attributes:
        said: everything that any command printed, by its words: what is searched for secrets and assurances.
    """

    folder: Path
    said: dict[str, Said] = field(default_factory=dict)

    def run(self, *words: str, code: int | None = 0) -> Said:
        """Runs `zkseal`; fails unless it ends with `code`, where that is given."""
        done = subprocess.run(
            [sys.executable, "-m", "zkseal", *words],
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=300,
        )
        said = Said(done.returncode, done.stdout, done.stderr)
        self.said[" ".join(words)] = said
        assert code is None or said.code == code, (words, said)
        return said

    @contextlib.contextmanager
    def serving(self, *words: str) -> Iterator[str]:
        """Runs a command that serves, until the block ends; its URL. What it says is kept in files."""
        outputs = [self.folder / f"{words[0]}-{name}.log" for name in ("out", "err")]
        with outputs[0].open("w") as out, outputs[1].open("w") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "zkseal", *words, "--json"],
                cwd=self.folder,
                env=environment(),
                stdout=out,
                stderr=err,
            )
        try:
            yield _url_of(process, outputs)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            finally:
                texts = [path.read_text() for path in outputs]
                self.said[" ".join(words)] = Said(process.wait(), *texts)

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        return name


def _url_of(process: subprocess.Popen[bytes], outputs: list[Path]) -> str:
    """From the first line that says where it serves, within a minute."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        for line in (line for path in outputs for line in path.read_text().splitlines(keepends=True)):
            said = json.loads(line) if line.startswith("{") and line.endswith("}\n") else {}
            if "url" in said:
                return str(said["url"])
            if said.get("event") == "serving":
                return f"http://{said['host']}:{said['port']}"
        time.sleep(0.05)
    raise AssertionError([path.read_text() for path in outputs])


def environment() -> dict[str, str]:
    return dict(os.environ, PYTHONPATH=str(ROOT / "src"), PYTHONDONTWRITEBYTECODE="1", COLUMNS="200")


def credit(folder: Path, rows: int = 2) -> World:
    """mlp_credit, compiled and set up, with inputs `x0.npy`, `x1.npy`, and keys of publisher and recovery."""
    world, zoo = World(folder), MODELS["mlp_credit"]()
    model = zoo.onnx()
    onnx.save(model, folder / "m.onnx")
    np.savez(folder / "s.npz", **{model.graph.input[0].name: zoo.calibration})
    for row in range(rows):
        np.save(folder / f"x{row}.npy", zoo.held_out[row : row + 1])
    world.run("compile", "m.onnx", "--calibrate", "s.npz", "--out", "m.zkc")
    world.run("setup", "m.zkc", "--proving-key", "m.zkp", "--verifying-key", "m.zkv")
    world.run("keygen", "publisher", "-o", "publisher.zkk")
    world.run("keygen", "recipient", "-o", "recovery.zkk")
    return world
