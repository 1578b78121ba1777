"""The executor that a command proves with: its options, and what of it is shown."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator

from zkseal.executors import LocalExecutor, RayExecutor, WorkerSettings
from zkseal.executors.dispatcher import Dispatcher
from zkseal.proving.cost import usable_cores

__all__ = ["add_executor", "executor_of"]


def add_executor(parser: argparse.ArgumentParser) -> None:
    """Declares the options of an executor."""
    group = parser.add_argument_group("workers")
    group.add_argument(
        "--executor",
        choices=("local", "ray"),
        default="local",
        help="processes of this machine (default), or of the machines of a Ray cluster",
    )
    group.add_argument(
        "--ray-address",
        metavar="HOST:PORT",
        default="auto",
        help="the cluster (default: the one that this machine belongs to)",
    )
    group.add_argument(
        "--workers", type=_count, metavar="N", help="processes (default: as many as there are cores for)"
    )
    group.add_argument("--threads", type=_count, metavar="N", help="that each proves with (default: an even share)")
    group.add_argument(
        "--memory-mb", type=_count, metavar="MB", help="what each may allocate (default: as much as there is)"
    )


@contextlib.contextmanager
def executor_of(options: argparse.Namespace) -> Iterator[Dispatcher]:
    """The executor that the options ask for, until the block ends.

    Raises:
        MissingDependency, ClusterUnreachable: Ray is not installed, or does not answer.
    """
    memory_bytes = None if options.memory_mb is None else options.memory_mb * 1_000_000
    if options.executor == "ray":
        settings = WorkerSettings(threads=options.threads or 1, memory_bytes=memory_bytes)
        with RayExecutor(options.ray_address, options.workers, settings) as cluster:
            yield cluster
        return
    workers = options.workers or usable_cores()
    threads = options.threads or max(1, usable_cores() // workers)
    with LocalExecutor(workers, WorkerSettings(threads=threads, memory_bytes=memory_bytes)) as pool:
        yield pool


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of at least 1")
    return number
