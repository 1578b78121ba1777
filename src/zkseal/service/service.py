"""`Service`: what routes and workers of one process stand on, opened together and closed in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from zkseal.errors import MasterKeyRejected
from zkseal.http_server.bodies import Bodies
from zkseal.proving import AnyVerifyingKey
from zkseal.service.api_keys import ApiKey
from zkseal.service.artifacts import Vault, open_store
from zkseal.service.at_rest import MasterKeys
from zkseal.service.believed import Believed
from zkseal.service.database import Database
from zkseal.service.database.clock import now_ms
from zkseal.service.limits import Admission
from zkseal.service.observing import Metrics, ServiceLog, Tracing
from zkseal.service.policies import Policies
from zkseal.service.settings import MASTER_KEY_VARIABLE, Settings
from zkseal.service.verifying import KeyCache, VerifierPool

__all__ = ["Service", "master_keys_of", "opened", "opened_vault", "service_of"]

MODELS_AT_ONCE = 2
"""Models that are uploaded at the same time: their bytes are in memory, and are never on the disk in the clear."""


@dataclass
class Readiness:
    """What the last look at database and store has found, believed until a moment of the monotonic clock."""

    one: asyncio.Lock = field(default_factory=asyncio.Lock)
    found: dict[str, str] = field(default_factory=dict)
    until: float = float("-inf")


@dataclass
class Service:
    """One process's share of the service. Made by `opened`."""

    settings: Settings
    vault: Vault
    log: ServiceLog
    tracing: Tracing
    metrics: Metrics = field(default_factory=Metrics)
    keys: KeyCache = field(default_factory=KeyCache)
    clock: Callable[[], float] = time.time
    policies: Policies = field(init=False)
    draining: bool = False
    """Told to stop: event streams end, and clients come back to another process."""
    wake: Callable[[], None] = lambda: None
    """Tells the worker of this process, if there is one, that there is a job."""

    def __post_init__(self) -> None:
        limits, policies, place = self.settings.limits, self.settings.policies, self.settings.optional_path
        self.policies = Policies.read(place(policies.receipts), place(policies.attestations))
        self.believed: Believed[ApiKey] = Believed()
        self.registered: Believed[AnyVerifyingKey] = Believed()
        self.readiness = Readiness()
        self.uploads = asyncio.Semaphore(MODELS_AT_ONCE)
        self.admission = Admission(limits)
        self.bodies = Bodies(unfinished_at_once=limits.unfinished_at_once, timeout_s=limits.body_timeout_s)
        self.verifiers = VerifierPool(threads=limits.verify_threads, wait_ms=limits.verify_wait_ms)

    def database_answers(self) -> None:
        """Raises `StorageUnavailable` if it does not."""
        self.vault.database.read(now_ms)

    def verification_counts(self) -> dict[str, Any]:
        """How many verifications ended in which way, and what waits."""
        outcomes = ("proved", "rejected", "refused")
        counted = {name: int(self.metrics.verifications.labels(name)._value.get()) for name in outcomes}
        wait_ms = round(self.verifiers.predicted_wait_s * 1000, 1)
        return {**counted, "open": self.verifiers.open, "predicted_wait_ms": wait_ms}

    def close(self) -> None:
        """Ends threads, and sends what is left of traces."""
        self.verifiers.close()
        self.tracing.close()


def service_of(request: Request) -> Service:
    """The service that a request came to."""
    service: Service = request.app.state.service
    return service


def master_keys_of(settings: Settings) -> MasterKeys:
    """The master keys that the settings name. Raises `MasterKeyRejected`: there is none, or others may read it."""
    storage = settings.storage
    earlier = [settings.path(name) for name in storage.earlier_master_key_files]
    text = os.environ.get(MASTER_KEY_VARIABLE)
    if text is not None:
        return MasterKeys.parse(text, MASTER_KEY_VARIABLE, earlier)
    if not storage.master_key_file:
        raise MasterKeyRejected(
            "The settings name no master key. `zkseal service init` makes one.", path=None, reason="none is named"
        )
    return MasterKeys.load(settings.path(storage.master_key_file), earlier)


@contextlib.contextmanager
def opened_vault(settings: Settings) -> Iterator[Vault]:
    """Database, artifacts and master keys of these settings, closed at the end.

    Raises:
        MasterKeyRejected, StorageUnavailable, FileUnavailable, MissingDependency: something that it needs is not there.
    """
    master_keys = master_keys_of(settings)
    with contextlib.closing(Database.open(settings.database_url)) as database:
        yield Vault(database, open_store(settings.artifacts_url), master_keys)


@contextlib.contextmanager
def opened(settings: Settings, log: ServiceLog) -> Iterator[Service]:
    """The service of these settings, closed at the end. Raises as `opened_vault`."""
    with opened_vault(settings) as vault:
        service = Service(settings, vault, log, Tracing(settings.telemetry.otlp_endpoint or None))
        with contextlib.closing(service):
            yield service
