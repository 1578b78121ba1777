"""What every HTTP server of zkseal stands on: connections, bodies and rates that strangers cannot exhaust.

============  =============================================================================
`server`      `Server`: one process of uvicorn, impatient with idle connections, stopped in good order
`bodies`      `Bodies`: bounded before they are read, in time, few that are not there yet
`rates`       `Bucket`, `Buckets`: tokens for each client; `network_of`: what is one client
`problems`    problem documents (RFC 9457)
`telling`     `Log`: JSON lines for the operator
============  =============================================================================

Dependency position: imports `errors` only; `broker`, `enclave` and `service` use it.
"""
