"""Receipts of every kind of evidence, for the web page: made once for a test run, by the Python package."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.appraisal.mini import MiniEnclave
from tests.e2e import ceremonies, small_models
from tests.e2e.command_line import done

import zkseal
from zkseal.files import save_model, save_proving_key, save_receipt, save_verifying_key
from zkseal.files.ceremonies import load_srs
from zkseal.pipeline import ProvingKey
from zkseal.segments.split_test import deep_graph
from zkseal.zoo import MODELS

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = b"visit 12"
SEGMENTS = 3


@dataclass(frozen=True)
class Files:
    """Names of files in one folder, by what they are.

    Attributes:
        folder: holds `<name>.zkr` and `<name>.zkv`, and one secret, `model.zkp`.
        models: model ids in hexadecimal, by the name of the key.
        output: numbers that the model answers with, by the name of the output.
    """

    folder: Path
    models: Mapping[str, str]
    output: Mapping[str, np.ndarray]

    def receipt(self, name: str) -> Path:
        return self.folder / f"{name}.zkr"

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.zkv"


def made(folder: Path) -> Files:
    """Everything that the tests of the page verify, and `mlp_credit` under three setups."""
    zoo = MODELS["mlp_credit"]()
    model = zkseal.compile(zoo.model, zoo.calibration)
    row = zoo.held_out[:1]
    keys = {
        "ipa": proved(folder, "ipa", zkseal.setup(model), row),
        "kzg": proved(folder, "kzg", zkseal.setup(model, opening="kzg", srs=load_srs(ceremonies.AZTEC_32768)), row),
        "other": proved(folder, "other", zkseal.setup(model), row),
        "insecure": insecure(folder),
    }
    save_proving_key(folder / "model.zkp", keys["ipa"])
    attested(folder, keys["ipa"], row)
    segmented(folder)
    models = {name: key.verifying_key.model_id.hex() for name, key in keys.items()}
    return Files(folder, models, zkseal.answer(keys["ipa"], row).outputs)


def proved(folder: Path, name: str, keys: tuple[ProvingKey, zkseal.VerifyingKey], row: np.ndarray) -> ProvingKey:
    """Writes a key and a receipt under it."""
    save_receipt(folder / f"{name}.zkr", zkseal.prove(keys[0], row, context=CONTEXT).receipt)
    save_verifying_key(folder / f"{name}.zkv", keys[1])
    return keys[0]


def insecure(folder: Path) -> ProvingKey:
    """A small model under powers of a tau that everybody knows."""
    (folder / "tau").write_bytes(ceremonies.insecure_file())
    model = zkseal.compile(small_models.perceptron(), small_models.SAMPLES)
    keys = zkseal.setup(model, opening="kzg", srs=load_srs(folder / "tau", insecure_srs=True))
    return proved(folder, "insecure", keys, small_models.SAMPLES[3])


def attested(folder: Path, proving_key: ProvingKey, row: np.ndarray) -> None:
    """Answers of a sandbox enclave about the model of `ipa`: alone, and with a proof of the same statement."""
    enclave = MiniEnclave.start(proving_key)
    answer = zkseal.answer(proving_key, row, context=CONTEXT)
    alone = enclave.receipt(answer, issued_at=int(time.time()))
    proof = zkseal.prove(proving_key, row, context=CONTEXT, opening=answer.opening).receipt
    save_receipt(folder / "sandbox.zkr", alone)
    save_receipt(folder / "both.zkr", alone.with_proof(proof))


def segmented(folder: Path) -> None:
    """`segmented.zkr` and its key: a deep model in three segments, made by the command line."""
    samples = np.random.default_rng(13).normal(size=(20, 4)).astype(np.float32)
    save_model(folder / "segmented.zkc", zkseal.compile(deep_graph(SEGMENTS), samples))
    np.save(folder / "x.npy", samples[:1])
    done(folder, "setup", "segmented.zkc", "--segments", str(SEGMENTS))
    done(folder, "prove", "segmented.zkp", "x.npy", "--context", CONTEXT.decode(), "--out", "segmented.zkr")
