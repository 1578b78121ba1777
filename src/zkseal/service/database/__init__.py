"""What the service remembers: SQLite for one machine, PostgreSQL for many workers; the same tables and promises.

==============  ==========================================================================
`tables`        the tables, as SQLAlchemy Core writes queries with them
`migrations`    the schema, in numbered steps that only go forward
`database`      `Database`: transactions that are durable when they end, tried again when the database was busy
==============  ==========================================================================

Nothing private stands in a table in the clear: inputs, openings, keys, outputs and failures are sealed (`at_rest`).
All times are milliseconds since 1970 by the database's clock, so that workers need not agree on the time.
"""

from zkseal.service.database.database import Connection, Database

__all__ = ["Connection", "Database"]
