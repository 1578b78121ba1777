"""What it costs to split one model over a cluster: `python -m tests.cluster`, part of `make test-ray`.

A decoder of the shape of GPT-2 is proved in one piece and in segments, by workers of a Ray cluster of several nodes on
this machine, then once more with workers that die, lie, stall and duplicate. Prints a table, and fails if a receipt
does not hold, or if a worker of more segments takes more memory than one of fewer.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.cluster.decoders import Decoder, in_segments
from tests.cluster.ray_cluster import LocalCluster
from tests.cluster.worlds import done, misbehaving

from zkseal import files, pipeline
from zkseal.executors import (
    Attempt,
    Limits,
    ProveTask,
    RayExecutor,
    SegmentedKeyFiles,
    WorkerSettings,
    prove_in_segments,
)
from zkseal.proving import SegmentedVerifyingKey, VerifyingKey

PATIENT = Limits(least_timeout_s=600.0)
MISDEEDS = ("stalls", "dies", "corrupts", "duplicates")


@dataclass(frozen=True)
class Row:
    """One way to prove the same thing.

    Attributes:
        cpu_s: that all workers together computed for the results that count, keys included. Unlike the time that
            passed, it depends little on what else the machine does.
        memory_bytes: the most that any worker's process held.
    """

    what: str
    key_bytes: int
    wall_s: float
    cpu_s: float
    memory_bytes: int
    receipt_bytes: int
    verify_ms: float
    outcomes: str = ""


def main() -> int:
    """Measures, prints, judges."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("layers", 12), ("width", 768), ("heads", 12), ("tokens", 16), ("nodes", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--segments", type=int, nargs="+", default=[4, 8])
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="zkseal-cluster-") as name,
        contextlib.closing(LocalCluster(nodes=options.nodes)) as cluster,
    ):
        folder = Path(name)
        made = Decoder.made(
            folder,
            options.segments[0],
            layers=options.layers,
            width=options.width,
            heads=options.heads,
            tokens=options.tokens,
        )
        rows = list(_rows(made, options.segments, folder, cluster, options.nodes))
    _print(rows)
    healthy = [row for row in rows if not row.outcomes]
    falls = all(more.memory_bytes < fewer.memory_bytes for fewer, more in pairwise(healthy))
    print("memory per worker falls with the number of segments:", "yes" if falls else "NO")
    return 0 if falls else 1


def _rows(made: Decoder, counts: Sequence[int], folder: Path, cluster: LocalCluster, nodes: int) -> Iterator[Row]:
    ids = made.ids[-1:]
    verifying_key = files.load_proving_key(made.whole.path).verifying_key
    with RayExecutor(cluster.address, 1, limits=PATIENT) as executor:
        start = time.perf_counter()
        handle = executor.submit(ProveTask(made.whole, ids))
        result = handle.result()
        wall_s = time.perf_counter() - start
    yield _row("whole", [made.whole.path], wall_s, handle.attempts, result, verifying_key)
    expected = pipeline.verify(result.receipt, verifying_key).outputs["y"]
    for count in counts:
        keys, key = (made.segmented, made.verifying_key)
        if count != counts[0]:
            keys, key = in_segments(made.compiled, count, folder / f"{count}.zkp")
        yield _segmented(f"{count} segments", keys, key, ids, expected, cluster, nodes, WorkerSettings(keys_held=1))
    limits = Limits(margin=4.0, least_timeout_s=30.0, max_attempts=5)
    settings = misbehaving(folder / "misdeeds", MISDEEDS, keys_held=1)
    what = f"{counts[0]} segments, bad workers"
    keys, key = made.segmented, made.verifying_key
    yield _segmented(what, keys, key, ids, expected, cluster, nodes, settings, limits)
    assert done(folder / "misdeeds") >= set(MISDEEDS), "a misdeed was not done"


def _segmented(
    what: str,
    keys: SegmentedKeyFiles,
    verifying_key: SegmentedVerifyingKey,
    ids: object,
    expected: object,
    cluster: LocalCluster,
    nodes: int,
    settings: WorkerSettings,
    limits: Limits = PATIENT,
) -> Row:
    with RayExecutor(cluster.address, nodes, settings, limits) as executor:
        start = time.perf_counter()
        proof = prove_in_segments(executor, keys, ids)  # type: ignore[arg-type]
        wall_s = time.perf_counter() - start
    attempts = [attempt for of_segment in proof.attempts.values() for attempt in of_segment]
    row = _row(what, [key.path for key in keys.segments], wall_s, attempts, proof.result, verifying_key)
    outputs = pipeline.verify(proof.result.receipt, verifying_key).outputs["y"]
    assert (outputs == expected).all(), "another result than the whole has"  # type: ignore[attr-defined]
    return row


def _row(
    what: str,
    paths: Sequence[Path],
    wall_s: float,
    attempts: Sequence[Attempt],
    result: pipeline.ProveResult,
    verifying_key: VerifyingKey | SegmentedVerifyingKey,
) -> Row:
    start = time.perf_counter()
    pipeline.verify(result.receipt, verifying_key)
    failed = [attempt.outcome for attempt in attempts if attempt.outcome != "accepted"]
    return Row(
        what,
        max(path.stat().st_size for path in paths),
        wall_s,
        sum(attempt.cpu_ms or 0 for attempt in attempts) / 1000,
        max(attempt.memory_bytes or 0 for attempt in attempts),
        len(result.receipt.to_cbor()),
        (time.perf_counter() - start) * 1000,
        ", ".join(sorted(failed)),
    )


def _print(rows: Sequence[Row]) -> None:
    print("| | largest key | wall | processors | overhead | memory of a worker | receipt | verify |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for row in rows:
        overhead = f"{100 * (row.cpu_s / rows[0].cpu_s - 1):+.0f} %"
        print(
            f"| {row.what} | {row.key_bytes / 1e6:.1f} MB | {row.wall_s:.1f} s | {row.cpu_s:.1f} s | {overhead} | "
            f"{row.memory_bytes / 1e6:.0f} MB | {row.receipt_bytes / 1e3:.0f} kB | {row.verify_ms:.0f} ms |"
        )
    for row in rows:
        if row.outcomes:
            print(f"{row.what}: {row.outcomes}")


if __name__ == "__main__":
    sys.exit(main())
