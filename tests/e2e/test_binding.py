"""A key stands for one set of weights, in their bounds: nothing proved with other weights passes under it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pytest
from tests.e2e import small_models

import zkseal
import zkseal_reference.errors as reference_errors
from zkseal import proving
from zkseal.errors import (
    ModelProofRejected,
    ProofRejected,
    ValueOutOfBounds,
    WeightOutOfBounds,
    WrongModel,
    ZksealError,
)
from zkseal.pipeline.compile import rebuild
from zkseal.proving import CommittedWeights
from zkseal.relation import Column, Relation
from zkseal_reference.key import VerifyingKey as ReferenceKey
from zkseal_reference.key import read_key

pytestmark = pytest.mark.native

ROW = small_models.SAMPLES[0]
CONTEXT = b"visit 12"


@dataclass(frozen=True)
class Owned:
    """A model with its keys."""

    model: zkseal.CompiledModel
    proving_key: zkseal.ProvingKey
    verifying_key: zkseal.VerifyingKey


def owned(model: zkseal.CompiledModel) -> Owned:
    return Owned(model, *zkseal.setup(model))


@pytest.fixture(scope="module")
def first() -> Owned:
    return owned(zkseal.compile(small_models.perceptron(), small_models.SAMPLES))


@pytest.fixture(scope="module")
def other(first: Owned) -> Owned:
    """The same graph, scales and bounds, but other weights: those of two hidden units are swapped in one layer."""
    graph = first.model.graph
    weights = {name: np.array(array) for name, array in graph.initializers.items()}
    weights["w1"][:, [0, 1]] = weights["w1"][:, [1, 0]]
    model = rebuild(
        replace(graph, initializers=weights), first.model.calibration, first.model.options, first.model.visibility
    )
    assert model.relation.encode() == first.model.relation.encode()
    assert model.weights()["w1"].tolist() != first.model.weights()["w1"].tolist()
    return owned(model)


def out_of_bounds(model: zkseal.CompiledModel, name: str = "w1") -> dict[str, npt.NDArray[np.int64]]:
    """The model's weights, one of them a step beyond its bound."""
    weights = {key: np.array(array, dtype=np.int64) for key, array in model.weights().items()}
    weights[name].flat[2] = model.relation.tensors[model.relation.tensor_index(name)].hi + 1
    return weights


def widened(relation: Relation) -> Relation:
    """The relation with bounds of twice the span for every weight."""
    tensors = tuple(
        replace(tensor, lo=2 * tensor.lo, hi=2 * tensor.hi + 1) if tensor.column == Column.MODEL else tensor
        for tensor in relation.tensors
    )
    return replace(relation, tensors=tensors)


# Other weights -------------------------------------------------------------------------------------------------------


def test_a_proof_with_other_weights_is_rejected(first: Owned, other: Owned) -> None:
    """Under the same graph, in every disguise. Its own key accepts it: nothing else is wrong with it."""
    receipt = zkseal.prove(other.proving_key, ROW, context=CONTEXT).receipt
    zkseal.verify(receipt, other.verifying_key, context=CONTEXT)
    with pytest.raises(WrongModel):
        zkseal.verify(receipt, first.verifying_key, context=CONTEXT)
    renamed = replace(receipt, statement=replace(receipt.statement, model_id=first.verifying_key.model_id))
    with pytest.raises(ProofRejected):
        zkseal.verify(renamed, first.verifying_key, context=CONTEXT)


def test_other_weights_under_the_first_keys_commitments_are_rejected(first: Owned, other: Owned) -> None:
    """A prover who computes with other weights, and claims the first model's commitments and blindings."""
    mixed = CommittedWeights(
        first.verifying_key,
        first.proving_key.weights.blindings,
        other.model.relation,
        other.proving_key.weights.weights,
    )
    cheat = replace(other.proving_key, weights=mixed)

    def cheated() -> None:
        receipt = zkseal.prove(cheat, ROW, context=CONTEXT).receipt
        zkseal.verify(receipt, first.verifying_key, context=CONTEXT)

    with pytest.raises(ZksealError) as caught:
        cheated()
    assert isinstance(caught.value, ProofRejected | WrongModel), caught.value


