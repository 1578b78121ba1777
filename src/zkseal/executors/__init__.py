"""Executors: proofs by other processes, of this machine or of a cluster.

=================  ===================================================================================
`executor`         `Executor`, `Handle`, `Limits`: what every executor offers
`tasks`            `ProveTask`, `BatchTask`: what is asked, and how an answer is checked
`segments`         `prove_in_segments`, `submit_run`: one receipt of a model in segments, by many workers
`key_files`        `KeyFile`: proving keys by the digest of their files
`local`            `LocalExecutor`: processes of this machine
`ray_cluster`      `RayExecutor`: processes on the machines of a Ray cluster; `ray_relay` is what runs there,
                   `key_folder` where it keeps keys
`dispatcher`       who gets which task; workers that die, lie, stall or answer twice
`jobs`             what the dispatcher knows of a task
`plain_jobs`       runs and jobs of segments as plain data
`inputs`           numbers as the integers that a receipt has to be about
`child`            starting and ending a worker's process
`process`          that process; `answers` is what it does
`conversation`     question and answer; `zkseal.frames` is how they cross a socket
=================  ===================================================================================

Workers need not be trusted for the receipts: everything that they return is verified. They see inputs and weights.

Dependency position: stands on `files`, `pipeline` and `segments`; `service` and `cli` use it.
"""

from zkseal.executors.child import WorkerSettings
from zkseal.executors.executor import Attempt, Executor, Handle, Limits, Told
from zkseal.executors.key_files import KeyFile
from zkseal.executors.local import LocalExecutor
from zkseal.executors.ray_cluster import RayExecutor
from zkseal.executors.segments import (
    RunTask,
    SegmentedKeyFiles,
    SegmentedProof,
    SegmentTask,
    prove_in_segments,
    submit_run,
)
from zkseal.executors.tasks import BatchResult, BatchTask, ProveTask, Task, in_batches

__all__ = [
    "Attempt",
    "BatchResult",
    "BatchTask",
    "Executor",
    "Handle",
    "KeyFile",
    "Limits",
    "LocalExecutor",
    "ProveTask",
    "RayExecutor",
    "RunTask",
    "SegmentTask",
    "SegmentedKeyFiles",
    "SegmentedProof",
    "Task",
    "Told",
    "WorkerSettings",
    "in_batches",
    "prove_in_segments",
    "submit_run",
]
