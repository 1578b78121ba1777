"""`make demo`: a clinic proves what its model says about a patient, and shows neither patient nor model.

Trains the scikit-learn breast-cancer classifier, compiles it, commits to its weights, proves one patient's result,
verifies it as anybody could, and then tries to cheat in two ways.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

import zkseal
from zkseal.errors import ProofRejected
from zkseal.zoo import breast_cancer

CONTEXT = b"clinic 7, visit 12"


@contextmanager
def step(what: str) -> Iterator[list[str]]:
    """Prints what is done, then what came of it and how long it took."""
    remarks: list[str] = []
    start = time.perf_counter()
    yield remarks
    seconds = time.perf_counter() - start
    duration = f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
    print(f"  {what:<34}{duration:>10}   {'; '.join(remarks)}", flush=True)


def forged(receipt: zkseal.Receipt, tensor: int) -> zkseal.Receipt:
    """The receipt with the sign of its first output changed."""
    integers = receipt.statement.output.arrays()
    integers[tensor][0] *= -1
    output = type(receipt.statement.output).of(integers)
    return replace(receipt, statement=replace(receipt.statement, output=output))


def main() -> None:
    """Runs the demo; raises if anything is not as it should be."""
    print("zkseal demo: breast-cancer classifier, patient and weights hidden\n")
    with step("train (scikit-learn)") as remarks:
        zoo = breast_cancer()
        remarks.append(f"accuracy {zoo.accuracy():.1%} on {len(zoo.held_out)} unseen patients")
    with step("compile to exact integers") as remarks:
        model = zkseal.compile(zoo.model, zoo.calibration, select="logits", max_error=0.005)
        cost = model.relation.cost
        remarks.append(f"{cost.lookups} lookups, tables of {cost.table_rows} rows")
    with step("evaluate against onnxruntime") as remarks:
        report = zkseal.evaluate(model, zoo.held_out)
        remarks.append(f"same decision {report.agreement:.1%}, mean error {report.mean_relative_error:.2e}")
    with step("setup: commit to the weights") as remarks:
        proving_key, verifying_key = zkseal.setup(model)
        remarks.append(f"verifying key {len(verifying_key.data) / 1000:.1f} kB")
    patient = zoo.held_out[0]
    with step("prove one patient's result") as remarks:
        result = zkseal.prove(proving_key, patient, context=CONTEXT)
        remarks.append(
            f"proof {len(result.receipt.proof) / 1000:.1f} kB, receipt {len(result.receipt.to_cbor()) / 1000:.1f} kB"
        )
    with step("verify, knowing neither") as remarks:
        proved = zkseal.verify(result.receipt, verifying_key, context=CONTEXT)
        score = float(proved.outputs["logits"].reshape(-1)[0])
        remarks.append(f"score {score:+.3f}: {'benign' if score > 0 else 'malignant'}")
    if not np.array_equal(proved.outputs["logits"], result.outputs["logits"]):
        raise SystemExit("the verified output is not the one that was computed")

    print("\ncheating")
    with step("change the output") as remarks:
        tensor = model.interface.outputs[0].tensor
        remarks.append(rejection(forged(result.receipt, tensor), verifying_key))
    with step("answer from another model") as remarks:
        other_key, _ = zkseal.setup(other_model(zoo))
        other = zkseal.prove(other_key, patient, context=CONTEXT).receipt
        remarks.append(rejection(other, verifying_key))
    with step("the same, under this model's name") as remarks:
        renamed = replace(other, statement=replace(other.statement, model_id=verifying_key.model_id))
        remarks.append(rejection(renamed, verifying_key))
    with step("reuse for another visit") as remarks:
        remarks.append(rejection(result.receipt, verifying_key, b"clinic 7, visit 13"))
    print("\nEverything that was claimed is proved, and everything that was not is rejected.")


def other_model(zoo: object) -> zkseal.CompiledModel:
    """The same network with other weights: every first-layer weight nudged by a fiftieth."""
    from zkseal.zoo import ZooModel

    assert isinstance(zoo, ZooModel)
    graph = zoo.graph()
    weights = {name: array * np.float32(1.02) for name, array in graph.initializers.items()}
    return zkseal.compile(replace(graph, initializers=weights), zoo.calibration)


def rejection(receipt: zkseal.Receipt, key: zkseal.VerifyingKey, context: bytes = CONTEXT) -> str:
    """How the receipt is refused; ends the demo if it is not."""
    try:
        zkseal.verify(receipt, key, context=context)
    except (ProofRejected, zkseal.errors.DecodeError) as error:
        return f"rejected: {error.code}"
    raise SystemExit("a false receipt was accepted")


if __name__ == "__main__":
    main()
