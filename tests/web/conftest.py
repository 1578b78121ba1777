"""One node process for all tests of this folder, and receipts of a small model under both openings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.e2e.ceremonies import insecure_file
from tests.web.node import DIST, DRIVER, MODULE, ROOT, Node, started

from zkseal import files, pipeline
from zkseal.conftest import tiny_graph
from zkseal.pipeline import CompiledModel
from zkseal.proving import SegmentedVerifyingKey, VerifyingKey
from zkseal.receipts import Receipt
from zkseal.segments import setup_segments, split

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
    key: VerifyingKey | SegmentedVerifyingKey
    receipt_file: bytes
    key_file: bytes


def written(folder: Path, receipt: Receipt, key: VerifyingKey | SegmentedVerifyingKey) -> Proved:
    files.save_receipt(folder / "r.zkr", receipt)
    files.save_any_verifying_key(folder / "k.zkv", key)
    return Proved(receipt, key, (folder / "r.zkr").read_bytes(), (folder / "k.zkv").read_bytes())


@pytest.fixture(scope="session")
def samples() -> np.ndarray:
    return np.random.default_rng(5).normal(size=(16, 4)).astype(np.float32)


@pytest.fixture(scope="session")
def tiny(samples: np.ndarray) -> CompiledModel:
    return pipeline.compile(tiny_graph(), samples)


@pytest.fixture(scope="session", params=["ipa", "kzg"])
def proved(
    request: pytest.FixtureRequest, tiny: CompiledModel, samples: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> Proved:
    srs = files.load_srs(POWERS) if request.param == "kzg" else None
    proving_key, verifying_key = pipeline.setup(tiny, opening=request.param, srs=srs)
    receipt = pipeline.prove(proving_key, samples[3], context=CONTEXT).receipt
    return written(tmp_path_factory.mktemp(request.param), receipt, verifying_key)


@pytest.fixture(scope="session")
def segmented(tiny: CompiledModel, samples: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Proved:
    """The same model in two segments."""
    proving_key, verifying_key = setup_segments(split(tiny, 2))
    receipt = pipeline.prove(proving_key, samples[3], context=CONTEXT).receipt
    return written(tmp_path_factory.mktemp("segments"), receipt, verifying_key)


@pytest.fixture(scope="session")
def insecure(tiny: CompiledModel, samples: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Proved:
    """The same model with powers of a tau that everybody may know."""
    folder = tmp_path_factory.mktemp("insecure")
    (folder / "powers").write_bytes(insecure_file())
    srs = files.load_srs(folder / "powers", insecure_srs=True)
    proving_key, verifying_key = pipeline.setup(tiny, opening="kzg", srs=srs)
    receipt = pipeline.prove(proving_key, samples[3], context=CONTEXT).receipt
    return written(folder, receipt, verifying_key)
