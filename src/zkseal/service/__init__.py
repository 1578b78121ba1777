"""The proving service: what `zkseal serve` runs.

===============  =====================================================================
`database`       tables and transactions: SQLite, PostgreSQL
`at_rest`        encryption of what is kept, a key for each tenant
`artifacts`      the content-addressed store: a folder, S3; `Vault` joins it with both
`tenants`        who the service works for, and what they may have
`api_keys`       how they prove who they are
`models`         their models: proving keys, or verifying keys alone
`jobs`           the queue: submitted, claimed, ended once
`events`         how far a job is, for streams that can be resumed
`idempotency`    requests that were sent twice
`worker`         claims jobs and has them proved by an executor
`retention`      what is deleted when; `backup` copies what is there
`settings`       what operators choose; `setting_up` makes a service of one machine
`app`, `routes`  HTTP: the application, and a router for each kind of thing
`limits`         how much may be asked, by whom; `verifying` refuses what cannot be done in time
`problems`       errors as problem documents, without a value of any input
`observing`      metrics, traces, logs
`serving`        one process: started, and stopped in good order
===============  =====================================================================

Dependency position: stands on `executors`, `appraisal` and what is below; only `cli` uses it.
"""
