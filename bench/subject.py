"""Measures zkseal on one subject: every stage in a fresh process, in a folder that belongs to the subject."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.families import subject
from bench.stage import Result, StageFailed, run_stage

PRIVACY = "zero-knowledge; input and weights private, output public"

PORTABLE = {"ZKSEAL_CPU": "portable"}
"""What makes the kernels do without vector instructions."""

_MODULE = "bench.zkseal_stage"
_LIMIT_S, _LARGE_LIMIT_S = 900.0, 3600.0

TURNS = 3
"""How often one thread and all threads take turns."""


class Measurement:
    """A folder with the files of one subject, and stages that run in it: `with Measurement(name, threads=2) as m:`.

    Raises:
        StageFailed: by every stage that ends without a result; on entry, where a package is missing.
    """

    def __init__(self, name: str, *, threads: int) -> None:
        self.subject, self.threads = subject(name), threads
        self._temporary = tempfile.TemporaryDirectory(prefix="zkseal-bench-")
        self.folder = Path(self._temporary.name)

    def __enter__(self) -> Measurement:
        if not self.subject.available:
            self._temporary.cleanup()
            raise StageFailed(f"{self.subject.package} is not installed: pip install -r requirements/networks.txt")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._temporary.cleanup()

    def compile(self, rows: int | None = None) -> Result:
        """`rows` limits the held-out rows for accuracy, None takes all."""
        return self._run("compile", {"rows": rows})

    def setup(self, row_bits: int | None = None) -> Result:
        """Makes the keys that the following proofs are made with."""
        return self._run("setup", {"row_bits": row_bits})

    def proofs(self, repeat: int, *, threads: int | None = None, portable: bool = False) -> dict[str, Result]:
        """Proofs, as many as the subject allows, and verifications of the last one."""
        repeat = self.subject.counted(repeat)
        return {
            stage: self._run(stage, {"repeat": repeat}, threads=threads, variables=PORTABLE if portable else {})
            for stage in ("prove", "verify")
        }

    def _run(
        self,
        stage: str,
        request: dict[str, Any],
        *,
        threads: int | None = None,
        variables: dict[str, str] | None = None,
    ) -> Result:
        return run_stage(
            sys.executable,
            _MODULE,
            stage,
            {"folder": str(self.folder), "model": self.subject.name, **request},
            threads=threads or self.threads,
            limit_s=_LARGE_LIMIT_S if self.subject.large else _LIMIT_S,
            variables=variables,
        )


def measure_zkseal(
    model: str,
    *,
    threads: int,
    repeat: int,
    rows: int | None = None,
    row_bits: int | None = None,
    portable: int = 0,
    one_thread: bool = False,
) -> dict[str, Any]:
    """Everything about one subject.

    Args:
        portable: proofs that are counted without vector instructions; 0 for none.
        one_thread: whether to prove with one thread, too, in turns with all: a shared machine has slow minutes, and
            both get some of them.

    Raises:
        StageFailed: a stage ended without a result.
    """
    with Measurement(model, threads=threads) as measurement:
        record: dict[str, Any] = {
            "privacy": PRIVACY,
            "title": measurement.subject.title,
            "batch": measurement.subject.batch,
            "compile": measurement.compile(rows),
            "setup": measurement.setup(row_bits),
            **measurement.proofs(repeat),
        }
        if portable:
            record["portable"] = measurement.proofs(portable, portable=True)
        if one_thread:
            turns = [(measurement.proofs(repeat, threads=1), measurement.proofs(repeat)) for _ in range(TURNS)]
            record["turns"] = {
                "one_thread": [one["prove"]["time"] for one, _ in turns],
                "all_threads": [more["prove"]["time"] for _, more in turns],
            }
    return record
