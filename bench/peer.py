"""Measures ezkl: its virtual environment, the same ONNX model, and the two settings that zkseal is compared with.

ezkl's third setting, `private` weights, is left out: it binds a proof to no weights (two models share a key, and a
proof by the wrong one verifies). That is not what zkseal proves.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.stage import ROOT, Result, StageFailed, StageHung, run_stage

VERSION = "23.0.5"
OUT = ROOT / "bench" / "out"

_MODULE = "bench.ezkl_stage"
_CALIBRATION_ROWS = 20
_ACCURACY_ROWS = 50
_INPUTS_TRIED = 3
_EXPORT_LIMIT_S = 600.0


@dataclass(frozen=True)
class Setting:
    """One way to run ezkl. `limit_s` bounds each stage: its prover is known to hang on some inputs."""

    name: str
    privacy: str
    visibility: dict[str, str]
    limit_s: float


SETTINGS = (
    Setting(
        "fixed",
        "zero-knowledge; input private, weights fixed (in the key of the circuit, not hidden), output public",
        {"input": "private", "output": "public", "param": "fixed"},
        600.0,
    ),
    Setting(
        "hashed",
        "zero-knowledge; input and weights hidden and bound by their Poseidon hashes, output public",
        {"input": "hashed", "output": "public", "param": "hashed"},
        1200.0,
    ),
)


def environment_python() -> Path:
    """The interpreter of a virtual environment with ezkl, made on first use; needs a package registry then.

    Raises:
        StageFailed: it cannot be made.
    """
    python = OUT / f"ezkl-{VERSION}" / "bin" / "python"
    ready = python.parents[1] / "ready"
    if not ready.exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(python.parents[1])], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "-q", f"ezkl=={VERSION}"], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise StageFailed(f"ezkl {VERSION} could not be installed ({error}); --no-ezkl leaves it out") from error
        ready.touch()
    return python


def measure_ezkl(model: str, setting: Setting, *, threads: int, repeat: int) -> dict[str, Any]:
    """ezkl on one model of the zoo, as exported by zkseal.

    Every proof is a process of its own, on another held-out row; one that hangs is counted, stopped and tried again
    with the next row.

    Raises:
        StageFailed: a stage ended without a result, or the prover hung on too many rows.
    """
    python = environment_python()
    (OUT / "srs").mkdir(parents=True, exist_ok=True)

    def stage(name: str, **request: Any) -> Result:
        return run_stage(python, _MODULE, name, request, threads=threads, limit_s=setting.limit_s)

    with tempfile.TemporaryDirectory(prefix="ezkl-bench-") as name:
        folder = Path(name)
        rows, expected = _export(model, folder, threads)
        compiled = stage(
            "compile",
            folder=name,
            onnx=str(folder / "model.onnx"),
            data=_input(folder / "calibration.json", *np.load(folder / "calibration.npy")),
            visibility=setting.visibility,
        )
        srs = OUT / "srs" / f"k{compiled['log_rows']}.srs"
        if not srs.exists():
            stage("reference_string", path=str(srs), log_rows=compiled["log_rows"])
        made = stage("setup", folder=name, srs=str(srs))
        proof = str(folder / "proof.json")
        proofs, hung = [], 0
        for row in rows:
            try:
                data = _input(folder / "input.json", row)
                proofs.append(stage("prove", folder=name, srs=str(srs), data=data, proof=proof))
            except StageHung:
                hung += 1
            if hung > _INPUTS_TRIED:
                raise StageFailed(f"ezkl hung on {hung} inputs of {model}, each stopped after {setting.limit_s:.0f} s")
            if len(proofs) == repeat:
                break
        verified = stage("verify", folder=name, srs=str(srs), proof=proof, repeat=5)
        inputs = [_input(folder / f"{index}.json", row) for index, row in enumerate(rows[:_ACCURACY_ROWS])]
        computed = stage("outputs", folder=name, data=inputs)["outputs"]
    return {
        "privacy": setting.privacy,
        "version": made["ezkl"],
        "compile": compiled,
        "setup": made,
        "prove": _joined(proofs) | {"hung": hung},
        "verify": verified,
        "accuracy": _accuracy(np.asarray(computed), expected[: len(computed)]),
    }


def _export(model: str, folder: Path, threads: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Writes model and calibration rows; returns held-out rows and the float model's outputs on them."""
    request = {"folder": str(folder), "model": model, "calibration_rows": _CALIBRATION_ROWS}
    run_stage(sys.executable, "bench.zkseal_stage", "export", request, threads=threads, limit_s=_EXPORT_LIMIT_S)
    return np.load(folder / "rows.npy"), np.load(folder / "expected.npy")


def _input(path: Path, *rows: npt.NDArray[Any]) -> str:
    """Writes rows as ezkl reads them, one after the other; returns the path."""
    path.write_text(json.dumps({"input_data": [np.stack(rows).reshape(-1).astype(float).tolist()]}))
    return str(path)


def _joined(proofs: Sequence[Result]) -> dict[str, Any]:
    """Lists of the times of several proofs; memory and size of the largest."""
    if not proofs:
        raise StageFailed("ezkl made no proof")
    return {
        "time": {unit: [proof["time"][unit] for proof in proofs] for unit in ("wall_s", "cpu_s", "waited_s")},
        "logged_proof_s": [proof["logged_proof_s"] for proof in proofs],
        "witness_s": [proof["witness_s"] for proof in proofs],
        "proof_bytes": max(proof["proof_bytes"] for proof in proofs),
        "memory": {"peak_rss_bytes": max(proof["memory"]["peak_rss_bytes"] for proof in proofs)},
    }


def _accuracy(computed: npt.NDArray[Any], expected: npt.NDArray[Any]) -> dict[str, Any]:
    from zkseal.quantize import measure_accuracy

    report = measure_accuracy({"output": expected}, {"output": computed.reshape(expected.shape)})
    return {
        "rows": len(expected),
        "agreement": report.agreement,
        "mean_relative_error": report.mean_relative_error,
    }
