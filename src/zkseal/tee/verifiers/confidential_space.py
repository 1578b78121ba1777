"""GCP Confidential Space: a token of Google's verifier, RS256 under certificates to its root (PKI token).

Google appraised the hardware: what is checked here is Google's word and what it says. Source:
cloud.google.com/confidential-computing/confidential-space/docs/reference/token-claims.
"""

from __future__ import annotations

from typing import Any

from zkseal.errors import Expired, InvalidEncoding, NonceMismatch
from zkseal.tee.context import CORE, Context, Found, check_references, check_revocation, denied, no_chip
from zkseal.tee.jws import Token, decode_token
from zkseal.tee.native import native
from zkseal.tee.result import Assurance

__all__ = ["ANNOUNCED", "verify"]

ANNOUNCED = (*CORE, "issuer", "token-time", "tcb", "debug", "audience", "nonce", "reference-values", "chips")

ISSUER = "https://confidentialcomputing.googleapis.com"
HARDWARE_MODELS = ("GCP_INTEL_TDX", "GCP_AMD_SEV", "GCP_AMD_SEV_ES", "GCP_AMD_SEV_SNP")


def verify(context: Context, found: Found) -> None:
    """Verifies and appraises a token."""
    checks = found.checks

    def core() -> tuple[Token, dict[str, Any]]:
        try:
            text = context.evidence.payload.decode("ascii")
        except UnicodeDecodeError as error:
            raise InvalidEncoding("The token is no text.", reason="token") from error
        token = decode_token(text)
        leaf, *others = token.certificates()
        lists = list(context.evidence.endorsements.revocation_lists)
        chain = native().attest_chain(leaf, others, list(context.roots.confidential_space), lists, context.now)
        token.check(chain["public_key"])
        return token, chain

    token, chain = checks.core(CORE, core)
    check_revocation(checks, all(chain["revocation_checked"]))
    found.assurance = Assurance.HARDWARE
    claims = token.claims
    found.claims |= claims

    issuer = claims.get("iss")
    checks.require("issuer", issuer == ISSUER, denied("issuer", f"the issuer is {issuer}, not {ISSUER}"), str(issuer))
    check_token_time(context, found, claims)
    model, software = claims.get("hwmodel"), claims.get("swname")
    genuine = model in HARDWARE_MODELS and software == "CONFIDENTIAL_SPACE"
    checks.require(
        "tcb", genuine, denied("tcb", f"{software} on {model} is no Confidential Space"), f"{software} on {model}"
    )
    status = claims.get("dbgstat")
    checks.require(
        "debug", status == "disabled-since-boot", denied("debug", f"the debug status is {status}"), str(status)
    )
    audience = context.policy.confidential_space_audience
    if audience:
        checks.require("audience", claims.get("aud") == audience, denied("audience", "the token is for somebody else"))
    else:
        checks.skipped("audience", "the policy names no audience")
    _check_nonce(context, found, claims)
    container = claims.get("submods", {}).get("container", {}) if isinstance(claims.get("submods"), dict) else {}
    values = {"image_digest": str(container.get("image_digest", "")), "hwmodel": str(model)}
    found.claims["image_digest"] = values["image_digest"]
    check_references(checks, context, "gcp_confidential_space", values)
    no_chip(checks, context, "a token names no chip")


def check_token_time(context: Context, found: Found, claims: dict[str, Any]) -> None:
    """`token-time`: `nbf` and `exp` around now (RFC 7519, 4.1)."""
    start, end = claims.get("nbf"), claims.get("exp")
    if type(start) is not int or type(end) is not int:
        found.checks.failed("token-time", Expired("The token does not say when it is valid.", reason="nbf, exp"))
        return
    error = Expired(
        f"The token is valid from {start} to {end}, not at {context.now} (Unix seconds).", reason="exp", now=context.now
    )
    found.checks.require("token-time", start - context.policy.clock_skew_s <= context.now <= end, error)


def _check_nonce(context: Context, found: Found, claims: dict[str, Any]) -> None:
    if context.nonce is None:
        found.checks.skipped("nonce", "the caller gave no nonce")
        return
    carried = claims.get("eat_nonce")
    texts = carried if isinstance(carried, list) else [carried]
    error = NonceMismatch(
        "The token is bound to another nonce. Ask for a new one.", expected=context.nonce.hex(), got=texts
    )
    found.checks.require("nonce", context.nonce.hex() in texts, error)
