"""Settings of a service: a TOML file, and the environment over it. Unknown keys and wrong types are refused.

A key `k` of a table `[t]` is overridden by the variable `ZKSEAL_T_K` (a list: separated by commas). Secrets stand in
neither: the master key is a file of mode 0600 (`[storage] master_key_file`) or the text of such a file in
`ZKSEAL_MASTER_KEY`; passwords of PostgreSQL and S3 come from where their clients look for them (`PGPASSFILE`, AWS
profiles and roles).
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from zkseal.errors import FileUnavailable, InvalidEncoding
from zkseal.service.limits import Limits
from zkseal.service.retention import Retention

__all__ = [
    "MASTER_KEY_VARIABLE",
    "HttpSettings",
    "PolicySettings",
    "Settings",
    "StorageSettings",
    "TelemetrySettings",
    "WorkSettings",
    "load_settings",
]

MASTER_KEY_VARIABLE = "ZKSEAL_MASTER_KEY"
MAX_FILE_BYTES = 1 << 20
_TRUTH = {"true": True, "false": False}

Table = TypeVar("Table")


@dataclass(frozen=True)
class StorageSettings:
    """Where everything is. Relative paths are those of the file's folder.

    Attributes:
        database: `sqlite:////folder/service.sqlite` or `postgresql://user@host/name`.
        artifacts: a folder, or `s3://bucket/prefix?endpoint=..&region=..`.
        master_key_file: the key that seals the tenants' keys.
        earlier_master_key_files: of tenants that are not sealed anew yet.
    """

    database: str = "sqlite:///service.sqlite"
    artifacts: str = "artifacts"
    master_key_file: str = "master.key"
    earlier_master_key_files: tuple[str, ...] = ()


@dataclass(frozen=True)
class HttpSettings:
    """How the service is reached.

    Attributes:
        trusted_proxies: addresses and networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
        max_connections: beyond, requests are answered with 503.
        grace_s: seconds for requests that have begun, when the service is told to stop.
        web_app: folder with the built web app, served at `/`; empty: none.
        public_verifying_keys: whoever knows a model id may have its verifying key without an API key.
        max_wait_s: longest that `Prefer: wait=N` waits for a proof.
    """

    host: str = "127.0.0.1"
    port: int = 8710
    trusted_proxies: tuple[str, ...] = ()
    max_connections: int = 1024
    grace_s: int = 20
    web_app: str = ""
    public_verifying_keys: bool = True
    max_wait_s: int = 60

    def __post_init__(self) -> None:
        """Raises `InvalidEncoding`: a trusted proxy is none."""
        for proxy in self.trusted_proxies:
            try:
                ipaddress.ip_network(proxy)
            except ValueError:
                # To trust everybody is to let everybody choose the address that is counted.
                raise _refused(f"'{proxy}' of trusted_proxies is neither an address nor a network") from None


@dataclass(frozen=True)
class WorkSettings:
    """Who proves.

    Attributes:
        processes: proofs at the same time on this machine; 0: one for each core.
        threads: of each process; 0: the cores shared evenly.
        memory_bytes: what one process may allocate; 0: no bound.
        ray_address: of a Ray cluster, which proves instead; empty: this machine.
        lease_s: how long a worker that was killed keeps its jobs from others.
        poll_s: how often an idle worker looks for jobs.
        grace_s: what jobs may still take when the service is told to stop; then they go back into the queue.
        key_bytes: of proving keys that are kept in memory while no job uses them.
    """

    processes: int = 0
    threads: int = 0
    memory_bytes: int = 0
    ray_address: str = ""
    lease_s: float = 30.0
    poll_s: float = 0.2
    grace_s: float = 20.0
    key_bytes: int = 4 << 30


@dataclass(frozen=True)
class PolicySettings:
    """Folders with policies of the operator's own, as TOML; empty: those that come with zkseal.

    Attributes:
        receipts: for `policy` of verifications.
        attestations: for attestations of machines.
    """

    receipts: str = ""
    attestations: str = ""


@dataclass(frozen=True)
class TelemetrySettings:
    """What leaves the service for its operators.

    Attributes:
        otlp_endpoint: collector of OpenTelemetry, `http://127.0.0.1:4318`; empty: no traces.
    """

    otlp_endpoint: str = ""


@dataclass(frozen=True)
class Settings:
    """Everything that can be chosen. `folder` is what relative paths are relative to."""

    folder: Path = Path()
    storage: StorageSettings = field(default_factory=StorageSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    limits: Limits = field(default_factory=Limits)
    worker: WorkSettings = field(default_factory=WorkSettings)
    retention: Retention = field(default_factory=Retention)
    policies: PolicySettings = field(default_factory=PolicySettings)
    telemetry: TelemetrySettings = field(default_factory=TelemetrySettings)

    def path(self, text: str) -> Path:
        """A path of the settings."""
        return self.folder / text

    def optional_path(self, text: str) -> Path | None:
        """A path of the settings, where there is one."""
        return self.path(text) if text else None

    @property
    def database_url(self) -> str:
        """The database's URL with an absolute path."""
        prefix = "sqlite:///"
        url = self.storage.database
        return prefix + str(self.path(url.removeprefix(prefix)).absolute()) if url.startswith(prefix) else url

    @property
    def artifacts_url(self) -> str:
        """The store's URL, or the absolute path of its folder."""
        url = self.storage.artifacts
        return url if "://" in url else str(self.path(url).absolute())


