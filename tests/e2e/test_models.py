"""Real models, proved and verified: output equal to the quantized model bit for bit, and close to onnxruntime.

The figures of a run are in out/e2e/models.json.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.e2e.key_files import through_a_file
from tests.e2e.subjects import CHUNK, NAMES, Subject, subject

import zkseal
from zkseal import files
from zkseal.zoo import dense

pytestmark = [pytest.mark.native, pytest.mark.slow]

MIN_AGREEMENT = 0.99
MAX_MEAN_ERROR = 0.005
MAX_PROOF_BYTES = 40_000
MAX_KEY_RATIO = 1.1
MIN_ACCURACY = 0.90
MAX_CLASS_SHARE = 0.20

Figures = dict[str, dict[str, Any]]


@pytest.fixture(scope="module", params=NAMES)
def case(request: pytest.FixtureRequest) -> Subject:
    return subject(request.param)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """The result and the milliseconds that it took."""
    start = time.perf_counter()
    result = work()
    return result, round((time.perf_counter() - start) * 1000, 2)


def test_a_held_out_row_is_proved_bit_for_bit(case: Subject, figures: Figures) -> None:
    """Input and weights private, output public: what the receipt states is what the integer program computed."""
    assert case.compiled.visibility == ("private", "public", "private")
    (proving_key, verifying_key), setup_ms = timed(partial(zkseal.setup, case.compiled))
    proving_key = through_a_file(proving_key, case.zoo.held_out[:1])
    proofs, verifications = [], []
    for row in (0, len(case.zoo.held_out) - 1):
        x, context = case.zoo.held_out[row : row + 1], f"row {row}".encode()
        result, prove_ms = timed(partial(zkseal.prove, proving_key, x, context=context))
        proved, verify_ms = timed(partial(zkseal.verify, result.receipt, verifying_key, context=context))
        (stated,) = proved.statement.output.arrays().values()
        assert stated.ravel().tolist() == case.integers[row].tolist()
        assert proved.outputs["logits"].ravel().tolist() == case.decoded[row].tolist()
        assert not proved.inputs
        assert proved.input_commitments
        assert len(result.receipt.proof) <= MAX_PROOF_BYTES
        proofs.append(prove_ms)
        verifications.append(verify_ms)
    figures[case.zoo.name] |= {
        "setup_ms": setup_ms,
        "prove_ms": min(proofs),
        "verify_ms": min(verifications),
        "proof_bytes": len(result.receipt.proof),
        "receipt_bytes": len(result.receipt.to_cbor()),
        "key_bytes": len(verifying_key.data),
    }


def test_a_proving_key_is_hardly_larger_than_the_weights(tmp_path: Path) -> None:
    """Of a model that is mostly weights; they count in the narrowest type of each tensor."""
    large = dense()
    proving_key, _ = zkseal.setup(zkseal.compile(large.model, large.calibration))
    files.save_proving_key(tmp_path / "m.zkp", proving_key)
    weights = sum(array.nbytes for array in proving_key.weights.weights.values())
    assert weights <= (tmp_path / "m.zkp").stat().st_size <= MAX_KEY_RATIO * weights


def test_the_second_executor_computes_the_same_integers(case: Subject, figures: Figures) -> None:
    """All held-out rows, from the ONNX graph, the published relation and the integer weights; no code is shared."""
    executor, rows = case.second_executor(), case.zoo.held_out
    computed = [executor.run(rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK)]
    assert np.array_equal(np.concatenate(computed).reshape(case.integers.shape), case.integers)
    figures[case.zoo.name] |= {"rows": len(rows), "rows_equal_second_executor": len(rows)}


def test_decisions_and_logits_are_those_of_the_float_model(case: Subject, figures: Figures) -> None:
    """All held-out rows; the error of a row is |y' - y| / |y| in 2-norms over its logits."""
    expected = case.float_logits.astype(np.float64)
    agreement = float(np.mean(case.labels(case.decoded) == case.labels(expected)))
    errors = np.linalg.norm(case.decoded - expected, axis=1) / np.linalg.norm(expected, axis=1)
    figures[case.zoo.name] |= {
        "agreement": agreement,
        "mean_error": float(errors.mean()),
        "worst_error": float(errors.max()),
    }
    assert agreement >= MIN_AGREEMENT
    assert errors.mean() < MAX_MEAN_ERROR


def test_the_float_model_decides_something(case: Subject, figures: Figures) -> None:
    """Models that only ever say one thing are easily agreed with."""
    predicted = case.labels(case.float_logits)
    accuracy = float(np.mean(predicted == case.zoo.labels))
    largest_share = float(np.bincount(predicted).max() / len(predicted))
    figures[case.zoo.name] |= {"accuracy": accuracy, "largest_class": largest_share}
    assert accuracy >= MIN_ACCURACY
    if len(set(case.zoo.labels.tolist())) == 10:
        assert largest_share <= MAX_CLASS_SHARE
