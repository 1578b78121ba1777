"""`zkseal prove-many`: files in, numbered receipts out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.cluster.decoders import Decoder
from tests.cluster.processes import descendants, until
from tests.e2e.command_line import environment

from zkseal import files, pipeline
from zkseal.cli import main
from zkseal.cli.exit_codes import EXIT_CODES
from zkseal.errors import ClusterUnreachable, WrongInput
from zkseal.executors import KeyFile
from zkseal.proving import VerifyingKey

Array = npt.NDArray[np.float32]
Keys = tuple[KeyFile, VerifyingKey]


def prove_many(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    """Exit code and the one object on standard output."""
    code = main(["prove-many", *map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_each_input_gets_a_numbered_receipt_and_what_is_there_is_left_out(
    key_file: Keys, inputs: Array, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "inputs.npy", inputs[:3])
    arguments = (key_file[0].path, tmp_path / "inputs.npy", "--out", tmp_path / "out", "--context", "c")
    code, result = prove_many(capsys, *arguments, "--workers", "2")
    assert (code, result["workers"], result["left_out"]) == (0, 2, 0)
    here = files.load_proving_key(key_file[0].path)
    for number, (entry, x) in enumerate(zip(result["receipts"], inputs, strict=False)):
        assert entry["receipt"] == str(tmp_path / "out" / f"{number:06}.zkr")
        receipt = files.load_receipt(entry["receipt"])
        pipeline.verify(receipt, key_file[1], context=b"c")
        pipeline.check_opening(receipt, files.load_opening(entry["opening"]), key_file[1])
        assert entry["outputs"] == [{"y": pipeline.answer(here, x).outputs["y"].tolist()}]
    (tmp_path / "out" / "000001.zkr").unlink()
    code, result = prove_many(capsys, *arguments, "--workers", "1", "--resume")
    assert (code, result["left_out"]) == (0, 2)
    assert [entry["receipt"] for entry in result["receipts"]] == [str(tmp_path / "out" / "000001.zkr")]


def test_a_model_for_batches_proves_several_inputs_in_each_receipt(
    batch_key_file: Keys, inputs: Array, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "inputs.npy", inputs[:5])
    code, result = prove_many(
        capsys, batch_key_file[0].path, tmp_path / "inputs.npy", "--out", tmp_path, "--workers", "1"
    )
    assert code == 0
    assert [len(entry["outputs"]) for entry in result["receipts"]] == [4, 1]
    for entry in result["receipts"]:
        pipeline.verify(files.load_receipt(entry["receipt"]), batch_key_file[1])


def test_a_model_in_segments_is_proved_by_all_workers(
    decoder_keys: Decoder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "ids.npz", ids=decoder_keys.ids[:2])
    code, result = prove_many(
        capsys, decoder_keys.path, tmp_path / "ids.npz", "--out", tmp_path / "out", "--workers", "2"
    )
    assert (code, len(result["receipts"])) == (0, 2)
    for entry in result["receipts"]:
        pipeline.verify(files.load_receipt(entry["receipt"]), decoder_keys.verifying_key)


def test_errors_have_their_codes(
    key_file: Keys, inputs: Array, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "wrong.npy", inputs[:3, :2])
    np.save(tmp_path / "inputs.npy", inputs[:3])
    code, result = prove_many(capsys, key_file[0].path, tmp_path / "wrong.npy", "--out", tmp_path, "--workers", "1")
    assert (code, result["error"]["code"]) == (EXIT_CODES[WrongInput], "WrongInput")
    arguments = (key_file[0].path, tmp_path / "inputs.npy", "--out", tmp_path)
    code, result = prove_many(capsys, *arguments, "--executor", "ray", "--ray-address", "127.0.0.1:1")
    assert (code, result["error"]["code"]) == (EXIT_CODES[ClusterUnreachable], "ClusterUnreachable")


def test_an_interrupt_leaves_whole_receipts_and_no_process(key_file: Keys, inputs: Array, tmp_path: Path) -> None:
    np.save(tmp_path / "inputs.npy", np.repeat(inputs, 50, axis=0))
    out = tmp_path / "out"
    arguments = ("prove-many", key_file[0].path, tmp_path / "inputs.npy", "--out", out, "--workers", "1", "--json")
    with subprocess.Popen(
        [sys.executable, "-m", "zkseal", *map(str, arguments)], stdout=subprocess.PIPE, text=True, env=environment()
    ) as process:
        until(lambda: len(list(out.glob("*.zkr"))) > 2, limit_s=60)
        workers = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=30)
    assert (process.returncode, json.loads(printed)["error"]["code"]) == (130, "Interrupted")
    until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    assert workers
    receipts = sorted(out.glob("*.zkr"))
    for receipt in receipts:
        pipeline.verify(files.load_receipt(receipt), key_file[1])
    assert sorted(out.iterdir()) == sorted([*receipts, *(receipt.with_suffix(".zko") for receipt in receipts)])
