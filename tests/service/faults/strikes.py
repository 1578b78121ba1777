"""Faults: each is done to a site that runs, and is over, or passes by itself, when its function returns."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable

import psycopg
from tests.cluster.processes import kill_all, with_argument
from tests.service.faults.site import LEASE_S, Site

__all__ = ["Strike", "strikes_for"]

Strike = Callable[[Site, random.Random], None]


def server(site: Site, chance: random.Random) -> None:
    """kill -9 of the process that serves HTTP."""
    site.server.kill()


def worker(site: Site, chance: random.Random) -> None:
    """kill -9 of a process that claims jobs."""
    chance.choice(site.workers).kill()


def frozen(site: Site, chance: random.Random) -> None:
    """A worker stands still for longer than its lease, then goes on with jobs that are others' by then."""
    pid = chance.choice(site.workers).pid
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(LEASE_S + chance.uniform(1.0, 3.0))
        finally:
            os.kill(pid, signal.SIGCONT)


def prover(site: Site, chance: random.Random) -> None:
    """kill -9 of a process that proves."""
    if found := site.provers():
        kill_all([chance.choice(found)])


def everything(site: Site, chance: random.Random) -> None:
    """kill -9 of all processes of the service at once, as when a machine loses power."""
    for process in site.processes:
        process.kill()


def disk_full(site: Site, chance: random.Random) -> None:
    """No room on the disk of artifacts (and of SQLite) for a while."""
    site.disk.fill(chance.uniform(0.5, 2.0))


def connection_lost(site: Site, chance: random.Random) -> None:
    """PostgreSQL ends all connections."""
    assert site.postgres is not None
    with psycopg.connect(site.postgres.url("postgres"), autocommit=True) as admin:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        admin.execute(query + " AND pid <> pg_backend_pid()")


def backend(site: Site, chance: random.Random) -> None:
    """kill -9 of a backend of PostgreSQL: it recovers by beginning anew, for all connections."""
    assert site.postgres is not None
    if found := site.postgres.backends():
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(found), signal.SIGKILL)


def database_server(site: Site, chance: random.Random) -> None:
    """kill -9 of PostgreSQL itself; it comes back after a while."""
    assert site.postgres is not None
    site.postgres.kill()
    time.sleep(chance.uniform(0.2, 1.5))
    site.postgres.start()


def ray_worker(site: Site, chance: random.Random) -> None:
    """kill -9 of an actor of Ray that relays tasks to a prover of its machine."""
    if found := with_argument("ray::Relay"):
        kill_all([chance.choice(found)])


_ALWAYS: tuple[Strike, ...] = (server, worker, frozen, prover, everything)
_POSTGRES: tuple[Strike, ...] = (connection_lost, backend, database_server)


def strikes_for(site: Site, count: int, chance: random.Random, *, ray: bool = False) -> list[Strike]:
    """So many faults that the site can have: every kind in turn, in another order each round."""
    disk = (disk_full,) if site.disk.mounted else ()
    kinds = _ALWAYS + disk + (_POSTGRES if site.postgres is not None else ()) + ((ray_worker,) if ray else ())
    rounds = [strike for _ in range(-(-count // len(kinds))) for strike in chance.sample(kinds, len(kinds))]
    return rounds[:count]
