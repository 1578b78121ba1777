"""Clients that submit jobs without a pause, whatever happens to the service, and remember what was accepted."""

from __future__ import annotations

import contextlib
import random
import secrets
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.service.faults.site import Site
from tests.service.faults.wide_model import SAMPLES

from zkseal.client import Client, Job
from zkseal.errors import JobConflict, OutOfDisk, StorageUnavailable, ZksealError

__all__ = ["Load", "Sent"]

GIVE_UP_S = 180.0
CANCELLED, TWICE = 0.1, 0.15
"""Shares of jobs that are cancelled a moment later, and that are sent twice at the same time."""


@dataclass
class Sent:
    """A request. `jobs`: identifiers of the jobs that it was told to have become; one, if all is well."""

    idempotency_key: str
    row: int
    context: bytes
    jobs: set[str] = field(default_factory=set)
    cancelled: bool = False


class Load:
    """Threads of clients.

    Args:
        pause_s: between the requests of one client.
    """

    def __init__(self, site: Site, key_file: Path, *, clients: int, pause_s: float, seed: int) -> None:
        self.sent: list[Sent] = []
        self.refused: list[ZksealError] = []
        self._site, self._pause_s = site, pause_s
        self._stop = threading.Event()
        self._lock = threading.Lock()
        with self.client() as client:
            self.model = client.register(key_file, "wide")
        self._threads = [
            threading.Thread(target=self._run, args=(random.Random(seed + number),)) for number in range(clients)
        ]

    def client(self, *, retry_for_s: float = 90.0) -> Client:
        """Another client; by default it outlasts the longest outage."""
        return Client(self._site.url, self._site.api_key, timeout_s=10.0, retry_for_s=retry_for_s)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No new requests; those that were begun are brought to their end."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, chance: random.Random) -> None:
        # It does not wait longer and longer, as clients do by themselves: the load has to be there at once again.
        with self.client(retry_for_s=0.5) as client:
            while not self._stop.is_set():
                row = chance.randrange(len(SAMPLES))
                sent = Sent(secrets.token_hex(8), row, f"row {row} {secrets.token_hex(4)}".encode())
                with self._lock:
                    self.sent.append(sent)
                if chance.random() < TWICE:
                    other = threading.Thread(target=self._submit, args=(client, sent))
                    other.start()
                    self._submit(client, sent)
                    other.join()
                else:
                    self._submit(client, sent)
                if chance.random() < CANCELLED:
                    self._cancel(client, sent)
                self._stop.wait(chance.uniform(0.5, 1.5) * self._pause_s)

    def send(self, client: Client, sent: Sent) -> Job:
        """The job that a request becomes, or became before, however that ended."""
        try:
            return client.submit(
                self.model, SAMPLES[sent.row], context=sent.context, idempotency_key=sent.idempotency_key
            )
        except ZksealError as error:
            # A job that has ended without a receipt is answered with its error, which names it.
            if "job" not in error.fields:
                raise
            return client.job(str(error.fields["job"]))

    def _submit(self, client: Client, sent: Sent) -> None:
        """Sends a request until it is accepted: the same key each time."""
        until = time.monotonic() + GIVE_UP_S
        while True:
            try:
                job = self.send(client, sent)
            except (OutOfDisk, StorageUnavailable) as error:
                # A clear refusal; nothing was accepted that this client knows of.
                self.refused.append(error)
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
            else:
                with self._lock:
                    sent.jobs.add(job.id)
                return

    def _cancel(self, client: Client, sent: Sent) -> None:
        sent.cancelled = True
        with contextlib.suppress(JobConflict, StorageUnavailable, OutOfDisk):
            for job in sent.jobs:
                client.job(job).cancel()
