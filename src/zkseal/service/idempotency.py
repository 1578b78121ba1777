"""Idempotency keys: a request that is sent again has the effect of one.

The key and the job that it made are written in one transaction with the job, so that there is no moment at which a
request has had its effect and its key is unknown, or the other way round. Requests of one tenant take turns; two that
come at the same time become one job.

What is kept of key and request are keyed digests under the tenant's data key, never plain ones: a digest of inputs
would let whoever reads the database guess them.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select

from zkseal.errors import IdempotencyConflict, InvalidParameters
from zkseal.service.at_rest import DataKey
from zkseal.service.database import Connection
from zkseal.service.database.clock import now_ms
from zkseal.service.database.tables import idempotency_keys

__all__ = ["LIFETIME_S", "MAX_KEY_LENGTH", "Idempotency", "forget_expired", "known_job", "remember"]

LIFETIME_S = 24 * 3600
MAX_KEY_LENGTH = 255


@dataclass(frozen=True)
class Idempotency:
    """A request under its idempotency key.

    Attributes:
        text: the key as the client sent it, for its own errors.
        name_digest, fingerprint: keyed digests of the key, and of the request.
        lifetime_s: how long it is remembered, in seconds.
    """

    text: str = field(repr=False)
    name_digest: str
    fingerprint: bytes = field(repr=False)
    lifetime_s: int = LIFETIME_S

    @staticmethod
    def of(data_key: DataKey, text: str, request: bytes, *, lifetime_s: int = LIFETIME_S) -> Idempotency:
        """Of a key and the whole request, its path included. Raises `InvalidParameters` for a key that is none."""
        if not (1 <= len(text) <= MAX_KEY_LENGTH and text.isascii() and text.isprintable()):
            raise InvalidParameters(
                f"An idempotency key has 1 to {MAX_KEY_LENGTH} printable ASCII characters.", reason="idempotency key"
            )
        name = data_key.fingerprint(text.encode(), "idempotency key").hex()
        return Idempotency(text, name, data_key.fingerprint(request, "idempotent request"), lifetime_s)


def known_job(connection: Connection, tenant: str, wanted: Idempotency) -> str | None:
    """The job that the same request made before; None if the key is new, or was forgotten.

    Raises:
        IdempotencyConflict: the key was used for another request.
    """
    mine = (idempotency_keys.c.tenant_id == tenant) & (idempotency_keys.c.name_digest == wanted.name_digest)
    row = connection.execute(select(idempotency_keys).where(mine)).one_or_none()
    if row is None or row.expires_at <= now_ms(connection):
        return None
    if not hmac.compare_digest(bytes(row.fingerprint), wanted.fingerprint):
        raise IdempotencyConflict(
            "This idempotency key was used for another request. Send each new request with a new key.",
            idempotency_key=wanted.text,
        )
    return str(row.job_id)


def remember(connection: Connection, tenant: str, wanted: Idempotency, job: str) -> None:
    """Keeps a key for the job that it makes, in the transaction that makes the job; replaces one that was forgotten."""
    mine = (idempotency_keys.c.tenant_id == tenant) & (idempotency_keys.c.name_digest == wanted.name_digest)
    connection.execute(delete(idempotency_keys).where(mine))
    now = now_ms(connection)
    times = {"created_at": now, "expires_at": now + wanted.lifetime_s * 1000}
    values = {"tenant_id": tenant, "name_digest": wanted.name_digest, "fingerprint": wanted.fingerprint, "job_id": job}
    connection.execute(insert(idempotency_keys).values(**values, **times))


def forget_expired(connection: Connection) -> int:
    """Deletes keys whose time is over; how many."""
    expired = delete(idempotency_keys).where(idempotency_keys.c.expires_at <= now_ms(connection))
    return connection.execute(expired).rowcount
