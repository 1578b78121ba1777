"""The stages of ezkl: `python -m bench.ezkl_stage STAGE REQUEST RESULT`, in the virtual environment that has ezkl.

zkseal is not installed there: of this package only `stage` and `clock` are imported. The functions of ezkl read their
keys from files in every call, so the time that ezkl itself logs for the bare proof is kept beside the time of the call.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path

import ezkl  # type: ignore[import-not-found]  # lives in the environment that `peer` makes

from bench.clock import Clock, Series, memory
from bench.stage import Request, Result, serve

_PROOF_TOOK = re.compile(r"proof took (\d+)\.(\d+)")


class _Log(logging.Handler):
    """Keeps what ezkl says."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def compile_(request: Request) -> Result:
    """Settings, calibration for few resources, circuit. Takes folder, onnx, data, visibility (input, output, param)."""
    folder = Path(request["folder"])
    arguments = ezkl.PyRunArgs()
    arguments.input_visibility = request["visibility"]["input"]
    arguments.output_visibility = request["visibility"]["output"]
    arguments.param_visibility = request["visibility"]["param"]
    settings, circuit = str(folder / "settings.json"), str(folder / "circuit.ezkl")
    with Clock() as clock:
        _require(ezkl.gen_settings(request["onnx"], settings, py_run_args=arguments), "gen_settings")
        _require(ezkl.calibrate_settings(request["data"], request["onnx"], settings, "resources"), "calibrate_settings")
        _require(ezkl.compile_circuit(request["onnx"], circuit, settings), "compile_circuit")
    return {"time": clock.result(), "log_rows": json.loads(Path(settings).read_text())["run_args"]["logrows"]}


def reference_string(request: Request) -> Result:
    """A structured reference string made here, for tests only, as everybody has to for a benchmark without network."""
    with Clock() as clock:
        ezkl.gen_srs(request["path"], request["log_rows"])
    return {"time": clock.result()}


def setup(request: Request) -> Result:
    """Takes folder and srs."""
    folder = Path(request["folder"])
    proving_key, verifying_key = folder / "pk.key", folder / "vk.key"
    with Clock() as clock:
        _require(
            ezkl.setup(str(folder / "circuit.ezkl"), str(verifying_key), str(proving_key), request["srs"]), "setup"
        )
    return {
        "time": clock.result(),
        "proving_key_bytes": proving_key.stat().st_size,
        "verifying_key_bytes": verifying_key.stat().st_size,
    }


def prove(request: Request) -> Result:
    """Witness and proof of one input. Takes folder, srs, data (one input) and proof (where to write it)."""
    folder, log = Path(request["folder"]), _Log()
    logging.getLogger().addHandler(log)
    logging.getLogger().setLevel(logging.INFO)
    circuit, witness = str(folder / "circuit.ezkl"), str(folder / "witness.json")
    with Clock() as witness_clock:
        ezkl.gen_witness(request["data"], circuit, witness)
    with Clock() as clock:
        _require(ezkl.prove(witness, circuit, str(folder / "pk.key"), request["proof"], request["srs"]), "prove")
    took = [match for line in log.lines if (match := _PROOF_TOOK.search(line))]
    proof = json.loads(Path(request["proof"]).read_text())
    return {
        "time": clock.result(),
        "witness_s": witness_clock.wall_s,
        "logged_proof_s": float(f"{took[-1][1]}.{took[-1][2]}") if took else None,
        "proof_bytes": len(proof["hex_proof"].removeprefix("0x")) // 2,
        "outputs": _outputs(witness),
    }


def verify(request: Request) -> Result:
    """Takes folder, srs, proof and repeat; every call reads the key again; a first one is not counted."""
    folder = Path(request["folder"])
    files = (request["proof"], str(folder / "settings.json"), str(folder / "vk.key"), request["srs"])
    series = Series()
    _require(ezkl.verify(*files), "verify")
    for _ in range(request["repeat"]):
        with series.clock():
            _require(ezkl.verify(*files), "verify")
    return {"time": series.result()}


def outputs(request: Request) -> Result:
    """Outputs of the circuit for several inputs, without proofs. Takes folder and data (a list of files)."""
    folder, rows = Path(request["folder"]), []
    for data in request["data"]:
        ezkl.gen_witness(data, str(folder / "circuit.ezkl"), str(folder / "witness.json"))
        rows.append(_outputs(str(folder / "witness.json")))
    return {"outputs": rows}


def _outputs(witness: str) -> list[float]:
    elements = json.loads(Path(witness).read_text())["pretty_elements"]["rescaled_outputs"]
    return [float(value) for output in elements for value in output]


def _described(stage: Callable[[Request], Result]) -> Callable[[Request], Result]:
    """The stage, with the memory it took and the version of ezkl in its result."""
    return lambda request: stage(request) | {"memory": memory(), "ezkl": ezkl.__version__}


def _require(good: object, what: str) -> None:
    if good is False:
        raise RuntimeError(f"ezkl.{what} returned False")


if __name__ == "__main__":
    serve(
        {
            name: _described(stage)
            for name, stage in {
                "compile": compile_,
                "reference_string": reference_string,
                "setup": setup,
                "prove": prove,
                "verify": verify,
                "outputs": outputs,
            }.items()
        }
    )
