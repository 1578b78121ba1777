"""A tenant with a small model, and what tests do with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tests.e2e.small_models import SAMPLES, perceptron

import zkseal
from zkseal.files import load_proving_key, save_proving_key
from zkseal.service import jobs, models, tenants
from zkseal.service.artifacts import Vault
from zkseal.service.jobs import Claim, Job, Kind, Request
from zkseal.service.names import new_name
from zkseal.service.tenants import Quotas, Tenant

LEASE_MS = 60_000


def small_key_file(folder: Path) -> Path:
    """Compiles and sets up a perceptron; the file of its proving key."""
    compiled = zkseal.compile(perceptron(), SAMPLES)
    proving_key, _ = zkseal.setup(compiled)
    path = folder / "small.zkp"
    save_proving_key(path, proving_key)
    return path


def request(row: int = 0, context: bytes = b"for the tests") -> Request:
    """One input of the small model."""
    return Request(Kind.INFERENCE, ({"x": np.asarray(SAMPLES[row : row + 1])},), context)


@dataclass(frozen=True)
class World:
    """A vault, a tenant in it, and the identifier of its model."""

    vault: Vault
    tenant: Tenant
    model_id: str
    key_file: Path = field(repr=False)

    @staticmethod
    def of(vault: Vault, key_file: Path, name: str = "acme", quotas: Quotas | None = None) -> World:
        tenant = tenants.create(vault, name, quotas)
        model = models.register(vault, tenant.id, "small", memoryview(key_file.read_bytes()))
        return World(vault, tenant, model.model_id, key_file)

    @property
    def verifying_key(self) -> zkseal.VerifyingKey:
        return load_proving_key(self.key_file).verifying_key

    def submit(self, row: int = 0, idempotency_key: str | None = None) -> Job:
        asked = request(row)
        return jobs.submit(self.vault, self.tenant.id, self.model_id, asked, idempotency_key=idempotency_key).job

    def claim(self, worker: str | None = None, *, lease_ms: int = LEASE_MS, limit: int = 1) -> list[Claim]:
        """By a worker of its own, if none is named."""
        worker = worker or new_name("wrk")
        return jobs.claim(self.vault.database, worker, limit=limit, lease_ms=lease_ms)

    def job(self, job: str) -> Job:
        return jobs.find(self.vault.database, self.tenant.id, job)

    def blobs(self) -> set[str]:
        return set(self.vault.store.names(older_than_s=0))
