"""Runs one network in a process of its own and measures it: python -m tests.networks.measure NAME [OUT.json].

Phases: load and compile, setup, prove with hidden input and weights, verify. For each the seconds and the peak of
resident memory; and the error of the proved output against onnxruntime on the file as its package carries it.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Measured:
    """Figures of one network. Memory in bytes, times in seconds.

    `peaks` and `predicted` are by phase, "compile", "setup" and "prove": measured, and as `inspect` says before.
    """

    name: str
    seconds: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)
    predicted: dict[str, int] = field(default_factory=dict)
    proof_bytes: int = 0
    sizes: dict[str, Any] = field(default_factory=dict)
    error: float = 0.0
    cosine: float = 0.0
    same_decision: bool = False


def in_own_process(name: str, out: Path) -> Measured:
    """Measures a network in a fresh process, so that its peak is nobody else's."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", "tests.networks.measure", name, str(out)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return Measured(**json.loads(out.read_text()))


def measure(name: str) -> Measured:
    """Measures a network in this process."""
    from tests.networks.catalogue import NETWORKS

    import zkseal
    from zkseal.pipeline.compile import load

    network = NETWORKS[name]
    found = Measured(name)
    samples, test = network.samples(network)
    source = network.make(network)
    expected = reference(source, test)
    with phase(found, "compile"):
        graph = load(source, input_shapes=network.input_shapes)
        del source
        compiled = zkseal.compile(graph, samples, outputs="private")
    del graph
    described = zkseal.pipeline.describe(compiled)
    found.predicted = {"prove": described["predicted"]["memory_bytes"]}
    found.sizes = described["sizes"]
    with phase(found, "setup"):
        proving_key, verifying_key = zkseal.setup(compiled)
    del compiled
    with phase(found, "prove"):
        result = zkseal.prove(proving_key, test)
    with phase(found, "verify"):
        zkseal.verify(result.receipt, verifying_key)
    shown = zkseal.check_opening(result.receipt, result.opening, verifying_key)
    found.proof_bytes = len(result.receipt.proof)
    compare(found, expected, {name: np.asarray(shown[name]) for name in expected})
    return found


def reference(source: Any, test: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """What onnxruntime says about the model as it came, before zkseal has touched it."""
    import onnxruntime

    data = str(source) if isinstance(source, Path) else source.SerializeToString()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, test), strict=True))


def compare(found: Measured, expected: dict[str, npt.NDArray[Any]], proved: dict[str, npt.NDArray[Any]]) -> None:
    """The worst output counts: 2-norm of the error as a share of the output's, cosine, and the largest entry's place."""
    errors, cosines, same = [0.0], [1.0], []
    for name, value in expected.items():
        y, z = value.astype(np.float64).reshape(-1), proved[name].astype(np.float64).reshape(-1)
        size = float(np.linalg.norm(y))
        errors.append(float(np.linalg.norm(z - y)) / size)
        cosines.append(float(y @ z) / (size * float(np.linalg.norm(z))))
        same.append(bool(y.argmax() == z.argmax()))
    found.error, found.cosine, found.same_decision = max(errors), min(cosines), all(same)


@contextmanager
def phase(found: Measured, name: str) -> Iterator[None]:
    """Times a phase and takes the peak of resident memory while it ran."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # Forgets the peak so far (Linux, proc(5)).
    start = time.perf_counter()
    yield
    found.seconds[name] = time.perf_counter() - start
    found.peaks[name] = _peak()


def _peak() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    figures = measure(sys.argv[1])
    text = json.dumps(asdict(figures), indent=1)
    Path(sys.argv[2]).write_text(text + "\n") if len(sys.argv) > 2 else print(text)
