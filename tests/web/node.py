"""The package `@zkseal/verifier` in one long-lived node process, asked what it makes of bytes, and Python beside it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zkseal.errors import ZksealError

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "web" / "verifier"
DRIVER = PACKAGE / "build" / "test" / "driver.js"
MODULE = PACKAGE / "wasm" / "zkseal_verifier.wasm.gz"
DIST = PACKAGE / "dist" / "index.js"


@dataclass(frozen=True)
class Node:
    """The process."""

    process: subprocess.Popen[str]

    def ask(self, operation: str, **given: Any) -> Any:
        """The answer, or the code of the error after ``rejected``. Bytes travel as hexadecimal."""
        plain = {name: value.hex() if isinstance(value, bytes) else value for name, value in given.items()}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"operation": operation} | plain) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the process ended: something else than a ZksealError was thrown"
        answer = json.loads(line)
        if "error" not in answer:
            return answer["ok"]
        assert answer["error"]["message"]
        assert answer["error"]["remedy"]
        return f"rejected {answer['error']['code']}"


@contextmanager
def started() -> Iterator[Node]:
    """A process until the end of the block."""
    command = ("node", str(DRIVER), str(MODULE))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Node(process)
        assert process.stdin is not None
        process.stdin.close()


def by_python(work: Callable[[], Any]) -> Any:
    """What `work` returns, or the code of its error, as `Node.ask` says it."""
    try:
        return work()
    except ZksealError as error:
        return f"rejected {error.code}"
