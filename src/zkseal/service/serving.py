"""Running a process of the service: HTTP, a worker, or both, and how it ends.

Told to stop, a process refuses new connections, ends event streams, answers what has begun, lets jobs go on for the
worker's grace, and puts the rest back into the queue. Told again, it does the same without waiting. Killed, it loses
nothing either: leases of its jobs end, and another worker begins them anew.
"""

from __future__ import annotations

import contextlib
import os
import resource
import threading
from collections.abc import Callable, Iterator
from typing import Literal

from zkseal.errors import NotFound
from zkseal.executors import Executor, LocalExecutor, RayExecutor, WorkerSettings
from zkseal.http_server.server import Server
from zkseal.service import jobs, tenants
from zkseal.service.app import application
from zkseal.service.observing import ServiceLog
from zkseal.service.service import Service, opened
from zkseal.service.settings import MASTER_KEY_VARIABLE, Settings
from zkseal.service.worker import Outcome, Worker
from zkseal.service.worker import WorkerSettings as LeaseSettings

__all__ = ["ROLES", "Process", "Role", "running"]

Role = Literal["all", "http", "worker"]
IDLE_OF_ONE_ADDRESS = 64
"""Connections that one address may have beside those with open requests."""
ROLES: tuple[Role, ...] = ("all", "http", "worker")


class Process:
    """One process that serves. `running` makes it."""

    def __init__(self, service: Service, role: Role, server: Server | None, worker: Worker | None) -> None:
        self._service, self._role, self._server, self._worker = service, role, server, worker
        self._stopped = threading.Event()

    @property
    def port(self) -> int | None:
        """Where it listens."""
        return None if self._server is None else self._server.port

    def run(self) -> None:
        """Serves until `stop`, then ends in good order."""
        if self._worker is not None:
            self._worker.start()
        if self._server is not None:
            self._server.run()
        self._stopped.wait()
        if self._worker is not None:
            self._worker.stop()

    def stop(self) -> None:
        """Asks it to end; from any thread or signal handler. Asked again, it does not wait for what has begun."""
        again = self._stopped.is_set()
        self._service.draining = True
        self._stopped.set()
        if self._server is not None:
            self._server.stop()
        if again and self._worker is not None:
            self._worker.hasten()


@contextlib.contextmanager
def running(settings: Settings, log: ServiceLog, role: Role, *, host: str, port: int) -> Iterator[Process]:
    """A process that is ready to `run`; it listens already.

    Raises:
        NotFound: there is no tenant that it could work for.
        MasterKeyRejected, StorageUnavailable, FileUnavailable, MissingDependency: something that it needs is missing.
    """
    # A core dump would hold inputs and keys.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    # Connections, and keys that are open in memory: a model in segments has hundreds of files.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(opened(settings, log))
        # It was read; nothing that is started from here on is to have it, Ray's processes least of all.
        os.environ.pop(MASTER_KEY_VARIABLE, None)
        if not tenants.list_all(service.vault.database):
            text = "There is no tenant to work for. Make one: zkseal service add-tenant NAME --config FILE"
            raise NotFound(text, kind="tenant", name=None)
        service.vault.store.check()
        service.metrics.watch_jobs(
            lambda: {str(state): count for state, count in jobs.counts(service.vault.database).items()}
        )
        server = worker = None
        if role != "worker":
            grace_s, most = settings.http.grace_s, settings.http.max_connections
            # What a proxy passes on comes from the proxy: it has bounds of its own.
            each = None if settings.http.trusted_proxies else settings.limits.address_at_once + IDLE_OF_ONE_ADDRESS
            app = application(service)
            server = Server(app, host, port, grace_s=grace_s, max_connections=most, of_one_client=each)
        if role != "http":
            executor = stack.enter_context(contextlib.closing(_executor(settings)))
            worker = _worker(service, executor)
            service.wake = worker.wake
        yield Process(service, role, server, worker)


def _executor(settings: Settings) -> Executor:
    chosen = settings.worker
    if chosen.ray_address:
        return RayExecutor(chosen.ray_address, chosen.processes or None, _processes(settings))
    limits = _processes(settings) if chosen.threads or chosen.memory_bytes else None
    return LocalExecutor(chosen.processes or None, limits)


def _processes(settings: Settings) -> WorkerSettings:
    chosen = settings.worker
    return WorkerSettings(threads=max(1, chosen.threads), memory_bytes=chosen.memory_bytes or None)


def _worker(service: Service, executor: Executor) -> Worker:
    chosen = service.settings.worker
    settings = LeaseSettings(
        lease_s=chosen.lease_s, poll_s=chosen.poll_s, grace_s=chosen.grace_s, key_bytes=chosen.key_bytes
    )
    return Worker(
        service.vault,
        executor,
        settings=settings,
        processes=_processes(service.settings),
        retention=service.settings.retention,
        told=_told(service),
        troubled=lambda error: service.log.failure("worker troubled", error),
    )


def _told(service: Service) -> Callable[[Outcome], None]:
    """Logs, counts and traces a job that is out of this worker's hands."""

    def tell(outcome: Outcome) -> None:
        state = "lost" if outcome.state is None else str(outcome.state)
        service.log.event(
            "job",
            job=outcome.job,
            tenant=outcome.tenant,
            model=outcome.model_id,
            kind=outcome.kind,
            attempt=outcome.attempt,
            state=state,
            code=outcome.code,
            duration_ms=outcome.duration_ms,
        )
        service.metrics.jobs_ended.labels(outcome.kind, state).inc()
        for phase, spent_ms in outcome.phase_ms.items():
            service.metrics.phase_s.labels(phase).observe(spent_ms / 1000)
        service.tracing.ended(
            "job",
            duration_ms=outcome.duration_ms,
            zkseal_job=outcome.job,
            zkseal_tenant=outcome.tenant,
            zkseal_model=outcome.model_id,
            zkseal_kind=outcome.kind,
            zkseal_attempt=outcome.attempt,
            zkseal_state=state,
            zkseal_code=outcome.code,
        )

    return tell
