"""A service of one machine, made in one step: settings, master key, database, artifacts, a tenant and its first key."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from zkseal.errors import FileUnavailable
from zkseal.files.atomic import write_atomically
from zkseal.service import api_keys, tenants
from zkseal.service.api_keys import NewApiKey
from zkseal.service.artifacts import Vault, open_store
from zkseal.service.at_rest import MasterKey, MasterKeys
from zkseal.service.database import Database
from zkseal.service.settings import load_settings
from zkseal.service.tenants import Tenant

__all__ = ["SETTINGS_FILE", "SetUp", "set_up"]

SETTINGS_FILE = "service.toml"

_SETTINGS = """\
# A service of zkseal. Everything that can be chosen is in docs/guides/service.md; what stands here is the least.

[storage]
database = "sqlite:///service.sqlite"
artifacts = "artifacts"
# Without this file nothing that the service keeps can be read. Keep a copy of it apart from copies of the rest.
master_key_file = "master.key"

[http]
host = "127.0.0.1"
port = 8710
"""


@dataclass(frozen=True)
class SetUp:
    """What was made. `key` is the only place where the API key's text is."""

    settings: Path
    tenant: Tenant
    key: NewApiKey = field(repr=False)


def set_up(folder: Path, tenant: str) -> SetUp:
    """Makes a service in a folder, which only its owner may read.

    Args:
        tenant: name of the first tenant. Its API key has every scope.

    Raises:
        FileUnavailable: there is a service already, or the folder cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnavailable(f"Cannot make '{folder}': {reason}.", path=str(folder), reason=reason) from error
    path = folder / SETTINGS_FILE
    if path.exists():
        raise FileUnavailable(
            f"There is a service in '{folder}' already. Start it (zkseal serve --config {path}), or choose another "
            "folder.",
            path=str(path),
            reason="it is there already",
        )
    master = MasterKey.generate()
    master.save(folder / "master.key")
    write_atomically(path, [_SETTINGS.encode()], secret=False)
    settings = load_settings(path, {})
    database = Database.open(settings.database_url)
    try:
        vault = Vault(database, open_store(settings.artifacts_url, create=True), MasterKeys(master))
        made = tenants.create(vault, tenant)
        return SetUp(path, made, api_keys.create(database, made.id, "first key", api_keys.SCOPES))
    finally:
        database.close()
