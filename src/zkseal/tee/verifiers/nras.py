"""NVIDIA Remote Attestation Service: a detached EAT, one token over the digests of one token for each device.

Sources: RFC 9711, 4.2.18.2 (detached EAT bundle); docs.nvidia.com/attestation, NRAS token claims. The service publishes
its keys on line, as a JSON Web Key Set: without it, signatures are `not_checked`.
"""

from __future__ import annotations

import hashlib
from typing import Any

from zkseal.errors import InvalidEncoding, MeasurementMismatch, NonceMismatch, SignatureRejected
from zkseal.tee.context import Context, Found, denied
from zkseal.tee.evidence import as_json
from zkseal.tee.jws import Token, decode_token, key_of
from zkseal.tee.result import Assurance, Rejected
from zkseal.tee.verifiers.confidential_space import check_token_time

__all__ = ["ANNOUNCED", "verify"]

ANNOUNCED = (
    "format",
    "digest-binding",
    "signature",
    "issuer",
    "token-time",
    "overall-result",
    "debug",
    "nonce",
    "reference-values",
)

ISSUER = "https://nras.attestation.nvidia.com"


def verify(context: Context, found: Found) -> None:
    """Verifies and appraises a detached EAT."""
    checks = found.checks
    outer, texts, devices = checks.core(("format",), lambda: _decode(context.evidence.payload))
    _check_binding(found, outer, texts)
    jwks = context.evidence.endorsements.jwks
    if jwks is None:
        checks.skipped("signature", "the key set (JWKS) of NRAS was not given")
    else:

        def core() -> None:
            for token in (outer, *devices.values()):
                token.check(key_of(jwks, token))

        checks.core(("signature",), core)
        found.assurance = Assurance.HARDWARE
    found.claims |= {**outer.claims, "devices": {name: token.claims for name, token in devices.items()}}
    issuers = {token.claims.get("iss") for token in (outer, *devices.values())}
    text = f"the issuer is {', '.join(sorted(map(str, issuers)))}, not {ISSUER}"
    checks.require("issuer", issuers == {ISSUER}, denied("issuer", text))
    check_token_time(context, found, outer.claims)
    passed = outer.claims.get("x-nvidia-overall-att-result") is True
    checks.require("overall-result", passed, denied("overall-result", "NRAS did not accept the devices"))
    states = [str(token.claims.get("dbgstat")) for token in devices.values()]
    debug_off = all(state == "disabled" for state in states)
    checks.require("debug", debug_off, denied("debug", f"a device's debug status is {', '.join(states)}"))
    if context.nonce is None:
        checks.skipped("nonce", "the caller gave no nonce")
    else:
        carried = {str(token.claims.get("eat_nonce")) for token in (outer, *devices.values())}
        error = NonceMismatch("A token is bound to another nonce.", expected=context.nonce.hex(), got=sorted(carried))
        checks.require("nonce", carried == {context.nonce.hex()}, error)
    measured = all(token.claims.get("measres") == "success" for token in devices.values())
    mismatch = MeasurementMismatch("NRAS found measurements that are no reference values.", claim="measres", got="")
    checks.require("reference-values", measured, mismatch, "NRAS compared the measurements with NVIDIA's manifests")


def _decode(payload: bytes) -> tuple[Token, dict[str, str], dict[str, Token]]:
    document = as_json(payload)
    if isinstance(document, list) and len(document) == 2 and isinstance(document[1], dict):
        head, texts = document
        is_texts = all(isinstance(text, str) for text in texts.values())
        if (
            isinstance(head, list)
            and len(head) == 2
            and head[0] == "JWT"
            and isinstance(head[1], str)
            and texts
            and is_texts
        ):
            return decode_token(head[1]), texts, {name: decode_token(text) for name, text in texts.items()}
    raise InvalidEncoding("This is no detached EAT.", reason="EAT")


def _check_binding(found: Found, outer: Token, texts: dict[str, Any]) -> None:
    """`digest-binding`: the outer token holds the SHA-256 of every device token, and of no others."""
    digests = {name: ["DIGEST", ["SHA-256", hashlib.sha256(text.encode()).hexdigest()]] for name, text in texts.items()}
    if outer.claims.get("submods") != digests:
        error = SignatureRejected("The device tokens are not those of the outer token.", reason="digest")
        found.checks.failed("digest-binding", error)
        raise Rejected from error
    found.checks.passed("digest-binding", ", ".join(texts))
