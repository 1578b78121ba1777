"""Workers: claim jobs, have an executor prove them, end each of them once.

===============  ==============================================================
`worker`         `Worker`: the loop that claims, and takes jobs from dead workers
`work`           one job, from its claim to its end
`heart`          keeps the lease of a job and hears of its cancellation; `progress` is what it tells
`results`        what an executor is given, and what it returns: verified, then made durable
`runner`         the process that runs programs of models in segments
`proving_keys`   keys that are opened, in memory only
===============  ==============================================================
"""

from zkseal.service.worker.work import Outcome, WorkerSettings
from zkseal.service.worker.worker import Worker

__all__ = ["Outcome", "Worker", "WorkerSettings"]
