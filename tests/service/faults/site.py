"""A service as it is run: `zkseal serve` for HTTP and as workers, a database, a small disk; who dies is restarted."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from tests.cluster.processes import descendants
from tests.service.postgres import PostgresServer

from zkseal.service import api_keys, tenants
from zkseal.service.artifacts import Vault, open_store
from zkseal.service.at_rest import MasterKey, MasterKeys
from zkseal.service.database import Database

DISK_BYTES = 48 << 20
LEASE_S = 5.0
START_S = 60.0

_SETTINGS = """\
[storage]
database = "{database}"
artifacts = "{artifacts}"
master_key_file = "master.key"

[http]
port = {port}
grace_s = 5

[worker]
processes = 1
threads = 1
lease_s = {lease_s}
poll_s = 0.1
grace_s = 5.0
"""


class Disk:
    """A file system of its own, where that may be mounted, so that it can be filled up without harm to others."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        options = ["-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "tmpfs", str(folder)]
        self.mounted = os.getuid() == 0 and subprocess.run(["mount", *options], capture_output=True).returncode == 0

    def fill(self, seconds: float) -> None:
        """Leaves no room for a while."""
        ballast = self.folder / "ballast"
        try:
            with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as file:
                for size in (1 << 20, 1 << 12, 1):
                    with contextlib.suppress(OSError):
                        while True:
                            file.write(bytes(size))
            time.sleep(seconds)
        finally:
            ballast.unlink(missing_ok=True)

    def close(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)


@dataclass
class Supervised:
    """A process that is started again when it ends."""

    name: str
    command: list[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    def start(self) -> None:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, env={**os.environ, **self.environment}
            )
        self.starts += 1

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        """kill -9. Its own children end when they notice."""
        assert self.process is not None
        self.process.kill()


class Site:
    """Everything that runs. `close` ends it.

    Args:
        ray_address: of a cluster that one of the workers gives its tasks to.
    """

    def __init__(self, folder: Path, postgres: PostgresServer | None, ray_address: str | None = None) -> None:
        self.folder, self.postgres = folder, postgres
        self.disk = Disk(folder / "disk")
        self._stack = contextlib.ExitStack()
        self._stack.callback(self.disk.close)
        database = f"sqlite:///{self.disk.folder / 'service.sqlite'}"
        if postgres is not None:
            database = self._stack.enter_context(postgres.database())
        master = MasterKey.generate()
        master.save(folder / "master.key")
        self.vault = Vault(
            Database.open(database, retry_for_s=60.0),
            open_store(str(self.disk.folder / "artifacts"), create=True),
            MasterKeys(master),
        )
        self.tenant = tenants.create(self.vault, "acme").id
        self.api_key = api_keys.create(self.vault.database, self.tenant, "load", api_keys.SCOPES).text
        self.port = _free_port()
        settings = folder / "service.toml"
        artifacts = self.disk.folder / "artifacts"
        text = _SETTINGS.format(database=database, artifacts=artifacts, port=self.port, lease_s=LEASE_S)
        settings.write_text(text)
        serve = [sys.executable, "-m", "zkseal", "serve", "--config", str(settings)]
        self.server = Supervised("server", [*serve, "--role", "http"], folder / "server.log")
        self.workers = [
            Supervised(f"worker {number}", [*serve, "--role", "worker"], folder / f"worker{number}.log")
            for number in range(2)
        ]
        if ray_address is not None:
            self.workers[0].environment = {"ZKSEAL_WORKER_RAY_ADDRESS": ray_address}
        self._stopping = threading.Event()
        for process in self.processes:
            process.start()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self._supervisor.start()
        self.wait_until_ready()

    @property
    def processes(self) -> list[Supervised]:
        """Of the service, without those that prove."""
        return [self.server, *self.workers]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def provers(self) -> list[int]:
        """Processes of executors."""
        found = [pid for worker in self.workers for pid in descendants(worker.pid)]
        return [pid for pid in found if b"zkseal.executors.process" in _command(pid)]

    def wait_until_ready(self) -> None:
        """Returns when the service answers and says that it has all that it needs."""
        until = time.monotonic() + START_S
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code == 200:
                    return
            if time.monotonic() > until:
                raise TimeoutError(self.server.log.read_text()[-2000:])
            time.sleep(0.1)

    def logs(self) -> Iterator[Path]:
        """Of all processes of the service."""
        return (process.log for process in self.processes)

    def close(self) -> None:
        """Ends all processes in good order."""
        self._stopping.set()
        self._supervisor.join()
        for process in self.processes:
            assert process.process is not None
            process.process.terminate()
        for process in self.processes:
            assert process.process is not None
            try:
                process.process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.process.wait()
        self.vault.database.close()
        self._stack.close()

    def _supervise(self) -> None:
        while not self._stopping.wait(0.1):
            for process in self.processes:
                if process.process is None or process.process.poll() is not None:
                    process.start()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
