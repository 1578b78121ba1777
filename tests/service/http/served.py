"""A service that runs in this process: HTTP, a worker, a tenant with a small model."""

from __future__ import annotations

import contextlib
import io
import json
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from tests.e2e.small_models import SAMPLES, perceptron

import zkseal
from zkseal.client import Client
from zkseal.files import save_proving_key, save_verifying_key
from zkseal.http_server.server import Server
from zkseal.service import api_keys, models, tenants
from zkseal.service.app import application
from zkseal.service.limits import Limits
from zkseal.service.observing import ServiceLog
from zkseal.service.service import Service, opened
from zkseal.service.serving import running
from zkseal.service.setting_up import set_up
from zkseal.service.settings import PolicySettings, Settings, load_settings

BATCH = 4
GENEROUS = Limits(address_per_s=1e6, address_burst=10**6, key_per_s=1e6, key_burst=10**6, verify_wait_ms=60_000)
CONTEXT = b"visit 12"


@dataclass(frozen=True)
class KeyFiles:
    """Keys of a small model, and of the same model for batches."""

    proving: Path
    verifying: Path
    batch: Path
    model_id: str
    batch_id: str


def make_key_files(folder: Path) -> KeyFiles:
    """Compiles and sets up two models."""
    found = []
    for name, options in (("one", {}), ("batch", {"batch": BATCH})):
        compiled = zkseal.compile(perceptron(), SAMPLES, **options)  # type: ignore[arg-type]
        proving_key, verifying_key = zkseal.setup(compiled)
        save_proving_key(folder / f"{name}.zkp", proving_key)
        save_verifying_key(folder / f"{name}.zkv", verifying_key)
        found.append(verifying_key.model_id.hex())
    return KeyFiles(folder / "one.zkp", folder / "one.zkv", folder / "batch.zkp", *found)


@dataclass(frozen=True)
class Served:
    """A service that answers."""

    url: str
    service: Service
    tenant: str
    api_key: str = field(repr=False)
    keys: KeyFiles
    log: io.StringIO

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def key(self, scopes: Collection[str] = api_keys.SCOPES, tenant: str | None = None) -> str:
        """The text of a new API key."""
        return api_keys.create(self.service.vault.database, tenant or self.tenant, "test", scopes).text

    def other_tenant(self, name: str) -> str:
        """The text of a key with all scopes of a new tenant."""
        return self.key(tenant=tenants.create(self.service.vault, name).id)

    def for_new_tenant(self, name: str) -> Served:
        """The same service, as another tenant with the same models sees it."""
        tenant = tenants.create(self.service.vault, name).id
        register_models(self.service, tenant, self.keys)
        return replace(self, tenant=tenant, api_key=self.key(tenant=tenant))

    def http(self, api_key: str | None = None, **headers: str) -> httpx.Client:
        """Raw HTTP with a key; an empty text: without one."""
        key = self.api_key if api_key is None else api_key
        shown = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers={**shown, **headers}, timeout=60, trust_env=False)

    def client(self, api_key: str | None = None, **options: Any) -> Client:
        """A client."""
        return Client(self.url, api_key or self.api_key, **options)

    def lines(self) -> list[dict[str, Any]]:
        """What was logged."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def settings_in(
    folder: Path, limits: Limits = GENEROUS, policies: PolicySettings | None = None, **http: Any
) -> tuple[Settings, str, str]:
    """Settings of a new service, the tenant, and an API key with all scopes."""
    made = set_up(folder, "acme")
    settings = load_settings(made.settings, {})
    work = replace(settings.worker, processes=1, poll_s=0.05)
    settings = replace(settings, limits=limits, worker=work, http=replace(settings.http, **http))
    settings = replace(settings, policies=policies or settings.policies)
    return settings, made.tenant.id, made.key.text


@contextlib.contextmanager
def serving(
    folder: Path, keys: KeyFiles, *, worker: bool = False, limits: Limits = GENEROUS, **http: Any
) -> Iterator[Served]:
    """A running service with both models."""
    settings, tenant, api_key = settings_in(folder, limits, **http)
    log = io.StringIO()
    with contextlib.ExitStack() as stack:
        if worker:
            process = stack.enter_context(running(settings, ServiceLog(log), "all", host="127.0.0.1", port=0))
            service, url = process._service, f"http://127.0.0.1:{process.port}"
            thread = threading.Thread(target=process.run, daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(process.stop)
        else:
            most = settings.http.max_connections
            service = stack.enter_context(opened(settings, ServiceLog(log)))
            url = stack.enter_context(
                Server(application(service), "127.0.0.1", 0, max_connections=most).in_background()
            )
        register_models(service, tenant, keys)
        yield Served(url, service, tenant, api_key, keys, log)


def register_models(service: Service, tenant: str, keys: KeyFiles) -> None:
    """Registers both models."""
    for path in (keys.proving, keys.batch):
        models.register(service.vault, tenant, path.stem, memoryview(path.read_bytes()))


def inputs(row: int = 0) -> dict[str, Any]:
    """One input of the small model, as JSON."""
    return {"x": np.asarray(SAMPLES[row : row + 1]).tolist()}


def require_problem(response: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The problem document of an answer that has to be one."""
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json"), (
        response.text
    )
    document: dict[str, Any] = response.json()
    assert set(document) == {"type", "title", "status", "detail", "code", "fields", "request_id"}
    assert document["status"] == status
    assert document["request_id"] == response.headers["x-request-id"]
    if code is not None:
        assert (document["code"], document["type"]) == (code, f"urn:zkseal:error:{code}")
    return document
