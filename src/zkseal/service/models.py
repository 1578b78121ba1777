"""Models of tenants: a proving key, with which jobs are proved, or a verifying key alone, for verification.

The proving key of a model in segments is registered first; the keys of its segments follow one by one, each named by
the SHA-256 of its file. What has arrived stays, so that an upload goes on where it was broken off.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, Select, and_, delete, func, insert, select, update

from zkseal.errors import DigestMismatch, InvalidEncoding, NotFound, QuotaExceeded, WrongModel
from zkseal.files import (
    SEGMENT_KEY,
    SEGMENTED_PROVING_KEY,
    SEGMENTED_VERIFYING_KEY,
    VERIFYING_KEY,
    proving_key_in,
    segmented_head_in,
)
from zkseal.files.container import read_sections
from zkseal.proving import AnyVerifyingKey, SegmentedVerifyingKey, VerifyingKey
from zkseal.service.artifacts import vault as kinds
from zkseal.service.artifacts.vault import Artifact, Vault
from zkseal.service.database import Connection, Database
from zkseal.service.database.clock import now_ms
from zkseal.service.database.tables import model_segments, models, tenants
from zkseal.service.jobs.cancelling import cancel_all_of
from zkseal.service.tenants import require_name

__all__ = ["Model", "add_segment", "delete_model", "find", "list_of", "proving_key", "register", "verifying_key"]

MAX_LISTED = 1000
_UPLOAD = "the upload"
"""What errors call the file that was sent."""


@dataclass(frozen=True)
class Model:
    """A registered model.

    Attributes:
        model_id: digest of its verifying key, lower-case hexadecimal: what receipts call it.
        provable: whether its proving key is here, with all segments.
        missing_segments: digests of the files of segments that are not here yet, in order.
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
    missing_segments: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Upload:
    """A file that was read and checked.

    Attributes:
        proving: whether it is that of a proving key.
        segments: digests of the files of its segments.
    """

    key: AnyVerifyingKey
    proving: bool
    segments: tuple[str, ...] = ()


def register(vault: Vault, tenant: str, name: str, contents: memoryview) -> Model:
    """Keeps a model. One that is registered already stays; a proving key joins the verifying key that was there.

    Args:
        contents: of a file of a proving key (.zkp) or a verifying key (.zkv), in one piece or in segments, read-only.

    Raises:
        DecodeError, ModelProofRejected, WrongModel, InvalidPower: it is no key, or one that does not hold.
        InvalidParameters: the name is no name.
        QuotaExceeded: the tenant has as many models, or stored bytes, as it may.
        NotFound: no such tenant.
        OutOfDisk, StorageUnavailable, FileUnavailable: it cannot be kept.
    """
    require_name(name, "model")
    upload = _read(contents)
    model_id = upload.key.model_id.hex()
    found = vault.database.read(lambda connection: _row(connection, tenant, model_id))
    if found is not None and (not upload.proving or found.proving_key_artifact is not None):
        return found
    written = [vault.write(tenant, kinds.VERIFYING_KEY, [upload.key.data])] if found is None else []
    if upload.proving:
        written.append(vault.write(tenant, kinds.PROVING_KEY, _chunks(contents)))
    digest = hashlib.sha256(contents).hexdigest() if upload.proving else None
    made = Model(
        tenant=tenant,
        model_id=model_id,
        name=name,
        provable=upload.proving and not upload.segments,
        proving_key_digest=digest,
        created_at=0,
        bytes=sum(artifact.bytes for artifact in written),
        verifying_key_artifact=written[0].name if found is None else found.verifying_key_artifact,
        proving_key_artifact=written[-1].name if upload.proving else None,
        missing_segments=upload.segments,
    )
    return vault.keeping(written, lambda connection: _insert(vault, connection, made, written))


