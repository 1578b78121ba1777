"""Models of tenants: a proving key, with which jobs are proved, or a verifying key alone, for verification."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Row, delete, func, insert, select, update

from zkseal.errors import NotFound, QuotaExceeded
from zkseal.files import VERIFYING_KEY, proving_key_in
from zkseal.files.container import read_sections
from zkseal.proving import VerifyingKey
from zkseal.service.artifacts import vault as kinds
from zkseal.service.artifacts.vault import Artifact, Vault
from zkseal.service.database import Connection, Database
from zkseal.service.database.clock import now_ms
from zkseal.service.database.tables import models, tenants
from zkseal.service.jobs.cancelling import cancel_all_of
from zkseal.service.tenants import require_name

__all__ = ["Model", "delete_model", "find", "list_of", "proving_key", "register", "verifying_key"]

MAX_LISTED = 1000


@dataclass(frozen=True)
class Model:
    """A registered model.

    Attributes:
        model_id: digest of its verifying key, lower-case hexadecimal: what receipts call it.
        provable: whether its proving key is here.
        proving_key_digest: SHA-256 of the file of the proving key, hexadecimal.
        created_at: milliseconds since 1970.
        bytes: what its keys take, sealed.
    """

    tenant: str
    model_id: str
    name: str
    provable: bool
    proving_key_digest: str | None
    created_at: int
    bytes: int
    verifying_key_artifact: str
    proving_key_artifact: str | None


def register(vault: Vault, tenant: str, name: str, contents: memoryview) -> Model:
    """Keeps a model. One that is registered already stays; a proving key joins the verifying key that was there.

    Args:
        contents: of a file of a proving key (.zkp) or a verifying key (.zkv), read-only.

    Raises:
        DecodeError, ModelProofRejected, WrongModel, InvalidPower: it is no key, or one that does not hold.
        InvalidParameters: the name is no name.
        QuotaExceeded: the tenant has as many models, or stored bytes, as it may.
        NotFound: no such tenant.
        OutOfDisk, StorageUnavailable, FileUnavailable: it cannot be kept.
    """
    require_name(name, "model")
    key, provable = _key_in(contents)
    model_id = key.model_id.hex()
    found = vault.database.read(lambda connection: _row(connection, tenant, model_id))
    if found is not None and (not provable or found.provable):
        return found
    written = [vault.write(tenant, kinds.VERIFYING_KEY, [key.data])] if found is None else []
    if provable:
        written.append(vault.write(tenant, kinds.PROVING_KEY, _chunks(contents)))
    digest = hashlib.sha256(contents).hexdigest() if provable else None
    made = Model(
        tenant=tenant,
        model_id=model_id,
        name=name,
        provable=provable,
        proving_key_digest=digest,
        created_at=0,
        bytes=sum(artifact.bytes for artifact in written),
        verifying_key_artifact=written[0].name if found is None else found.verifying_key_artifact,
        proving_key_artifact=written[-1].name if provable else None,
    )
    return vault.keeping(written, lambda connection: _insert(vault, connection, made, written))


def find(database: Database, tenant: str, model_id: str) -> Model:
    """A model of a tenant. Raises `NotFound`."""
    found = database.read(lambda connection: _row(connection, tenant, model_id))
    if found is None:
        raise _missing(model_id)
    return found


def list_of(database: Database, tenant: str) -> list[Model]:
    """All models of a tenant, oldest first."""
    query = select(models).where(models.c.tenant_id == tenant).order_by(models.c.created_at, models.c.model_id)
    return database.read(lambda connection: [_model(row) for row in connection.execute(query.limit(MAX_LISTED))])


def verifying_key(vault: Vault, tenant: str, model_id: str) -> bytes:
    """The bytes of its verifying key, which anybody may have. Raises `NotFound`."""
    return vault.read_whole(tenant, find(vault.database, tenant, model_id).verifying_key_artifact)


def proving_key(vault: Vault, model: Model) -> Iterator[bytes]:
    """The file of its proving key, a piece at a time: a secret. Raises `NotFound` if only its verifying key is here."""
    if model.proving_key_artifact is None:
        raise NotFound(
            f"Model {model.model_id} was registered with its verifying key alone, and cannot prove here. Upload its "
            "proving key.",
            kind="proving key",
            name=model.model_id,
        )
    return vault.read(model.tenant, model.proving_key_artifact)


def delete_model(vault: Vault, tenant: str, model_id: str) -> None:
    """Deletes a model's keys and cancels its jobs; receipts stay. Raises `NotFound`."""

    def forget(connection: Connection) -> None:
        found = _row(connection, tenant, model_id)
        if found is None:
            raise _missing(model_id)
        cancel_all_of(vault, connection, tenant, model_id)
        connection.execute(delete(models).where(models.c.tenant_id == tenant, models.c.model_id == model_id))
        vault.doom(connection, [found.verifying_key_artifact, found.proving_key_artifact])

    vault.database.run(forget)
    vault.sweep()


