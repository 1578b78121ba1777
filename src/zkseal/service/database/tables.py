"""The tables. `migrations` makes them; a test holds the two against each other.

Identifiers are texts (`job_..`, `ten_..`), digests lower-case hexadecimal, times milliseconds since 1970 by the
database's clock. Columns called `sealed_..` hold ciphertext of `at_rest`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, Table, Text

__all__ = [
    "api_keys",
    "artifacts",
    "doomed_blobs",
    "facts",
    "idempotency_keys",
    "job_events",
    "jobs",
    "metadata",
    "model_segments",
    "models",
    "receipts",
    "schema_version",
    "tenants",
    "workers",
]

metadata = MetaData()


def _text(name: str, *, null: bool = False, key: bool = False) -> Column[str]:
    return Column(name, Text, nullable=null, primary_key=key)


def _integer(name: str, *, null: bool = False, key: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null, primary_key=key, autoincrement=False)


def _bytes(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=null)


schema_version = Table("schema_version", metadata, _integer("version", key=True), _integer("applied_at"))

facts = Table("facts", metadata, _text("name", key=True), _text("value"))

tenants = Table(
    "tenants",
    metadata,
    _text("id", key=True),
    _text("name"),
    _integer("created_at"),
    _integer("deleted_at", null=True),
    # The tenant's data key, sealed by the master key of this id. Both are null once the tenant is deleted.
    _text("master_key_id", null=True),
    _bytes("sealed_data_key", null=True),
    _integer("max_models"),
    _integer("max_stored_bytes"),
    _integer("max_queued_jobs"),
    _integer("max_running_jobs"),
    Index("tenants_by_name", "name", unique=True),
)

api_keys = Table(
    "api_keys",
    metadata,
    _text("id", key=True),
    _text("tenant_id"),
    _text("name"),
    _bytes("secret_digest"),
    _text("scopes"),
    _integer("created_at"),
    _integer("expires_at", null=True),
    _integer("revoked_at", null=True),
    Index("api_keys_by_tenant", "tenant_id"),
)

artifacts = Table(
    "artifacts",
    metadata,
    _text("id", key=True),
    _text("tenant_id"),
    _text("kind"),
    _text("blob"),
    _integer("bytes"),
    _integer("created_at"),
    Index("artifacts_by_tenant", "tenant_id"),
    Index("artifacts_by_blob", "blob"),
)

doomed_blobs = Table("doomed_blobs", metadata, _text("blob", key=True), _integer("doomed_at"))

models = Table(
    "models",
    metadata,
    _text("tenant_id", key=True),
    _text("model_id", key=True),
    _text("name"),
    _integer("created_at"),
    _text("verifying_key_artifact"),
    _text("proving_key_artifact", null=True),
    _text("proving_key_digest", null=True),
    _integer("bytes"),
)

# The keys of the segments of a proving key in segments, which come one by one: the artifact is null until it is here.
model_segments = Table(
    "model_segments",
    metadata,
    _text("tenant_id", key=True),
    _text("model_id", key=True),
    _integer("position", key=True),
    _text("digest"),
    _text("artifact", null=True),
)

jobs = Table(
    "jobs",
    metadata,
    _text("id", key=True),
    _text("tenant_id"),
    _text("model_id"),
    _text("kind"),
    _text("state"),
    _integer("created_at"),
    _integer("started_at", null=True),
    _integer("finished_at", null=True),
    # Counts claims, and fences: only the worker that holds the newest attempt may end the job.
    _integer("attempt"),
    # Attempts that ended without an answer; the job fails when there are too many.
    _integer("losses"),
    _integer("not_before"),
    _text("worker", null=True),
    _integer("lease_until", null=True),
    _integer("cancel_requested"),
    _text("phase", null=True),
    _integer("progress_permille"),
    _text("phase_ms"),
    _integer("last_event"),
    _text("input_artifact", null=True),
    _text("opening_artifact", null=True),
    _text("outputs_artifact", null=True),
    _text("receipt_digest", null=True),
    _text("failure_code", null=True),
    _bytes("sealed_failure", null=True),
    Index("jobs_by_state", "state", "not_before"),
    Index("jobs_by_tenant", "tenant_id", "created_at"),
    Index("jobs_by_finish", "finished_at"),
)

receipts = Table(
    "receipts",
    metadata,
    _text("tenant_id", key=True),
    _text("digest", key=True),
    _text("job_id"),
    _text("model_id"),
    _text("artifact_id"),
    _integer("created_at"),
    Index("receipts_by_job", "job_id", unique=True),
)

job_events = Table(
    "job_events",
    metadata,
    _text("job_id", key=True),
    _integer("sequence", key=True),
    _integer("at"),
    _text("kind"),
    _text("data"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    _text("tenant_id", key=True),
    _text("name_digest", key=True),
    _bytes("fingerprint"),
    _text("job_id"),
    _integer("created_at"),
    _integer("expires_at"),
    Index("idempotency_keys_by_expiry", "expires_at"),
)

workers = Table(
    "workers",
    metadata,
    _text("id", key=True),
    _integer("started_at"),
    _integer("seen_at"),
    _integer("capacity"),
)