def load_settings(path: Path | None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings of a file, if there is one, and of the environment.

    Raises:
        FileUnavailable: the file cannot be read.
        InvalidEncoding: it is no TOML, or has a key or a value that settings do not have.
    """
    document = {} if path is None else _read(path)
    environment = os.environ if environment is None else environment
    tables = {entry.name: entry.type for entry in fields(Settings) if entry.name != "folder"}
    kinds = typing.get_type_hints(Settings)
    if unknown := sorted(set(document) - set(tables)):
        raise _refused(f"there is no table [{unknown[0]}]; there are {', '.join(sorted(tables))}")
    found = {name: _table(kinds[name], name, document.get(name, {}), environment) for name in tables}
    return Settings(folder=Path() if path is None else path.parent, **found)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.loads(file.read(MAX_FILE_BYTES).decode())
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnavailable(
            f"The settings '{path}' cannot be read: {reason}. `zkseal service init` makes them.",
            path=str(path),
            reason=reason,
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(f"'{path}' is no TOML ({type(error).__name__})") from error


def _table(cls: type[Table], name: str, given: Any, environment: Mapping[str, str]) -> Table:
    """An instance of a dataclass of plain fields."""
    if not isinstance(given, dict):
        raise _refused(f"[{name}] is no table")
    kinds = typing.get_type_hints(cls)
    names = [entry.name for entry in fields(cls)]  # type: ignore[arg-type]
    if unknown := sorted(set(given) - set(names)):
        raise _refused(f"[{name}] has no key {unknown[0]}; there are {', '.join(names)}")
    values = {}
    for key in names:
        variable = f"ZKSEAL_{name}_{key}".upper()
        if variable in environment:
            values[key] = _from_text(kinds[key], environment[variable], variable)
        elif key in given:
            values[key] = _checked(kinds[key], given[key], f"{key} of [{name}]")
    return cls(**values)


def _checked(kind: Any, value: Any, what: str) -> Any:
    if typing.get_origin(kind) is tuple:
        if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            return tuple(value)
    elif kind is float and type(value) is int:
        return float(value)
    elif type(value) is _plain(kind):
        return value
    raise _refused(f"{what} is no {_said(kind)}")


def _from_text(kind: Any, text: str, variable: str) -> Any:
    if typing.get_origin(kind) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    plain = _plain(kind)
    try:
        return _TRUTH[text.lower()] if plain is bool else plain(text)
    except (KeyError, ValueError):
        raise _refused(f"{variable} is no {_said(kind)}") from None


def _plain(kind: Any) -> type:
    """`int` of `int | None`."""
    parts = [part for part in typing.get_args(kind) if part is not types.NoneType]
    plain: type = parts[0] if parts else kind
    return plain


def _said(kind: Any) -> str:
    return "list of texts" if typing.get_origin(kind) is tuple else _plain(kind).__name__


def _refused(reason: str) -> InvalidEncoding:
    return InvalidEncoding(f"The settings are not accepted: {reason}. See docs/guides/service.md.", reason=reason)