def add_segment(
    vault: Vault,
    tenant: str,
    model_id: str,
    digest: str,
    contents: memoryview,
    *,
    parsed: Callable[[bytes], AnyVerifyingKey] = SegmentedVerifyingKey.decode,
) -> Model:
    """Keeps the key of one segment of a model, and says how the model stands. One that is here already stays.

    Args:
        digest: SHA-256 of the file, hexadecimal, as the proving key names it.
        contents: of the file (.zks), read-only.
        parsed: the verifying key that bytes encode.

    Raises:
        NotFound: no such tenant or model, or its proving key names no such segment.
        DigestMismatch: the file is another one than `digest` says.
        DecodeError, ModelProofRejected: it is no key of a segment, or one that does not hold.
        WrongModel: it is the key of another segment, or has other weights than its verifying key commits to.
        QuotaExceeded, OutOfDisk, StorageUnavailable, FileUnavailable: it cannot be kept.
    """
    found = find(vault.database, tenant, model_id)
    position = vault.database.read(lambda connection: _position(connection, found, digest))
    if digest not in found.missing_segments:
        return found
    if hashlib.sha256(contents).hexdigest() != digest:
        text = "The file is not the segment that it was sent as: it was changed on its way. Send it again."
        raise DigestMismatch(text, path=_UPLOAD, where="the whole file")
    key = proving_key_in(contents, _UPLOAD, SEGMENT_KEY)
    whole = parsed(verifying_key(vault, tenant, model_id))
    if not isinstance(whole, SegmentedVerifyingKey) or whole.segments[position].key.data != key.verifying_key.data:
        raise WrongModel(
            "The file is the key of another segment than the proving key means by its name. Run setup again.",
            expected=model_id,
            got=key.verifying_key.model_id.hex(),
            segment=position,
        )
    key.weights.require_opened()
    written = vault.write(tenant, kinds.SEGMENT_KEY, _chunks(contents))
    return vault.keeping([written], lambda connection: _fill(vault, connection, found, digest, written))


def find(database: Database, tenant: str, model_id: str) -> Model:
    """A model of a tenant. Raises `NotFound`."""
    found = database.read(lambda connection: _row(connection, tenant, model_id))
    if found is None:
        raise _missing(model_id)
    return found


def list_of(database: Database, tenant: str) -> list[Model]:
    """All models of a tenant, oldest first."""
    query = select(models).where(models.c.tenant_id == tenant).order_by(models.c.created_at, models.c.model_id)

    def read(connection: Connection) -> list[Model]:
        lacking: dict[str, list[str]] = defaultdict(list)
        for row in connection.execute(_lacking().where(model_segments.c.tenant_id == tenant)):
            lacking[row.model_id].append(row.digest)
        rows = connection.execute(query.limit(MAX_LISTED)).all()
        return [_model(row, lacking.get(row.model_id, ())) for row in rows]

    return database.read(read)


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
        cancel_all_of(vault, connection, tenant, model_id)
        # Read as they are deleted: what another request has just stored is among them.
        mine = (models.c.tenant_id == tenant) & (models.c.model_id == model_id)
        keys = delete(models).where(mine).returning(models.c.verifying_key_artifact, models.c.proving_key_artifact)
        found = connection.execute(keys).one_or_none()
        if found is None:
            raise _missing(model_id)
        gone = delete(model_segments).where(_segments_of(tenant, model_id)).returning(model_segments.c.artifact)
        segments = connection.execute(gone).scalars().all()
        vault.doom(connection, [found.verifying_key_artifact, found.proving_key_artifact, *segments])

    vault.database.run(forget)
    vault.sweep()


def _read(contents: memoryview) -> _Upload:
    """What is in a file, checked; of the proving key of a model in segments, all but the segments."""
    code = bytes(contents[8:12])
    if code == VERIFYING_KEY.code:
        data = bytes(read_sections(_UPLOAD, contents, VERIFYING_KEY)["verifying key"])
        return _Upload(VerifyingKey(data), proving=False)
    if code == SEGMENTED_VERIFYING_KEY.code:
        data = bytes(read_sections(_UPLOAD, contents, SEGMENTED_VERIFYING_KEY)["verifying key"])
        return _Upload(SegmentedVerifyingKey.decode(data), proving=False)
    if code == SEGMENTED_PROVING_KEY.code:
        head = segmented_head_in(contents, _UPLOAD)
        if len(set(head.digests)) != len(head.digests):
            text = "The proving key names the same file for two segments. Run setup again."
            raise InvalidEncoding(text, path=_UPLOAD, reason="segments")
        return _Upload(head.verifying_key, proving=True, segments=tuple(digest.hex() for digest in head.digests))
    key = proving_key_in(contents, _UPLOAD)
    key.weights.require_opened()
    return _Upload(key.verifying_key, proving=True)