def test_one_changed_weight_is_rejected(first: Owned) -> None:
    """The smallest change: one integer, by one."""
    weights = {name: np.array(array) for name, array in first.model.weights().items()}
    weights["b2"][1] += 1
    committed, _ = proving.setup(first.model.relation, weights)
    values = dict(first.model.program.run({"x": ROW[np.newaxis]}).tensors)
    with pytest.raises(ZksealError):
        proving.verify(proving.prove(committed, values).receipt, first.verifying_key)


# Weights out of bounds -----------------------------------------------------------------------------------------------


def test_setup_refuses_a_weight_out_of_bounds(first: Owned) -> None:
    for name in ("w1", "b1", "w2", "b2"):
        with pytest.raises(WeightOutOfBounds) as caught:
            proving.setup(first.model.relation, out_of_bounds(first.model, name))
        assert caught.value.tensor == name
        assert f"'{name}'" in str(caught.value)
        assert "Compile the model again" in str(caught.value)


def test_the_core_refuses_it_without_the_package_around_it(first: Owned) -> None:
    native, relation = proving.core.native(), first.model.relation
    weights = out_of_bounds(first.model)
    tensors = {
        index: np.ascontiguousarray(weights[name], dtype=np.int64)
        for index, name in enumerate(relation.names.tensors)
        if name in weights
    }
    with pytest.raises(ValueOutOfBounds) as caught:
        native.setup(relation.encode(), first.verifying_key.row_bits, tensors, None)
    assert (caught.value.tensor, caught.value.index) == (relation.tensor_index("w1"), 2)


def forged_keys(first: Owned, other: Owned) -> dict[str, bytes]:
    """Verifying keys whose model proof is not about their commitments and bounds."""
    mine, strange = read_key(first.verifying_key.data), read_key(other.verifying_key.data)
    relation = widened(first.model.relation)
    _, wide_key = proving.setup(relation, out_of_bounds(first.model), row_bits=first.verifying_key.row_bits)
    wide = read_key(wide_key.data)
    proof = bytearray(mine.model_proof)
    proof[len(proof) // 2] ^= 1
    return {
        "commitments to other weights": replace(mine, model_commitments=strange.model_commitments).encode(),
        "model proof of other weights": replace(mine, model_proof=strange.model_proof).encode(),
        "weight out of bounds, proof of a good model": replace(mine, model_commitments=wide.model_commitments).encode(),
        "weight out of bounds, proof for wider bounds": replace(
            mine, model_commitments=wide.model_commitments, model_proof=wide.model_proof
        ).encode(),
        "a bit of the model proof": replace(mine, model_proof=bytes(proof)).encode(),
        "no model proof": replace(mine, model_proof=b"").encode(),
    }


def test_a_key_whose_model_proof_is_for_other_weights_is_refused(first: Owned, other: Owned) -> None:
    """By both verifiers, as soon as the key is loaded."""
    for what, data in forged_keys(first, other).items():
        with pytest.raises(ZksealError) as caught:
            zkseal.VerifyingKey(data)
        assert caught.value.code in ("ModelProofRejected", "NonCanonicalScalar"), what
        with pytest.raises(reference_errors.ProtocolError) as also:
            ReferenceKey.decode(data)
        assert type(also.value).__name__ == caught.value.code, what


def test_bounds_are_what_is_refused(first: Owned) -> None:
    """With bounds that hold them, the same weights make a key: only their size was wrong above."""
    _, key = proving.setup(widened(first.model.relation), out_of_bounds(first.model))
    assert zkseal.VerifyingKey(key.data).model_id == key.model_id
    with pytest.raises(ModelProofRejected):
        zkseal.VerifyingKey(replace(read_key(key.data), model_proof=b"").encode())
