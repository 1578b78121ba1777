"""A client of the proving service: the methods of the local API, over HTTP.

    with Client("https://proofs.example.org", api_key) as client:
        model = client.model(model_id)                           # its verifying key, held to the id that you pin
        result = client.prove(model, x, context=b"visit 12")     # a `zkseal.ProveResult`
        job = client.submit(model, x, context=b"visit 13")       # or without waiting
        statement = client.verify(result.receipt, model, context=b"visit 12")     # a `zkseal.ProvedStatement`

============  ==========================================================================
`client`      `Client`
`jobs`        `Job`: a proof that was asked for; its events, its result, its end
`models`      `RemoteModel`: a model of the service and its pinned verifying key
`verified`    a receipt, held against what was asked for, before the caller sees it
`transport`   requests that are tried again; problem documents as errors of this package
`events`      server-sent events
============  ==========================================================================

The service is not trusted with the truth: receipts are verified here. It is trusted with the inputs that it is sent.

Dependency position: stands on `executors` (inputs as integers), `files`, `pipeline`, `proving` and `receipts`; needs
the extra `client`.
"""

from zkseal.client.client import Client, RemoteVerification
from zkseal.client.jobs import Job, JobEvent
from zkseal.client.models import RemoteModel

__all__ = ["Client", "Job", "JobEvent", "RemoteModel", "RemoteVerification"]
