"""The stages of zkseal: `python -m bench.zkseal_stage STAGE REQUEST RESULT`. Keys pass from stage to stage in files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

import zkseal
from bench.clock import Clock, Phases, Series, memory, reset_peak
from bench.families import subject as find
from bench.stage import Request, Result, serve
from zkseal import files
from zkseal.proving.cost import lay_out

CONTEXT = b"zkseal bench"
VERIFICATIONS = 4
"""Verifications for each proof that is counted: they are cheap, and short times need more of them."""


def compile_(request: Request) -> Result:
    """Compiles a subject and compares it with onnxruntime. Takes folder, model, rows (held-out, for accuracy).

    Training, where something has to be trained, is not counted.
    """
    folder, subject = Path(request["folder"]), find(request["model"])
    data = subject.data()
    with Clock() as clock:
        model = zkseal.compile(data.model, data.calibration, **subject.options)
    files.save_model(folder / "model.zkc", model)
    np.save(folder / "rows.npy", data.held_out)
    peak = memory()
    rows = data.held_out if request["rows"] is None else data.held_out[: request["rows"]]
    report = zkseal.evaluate(model, rows)
    described, cost = zkseal.describe(model), model.relation.cost
    return {
        "time": clock.result(),
        "memory": peak,
        "sizes": described["sizes"] | {"product_slots": cost.product_slots},
        "parameters": described["parameters"],
        "accuracy": {
            "rows": report.outputs[0].samples,
            "agreement": report.agreement,
            "mean_relative_error": report.mean_relative_error,
            "worst_relative_error": max(output.worst_relative_error for output in report.outputs),
        },
    }


def setup(request: Request) -> Result:
    """Makes the keys. Takes folder, and row_bits (null: chosen by the cost model)."""
    folder, phases = Path(request["folder"]), Phases()
    model = files.load_model(folder / "model.zkc")
    with Clock() as clock:
        proving_key, verifying_key = zkseal.setup(model, row_bits=request["row_bits"], progress=phases)
    phases.finish()
    files.save_proving_key(folder / "key.zkp", proving_key)
    files.save_verifying_key(folder / "key.zkv", verifying_key)
    described = zkseal.describe(proving_key)
    layout = lay_out(model.relation.encode(), verifying_key.row_bits)
    return {
        "time": clock.result(),
        "memory": memory(),
        "phases": {"wall_s": phases.wall_s, "cpu_s": phases.cpu_s},
        "row_bits": verifying_key.row_bits,
        "layout": described["layout"] | {"mask_length": layout.mask_length},
        "predicted": described["predicted"],
        "proving_key_bytes": (folder / "key.zkp").stat().st_size,
        "verifying_key_bytes": len(verifying_key.data),
        # Every tensor in the narrowest type that holds its bounds.
        "weight_bytes": sum(int(array.nbytes) for array in proving_key.weights.weights.values()),
    }


def prove(request: Request) -> Result:
    """One proof that is not counted, then `repeat` proofs, each of other held-out rows. Takes folder, repeat.

    Running the program on the input is part of every proof and its first phase, `execute`. Loading is everything from
    the file to the key that the core proves with.
    """
    folder, series = Path(request["folder"]), Series()
    rows = np.load(folder / "rows.npy")
    with Clock() as load:
        key = files.load_proving_key(folder / "key.zkp")
        _ = key.weights.core
    # Every proof takes as many rows as its model does at a time.
    rows = rows.reshape(-1, key.program.inputs[0].shape[0], *rows.shape[1:])
    before = memory()
    reset_peak()
    phase = Phases()
    with Clock() as first:
        result = zkseal.prove(key, rows[0], context=CONTEXT, progress=phase)
    phase.finish()
    first_phases = {"wall_s": phase.wall_s, "cpu_s": phase.cpu_s}
    phases = []
    for index in range(1, request["repeat"] + 1):
        phase = Phases()
        with series.clock():
            result = zkseal.prove(key, rows[index % len(rows)], context=CONTEXT, progress=phase)
        phase.finish()
        phases.append({"wall_s": phase.wall_s, "cpu_s": phase.cpu_s})
    after = memory()
    files.save_receipt(folder / "receipt.zkr", result.receipt)
    np.savez(folder / "outputs.npz", allow_pickle=False, **result.outputs)
    return {
        "time": series.result(),
        "level": os.environ.get("ZKSEAL_CPU", "best"),
        "first": first.result() | {"phases": first_phases},
        "load": load.result(),
        "phases": phases,
        "memory": {
            "peak_rss_bytes": max(before["peak_rss_bytes"], after["peak_rss_bytes"]),
            "rss_before_bytes": before["rss_bytes"],
            "added_bytes": after["peak_rss_bytes"] - before["rss_bytes"],
        },
        "proof_bytes": len(result.receipt.proof),
        "receipt_bytes": len(result.receipt.to_cbor()),
    }


def verify(request: Request) -> Result:
    """Verifies the last receipt again and again after a first time, and that it says what was computed.

    Takes folder, repeat.
    """
    folder, series = Path(request["folder"]), Series()
    with Clock() as load:
        key = files.load_verifying_key(folder / "key.zkv")
    receipt = files.load_receipt(folder / "receipt.zkr")
    proved = zkseal.verify(receipt, key, context=CONTEXT)
    for _ in range(VERIFICATIONS * request["repeat"]):
        with series.clock():
            zkseal.verify(receipt, key, context=CONTEXT)
    computed = np.load(folder / "outputs.npz")
    for name in computed.files:
        if not np.array_equal(computed[name], proved.outputs[name]):
            raise SystemExit(f"the verified output '{name}' is not the one that was computed")
    return {"time": series.result(), "load": load.result(), "memory": memory()}


def export(request: Request) -> Result:
    """The same model for other tools. Takes folder, model; writes model.onnx, rows of data and the float outputs."""
    from zkseal.frontends.onnx import FloatSession, export
    from zkseal.pipeline.compile import load

    folder, subject = Path(request["folder"]), find(request["model"])
    data = subject.data()
    graph = load(data.model, **subject.options)
    (folder / "model.onnx").write_bytes(export(graph).SerializeToString())
    np.save(folder / "calibration.npy", data.calibration[: request["calibration_rows"]])
    np.save(folder / "rows.npy", data.held_out)
    np.save(folder / "expected.npy", FloatSession(graph).run({graph.inputs[0].name: data.held_out})[graph.outputs[0]])
    return {}


if __name__ == "__main__":
    serve({"compile": compile_, "setup": setup, "prove": prove, "verify": verify, "export": export})