def _key_in(contents: memoryview) -> tuple[VerifyingKey, bool]:
    """The checked verifying key in a file, and whether the file is a proving key."""
    if bytes(contents[8:12]) == VERIFYING_KEY.code:
        return VerifyingKey(bytes(read_sections("the upload", contents, VERIFYING_KEY)["verifying key"])), False
    key = proving_key_in(contents, "the upload")
    key.weights.require_opened()
    return key.verifying_key, True


def _insert(vault: Vault, connection: Connection, made: Model, written: list[Artifact]) -> tuple[Model, bool]:
    """The model's row, and whether the artifacts that were written are in it."""
    limit = connection.execute(
        select(tenants.c.max_models).where(tenants.c.id == made.tenant).with_for_update()
    ).scalar_one_or_none()
    found = _row(connection, made.tenant, made.model_id)
    if found is not None and (found.provable or not made.provable):
        return found, any(a.name in (found.verifying_key_artifact, found.proving_key_artifact) for a in written)
    if found is not None:
        # A verifying key that was written beside is there already: its blob is collected as an orphan.
        vault.record(connection, written[-1])
        joined = {
            "proving_key_artifact": made.proving_key_artifact,
            "proving_key_digest": made.proving_key_digest,
            "bytes": found.bytes + written[-1].bytes,
        }
        mine = (models.c.tenant_id == made.tenant) & (models.c.model_id == made.model_id)
        connection.execute(update(models).where(mine).values(**joined))
        return _there(connection, made), True
    for artifact in written:
        vault.record(connection, artifact)
    held = connection.execute(select(func.count()).where(models.c.tenant_id == made.tenant)).scalar_one()
    if held >= (limit or 0):
        raise QuotaExceeded(
            f"The tenant may have {limit} models, and has {held}. Delete one, or ask the operator for more.",
            quota="models",
            limit=limit,
            got=held + 1,
        )
    values = {
        "tenant_id": made.tenant,
        "model_id": made.model_id,
        "name": made.name,
        "created_at": now_ms(connection),
        "verifying_key_artifact": made.verifying_key_artifact,
        "proving_key_artifact": made.proving_key_artifact,
        "proving_key_digest": made.proving_key_digest,
        "bytes": made.bytes,
    }
    connection.execute(insert(models).values(**values))
    return _there(connection, made), True


def _chunks(contents: memoryview, size: int = 1 << 20) -> Iterator[bytes]:
    for start in range(0, len(contents), size):
        yield bytes(contents[start : start + size])


def _there(connection: Connection, made: Model) -> Model:
    found = _row(connection, made.tenant, made.model_id)
    if found is None:
        raise _missing(made.model_id)
    return found


def _row(connection: Connection, tenant: str, model_id: str) -> Model | None:
    mine = select(models).where(models.c.tenant_id == tenant, models.c.model_id == model_id)
    row = connection.execute(mine).one_or_none()
    return None if row is None else _model(row)


def _model(row: Row[tuple[object, ...]]) -> Model:
    values = dict(row._mapping)
    return Model(tenant=values.pop("tenant_id"), provable=values["proving_key_artifact"] is not None, **values)


def _missing(model_id: str) -> NotFound:
    return NotFound(f"There is no model '{model_id[:64]}'.", kind="model", name=model_id[:64])
