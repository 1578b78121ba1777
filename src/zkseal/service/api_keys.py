"""API keys: `zks_<identifier>_<secret>`. Shown once; the database holds a digest of the secret.

The secret has 256 random bits, so that a fast digest (SHA-256) is enough: there is nothing to guess.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Row, insert, select, update

from zkseal.errors import ApiKeyRejected, InvalidParameters, NotFound, ScopeMissing
from zkseal.service.database import Connection, Database
from zkseal.service.database.clock import now_ms
from zkseal.service.database.tables import api_keys, tenants
from zkseal.service.tenants import find as find_tenant
from zkseal.service.tenants import require_name

__all__ = ["SCOPES", "ApiKey", "NewApiKey", "authenticate", "create", "holds", "list_of", "revoke", "rotate"]

SCOPES = (
    "models:read",
    "models:write",
    "inferences:write",
    "jobs:read",
    "jobs:write",
    "openings:read",
    "receipts:read",
    "verifications:write",
    "attestations:write",
    "metrics:read",
    "operator",
)
"""What an API key may do. `operator` sees counts and names of all tenants, and nothing of their data."""

_FORM = re.compile(r"zks_([a-z2-7]{13})_([a-z2-7]{52})")
_NO_SECRET = bytes(32)


@dataclass(frozen=True)
class ApiKey:
    """An API key, without its secret. Times are milliseconds since 1970.

    Attributes:
        id: what it is called in lists and logs.
        tenant: identifier of whom it belongs to.
    """

    id: str
    tenant: str
    name: str
    scopes: frozenset[str]
    created_at: int
    expires_at: int | None
    revoked_at: int | None

    def require(self, scope: str) -> None:
        """Raises `ScopeMissing` unless it has the scope."""
        if scope not in self.scopes:
            raise ScopeMissing(f"This API key may not do this: it lacks the scope '{scope}'.", scope=scope)


@dataclass(frozen=True)
class NewApiKey:
    """An API key and the text that authenticates with it, which is nowhere else."""

    key: ApiKey
    text: str = field(repr=False)


def create(
    database: Database, tenant: str, name: str, scopes: Collection[str], *, lifetime_s: int | None = None
) -> NewApiKey:
    """A new key of a tenant.

    Args:
        tenant: identifier or name.
        scopes: of `SCOPES`.
        lifetime_s: seconds until it expires; None for never.

    Raises:
        NotFound: no such tenant.
        InvalidParameters: an unknown scope, none at all, no name, or a lifetime that is none.
    """
    require_name(name, "API key")
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise InvalidParameters(f"There is no scope '{unknown[0]}'. Scopes are {', '.join(SCOPES)}.", reason="scope")
    if not scopes or (lifetime_s is not None and lifetime_s <= 0):
        raise InvalidParameters("An API key has at least one scope, and lives for some seconds.", reason="scopes")
    key_id, secret = _letters(8), _letters(32)

    def insert_it(connection: Connection) -> ApiKey:
        if not connection.execute(select(api_keys.c.id).where(api_keys.c.id == key_id)).first():
            now = now_ms(connection)
            values = {"id": key_id, "tenant_id": owner, "name": name, "scopes": " ".join(sorted(scopes))}
            times = {"created_at": now, "expires_at": None if lifetime_s is None else now + lifetime_s * 1000}
            connection.execute(insert(api_keys).values(secret_digest=_digest(secret), **values, **times))
        return _key(connection.execute(select(api_keys).where(api_keys.c.id == key_id)).one())

    owner = find_tenant(database, tenant).id
    return NewApiKey(database.run(insert_it), f"zks_{key_id}_{secret}")


def authenticate(database: Database, text: str) -> ApiKey:
    """The key that `text` authenticates. Raises `ApiKeyRejected`, which does not tell why."""
    form = _FORM.fullmatch(text)
    key_id, secret = form.groups() if form else ("", "")

    def look_up(connection: Connection) -> tuple[Row[tuple[object, ...]] | None, int]:
        query = select(api_keys).join(tenants, tenants.c.id == api_keys.c.tenant_id)
        row = connection.execute(query.where(api_keys.c.id == key_id, tenants.c.deleted_at.is_(None))).one_or_none()
        return row, now_ms(connection)

    row, now = database.read(look_up)
    known = _NO_SECRET if row is None else bytes(row._mapping["secret_digest"])
    # Compared also where there is no key, in the same time.
    matches = hmac.compare_digest(known, _digest(secret))
    if row is None or not matches:
        raise _rejected()
    key = _key(row)
    if not _in_force(key.revoked_at, key.expires_at, now):
        raise _rejected()
    return key


def holds(database: Database, key: ApiKey) -> bool:
    """Whether a key that authenticated before would do so still."""

    def look_up(connection: Connection) -> bool:
        query = select(api_keys.c.revoked_at, api_keys.c.expires_at).where(api_keys.c.id == key.id)
        row = connection.execute(query).one_or_none()
        return row is not None and _in_force(row.revoked_at, row.expires_at, now_ms(connection))

    return database.read(look_up)


def list_of(database: Database, tenant: str) -> list[ApiKey]:
    """All keys of a tenant, revoked ones too, oldest first. Raises `NotFound`."""
    owner = find_tenant(database, tenant).id
    query = select(api_keys).where(api_keys.c.tenant_id == owner).order_by(api_keys.c.created_at, api_keys.c.id)
    return database.read(lambda connection: [_key(row) for row in connection.execute(query)])


def revoke(database: Database, key_id: str, *, after_s: int = 0) -> ApiKey:
    """Takes a key back, at once or after some seconds; a second time changes nothing. Raises `NotFound`."""

    def change(connection: Connection) -> ApiKey:
        key = _found(connection, key_id)
        ends = now_ms(connection) + after_s * 1000
        mine = update(api_keys).where(api_keys.c.id == key_id)
        if after_s == 0 and key.revoked_at is None:
            connection.execute(mine.values(revoked_at=ends))
        elif after_s > 0 and (key.expires_at is None or key.expires_at > ends):
            connection.execute(mine.values(expires_at=ends))
        return _found(connection, key_id)

    return database.run(change)


def rotate(database: Database, key_id: str, *, overlap_s: int = 0, lifetime_s: int | None = None) -> NewApiKey:
    """A new key in the place of an old one, which ends at once or after `overlap_s`.

    Args:
        lifetime_s: seconds until the new one expires; None: as many as the old one had.

    Raises:
        NotFound: no such key.
        InvalidParameters: a lifetime that is none.
    """
    old = database.read(lambda connection: _found(connection, key_id))
    if lifetime_s is None and old.expires_at is not None:
        lifetime_s = max(1, (old.expires_at - old.created_at) // 1000)
    new = create(database, old.tenant, old.name, old.scopes, lifetime_s=lifetime_s)
    revoke(database, key_id, after_s=overlap_s)
    return new


def _found(connection: Connection, key_id: str) -> ApiKey:
    row = connection.execute(select(api_keys).where(api_keys.c.id == key_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no API key '{key_id[:64]}'.", kind="API key", name=key_id[:64])
    return _key(row)


def _key(row: Row[tuple[object, ...]]) -> ApiKey:
    values = row._mapping
    scopes = frozenset(values["scopes"].split())
    times = (values["created_at"], values["expires_at"], values["revoked_at"])
    return ApiKey(values["id"], values["tenant_id"], values["name"], scopes, *times)


def _in_force(revoked_at: int | None, expires_at: int | None, now: int) -> bool:
    return revoked_at is None and (expires_at is None or expires_at > now)


def _rejected() -> ApiKeyRejected:
    return ApiKeyRejected("There is no valid API key with this request. Send: Authorization: Bearer zks_..")


def _letters(random_bytes: int) -> str:
    return base64.b32encode(secrets.token_bytes(random_bytes)).decode().rstrip("=").lower()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(b"zkseal API key 1 " + secret.encode()).digest()
