"""`inspect`: what is hidden, how large it is, and what it will cost, before anything is spent."""

from __future__ import annotations

import math
from typing import Any

from zkseal.graph import Graph
from zkseal.pipeline.compile import CALIBRATION_BATCH, CompiledModel
from zkseal.pipeline.interface import Interface, Port
from zkseal.pipeline.prove import ProvingKey, ProvingKeyInSegments
from zkseal.pipeline.provenance import Provenance
from zkseal.proving import Layout, Opening, SegmentedVerifyingKey, VerifyingKey, lay_out, origin_of, predict
from zkseal.proving.cost import choose_row_bits, predict_compiling
from zkseal.proving.scheme import TRANSPARENT, UNKNOWN
from zkseal.proving.segmented_key import segment_position
from zkseal.receipts import Evidence, Receipt, SegmentedEvidence, ZkEvidence
from zkseal.relation import Column, Relation

__all__ = ["describe", "describe_scheme"]


Described = (
    Graph | CompiledModel | ProvingKey | ProvingKeyInSegments | VerifyingKey | SegmentedVerifyingKey | Receipt | Opening
)


def describe(thing: Described, *, samples: int = CALIBRATION_BATCH) -> dict[str, Any]:
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
            described: dict[str, Any] = {"model_id": key.model_id.hex(), "scheme": describe_scheme(key)}
            position = segment_position(relation.annotation)
            if position is not None:
                return described | {"segment": position[0], "of_segments": position[1]} | _relation(relation, key)
            return described | _program(thing.provenance, Interface.of(relation)) | _relation(relation, key)
        case VerifyingKey():
            relation = thing.relation
            described = {"model_id": thing.model_id.hex(), "key_bytes": len(thing.data)}
            described["scheme"] = describe_scheme(thing)
            return described | _interface(Interface.of(relation)) | _relation(relation, thing)
        case SegmentedVerifyingKey():
            return _segmented(thing)
        case ProvingKeyInSegments():
            interface = Interface.of(thing.verifying_key.relation)
            return _program(thing.provenance, interface) | _segmented(thing.verifying_key)
        case Receipt():
            return _receipt(thing)
        case Opening():
            return _opening(thing)


def describe_scheme(key: VerifyingKey | SegmentedVerifyingKey) -> dict[str, Any]:
    """How the key proves, and what it trusts: JSON-ready. `insecure` and `origin` follow from tau*G2 alone.

    Without a trusted setup, `origin` and `setup_digest` are None.
    """
    digest = key.setup_digest
    return {
        "lookup_argument": key.scheme.lookup_argument,
        "lanes": key.scheme.lanes,
        "opening": key.scheme.opening,
        "origin": key.origin,
        "setup_digest": None if digest is None else digest.hex(),
        "insecure": key.insecure,
    }


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


def _segmented(key: SegmentedVerifyingKey) -> dict[str, Any]:
    described = {"model_id": key.model_id.hex(), "key_bytes": len(key.data), "scheme": describe_scheme(key)}
    segments = [
        {"model_id": segment.key.model_id.hex()} | _relation(segment.key.relation, segment.key)
        for segment in key.segments
    ]
    return described | _interface(Interface.of(key.relation)) | {"segments": segments}


def _relation(relation: Relation, key: VerifyingKey | None) -> dict[str, Any]:
    """Sizes and predicted cost; without a key those of the scheme and row length that setup chooses by itself."""
    encoded = relation.encode()
    row_bits, scheme = (choose_row_bits(relation, encoded), TRANSPARENT) if key is None else (key.row_bits, key.scheme)
    layout = lay_out(encoded, row_bits, scheme)
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
        "evidence": [_evidence(evidence) for evidence in receipt.evidence],
        "bytes": len(receipt.to_cbor()),
        "verified": False,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    """What a piece of evidence says that it is; `verify` compares its setup with that of the key."""
    if isinstance(evidence, SegmentedEvidence):
        described = {"type": evidence.TYPE, "bytes": evidence.proof_bytes, "segments": len(evidence.proofs)}
        return described | {"origin": None, "setup_digest": None, "insecure": False}
    if not isinstance(evidence, ZkEvidence):
        said = "development: sandbox or software TPM" if evidence.DEVELOPMENT else "not appraised"
        size = len(evidence.answer) + len(evidence.attestation)
        return {"type": evidence.TYPE, "bytes": size, "assurance": said, "claims": evidence.signed.claims.to_json()}
    digest = evidence.setup_digest
    origin = None if digest is None else origin_of(digest)
    return {
        "type": evidence.TYPE,
        "bytes": len(evidence.proof),
        "origin": origin,
        "setup_digest": None if digest is None else digest.hex(),
        "insecure": origin == UNKNOWN,
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
