"""`Heart`: beats for one job from its claim to its end, whatever the job's own thread is doing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from zkseal.errors import ZksealError
from zkseal.service import jobs
from zkseal.service.database import Database
from zkseal.service.jobs import Beat
from zkseal.service.jobs.ending import Held
from zkseal.service.worker.progress import Progress

__all__ = ["Heart"]


class Heart:
    """A thread that keeps the lease, tells how far the job is, and listens. Use it in a `with` block.

    Args:
        every_s: between two beats; at once when the progress has changed.
        told: called once, when the job is to be cancelled or is lost; `heard` says which.
    """

    def __init__(
        self,
        database: Database,
        mine: Held,
        progress: Progress,
        *,
        every_s: float,
        lease_ms: int,
        told: Callable[[], None],
    ) -> None:
        self.heard = Beat.HELD
        self._database, self._mine, self._progress = database, mine, progress
        self._every_s, self._lease_ms, self._told = every_s, lease_ms, told
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=f"zkseal heart of {mine.id}", daemon=True)

    def __enter__(self) -> Heart:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopped = True
        self._progress.changed.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._progress.changed.wait(self._every_s)
            self._progress.changed.clear()
            if self._stopped:
                return
            # A database that does not answer now may do so before the lease ends.
            with contextlib.suppress(ZksealError):
                phase, share = self._progress.news()
                heard = jobs.beat(self._database, self._mine, lease_ms=self._lease_ms, phase=phase, progress=share)
                if heard is not Beat.HELD:
                    self.heard = heard
                    self._told()
                    return
