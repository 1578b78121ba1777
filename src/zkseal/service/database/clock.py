"""The database's clock: the one clock of leases, expiries and retention."""

from __future__ import annotations

from sqlalchemy import Connection, text

__all__ = ["now_ms"]

_NOW = {
    # clock_timestamp, since now() stands still in a transaction.
    "postgresql": text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"),
    "sqlite": text("SELECT CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)"),
}


def now_ms(connection: Connection) -> int:
    """Milliseconds since 1970."""
    return int(connection.execute(_NOW[connection.dialect.name]).scalar_one())
