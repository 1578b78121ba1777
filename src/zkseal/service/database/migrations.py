"""The schema in numbered steps. A step that was released is never changed; a later one is added.

Every process that opens the database brings it to the newest step, one of them at a time. A database that a later
release has brought further is refused: going back would lose what that release wrote.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, inspect, select

from zkseal.errors import UnknownVersion
from zkseal.service.database.clock import now_ms
from zkseal.service.database.tables import schema_version

__all__ = ["MIGRATIONS", "migrate"]

_FIRST = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE tenants (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at BIGINT NOT NULL, deleted_at BIGINT,
  master_key_id TEXT, sealed_data_key {bytes},
  max_models BIGINT NOT NULL, max_stored_bytes BIGINT NOT NULL, max_queued_jobs BIGINT NOT NULL,
  max_running_jobs BIGINT NOT NULL
);
CREATE UNIQUE INDEX tenants_by_name ON tenants (name);
CREATE TABLE api_keys (
  id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants (id), name TEXT NOT NULL,
  secret_digest {bytes} NOT NULL, scopes TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT, revoked_at BIGINT
);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id);
CREATE TABLE artifacts (
  id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants (id), kind TEXT NOT NULL, blob TEXT NOT NULL,
  bytes BIGINT NOT NULL, created_at BIGINT NOT NULL
);
CREATE INDEX artifacts_by_tenant ON artifacts (tenant_id);
CREATE INDEX artifacts_by_blob ON artifacts (blob);
CREATE TABLE doomed_blobs (blob TEXT PRIMARY KEY, doomed_at BIGINT NOT NULL);
CREATE TABLE models (
  tenant_id TEXT NOT NULL REFERENCES tenants (id), model_id TEXT NOT NULL, name TEXT NOT NULL,
  created_at BIGINT NOT NULL, verifying_key_artifact TEXT NOT NULL, proving_key_artifact TEXT,
  proving_key_digest TEXT, bytes BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, model_id)
);
CREATE TABLE jobs (
  id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants (id), model_id TEXT NOT NULL, kind TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  created_at BIGINT NOT NULL, started_at BIGINT, finished_at BIGINT, attempt BIGINT NOT NULL, losses BIGINT NOT NULL,
  not_before BIGINT NOT NULL, worker TEXT, lease_until BIGINT, cancel_requested BIGINT NOT NULL, phase TEXT,
  progress_permille BIGINT NOT NULL, phase_ms TEXT NOT NULL, last_event BIGINT NOT NULL, input_artifact TEXT,
  opening_artifact TEXT, outputs_artifact TEXT, receipt_digest TEXT, failure_code TEXT, sealed_failure {bytes},
  CHECK ((state = 'running') = (worker IS NOT NULL)), CHECK ((state = 'running') = (lease_until IS NOT NULL)),
  CHECK ((state IN ('queued', 'running')) = (finished_at IS NULL)),
  CHECK ((state = 'failed') = (failure_code IS NOT NULL))
);
CREATE INDEX jobs_by_state ON jobs (state, not_before);
CREATE INDEX jobs_by_tenant ON jobs (tenant_id, created_at);
CREATE INDEX jobs_by_finish ON jobs (finished_at);
CREATE TABLE receipts (
  tenant_id TEXT NOT NULL REFERENCES tenants (id), digest TEXT NOT NULL, job_id TEXT NOT NULL, model_id TEXT NOT NULL,
  artifact_id TEXT NOT NULL, created_at BIGINT NOT NULL, PRIMARY KEY (tenant_id, digest)
);
CREATE UNIQUE INDEX receipts_by_job ON receipts (job_id);
CREATE TABLE job_events (
  job_id TEXT NOT NULL, sequence BIGINT NOT NULL, at BIGINT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL,
  PRIMARY KEY (job_id, sequence)
);
CREATE TABLE idempotency_keys (
  tenant_id TEXT NOT NULL REFERENCES tenants (id), name_digest TEXT NOT NULL, fingerprint {bytes} NOT NULL,
  job_id TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, PRIMARY KEY (tenant_id, name_digest)
);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
CREATE TABLE workers (
  id TEXT PRIMARY KEY, started_at BIGINT NOT NULL, seen_at BIGINT NOT NULL, capacity BIGINT NOT NULL
);
"""

_SEGMENTS = """
CREATE TABLE model_segments (
  tenant_id TEXT NOT NULL REFERENCES tenants (id), model_id TEXT NOT NULL, position BIGINT NOT NULL,
  digest TEXT NOT NULL, artifact TEXT, PRIMARY KEY (tenant_id, model_id, position)
);
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _SEGMENTS)
"""Statements of each step, separated by semicolons; `{bytes}` is the database's type of byte strings."""

_LOCK = 0x7A6B7365
"""PostgreSQL's advisory lock that one migrating process holds."""


def migrate(connection: Connection) -> None:
    """Applies the steps that are missing, inside the caller's transaction.

    Raises:
        UnknownVersion: a later release wrote the database.
    """
    postgresql = connection.dialect.name == "postgresql"
    if postgresql:
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    if not inspect(connection).has_table("schema_version"):
        connection.exec_driver_sql(
            "CREATE TABLE schema_version (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)"
        )
    done = connection.execute(select(func.coalesce(func.max(schema_version.c.version), 0))).scalar_one()
    if done > len(MIGRATIONS):
        raise UnknownVersion(
            f"The database has schema {done}; this release knows {len(MIGRATIONS)}. Run the release that wrote it, or "
            "a later one.",
            got=done,
            expected=len(MIGRATIONS),
        )
    for number, step in enumerate(MIGRATIONS[done:], done + 1):
        for statement in step.format(bytes="BYTEA" if postgresql else "BLOB").split(";"):
            if statement.strip():
                connection.exec_driver_sql(statement)
        connection.execute(insert(schema_version).values(version=number, applied_at=now_ms(connection)))
