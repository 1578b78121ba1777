"""NVIDIA Remote Attestation Service: a detached EAT, one token over the digests of one token for each device.

Sources: RFC 9711, 4.2.18.2 (detached EAT bundle); docs.nvidia.com/attestation, NRAS token claims. The service publishes
its keys on line, as a JSON Web Key Set, which whoever appraises trusts (`Roots.nras_jwks`): it closes the chain, so it
never travels with the tokens. Without it, chain and signatures are `not_checked`.
"""

from __future__ import annotations

import hashlib
from typing import Any

from zkseal.errors import InvalidEncoding, MeasurementMismatch, NonceMismatch, SignatureRejected
from zkseal.tee.context import Context, Found, denied, no_chip
from zkseal.tee.evidence import as_json
from zkseal.tee.jws import Token, decode_token, key_of
from zkseal.tee.result import Assurance, Rejected
from zkseal.tee.verifiers.confidential_space import check_token_time

__all__ = ["ANNOUNCED", "verify"]

ANNOUNCED = (
    "format",
    "digest-binding",
    "chain",
    "validity",
    "revocation",
    "signature",
    "issuer",
    "token-time",
    "overall-result",
    "debug",
    "nonce",
    "reference-values",
    "chips",
)

ISSUER = "https://nras.attestation.nvidia.com"


def verify(context: Context, found: Found) -> None:
    """Verifies and appraises a detached EAT."""
    checks = found.checks
    outer, texts, devices = checks.core(("format",), lambda: _decode(context.evidence.payload))
    _check_binding(found, outer, texts)
    tokens = (outer, *devices.values())
    jwks = context.roots.nras_jwks
    if jwks is None:
        for name in ("chain", "signature"):
            checks.skipped(name, "no key set (JWKS) of NRAS is among the roots")
    else:
        keys = checks.core(("chain",), lambda: [key_of(jwks, token) for token in tokens])

        def core() -> None:
            for token, key in zip(tokens, keys, strict=True):
                token.check(key)

        checks.core(("signature",), core)
        found.assurance = Assurance.HARDWARE
    checks.skipped("validity", "a key set says of no key until when it is valid")
    checks.skipped("revocation", "a key set has no revocation list")
    found.claims |= {**outer.claims, "devices": {name: token.claims for name, token in devices.items()}}
    others = {str(token.claims.get("iss")) for token in tokens if token.claims.get("iss") != ISSUER}
    text = f"the issuer is {', '.join(sorted(others))}, not {ISSUER}"
    checks.require("issuer", not others, denied("issuer", text))
    check_token_time(context, found, outer.claims)
    passed = outer.claims.get("x-nvidia-overall-att-result") is True
    checks.require("overall-result", passed, denied("overall-result", "NRAS did not accept the devices"))
    states = [str(token.claims.get("dbgstat")) for token in devices.values()]
    debug_off = all(state == "disabled" for state in states)
    checks.require("debug", debug_off, denied("debug", f"a device's debug status is {', '.join(states)}"))
    if context.nonce is None:
        checks.skipped("nonce", "the caller gave no nonce")
    else:
        carried = {str(token.claims.get("eat_nonce")) for token in tokens}
        error = NonceMismatch("A token is bound to another nonce.", expected=context.nonce.hex(), got=sorted(carried))
        checks.require("nonce", carried == {context.nonce.hex()}, error)
    measured = all(token.claims.get("measres") == "success" for token in devices.values())
    mismatch = MeasurementMismatch("NRAS found measurements that are no reference values.", claim="measres", got="")
    checks.require("reference-values", measured, mismatch, "NRAS compared the measurements with NVIDIA's manifests")
    no_chip(checks, context, "a token names no chip")


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
            outer, devices = decode_token(head[1]), {name: decode_token(text) for name, text in texts.items()}
            for token in (outer, *devices.values()):
                _ = token.algorithm  # refused here, with the form
            return outer, texts, devices
    raise InvalidEncoding("This is no detached EAT.", reason="EAT")


def _check_binding(found: Found, outer: Token, texts: dict[str, Any]) -> None:
    """`digest-binding`: the outer token holds the SHA-256 of every device token, and of no others."""
    digests = {name: ["DIGEST", ["SHA-256", hashlib.sha256(text.encode()).hexdigest()]] for name, text in texts.items()}
    if outer.claims.get("submods") != digests:
        error = SignatureRejected("The device tokens are not those of the outer token.", reason="digest")
        found.checks.failed("digest-binding", error)
        raise Rejected from error
    found.checks.passed("digest-binding", ", ".join(texts))