def _insert(vault: Vault, connection: Connection, made: Model, written: list[Artifact]) -> tuple[Model, bool]:
    """The model's row, and whether the artifacts that were written are in it."""
    limit = connection.execute(
        select(tenants.c.max_models).where(tenants.c.id == made.tenant).with_for_update()
    ).scalar_one_or_none()
    found = _row(connection, made.tenant, made.model_id)
    if found is not None and (found.proving_key_artifact is not None or made.proving_key_artifact is None):
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
        _expect_segments(connection, made)
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
    _expect_segments(connection, made)
    return _there(connection, made), True


def _expect_segments(connection: Connection, made: Model) -> None:
    mine = {"tenant_id": made.tenant, "model_id": made.model_id, "artifact": None}
    rows = [{**mine, "position": position, "digest": digest} for position, digest in enumerate(made.missing_segments)]
    if rows:
        connection.execute(insert(model_segments), rows)


def _position(connection: Connection, model: Model, digest: str) -> int:
    """Which segment of the model has a file of this digest. Raises `NotFound`."""
    mine = _segments_of(model.tenant, model.model_id) & (model_segments.c.digest == digest)
    position = connection.execute(select(model_segments.c.position).where(mine)).scalar_one_or_none()
    if position is None:
        raise NotFound(
            f"Model {model.model_id} has no segment '{digest[:64]}'. Take the folder beside the proving key that it "
            "was registered with, or delete the model and register it again.",
            kind="segment",
            name=digest[:64],
        )
    return int(position)


def _fill(vault: Vault, connection: Connection, model: Model, digest: str, written: Artifact) -> tuple[Model, bool]:
    """Names the artifact of a segment, unless there is one; the model, and whether it did."""
    mine = _segments_of(model.tenant, model.model_id) & (model_segments.c.digest == digest)
    open_place = update(model_segments).where(mine, model_segments.c.artifact.is_(None))
    if connection.execute(open_place.values(artifact=written.name)).rowcount == 0:
        _position(connection, model, digest)
        named = connection.execute(select(model_segments.c.artifact).where(mine)).scalar_one()
        return _there(connection, model), named == written.name
    vault.record(connection, written)
    of_model = (models.c.tenant_id == model.tenant) & (models.c.model_id == model.model_id)
    connection.execute(update(models).where(of_model).values(bytes=models.c.bytes + written.bytes))
    return _there(connection, model), True


def _segments_of(tenant: str, model_id: str) -> ColumnElement[bool]:
    return and_(model_segments.c.tenant_id == tenant, model_segments.c.model_id == model_id)


def _lacking() -> Select[tuple[str, str]]:
    """Segments that are not here yet, in order: model and digest."""
    columns = (model_segments.c.model_id, model_segments.c.digest)
    return select(*columns).where(model_segments.c.artifact.is_(None)).order_by(model_segments.c.position)


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
    if row is None:
        return None
    lacking = connection.execute(_lacking().where(_segments_of(tenant, model_id)))
    return _model(row, [segment.digest for segment in lacking])


def _model(row: Row[tuple[object, ...]], lacking: Sequence[str]) -> Model:
    values = dict(row._mapping)
    provable = values["proving_key_artifact"] is not None and not lacking
    return Model(tenant=values.pop("tenant_id"), provable=provable, missing_segments=tuple(lacking), **values)


def _missing(model_id: str) -> NotFound:
    return NotFound(f"There is no model '{model_id[:64]}'.", kind="model", name=model_id[:64])
