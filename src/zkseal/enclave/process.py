"""The enclave process: `python -m zkseal.enclave.process SOCKET MODEL`, two descriptors that it inherits.

It isolates itself, imports what it needs, gives up the rest (`isolation`), makes its keys, and answers the host until
the socket ends. Its output is nowhere: a traceback could hold what was asked.
"""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from zkseal.enclave.isolation import Isolation, isolate, lock

if TYPE_CHECKING:
    from zkseal.enclave.runtime import Runtime
    from zkseal.enclave.wire import Wire

__all__ = ["main"]


def main() -> None:
    """Runs until the host closes the socket, or ends."""
    connection, model = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    isolation = isolate()
    # From here on in the sandbox: what is imported could be anything.
    from zkseal.enclave.wire import Wire
    from zkseal.errors import EnclaveStopped
    from zkseal.plain_errors import encode_error

    wire = Wire(connection)
    # A socket that is not closed is described when Python ends, and asking for its name is forbidden here.
    with connection, contextlib.suppress(EnclaveStopped):
        try:
            runtime = _start(wire, isolation, model)
        except Exception as error:
            wire.send({"error": encode_error(error)})
            return
        while True:
            question = wire.receive()
            try:
                answer = {"ok": _answer(runtime, question)}
            except Exception as error:
                answer = {"error": encode_error(error)}
            wire.send(answer)


def _start(wire: Wire, isolation: Isolation, model: int) -> Runtime:
    """Imports, then locks, then keys: they are made where nothing can be imported, opened or sent any more."""
    from zkseal.enclave.measurement import import_all, measure, require_measured
    from zkseal.enclave.model import read_sealed
    from zkseal.enclave.runtime import Runtime, Settings
    from zkseal.pipeline.threads import blas_controller

    settings = wire.receive()
    modules, publisher = settings.pop("modules"), settings.pop("publisher")
    import_all(modules)
    blas_controller()
    require_measured(modules)
    measurement = measure(modules)
    lock(isolation)
    runtime = Runtime(read_sealed(model, publisher), Settings.from_plain(settings))
    wire.send(
        {
            "ok": {
                "measurement": measurement,
                "isolation": list(isolation.on),
                "missing": dict(isolation.missing),
            }
        }
    )
    return runtime


def _answer(runtime: Runtime, question: dict[str, Any]) -> Any:
    """Of one question of the host."""
    questions: dict[str, Callable[[], Any]] = {
        "attest": lambda: runtime.attest(question["nonce"]).to_cbor(),
        "load": lambda: _load(runtime, question),
        "infer": lambda: runtime.infer(question["request"]),
    }
    return questions[question["do"]]()


def _load(runtime: Runtime, question: dict[str, Any]) -> bool:
    from zkseal.tee import Assurance

    return runtime.load(
        question["wrapped_key"],
        assurance=Assurance(question["assurance"]),
        nonce=question["nonce"],
        evidence_digest=question["evidence_digest"],
    )


if __name__ == "__main__":
    main()
