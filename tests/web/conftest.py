"""One node process for all tests of this folder, and receipts of a small model under both openings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.web.node import DIST, DRIVER, MODULE, ROOT, Node, started

from zkseal import files, pipeline
from zkseal.conftest import tiny_graph
from zkseal.proving import VerifyingKey
from zkseal.receipts import Receipt

CONTEXT = b"tests of the web"
POWERS = ROOT / "fixtures" / "srs" / "kzg10-bn254-aztec-srs-32768.bin"


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    missing = [str(path) for path in (DRIVER, MODULE, DIST) if not path.exists()]
    if missing and "CI" not in os.environ:
        pytest.skip(f"make test-web builds what is missing: {', '.join(missing)}")
    assert not missing, missing
    with started() as running:
        yield running


@dataclass(frozen=True)
class Proved:
    """A receipt, its key, and both as files hold them."""

    receipt: Receipt
    key: VerifyingKey
    receipt_file: bytes
    key_file: bytes


@pytest.fixture(scope="session", params=["ipa", "kzg"])
def proved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Proved:
    samples = np.random.default_rng(5).normal(size=(16, 4)).astype(np.float32)
    model = pipeline.compile(tiny_graph(), samples)
    srs = files.load_srs(POWERS) if request.param == "kzg" else None
    proving_key, verifying_key = pipeline.setup(model, opening=request.param, srs=srs)
    receipt = pipeline.prove(proving_key, samples[3], context=CONTEXT).receipt
    folder: Path = tmp_path_factory.mktemp(request.param)
    files.save_receipt(folder / "r.zkr", receipt)
    files.save_verifying_key(folder / "k.zkv", verifying_key)
    return Proved(receipt, verifying_key, (folder / "r.zkr").read_bytes(), (folder / "k.zkv").read_bytes())
