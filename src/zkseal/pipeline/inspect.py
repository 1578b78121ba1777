"""`inspect`: what is hidden, how large it is, and what it will cost, before anything is spent."""

from __future__ import annotations

import math
from typing import Any

from zkseal.graph import Graph
from zkseal.pipeline.compile import CALIBRATION_BATCH, CompiledModel
from zkseal.pipeline.interface import Interface, Port
from zkseal.pipeline.prove import ProvingKey
from zkseal.pipeline.provenance import Provenance
from zkseal.proving import Layout, Opening, VerifyingKey, lay_out, predict
from zkseal.proving.cost import choose_row_bits, predict_compiling
from zkseal.receipts import Receipt
from zkseal.relation import Column, Relation

__all__ = ["describe"]


def describe(
    thing: Graph | CompiledModel | ProvingKey | VerifyingKey | Receipt | Opening, *, samples: int = CALIBRATION_BATCH
) -> dict[str, Any]:
    """A JSON-ready description of a model, or of anything that zkseal keeps in a file. Never a hidden value.

    `samples`: with how many samples a graph is to be calibrated, for the memory that compiling it takes.
    """
    match thing:
        case Graph():
            return _graph(thing, samples)
        case CompiledModel():
            return _program(thing.provenance, thing.interface) | _relation(thing.relation, None)
        case ProvingKey():
            key, relation = thing.verifying_key, thing.program.relation
            described = _program(thing.provenance, Interface.of(relation)) | _relation(relation, key.row_bits)
            return {"model_id": key.model_id.hex()} | described
        case VerifyingKey():
            relation = thing.relation
            interface = {"model_id": thing.model_id.hex(), "key_bytes": len(thing.data)}
            return interface | _interface(Interface.of(relation)) | _relation(relation, thing.row_bits)
        case Receipt():
            return _receipt(thing)
        case Opening():
            return _opening(thing)


def _graph(graph: Graph, samples: int) -> dict[str, Any]:
    parameters = sum(int(array.size) for array in graph.initializers.values())
    computed = [value for name, value in graph.values.items() if name not in graph.initializers]
    activations = sum(math.prod(value.shape) for value in computed)
    held = min(samples, CALIBRATION_BATCH)
    return {
        "name": graph.name,
        "operators": graph.ops(),
        "notes": list(graph.notes),
        "parameters": parameters,
        "activations": activations,
        "predicted": {"compile_memory_bytes": predict_compiling(parameters, activations, held)},
    }


def _program(provenance: Provenance, interface: Interface) -> dict[str, Any]:
    options = provenance.options
    described: dict[str, Any] = {
        "name": provenance.name,
        "operators": dict(provenance.operators),
        "notes": list(provenance.notes),
        "parameters": provenance.parameters,
        "bits": options.bits,
        "tensor_bits": dict(options.tensor_bits),
        "headroom": options.headroom,
        "percentile": options.percentile,
    }
    if provenance.accuracy is not None:
        described["accuracy"] = provenance.accuracy.to_dict()
    return described | _interface(interface)


def _interface(interface: Interface) -> dict[str, Any]:
    hidden = [f"input {port.name}" for port in interface.inputs if not port.public]
    hidden += [f"output {port.name}" for port in interface.outputs if not port.public]
    hidden += [] if interface.public_weights else ["weights"]
    return {
        "inputs": [_port(port) for port in interface.inputs],
        "outputs": [_port(port) for port in interface.outputs],
        "weights": "public" if interface.public_weights else "private",
        "hidden": [*hidden, "every intermediate value"],
    }


def _port(port: Port) -> dict[str, Any]:
    described = {
        "name": port.name,
        "shape": list(port.shape),
        "visibility": "public" if port.public else "private",
    }
    if port.order is not None:
        return described | {"exact": port.order}
    return described | {"step": port.step, "least": port.lo * port.step, "most": port.hi * port.step}


def _relation(relation: Relation, row_bits: int | None) -> dict[str, Any]:
    """Sizes and predicted cost; for a row length that setup has still to choose, the one that it will choose."""
    encoded = relation.encode()
    layout = lay_out(encoded, choose_row_bits(relation, encoded) if row_bits is None else row_bits)
    cost = relation.cost
    return {
        "sizes": {
            "lookups": cost.lookups,
            "table_rows": cost.table_rows,
            "product_terms": cost.product_terms,
            "committed": {Column(column).name.lower(): int(count) for column, count in cost.committed.items()},
            "constraints": len(relation.zeros) + len(relation.lookups),
            "relation_bytes": len(encoded),
        },
        "layout": _layout(layout),
        "predicted": predict(relation, layout).to_dict(),
    }


def _layout(layout: Layout) -> dict[str, Any]:
    return {
        "row_bits": layout.row_bits,
        "rows": layout.rows,
        "lookup_domain_bits": layout.leaf_bits,
        "product_domain_bits": layout.product_bits,
        "model_proof_bytes": layout.model_proof_bytes,
    }


def _receipt(receipt: Receipt) -> dict[str, Any]:
    statement = receipt.statement
    hidden = [name for name, side in (("input", statement.input), ("output", statement.output)) if side.commitments]
    return {
        "hidden": hidden,
        "statement": statement.to_json(),
        "evidence": [{"type": evidence.TYPE, "bytes": len(evidence.proof)} for evidence in receipt.evidence],
        "bytes": len(receipt.to_cbor()),
        "verified": False,
    }


def _opening(opening: Opening) -> dict[str, Any]:
    """What an opening is about; not what it opens."""
    columns = {"input": opening.input, "output": opening.output}
    return {
        "model_id": opening.model_id.hex(),
        "opens": {
            name: sum(int(array.size) for array in column.tensors.values())
            for name, column in columns.items()
            if column is not None
        },
    }
