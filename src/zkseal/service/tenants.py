"""Tenants: who the service works for, what they may have, and the data key that everything of theirs is sealed with."""

from __future__ import annotations

import functools
import re
from dataclasses import asdict, dataclass, fields

from sqlalchemy import Row, delete, func, insert, select, update

from zkseal.errors import InvalidParameters, NameTaken, NotFound
from zkseal.service.artifacts.vault import Vault, stored_bytes
from zkseal.service.at_rest import DataKey
from zkseal.service.database import Connection, Database
from zkseal.service.database.clock import now_ms
from zkseal.service.database.tables import (
    api_keys,
    artifacts,
    idempotency_keys,
    job_events,
    jobs,
    model_segments,
    models,
    receipts,
    tenants,
)
from zkseal.service.names import new_name

__all__ = [
    "Quotas",
    "Tenant",
    "Usage",
    "create",
    "delete_tenant",
    "find",
    "list_all",
    "require_name",
    "seal_anew",
    "set_quotas",
    "usage",
]

_TENANT_ID = re.compile(r"ten_[a-z2-7]{26}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,63}")


@dataclass(frozen=True)
class Quotas:
    """What a tenant may have at a time.

    Attributes:
        max_stored_bytes: of all artifacts, sealed.
        max_queued_jobs: jobs that wait.
        max_running_jobs: jobs that workers are at.
    """

    max_models: int = 64
    max_stored_bytes: int = 16 << 30
    max_queued_jobs: int = 1000
    max_running_jobs: int = 16

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not 0 <= value < 1 << 63:
                raise InvalidParameters(f"The quota {name} is a number from 0 on, not {value}.", reason=name)


@dataclass(frozen=True)
class Tenant:
    """A tenant that is not deleted. `created_at` is in milliseconds since 1970."""

    id: str
    name: str
    created_at: int
    quotas: Quotas


@dataclass(frozen=True)
class Usage:
    """What a tenant has, as its quotas count it."""

    models: int
    stored_bytes: int
    queued_jobs: int
    running_jobs: int


def require_name(name: str, what: str) -> None:
    """Raises `InvalidParameters` unless it is a name of 1 to 64 letters, digits, and `. _ -` or spaces inside."""
    if not _NAME.fullmatch(name):
        raise InvalidParameters(
            f"The name of a {what} has 1 to 64 letters, digits, dots, underscores, hyphens or spaces, and begins with "
            "a letter or a digit.",
            reason="name",
        )


def create(vault: Vault, name: str, quotas: Quotas | None = None) -> Tenant:
    """A new tenant with a data key of its own. Raises `InvalidParameters`, `NameTaken`."""
    require_name(name, "tenant")
    if _TENANT_ID.search(name):
        # A name that reads as an identifier would stand for two tenants.
        raise InvalidParameters("The name of a tenant holds no identifier of a tenant.", reason="name")
    tenant_id, key = new_name("ten"), DataKey.generate()
    limits = asdict(quotas or Quotas())

    def insert_it(connection: Connection) -> Tenant:
        # The row may be there already if an earlier try was committed and its answer lost.
        if connection.execute(select(tenants.c.id).where(tenants.c.name == name, tenants.c.id != tenant_id)).first():
            raise NameTaken(f"There is a tenant called '{name}'. Choose another name.", kind="tenant", name=name)
        if not connection.execute(select(tenants.c.id).where(tenants.c.id == tenant_id)).first():
            master = vault.master_keys.current
            sealed = {"master_key_id": master.key_id, "sealed_data_key": master.seal(key, tenant_id)}
            values = {"id": tenant_id, "name": name, "created_at": now_ms(connection), **sealed, **limits}
            connection.execute(insert(tenants).values(**values))
        return _found(connection, tenant_id)

    return vault.database.run(insert_it)


def find(database: Database, id_or_name: str) -> Tenant:
    """The tenant of this identifier or name. Raises `NotFound`."""
    return database.read(lambda connection: _found(connection, id_or_name))


def list_all(database: Database) -> list[Tenant]:
    """All tenants that are not deleted, by name."""
    query = select(tenants).where(tenants.c.deleted_at.is_(None)).order_by(tenants.c.name)
    return database.read(lambda connection: [_tenant(row) for row in connection.execute(query)])


