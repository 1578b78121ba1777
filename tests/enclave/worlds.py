"""A sealed model, a broker that serves its key over HTTP, an enclave in front of it: all parts are the real ones."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.e2e.small_models import SAMPLES, perceptron

import zkseal
from zkseal import files
from zkseal._native import HpkeKey, PublisherKey
from zkseal.broker import BrokerClient, KeyBroker
from zkseal.broker.service import application
from zkseal.enclave import EnclaveHost, EnclaveOptions
from zkseal.http_server.server import Server
from zkseal.http_server.telling import Log
from zkseal.sealed import SealedHeader, SealedModel, SealingTerms, seal
from zkseal.tee import AppraisalPolicy, Assurance, parse_policy

POLICY_TEXT = 'extends = "development"\nname = "development of the test"\n'
POLICY: AppraisalPolicy = parse_policy(POLICY_TEXT)


def proving_key() -> zkseal.ProvingKey:
    """Of a small perceptron."""
    model = zkseal.compile(perceptron().SerializeToString(), SAMPLES)
    return zkseal.setup(model)[0]


@dataclass
class World:
    """One publisher, one broker, one model."""

    folder: Path
    proving_key: zkseal.ProvingKey
    kek: HpkeKey
    publisher: PublisherKey

    @staticmethod
    def of(folder: Path, key: zkseal.ProvingKey) -> World:
        """Fresh keys in a folder."""
        return World(folder, key, HpkeKey.generate(), PublisherKey.generate())

    @property
    def plaintext(self) -> bytes:
        """The proving key's file, which is sealed."""
        path = self.folder / "model.zkp"
        files.save_proving_key(path, self.proving_key)
        data = path.read_bytes()
        path.unlink()
        return data

    @property
    def sealed(self) -> Path:
        """Where the sealed model lies."""
        return self.folder / "model.zks"

    def seal(
        self, *, commitment: bytes | None = None, plaintext: bytes | None = None, chunk_bytes: int = 1 << 12
    ) -> SealedHeader:
        """Seals the model for development."""
        terms = SealingTerms(
            "perceptron",
            1,
            commitment or self.proving_key.verifying_key.model_id,
            POLICY.digest,
            Assurance.SANDBOX,
            int(time.time()),
        )
        content = {"proving-key": plaintext or self.plaintext}
        return seal(self.sealed, content, terms, self.publisher, [self.kek.public_key], chunk_bytes=chunk_bytes)

    @contextlib.contextmanager
    def broker(self) -> Iterator[str]:
        """A broker that serves the model's key; its URL."""
        database, log_key = self.folder / "broker.db", PublisherKey.generate()
        database.unlink(missing_ok=True)
        now = int(time.time())
        KeyBroker.create(database, self.kek, log_key, now=now)
        broker = KeyBroker(database, self.kek, log_key)
        try:
            broker.add_model(SealedModel.open(self.sealed), POLICY_TEXT, now=now)
            with Server(application(broker, Log(io.StringIO())), "127.0.0.1", 0).in_background() as url:
                yield url
        finally:
            broker.close()

    @contextlib.contextmanager
    def enclave(self, options: EnclaveOptions | None = None) -> Iterator[EnclaveHost]:
        """A host whose enclave has its model."""
        with self.broker() as url, EnclaveHost(self.sealed, options=options) as host:
            host.provision(BrokerClient(url))
            yield host


def sample(index: int = 0) -> np.ndarray:
    """An input of the perceptron."""
    return np.asarray(SAMPLES[index : index + 1])
