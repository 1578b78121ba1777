"""A model in segments through the command line: what its user sees, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.e2e.command_line import done, refused

import zkseal
from zkseal import files
from zkseal.errors import OpeningRejected, SetupError, WrongFileKind, WrongModel
from zkseal.receipts import Receipt
from zkseal.segments.split_test import deep_graph

pytestmark = pytest.mark.native

COUNT = 3
SAMPLES = np.random.default_rng(13).normal(size=(20, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model, its keys in segments, a receipt and its opening."""
    place = tmp_path_factory.mktemp("segments")
    model = zkseal.compile(deep_graph(3), SAMPLES, outputs="private")
    files.save_model(place / "m.zkc", model)
    np.save(place / "x.npy", SAMPLES[:1])
    made = done(place, "setup", "m.zkc", "--segments", str(COUNT))
    assert [Path(part["file"]).suffix for part in made["segments"]] == [".zks"] * COUNT
    proved = done(place, "prove", "m.zkp", "x.npy", "--context", "c")
    assert np.array_equal(proved["outputs"]["y"], model.program.predict({"x": SAMPLES[:1]})["y"])
    return place


def test_a_receipt_in_segments_is_verified_opened_and_appraised(folder: Path) -> None:
    verified = done(folder, "verify", "x.zkr", "m.zkv", "--context", "c")
    assert verified["verified"]
    opened = done(folder, "open", "x.zkr", "x.zko", "m.zkv", "--context", "c")
    expected = files.load_model(folder / "m.zkc").program.predict({"x": SAMPLES[:1]})["y"]
    assert np.array_equal(opened["opened"]["y"], expected)
    appraised = done(folder, "appraise", "x.zkr", "--policy", "zk", "--key", "m.zkv", "--context", "c")
    assert {check["name"]: check["outcome"] for check in appraised["checks"]}["zk.proof"] == "pass"


def test_inspect_tells_of_every_segment(folder: Path) -> None:
    for name in ("m.zkp", "m.zkv"):
        described = done(folder, "inspect", name)
        assert [segment["predicted"]["proof_bytes"] > 0 for segment in described["segments"]] == [True] * COUNT
        assert described["hidden"][0] == "input x"
    (evidence,) = done(folder, "inspect", "x.zkr")["evidence"]
    assert (evidence["type"], evidence["segments"]) == ("zk-segments", COUNT)
    part = files.segment_files(folder / "m.zkp")[1]
    described = done(folder, "inspect", str(part))
    assert (described["segment"], described["of_segments"]) == (1, COUNT)


def test_a_damaged_proof_is_refused_and_its_segment_named(folder: Path) -> None:
    receipt = files.load_receipt(folder / "x.zkr")
    own = receipt.segmented
    middle = own.proofs[1][:-1] + bytes([own.proofs[1][-1] ^ 1])
    changed = replace(own, proofs=(own.proofs[0], middle, own.proofs[2]))
    files.save_receipt(folder / "damaged.zkr", Receipt(receipt.statement, (changed,)))
    told = refused(folder, OpeningRejected, "verify", "damaged.zkr", "m.zkv", "--context", "c")
    assert told["fields"]["segment"] == 1


@pytest.mark.parametrize(
    "arguments",
    [("--segments", "1"), ("--segments", "99"), ("--segments", "2", "--opening", "kzg")],
    ids=["one", "too many", "kzg"],
)
def test_a_split_that_is_not_possible_is_refused(folder: Path, arguments: tuple[str, ...]) -> None:
    refused(folder, SetupError, "setup", "m.zkc", *arguments)


def test_keys_of_other_models_and_commands_that_take_whole_models_refuse(folder: Path) -> None:
    done(folder, "setup", "m.zkc", "--proving-key", "whole.zkp", "--verifying-key", "whole.zkv")
    refused(folder, WrongModel, "verify", "x.zkr", "whole.zkv", "--context", "c")
    refused(folder, WrongFileKind, "chain", "gas", "m.zkv")
