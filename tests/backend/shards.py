"""Runs many cases in worker processes: a case that kills its process, or never ends, is a failure of its own only."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait

from tests.backend.cases import Case
from tests.backend.outcome import FAILED, PROOF_SECONDS, Outcome, run_case

LOST_SECONDS = PROOF_SECONDS + 10.0
"""How long a case may hold its process in code that no signal reaches."""

Work = Callable[[Case], Outcome]


class _Worker:
    """A process and the case that it works on."""

    def __init__(self, cases: Sequence[Case], work: Work) -> None:
        context = multiprocessing.get_context("fork")  # The cases are shared, not sent.
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, cases, work), daemon=True)
        self.process.start()
        theirs.close()
        self.case: int | None = None
        self.since = 0.0

    def give(self, case: int) -> None:
        self.case, self.since = case, time.monotonic()
        self.pipe.send(case)

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _serve(pipe: Connection, cases: Sequence[Case], work: Work) -> None:
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)  # onnxruntime writes its complaints there; they are in the errors too.
    while True:
        pipe.send(work(cases[pipe.recv()]))


def run_cases(cases: Sequence[Case], *, jobs: int | None = None, work: Work = run_case) -> list[Outcome]:
    """The outcomes of `cases`, in order; `jobs` processes (default: one for each core) take one case after another."""
    outcomes: dict[int, Outcome] = {}
    pending = [index for index in range(len(cases)) if not cases[index].out_of_scope]
    for index, case in enumerate(cases):
        if case.out_of_scope:
            outcomes[index] = run_case(case)
    count = min(len(pending), jobs or len(os.sched_getaffinity(0)))
    workers = [_Worker(cases, work) for _ in range(count)]
    try:
        while len(outcomes) < len(cases):
            for place, worker in enumerate(workers):
                if worker.case is None and pending:
                    worker.give(pending.pop(0))
                elif worker.case is not None and (lost := _lost(worker, cases)):
                    outcomes[worker.case] = lost
                    worker.stop()
                    workers[place] = _Worker(cases, work)
            _collect(workers, outcomes)
    finally:
        for worker in workers:
            worker.stop()
    return [outcomes[index] for index in range(len(cases))]


def _collect(workers: Sequence[_Worker], outcomes: dict[int, Outcome]) -> None:
    busy = {worker.pipe: worker for worker in workers if worker.case is not None}
    for pipe in wait(list(busy), timeout=1.0):
        worker = busy[pipe]  # type: ignore[index]
        assert worker.case is not None
        try:
            outcomes[worker.case] = worker.pipe.recv()
            worker.case = None
        except EOFError:
            worker.process.join()


def _lost(worker: _Worker, cases: Sequence[Case]) -> Outcome | None:
    """A failure when the process has died or does not come back."""
    assert worker.case is not None
    case = cases[worker.case]
    if not worker.process.is_alive():
        return Outcome(case.name, case.op, FAILED, "killed its process", f"exit code {worker.process.exitcode}")
    if time.monotonic() - worker.since > LOST_SECONDS:
        return Outcome(case.name, case.op, FAILED, "time", "did not come back")
    return None
