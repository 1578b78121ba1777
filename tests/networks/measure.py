"""Measures networks: each phase in a process of its own, files between them, as on the command line.

Phases: prepare (the model as its package carries it, run by onnxruntime), compile, setup, prove with hidden input and
weights, verify. For each the seconds and the peak of resident memory of its process, loading of files included; and
the error of the proved output.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

ROOT = Path(__file__).resolve().parents[2]

MEMORY = 0.25
"""How far the peak of memory may be from what was predicted, as a share of the prediction."""

PHASES = ("compile", "setup", "prove", "verify")


@dataclass
class Measured:
    """Figures of one network. Memory in bytes, times in seconds, by phase.

    `peaks` is measured, `predicted` what `zkseal inspect` says before the phase. `error`: 2-norm of the error of the
    worst output as a share of that output's; `cosine`: the least between an output and onnxruntime's.
    """

    name: str
    seconds: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)
    predicted: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, Any] = field(default_factory=dict)
    proof_bytes: int = 0
    error: float = 0.0
    cosine: float = 0.0
    same_decision: bool = False

    def mispredicted(self) -> dict[str, float]:
        """Phases whose peak of memory is not what was predicted within `MEMORY`, and by which share it is off."""
        shares = {phase: self.peaks[phase] / predicted - 1 for phase, predicted in self.predicted.items()}
        return {phase: share for phase, share in shares.items() if abs(share) > MEMORY}


def measure(name: str, folder: Path) -> Measured:
    """Takes a network through all phases; `folder` is empty and holds its files then."""
    found = Measured(name)
    run_phase("prepare", name, folder)
    for phase in PHASES:
        told = run_phase(phase, name, folder)
        found.seconds[phase], found.peaks[phase] = told.pop("seconds"), told.pop("peak")
        found.predicted.update(told.pop("predicted", {}))
        for field_name, value in told.items():
            setattr(found, field_name, value)
    return found


def run_phase(phase: str, name: str, folder: Path) -> dict[str, Any]:
    """What the process of one phase reports."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(path) for path in sys.path if path)}
    command = [sys.executable, "-m", "tests.networks.measure", phase, name, str(folder)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    report: dict[str, Any] = json.loads((folder / f"{phase}.json").read_text())
    return report


def prepare(name: str, folder: Path) -> dict[str, Any]:
    """Writes the model, samples, one more input, and what onnxruntime says about it."""
    import onnx
    import onnxruntime
    from tests.networks.catalogue import NETWORKS

    network = NETWORKS[name]
    source = network.make(network)
    path = folder / "model.onnx"
    if isinstance(source, Path):
        path.symlink_to(source)
    else:
        onnx.save(source, path)
    samples, test = network.samples(network)
    np.savez(folder / "samples.npz", allow_pickle=False, **samples)
    np.savez(folder / "test.npz", allow_pickle=False, **test)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    np.savez(folder / "expected.npz", allow_pickle=False, **dict(zip(names, session.run(names, test), strict=True)))
    return {}


def compile_(name: str, folder: Path) -> dict[str, Any]:
    """Compiles the model with hidden input, output and weights."""
    from tests.networks.catalogue import NETWORKS

    import zkseal
    from zkseal import files
    from zkseal.pipeline.compile import load

    samples = dict(np.load(folder / "samples.npz"))
    graph = load(folder / "model.onnx", input_shapes=NETWORKS[name].input_shapes)
    count = len(next(iter(samples.values())))
    predicted = zkseal.describe(graph, samples=count)["predicted"]["compile_memory_bytes"]
    model = zkseal.compile(graph, samples, outputs="private")
    files.save_model(folder / "model.zkc", model)
    described = zkseal.describe(model)
    costs = described["predicted"]
    return {
        "sizes": described["sizes"],
        "predicted": {
            "compile": predicted,
            "setup": costs["setup_memory_bytes"],
            "prove": costs["memory_bytes"],
        },
    }


def setup(name: str, folder: Path) -> dict[str, Any]:
    """Makes the keys."""
    import zkseal
    from zkseal import files

    proving_key, verifying_key = zkseal.setup(files.load_model(folder / "model.zkc"))
    files.save_proving_key(folder / "key.zkp", proving_key)
    files.save_verifying_key(folder / "key.zkv", verifying_key)
    return {}


def prove(name: str, folder: Path) -> dict[str, Any]:
    """Proves the run on the input that was not among the samples."""
    import zkseal
    from zkseal import files

    key = files.load_proving_key(folder / "key.zkp")
    result = zkseal.prove(key, dict(np.load(folder / "test.npz")))
    files.save_receipt(folder / "receipt.zkr", result.receipt)
    files.save_opening(folder / "opening.zko", result.opening)
    return {"proof_bytes": len(result.receipt.proof)}


def verify(name: str, folder: Path) -> dict[str, Any]:
    """Verifies the receipt, opens its output, and compares it with onnxruntime's."""
    import zkseal
    from zkseal import files

    key = files.load_verifying_key(folder / "key.zkv")
    receipt = files.load_receipt(folder / "receipt.zkr")
    zkseal.verify(receipt, key)
    shown = zkseal.check_opening(receipt, files.load_opening(folder / "opening.zko"), key)
    return compare(dict(np.load(folder / "expected.npz")), shown)


def compare(expected: Mapping[str, Array], proved: Mapping[str, Array]) -> dict[str, Any]:
    """Error, cosine, and whether the largest entry is in the same place; of several outputs, the worst."""
    errors, cosines, same = [], [], []
    for name, value in expected.items():
        y, z = value.astype(np.float64).reshape(-1), np.asarray(proved[name]).astype(np.float64).reshape(-1)
        size = float(np.linalg.norm(y))
        errors.append(float(np.linalg.norm(z - y)) / size)
        cosines.append(float(y @ z) / (size * float(np.linalg.norm(z))))
        same.append(bool(y.argmax() == z.argmax()))
    return {"error": max(errors), "cosine": min(cosines), "same_decision": all(same)}


def peak() -> int:
    """Peak of this process's resident memory, in bytes (Linux, proc(5))."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    phase, name, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    stages = {"prepare": prepare, "compile": compile_, "setup": setup, "prove": prove, "verify": verify}
    start = time.perf_counter()
    told = stages[phase](name, folder)
    told |= {"seconds": time.perf_counter() - start, "peak": peak()}
    (folder / f"{phase}.json").write_text(json.dumps(told) + "\n")
