"""`Vault`: database, artifact store and master keys together; artifacts of tenants, sealed, with their rows.

Order of writing: the blob, durable; then, in one transaction, the artifact's row and the row that names it. Order of
deleting: rows, with a note that the blob is doomed; then the blob; then the note. Whatever ends in between, no row ever
names a blob that is not there, and `sweep` deletes what nobody names.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import delete, func, insert, select

from zkseal.errors import NotFound, QuotaExceeded, ResourceLimit, StorageUnavailable, ZksealError
from zkseal.service.artifacts.store import ArtifactStore
from zkseal.service.at_rest import DataKey, MasterKeys, Place
from zkseal.service.database import Connection, Database
from zkseal.service.database.clock import now_ms
from zkseal.service.database.tables import artifacts, doomed_blobs, facts, tenants
from zkseal.service.names import new_name

__all__ = ["Artifact", "Vault"]

Result = TypeVar("Result")

INPUTS, OPENING, OUTPUTS, RECEIPT = "inputs", "opening", "outputs", "receipt"
PROVING_KEY, VERIFYING_KEY, SEGMENT_KEY = "proving-key", "verifying-key", "segment-key"

HOLD = "blobs are held until"
"""Fact: until when, in milliseconds, no blob is deleted, since a backup copies them."""
ORPHANS_AFTER_S = 24 * 3600.0
"""Age of blobs without a row that are deleted: more than any upload takes."""
_NAMES_AT_ONCE = 500


@dataclass(frozen=True)
class Artifact:
    """A blob that is written, and has a row once `Vault.record` gave it one."""

    name: str
    tenant: str
    kind: str
    blob: str
    bytes: int


@dataclass(frozen=True)
class Vault:
    """What every part of the service stands on. Threads may share one."""

    database: Database
    store: ArtifactStore
    master_keys: MasterKeys

    def data_key(self, tenant: str) -> DataKey:
        """The key of a tenant. Raises `NotFound` for one that is deleted or never was."""
        return self.database.read(lambda connection: self.data_key_in(connection, tenant))

    def data_key_in(self, connection: Connection, tenant: str) -> DataKey:
        """As `data_key`, inside a transaction."""
        columns = (tenants.c.sealed_data_key, tenants.c.master_key_id)
        row = connection.execute(select(*columns).where(tenants.c.id == tenant)).one_or_none()
        if row is None or row.sealed_data_key is None:
            raise NotFound(f"There is no tenant '{tenant}'.", kind="tenant", name=tenant)
        return self.master_keys.of(row.master_key_id).open(row.sealed_data_key, tenant)

    def write(self, tenant: str, kind: str, chunks: Iterable[bytes]) -> Artifact:
        """Seals and stores; durable when it returns. `record` has to give it its row, or `discard` delete it.

        Raises:
            NotFound: no such tenant.
            OutOfDisk, StorageUnavailable, FileUnavailable: the store does not take it.
        """
        name = new_name("art")
        blob = self.store.put(self.data_key(tenant).seal_chunks(chunks, Place(tenant, kind, name)))
        return Artifact(name, tenant, kind, blob.name, blob.bytes)

    def record(self, connection: Connection, artifact: Artifact) -> None:
        """Gives an artifact its row, and counts it for the tenant's quota. A second time has no effect.

        Raises:
            NotFound: the tenant was deleted meanwhile.
            QuotaExceeded: the tenant has no room for it.
        """
        if connection.execute(select(artifacts.c.id).where(artifacts.c.id == artifact.name)).first():
            return
        # The lock makes those who count for the same tenant take turns.
        limit = connection.execute(
            select(tenants.c.max_stored_bytes)
            .where(tenants.c.id == artifact.tenant, tenants.c.deleted_at.is_(None))
            .with_for_update()
        ).scalar_one_or_none()
        if limit is None:
            raise NotFound(f"There is no tenant '{artifact.tenant}'.", kind="tenant", name=artifact.tenant)
        stored = stored_bytes(connection, artifact.tenant)
        if stored + artifact.bytes > limit:
            raise QuotaExceeded(
                f"The tenant may store {limit} bytes, and this would make {stored + artifact.bytes}. Delete models or "
                "jobs, or ask the operator for more.",
                quota="stored_bytes",
                limit=limit,
                got=stored + artifact.bytes,
            )
        values = {"tenant_id": artifact.tenant, "kind": artifact.kind, "blob": artifact.blob, "bytes": artifact.bytes}
        connection.execute(insert(artifacts).values(id=artifact.name, created_at=now_ms(connection), **values))

    def keeping(self, written: Sequence[Artifact], work: Callable[[Connection], tuple[Result, bool]]) -> Result:
        """Runs a transaction that gives written artifacts their rows; without it, their blobs are deleted.

        Args:
            work: returns its result, and whether it made the rows.

        Raises:
            what `work` and `Database.run` raise. Where the transaction's end is unknown (`StorageUnavailable`), the
            blobs stay, and are collected later if they have no rows.
        """
        try:
            result, kept = self.database.run(work)
        except StorageUnavailable:
            raise
        except ZksealError:
            self.discard(written)
            raise
        if not kept:
            self.discard(written)
        return result

    def discard(self, written: Iterable[Artifact]) -> None:
        """Deletes blobs that got no row. What cannot be deleted now is collected later."""
        for artifact in written:
            with contextlib.suppress(ResourceLimit, StorageUnavailable):
                self.store.delete(artifact.blob)

    def read(self, tenant: str, name: str) -> Iterator[bytes]:
        """The plaintext of an artifact, a piece at a time.

        Raises:
            NotFound: the tenant has no such artifact, or it was deleted.
            DecryptionFailed, DigestMismatch: it was changed, or is of another place.
            OutOfDisk, StorageUnavailable, FileUnavailable: the store does not give it.
        """
        row = self.database.read(
            lambda connection: connection.execute(
                select(artifacts.c.kind, artifacts.c.blob).where(
                    artifacts.c.id == name, artifacts.c.tenant_id == tenant
                )
            ).one_or_none()
        )
        if row is None:
            raise NotFound(f"There is no artifact '{name}'; it may have been deleted.", kind="artifact", name=name)
        place = Place(tenant, row.kind, name)
        return self.data_key(tenant).open_chunks(self.store.read(row.blob), place)

    def read_whole(self, tenant: str, name: str) -> bytes:
        """The plaintext of an artifact. Raises as `read`."""
        return b"".join(self.read(tenant, name))

    def doom(self, connection: Connection, names: Sequence[str | None]) -> None:
        """Deletes rows of artifacts, and notes that their blobs are to go; `sweep` does that. Nones are passed over."""
        wanted = [name for name in names if name is not None]
        for start in range(0, len(wanted), _NAMES_AT_ONCE):
            some = wanted[start : start + _NAMES_AT_ONCE]
            rows = connection.execute(delete(artifacts).where(artifacts.c.id.in_(some)).returning(artifacts.c.blob))
            blobs = rows.scalars().all()
            if blobs:
                now = now_ms(connection)
                connection.execute(insert(doomed_blobs), [{"blob": blob, "doomed_at": now} for blob in blobs])

    def sweep(self) -> int:
        """Deletes the doomed blobs; how many. Does nothing while a backup is being made.

        Raises:
            StorageUnavailable, FileUnavailable: the store does not delete; it is tried again by the next sweep.
        """
        swept = 0
        while names := self.database.read(_doomed):
            for name in names:
                self.store.delete(name)
            self.database.run(
                lambda connection, names=names: connection.execute(  # type: ignore[misc]
                    delete(doomed_blobs).where(doomed_blobs.c.blob.in_(names))
                )
            )
            swept += len(names)
        return swept

    def sweep_quietly(self) -> None:
        """As `sweep`; what cannot be deleted now is left to a later one."""
        with contextlib.suppress(ResourceLimit, StorageUnavailable):
            self.sweep()

    def collect_orphans(self, *, older_than_s: float = ORPHANS_AFTER_S) -> int:
        """Deletes blobs that nobody names, left over by processes that died; how many."""
        if self.database.read(_held):
            return 0
        collected, some = 0, []
        for name in self.store.names(older_than_s=older_than_s):
            some.append(name)
            if len(some) == _NAMES_AT_ONCE:
                collected, some = collected + self._collect(some), []
        self.store.clean(older_than_s=older_than_s)
        return collected + self._collect(some)

    def _collect(self, names: Sequence[str]) -> int:
        named = self.database.read(
            lambda connection: set(
                connection.execute(select(artifacts.c.blob).where(artifacts.c.blob.in_(names))).scalars()
            )
        )
        orphans = [name for name in names if name not in named]
        for name in orphans:
            self.store.delete(name)
        return len(orphans)


def stored_bytes(connection: Connection, tenant: str) -> int:
    """What a tenant's artifacts take, in bytes."""
    total = select(func.coalesce(func.sum(artifacts.c.bytes), 0)).where(artifacts.c.tenant_id == tenant)
    return int(connection.execute(total).scalar_one())


def _held(connection: Connection) -> bool:
    until = connection.execute(select(facts.c.value).where(facts.c.name == HOLD)).scalar_one_or_none()
    return until is not None and int(until) > now_ms(connection)


def _doomed(connection: Connection) -> list[str]:
    if _held(connection):
        return []
    return list(connection.execute(select(doomed_blobs.c.blob).limit(_NAMES_AT_ONCE)).scalars())
