"""A PostgreSQL server of its own: unpacked from Debian packages, on a Unix socket, by a user without rights."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

PROGRAMS = Path(__file__).resolve().parents[2] / ".venv-debian" / "postgres" / "bin"
START_S = 30.0
ROOM_BYTES = 2 << 30


def require_programs() -> None:
    """Skips a test on a machine without the packages; in continuous integration they have to be there."""
    if (PROGRAMS / "postgres").exists():
        return
    if os.environ.get("CI") and not os.environ.get("ZKSEAL_WITHOUT_DEBIAN"):
        pytest.fail("PostgreSQL is missing: make .venv-debian/.postgres")
    pytest.skip("needs PostgreSQL: make .venv-debian/.postgres")


def memory() -> Path | None:
    """A file system in memory with some room, where flushing costs nothing; None: there is none."""
    found = Path("/dev/shm")
    with contextlib.suppress(OSError):
        status = os.statvfs(found)
        if status.f_bavail * status.f_frsize > ROOM_BYTES:
            return found
    return None


@functools.cache
def programs_for_everybody() -> Path:
    """The programs where a user without rights can start them: copied, if a folder above them is closed to others."""
    if all(folder.stat().st_mode & stat.S_IXOTH for folder in (PROGRAMS, *PROGRAMS.parents)):
        return PROGRAMS
    copy = Path(tempfile.mkdtemp(prefix="zkseal-pg-programs-"))
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    copy.chmod(0o755)
    shutil.copytree(PROGRAMS.parent, copy / "postgres", symlinks=True)
    return copy / "postgres" / PROGRAMS.name


class PostgresServer:
    """A server in a new folder. `stop` it, or have it killed and start it again."""

    def __init__(self, *, fsync: bool = True) -> None:
        # Short, since the path of a socket is; in memory, if nothing has to survive.
        self.folder = Path(tempfile.mkdtemp(prefix="zkseal-pg-", dir=None if fsync else memory()))
        self._identity: dict[str, Any] = {}
        self._programs = PROGRAMS
        if os.getuid() == 0:
            self._programs = programs_for_everybody()
            # PostgreSQL refuses to run as root.
            nobody = pwd.getpwnam("nobody")
            self._identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        self._options = ["-c", "max_connections=100"]
        if not fsync:
            for option in ("fsync", "synchronous_commit", "full_page_writes"):
                self._options += ["-c", f"{option}=off"]
        self._process: subprocess.Popen[bytes] | None = None
        command = [
            self._programs / "initdb",
            "-D",
            self._data,
            "-U",
            "zkseal",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        ]
        command += [] if fsync else ["--no-sync"]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._identity)
        self.start()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def url(self, name: str) -> str:
        """Of one of its databases."""
        return f"postgresql://zkseal@/{name}?host={self.folder}"

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        command = [
            self._programs / "postgres",
            "-D",
            self._data,
            "-k",
            self.folder,
            "-c",
            "listen_addresses=",
            *self._options,
        ]
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **self._identity)
        until = time.monotonic() + START_S
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def kill(self) -> None:
        """kill -9 of the server; its children notice and end."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def backends(self) -> list[int]:
        """Process ids of the connections of others."""
        with psycopg.connect(self.url("postgres")) as connection:
            query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            return [pid for (pid,) in connection.execute(query)]

    def stop(self) -> None:
        """Ends it, and deletes its folder."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def database(self, *, like: str = "template1") -> Iterator[str]:
        """The URL of a new database, dropped at the end.

        Args:
            like: name of the one that it is a copy of; usually of an empty one.
        """
        name = f"t{secrets.token_hex(6)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}" STRATEGY FILE_COPY')
        yield self.url(name)
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
