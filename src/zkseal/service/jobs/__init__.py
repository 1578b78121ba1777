"""The queue. A job is accepted once, worked on by one worker at a time, and ends once::

    queued ──claim──► running ──► succeeded   its receipt is verified and durable before the state changes
      ▲ │               │ │  └──► failed      with the code of an error
      │ └──cancel───────┼─┴─────► cancelled   inputs and results are deleted
      └────lost─────────┘                     its worker died or gave it back; too often, and it fails

============  =====================================================================================
`job`         `Job`, `State`, `Request`: what a job is
`submitting`  `submit`: accepted and durable, or not there; idempotency keys
`claims`      `claim`, `beat`, `give_back`, `expire`: leases, by the database's clock
`ending`      `succeed`, `fail`: compare-and-set on the attempt, so that a job ends once
`cancelling`  `cancel`, `delete_job`
`reading`     `find`, `list_of`, receipts, openings, outputs, failures, counts
============  =====================================================================================
"""

from zkseal.service.jobs.cancelling import cancel, delete_job
from zkseal.service.jobs.claims import Beat, Claim, Retries, beat, claim, expire, give_back
from zkseal.service.jobs.ending import end_as_cancelled, fail, succeed
from zkseal.service.jobs.job import Job, Kind, Request, State
from zkseal.service.jobs.reading import counts, failure, find, list_of, opening, outputs, receipt, request_of
from zkseal.service.jobs.submitting import Submitted, submit

__all__ = [
    "Beat",
    "Claim",
    "Job",
    "Kind",
    "Request",
    "Retries",
    "State",
    "Submitted",
    "beat",
    "cancel",
    "claim",
    "counts",
    "delete_job",
    "end_as_cancelled",
    "expire",
    "fail",
    "failure",
    "find",
    "give_back",
    "list_of",
    "opening",
    "outputs",
    "receipt",
    "request_of",
    "submit",
    "succeed",
]
