"""What is hidden and what is shown, and that owners, and only they, can open what is hidden."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.e2e import small_models
from tests.e2e.command_line import done, refused
from tests.e2e.key_files import through_a_file
from tests.e2e.subjects import Subject, subject

import zkseal
from zkseal import files
from zkseal.errors import OpeningRejected, ProofRejected, StatementMismatch, WrongContext, WrongModel
from zkseal.lowering import Visibility
from zkseal_reference.curve import encode_compressed
from zkseal_reference.key import read_key
from zkseal_reference.opening import check_opening as reference_opening
from zkseal_reference.relation import Column

pytestmark = pytest.mark.native

COMBINATIONS: list[tuple[Visibility, Visibility, Visibility]] = [
    ("private", "public", "private"),
    ("private", "private", "private"),
    ("public", "public", "private"),
    ("public", "private", "private"),
    ("private", "public", "public"),
    ("public", "private", "public"),
    ("public", "public", "public"),
]
"""Of input, output and weights."""


@pytest.fixture(scope="module")
def cancer() -> Subject:
    return subject("breast_cancer")


@pytest.mark.parametrize("visibility", COMBINATIONS, ids=" ".join)
def test_a_statement_shows_what_is_public_and_commits_to_the_rest(
    visibility: tuple[Visibility, Visibility, Visibility], cancer: Subject
) -> None:
    inputs, outputs, weights = visibility
    model = zkseal.compile(
        cancer.zoo.model, cancer.zoo.calibration, select="logits", inputs=inputs, outputs=outputs, weights=weights
    )
    proving_key, verifying_key = zkseal.setup(model)
    row = cancer.zoo.held_out[5]
    result = zkseal.prove(through_a_file(proving_key, row), row, context=b"visit 12")
    proved = zkseal.verify(result.receipt, verifying_key, context=b"visit 12")

    assert bool(proved.input_commitments) == ("X" not in proved.inputs) == (inputs == "private")
    assert bool(proved.output_commitments) == ("logits" not in proved.outputs) == (outputs == "private")
    opened = zkseal.check_opening(result.receipt, result.opening, verifying_key)
    hidden = [name for name, how in (("X", inputs), ("logits", outputs)) if how == "private"]
    assert sorted(opened) == hidden
    shown = {**proved.inputs, **proved.outputs, **opened}
    # Whatever is hidden, the answer is the same.
    assert shown["logits"].ravel().tolist() == cancer.decoded[5].tolist()
    port = model.interface.inputs[0]
    steps = np.exp2(-(port.exponent + np.asarray(port.feature_exponents, np.float64)))
    assert (np.abs(shown["X"][0] - row) <= steps / 2).all()


def test_public_weights_are_recomputed_from_the_key_by_anybody() -> None:
    """Table commitments have no blinding: the reference makes them again from the weights alone."""
    public = zkseal.compile(small_models.perceptron(), small_models.SAMPLES, weights="public")
    _, verifying_key = zkseal.setup(public)
    key = read_key(verifying_key.data)
    names = public.relation.names.tensors
    weights, tensors = public.weights(), key.layout.columns[Column.TABLE].tensors
    tables = {index: weights[names[index]].ravel().tolist() for index in tensors}
    assert {"w1", "b1", "w2", "b2"} <= {names[index] for index in tables}
    assert not key.model_commitments
    commitments = [encode_compressed(point) for point in key.table_commitments]
    blindings = bytes(32 * len(commitments))
    reference_opening(key, Column.TABLE, tables, blindings, commitments)
    tables[names.index("w1")][7] += 1
    with pytest.raises(Exception, match="table commitment") as caught:
        reference_opening(key, Column.TABLE, tables, blindings, commitments)
    assert type(caught.value).__name__ == "OpeningRejected"
    # So the key itself is a function of the weights, where that of hidden weights is fresh each time.
    assert zkseal.setup(public)[1].data == verifying_key.data
    private = zkseal.compile(small_models.perceptron(), small_models.SAMPLES)
    assert zkseal.setup(private)[1].model_id != zkseal.setup(private)[1].model_id


def test_hidden_numbers_are_nowhere_in_what_is_given_away() -> None:
    """Neither as the integers of a statement nor as arrays: a test of files, not of zero knowledge."""
    model = zkseal.compile(small_models.perceptron(), small_models.SAMPLES, outputs="private")
    proving_key, verifying_key = zkseal.setup(model)
    result = zkseal.prove(proving_key, small_models.SAMPLES[0])
    given_away = verifying_key.data + result.receipt.to_cbor()
    hidden = {**model.weights(), "x": model.program.run({"x": small_models.SAMPLES[:1]}).tensors["x"]}
    for name in ("w1", "b1", "w2", "b2", "x"):
        for kind in (">i8", "<i8", ">i4", "<i4", ">i2", "<i2"):
            integers = hidden[name].ravel()[:3]
            if np.array_equal(integers.astype(kind), integers):
                assert integers.astype(kind).tobytes() not in given_away, (name, kind)


def test_only_the_opening_of_a_receipt_opens_it() -> None:
    model = zkseal.compile(small_models.perceptron(), small_models.SAMPLES, outputs="private")
    proving_key, verifying_key = zkseal.setup(model)
    result, same, other = (zkseal.prove(proving_key, small_models.SAMPLES[row]) for row in (0, 0, 1))
    opened = zkseal.check_opening(result.receipt, result.opening, verifying_key)
    assert opened["y"].tolist() == result.outputs["y"].tolist()
    assert np.abs(opened["x"][0] - small_models.SAMPLES[0]).max() <= model.interface.inputs[0].step

    # The same values under other blindings, other values, and both mixed.
    for stranger in (same.opening, other.opening, replace(result.opening, output=other.opening.output)):
        with pytest.raises(OpeningRejected):
            zkseal.check_opening(result.receipt, stranger, verifying_key)
    with pytest.raises(StatementMismatch):
        zkseal.check_opening(result.receipt, replace(result.opening, output=None), verifying_key)
    column = result.opening.input
    assert column is not None
    for index, array in column.tensors.items():
        for position in range(array.size):
            changed = array.copy()
            changed.flat[position] += 1
            forged = replace(result.opening, input=replace(column, tensors={index: changed}))
            with pytest.raises(OpeningRejected):
                zkseal.check_opening(result.receipt, forged, verifying_key)
    _, other_key = zkseal.setup(model)
    with pytest.raises(WrongModel):
        zkseal.check_opening(result.receipt, result.opening, other_key)


def test_the_reference_opens_commitments_too() -> None:
    model = zkseal.compile(small_models.perceptron(), small_models.SAMPLES, outputs="private")
    proving_key, verifying_key = zkseal.setup(model)
    result, other = (zkseal.prove(proving_key, small_models.SAMPLES[row]) for row in (0, 1))
    key, statement = read_key(verifying_key.data), result.receipt.statement
    for column, side, mine, strange in (
        (Column.INPUT, statement.input, result.opening.input, other.opening.input),
        (Column.OUTPUT, statement.output, result.opening.output, other.opening.output),
    ):
        assert mine is not None
        assert strange is not None
        tensors = {index: array.ravel().tolist() for index, array in mine.tensors.items()}
        reference_opening(key, column, tensors, mine.blindings, side.commitments)
        with pytest.raises(Exception, match="hides other values"):
            reference_opening(key, column, tensors, strange.blindings, side.commitments)


def test_two_receipts_of_one_input_share_no_commitment(cancer: Subject) -> None:
    proving_key, _ = zkseal.setup(cancer.compiled)
    first, second = (zkseal.prove(proving_key, cancer.zoo.held_out[0]).receipt for _ in range(2))
    assert not set(first.statement.input.commitments) & set(second.statement.input.commitments)
    pieces = [{proof[at : at + 32] for at in range(0, len(proof), 32)} for proof in (first.proof, second.proof)]
    assert not pieces[0] & pieces[1]


def test_eight_bits() -> None:
    """Coarser, but what is proved is still exactly what the program computes."""
    digits = subject("digits")
    model = zkseal.compile(
        digits.zoo.model, digits.zoo.calibration, select="logits", options=zkseal.QuantizationOptions(bits=8)
    )
    report = zkseal.evaluate(model, digits.zoo.held_out)
    assert report.agreement >= 0.99
    assert report.mean_relative_error < 0.05
    activations = [model.relation.tensors[model.relation.tensor_index(name)] for name in model.program.layouts]
    assert all(tensor.hi - tensor.lo < 256 for tensor in activations)
    proving_key, verifying_key = zkseal.setup(model)
    result = zkseal.prove(proving_key, digits.zoo.held_out[0])
    proved = zkseal.verify(result.receipt, verifying_key)
    expected = model.program.predict({digits.input: digits.zoo.held_out[:1]})
    assert proved.outputs["logits"].tolist() == expected["logits"].tolist()


def test_several_inputs() -> None:
    random = np.random.default_rng(3)
    samples = {"a": random.normal(size=(50, 6)).astype(np.float32), "b": random.normal(size=(50, 3)).astype(np.float32)}
    model = zkseal.compile(small_models.two_inputs(), samples)
    assert zkseal.evaluate(model, samples).mean_relative_error < 0.005
    proving_key, verifying_key = zkseal.setup(model)
    one = {name: array[7] for name, array in samples.items()}
    result = zkseal.prove(proving_key, one)
    proved = zkseal.verify(result.receipt, verifying_key)
    assert proved.outputs["y"].tolist() == result.outputs["y"].tolist()
    opened = zkseal.check_opening(result.receipt, result.opening, verifying_key)
    for port in model.interface.inputs:
        assert np.abs(opened[port.name][0] - one[port.name]).max() <= port.step


def test_a_receipt_is_for_one_context(tmp_path: Path) -> None:
    proving_key, verifying_key = zkseal.setup(zkseal.compile(small_models.perceptron(), small_models.SAMPLES))
    receipt = zkseal.prove(proving_key, small_models.SAMPLES[0], context=b"visit 12").receipt
    zkseal.verify(receipt, verifying_key, context=b"visit 12")
    for context in (b"", b"visit 13", b"visit 12 ", b"Visit 12"):
        with pytest.raises(WrongContext):
            zkseal.verify(receipt, verifying_key, context=context)
        relabelled = replace(receipt, statement=replace(receipt.statement, context=context))
        with pytest.raises(ProofRejected):
            zkseal.verify(relabelled, verifying_key, context=context)
    files.save_receipt(tmp_path / "x.zkr", receipt)
    files.save_verifying_key(tmp_path / "m.zkv", verifying_key)
    assert done(tmp_path, "verify", "x.zkr", "m.zkv", "--context", "visit 12")["verified"] is True
    refused(tmp_path, WrongContext, "verify", "x.zkr", "m.zkv", "--context", "visit 13")


def test_the_command_opens_a_receipt_for_its_owner(tmp_path: Path) -> None:
    model = zkseal.compile(small_models.perceptron(), small_models.SAMPLES, outputs="private")
    proving_key, verifying_key = zkseal.setup(model)
    result, other = (zkseal.prove(proving_key, small_models.SAMPLES[row]) for row in (0, 1))
    files.save_verifying_key(tmp_path / "m.zkv", verifying_key)
    files.save_receipt(tmp_path / "x.zkr", result.receipt)
    files.save_opening(tmp_path / "x.zko", result.opening)
    files.save_opening(tmp_path / "other.zko", other.opening)
    assert done(tmp_path, "open", "x.zkr", "x.zko", "m.zkv")["opened"]["y"] == result.outputs["y"].tolist()
    refused(tmp_path, OpeningRejected, "open", "x.zkr", "other.zko", "m.zkv")
