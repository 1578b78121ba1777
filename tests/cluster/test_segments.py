"""One model in segments over processes of this machine: one receipt, whatever single workers do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.cluster.decoders import Decoder
from tests.cluster.worlds import QUICK, STALLED, done, misbehaving

from zkseal import files, pipeline
from zkseal.errors import ResultRejected, WrongInput
from zkseal.executors import LocalExecutor, prove_in_segments


def test_segments_of_several_workers_are_one_receipt_of_what_the_whole_computes(decoder_keys: Decoder) -> None:
    ids = decoder_keys.ids[-1:]
    with LocalExecutor(2, limits=QUICK) as executor:
        proof = prove_in_segments(executor, decoder_keys.segmented, ids, context=b"c")
    statement = pipeline.verify(proof.result.receipt, decoder_keys.verifying_key, context=b"c")
    expected = pipeline.answer(files.load_proving_key(decoder_keys.whole.path), ids).outputs["y"]
    assert np.array_equal(statement.outputs["y"], expected)
    assert [attempt.outcome for attempts in proof.attempts.values() for attempt in attempts] == ["accepted"] * 4


@pytest.mark.parametrize("misdeed", ["dies", "corrupts", "stalls", "duplicates", "babbles"])
def test_a_segment_is_proved_by_somebody_else_if_need_be(decoder_keys: Decoder, tmp_path: Path, misdeed: str) -> None:
    settings = misbehaving(tmp_path / "misdeeds", [misdeed])
    with LocalExecutor(2, settings, STALLED) as executor:
        proof = prove_in_segments(executor, decoder_keys.segmented, decoder_keys.ids[:1], context=b"c")
    pipeline.verify(proof.result.receipt, decoder_keys.verifying_key, context=b"c")
    assert misdeed in done(tmp_path / "misdeeds")


def test_without_good_workers_there_is_no_receipt(decoder_keys: Decoder, tmp_path: Path) -> None:
    settings = misbehaving(tmp_path / "misdeeds", ["corrupts"] * 20)
    with LocalExecutor(2, settings, QUICK) as executor, pytest.raises(ResultRejected):
        prove_in_segments(executor, decoder_keys.segmented, decoder_keys.ids[:1])


def test_inputs_are_refused_before_a_worker_sees_them(decoder_keys: Decoder) -> None:
    with LocalExecutor(1, limits=QUICK) as executor, pytest.raises(WrongInput):
        prove_in_segments(executor, decoder_keys.segmented, decoder_keys.ids[:2])
