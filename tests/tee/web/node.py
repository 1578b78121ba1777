"""The verifier for the web in one long-lived node process, asked what it makes of evidence, and Python beside it."""

from __future__ import annotations

import base64
import json
import math
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from zkseal.errors import ZksealError
from zkseal.tee import Evidence, Roots, appraise_evidence, evidence_to_cbor, policy_of

ROOT = Path(__file__).resolve().parents[3]
VERIFIER = ROOT / "web" / "verifier"
MODULES = tuple(VERIFIER / "wasm" / name for name in ("zkseal_attest.wasm.gz", "zkseal_verifier.wasm.gz"))
DRIVER = VERIFIER / "build" / "test" / "tee_driver.js"

Policy = Mapping[str, Any]
EVIDENCE_ONLY: Policy = {"extends": "evidence-only", "name": "evidence-only"}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _roots(roots: Roots) -> dict[str, Any]:
    """Roots with the names of TypeScript."""
    found = {}
    for entry in fields(Roots):
        first, *others = entry.name.split("_")
        value = getattr(roots, entry.name)
        if value is not None:
            found[first + "".join(word.capitalize() for word in others)] = (
                value if isinstance(value, str) else [_text(der) for der in value]
            )
    return found


@dataclass
class Node:
    """The process."""

    process: subprocess.Popen[str]

    def ask(
        self, kind: str, policy: Policy, data: bytes = b"", *, roots: Roots | None = None, **more: Any
    ) -> dict[str, Any]:
        """The answer to a request, a result or an error."""
        request = {"kind": kind, "policy": policy, "data": _text(data)}
        request |= {name: _text(v) if isinstance(v, bytes) else v for name, v in more.items() if v is not None}
        if roots is not None:
            request["roots"] = _roots(roots)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert "crash" not in answer, answer["crash"]
        return answer

    def evidence(self, evidence: Evidence, policy: Policy = EVIDENCE_ONLY, **more: Any) -> dict[str, Any]:
        """What it makes of one piece of evidence."""
        return self.ask("evidence", policy, evidence_to_cbor(evidence), **more)


@contextmanager
def started() -> Iterator[Node]:
    """A process until the end of the block."""
    command = ["node", DRIVER, *MODULES]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Node(process)
        assert process.stdin is not None
        process.stdin.close()


def python_of(evidence: Evidence, policy: Policy = EVIDENCE_ONLY, **more: Any) -> dict[str, Any]:
    """What Python makes of the same evidence, in the same form."""
    try:
        found = appraise_evidence(evidence, policy_of(policy), **more)
    except ZksealError as error:
        return refused(error)
    return {"kind": type(found).__name__, "result": json_form(found.to_json())}


def refused(error: ZksealError) -> dict[str, Any]:
    """An error in the form of the driver."""
    shown: dict[str, Any] = {
        "error": {"code": error.code, "message": error.message, "check": error.fields.get("check")}
    }
    if "result" in error.fields:
        shown["result"] = json_form(error.fields["result"])
    return shown


def json_form(value: Any) -> Any:
    """As it comes out of JSON: integers beyond 2^53 as texts, as the web shows them, and null for what is no number."""
    if isinstance(value, Mapping):
        return {str(name): json_form(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_form(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if type(value) is int and abs(value) >= 1 << 53 else value
