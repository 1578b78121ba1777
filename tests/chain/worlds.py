"""A chain with contracts and models on it, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import zkseal
from zkseal import files
from zkseal.chain.accounts import Signer
from zkseal.chain.address_book import AddressBook
from zkseal.chain.connection import Connection
from zkseal.chain.deployment import deploy
from zkseal.chain.local import LocalChain, local_signer
from zkseal.chain.registration import register
from zkseal.pipeline import ProvingKey
from zkseal.proving import VerifyingKey

ROOT = Path(__file__).resolve().parents[2]
POWERS = ROOT / "fixtures" / "srs" / "kzg10-bn254-aztec-srs-32768.bin"


@dataclass(frozen=True)
class Model:
    """A model with keys for chains, and inputs to try."""

    proving_key: ProvingKey = field(repr=False)
    verifying_key: VerifyingKey = field(repr=False)
    inputs: npt.NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True)
class World:
    """A chain with the core contracts and two registered models, and accounts."""

    chain: LocalChain
    book: AddressBook
    owner: Signer
    user: Signer
    other: Signer
    hidden: Model
    public: Model
    ids: dict[str, int]

    @property
    def connection(self) -> Connection:
        return self.chain.connection

    def address(self, name: str) -> str:
        return self.book.address(self.connection, name)

    def now(self) -> int:
        return self.connection.head().timestamp


def keys_of(estimator: Any, samples: npt.NDArray[np.float32], **options: Any) -> Model:
    """Keys for chains, from the powers of a real ceremony."""
    model = zkseal.compile(estimator, samples, select="label", **options)
    keys = zkseal.setup(model, opening="kzg", srs=files.load_srs(POWERS))
    return Model(*keys, samples)


def populated(running: LocalChain, folder: Path, hidden: Model, public: Model) -> World:
    """Contracts and models on a new chain."""
    owner, user, other = (local_signer(index) for index in range(3))
    book = AddressBook(folder / "addresses.json")
    deploy(running.connection, owner, book)
    registry = book.address(running.connection, "ModelRegistry")
    ids = {
        name: register(running.connection, owner, registry, model.verifying_key).model_id
        for name, model in (("hidden", hidden), ("public", public))
    }
    return World(running, book, owner, user, other, hidden, public, ids)
