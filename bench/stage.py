"""One measurement as a process of its own, so that memory, caches and threads of one do not touch the next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

Request = dict[str, Any]
Result = dict[str, Any]

_SAID = 2000
"""Characters of a failed stage's output that are shown."""


class StageFailed(Exception):
    """A stage ended without a result; the message holds the end of what it said."""


class StageHung(StageFailed):
    """A stage was stopped because its time was over."""


def run_stage(
    python: str | os.PathLike[str],
    module: str,
    stage: str,
    request: Request,
    *,
    threads: int,
    limit_s: float,
    variables: Mapping[str, str] | None = None,
) -> Result:
    """The result of `python -m module stage`, with every thread pool held to `threads`, and environment `variables`.

    Raises:
        StageHung: it did not end within `limit_s` seconds.
        StageFailed: it ended without a result.
    """
    with tempfile.TemporaryDirectory(prefix="zkseal-bench-") as folder:
        paths = [Path(folder) / name for name in ("request.json", "result.json")]
        paths[0].write_text(json.dumps(request))
        command = [os.fspath(python), "-m", module, stage, *map(str, paths)]
        with tempfile.TemporaryFile() as said:
            start = time.monotonic()
            settings = environment(threads) | dict(variables or {})
            process = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=said, stderr=subprocess.STDOUT)
            try:
                process.wait(limit_s)
            except subprocess.TimeoutExpired:
                raise StageHung(f"{module} {stage} was stopped after {time.monotonic() - start:.0f} s") from None
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            said.seek(0)
            output = said.read().decode(errors="replace")
        if process.returncode != 0 or not paths[1].exists():
            raise StageFailed(f"{module} {stage} ended with {process.returncode}:\n{output[-_SAID:]}")
        result: Result = json.loads(paths[1].read_text())
        return result


def environment(threads: int) -> dict[str, str]:
    """This environment with thread pools of this size and the sources of zkseal in reach."""
    counts = ("RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    path = os.pathsep.join(filter(None, (str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH"))))
    return os.environ | dict.fromkeys(counts, str(threads)) | {"PYTHONPATH": path}


def serve(stages: Mapping[str, Callable[[Request], Result]]) -> None:
    """The other side: `STAGE REQUEST RESULT` on the command line."""
    stage, request, result = sys.argv[1:]
    answer = stages[stage](json.loads(Path(request).read_text()))
    Path(result).write_text(json.dumps(answer))