def set_quotas(database: Database, tenant: str, quotas: Quotas) -> Tenant:
    """Changes what a tenant may have; what it has already stays. Raises `NotFound`."""

    def change(connection: Connection) -> Tenant:
        found = _found(connection, tenant)
        connection.execute(update(tenants).where(tenants.c.id == found.id).values(**asdict(quotas)))
        return _found(connection, found.id)

    return database.run(change)


def usage(database: Database, tenant: str) -> Usage:
    """What the tenant has now."""

    def count(connection: Connection) -> Usage:
        by_state = select(jobs.c.state, func.count()).where(jobs.c.tenant_id == tenant).group_by(jobs.c.state)
        states = {state: int(number) for state, number in connection.execute(by_state)}
        held = connection.execute(select(func.count()).where(models.c.tenant_id == tenant)).scalar_one()
        bytes_ = stored_bytes(connection, tenant)
        return Usage(int(held), bytes_, states.get("queued", 0), states.get("running", 0))

    return database.read(count)


def delete_tenant(vault: Vault, tenant: str) -> None:
    """Deletes everything of a tenant, its data key first of all: what copies hold of it is noise from here on.

    Jobs that run find their tenant gone and are stopped; backups keep the sealed data key until they are deleted.

    Raises:
        NotFound: there is none.
        StorageUnavailable, FileUnavailable: the tenant is deleted; some of its blobs, which nobody can read, are not
            yet, and will be by a later sweep.
    """

    def forget(connection: Connection) -> None:
        found = _found(connection, tenant).id
        gone = {"deleted_at": now_ms(connection), "sealed_data_key": None, "master_key_id": None}
        # The name is free again; the row stays, so that an identifier never comes to mean somebody else.
        connection.execute(update(tenants).where(tenants.c.id == found).values(**gone, name=f"deleted {found}"))
        vault.doom(
            connection, list(connection.execute(select(artifacts.c.id).where(artifacts.c.tenant_id == found)).scalars())
        )
        of_jobs = select(jobs.c.id).where(jobs.c.tenant_id == found)
        connection.execute(delete(job_events).where(job_events.c.job_id.in_(of_jobs)))
        for table in (api_keys, model_segments, models, receipts, idempotency_keys, jobs):
            connection.execute(delete(table).where(table.c.tenant_id == found))

    vault.database.run(forget)
    vault.database.empty_log()
    vault.sweep()


def seal_anew(vault: Vault) -> int:
    """Seals the data keys of all tenants by the current master key; how many were sealed by an earlier one.

    What the data keys seal stays as it is. Afterwards no tenant needs the earlier master keys; backups made before do.

    Raises:
        MasterKeyRejected: a tenant is sealed by a master key that is not among the earlier ones. Others are sealed
            anew by then.
    """
    master = vault.master_keys.current
    old = select(tenants.c.id).where(tenants.c.master_key_id.is_not(None), tenants.c.master_key_id != master.key_id)
    names = vault.database.read(lambda connection: list(connection.execute(old).scalars()))

    def seal(connection: Connection, name: str) -> None:
        mine = select(tenants).where(tenants.c.id == name, tenants.c.sealed_data_key.is_not(None))
        row = connection.execute(mine.with_for_update()).one_or_none()
        if row is not None:
            key = vault.master_keys.of(row.master_key_id).open(row.sealed_data_key, name)
            sealed = {"master_key_id": master.key_id, "sealed_data_key": master.seal(key, name)}
            connection.execute(update(tenants).where(tenants.c.id == name).values(**sealed))

    for name in names:
        vault.database.run(functools.partial(seal, name=name))
    return len(names)


def _found(connection: Connection, id_or_name: str) -> Tenant:
    named = (tenants.c.id == id_or_name) | (tenants.c.name == id_or_name)
    row = connection.execute(select(tenants).where(named, tenants.c.deleted_at.is_(None))).first()
    if row is None:
        raise NotFound(f"There is no tenant '{id_or_name}'.", kind="tenant", name=id_or_name)
    return _tenant(row)


def _tenant(row: Row[tuple[object, ...]]) -> Tenant:
    limits = {field.name: row._mapping[field.name] for field in fields(Quotas)}
    return Tenant(row._mapping["id"], row._mapping["name"], row._mapping["created_at"], Quotas(**limits))
