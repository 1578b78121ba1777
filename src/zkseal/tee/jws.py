"""JSON Web Signatures in compact form (RFC 7515), under a certificate chain or a key set; no other algorithms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zkseal.errors import InvalidEncoding, UntrustedRoot
from zkseal.json_text import distinct, parse_json
from zkseal.tee.evidence import base64_bytes
from zkseal.tee.native import native
from zkseal.tee.pem import ec_public_key, rsa_public_key

__all__ = ["Token", "decode_token", "key_of", "rsa_of_jwk"]

# Signature algorithm -> type of key that it needs.
ALGORITHMS = {"ES256": "EC", "ES384": "EC", "RS256": "RSA", "RS384": "RSA", "RS512": "RSA"}


@dataclass(frozen=True)
class Token:
    """A token whose signature has not been checked yet."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        """`alg`, if it is one of those that are accepted."""
        name = self.header.get("alg")
        if not isinstance(name, str) or name not in ALGORITHMS:
            raise InvalidEncoding(f"The token's algorithm {name} is not accepted.", reason="alg")
        return name

    def certificates(self) -> list[bytes]:
        """DER of `x5c`, leaf first."""
        chain = self.header.get("x5c")
        if not isinstance(chain, list) or not chain:
            raise InvalidEncoding("The token carries no certificates.", reason="x5c")
        return [base64_bytes(entry, "certificate of the token") for entry in chain]

    def check(self, public_key: bytes) -> None:
        """Raises: SignatureRejected."""
        native().attest_signature(public_key, self.algorithm, self.signed, self.signature, "token")


def decode_token(text: str) -> Token:
    """Raises: InvalidEncoding: not three parts of base64url, or no JSON objects."""
    parts = text.strip().split(".")
    if len(parts) != 3:
        raise InvalidEncoding("The token has not three parts.", reason="token")
    header, claims, signature = (base64_bytes(part, "token", url=True) for part in parts)
    try:
        decoded = [parse_json(part, object_pairs_hook=distinct) for part in (header, claims)]
    except ValueError as error:
        raise InvalidEncoding("A part of the token is no JSON.", reason="token") from error
    if not all(isinstance(part, dict) for part in decoded) or "crit" in decoded[0]:
        raise InvalidEncoding("A part of the token is no object, or it asks for extensions.", reason="token")
    return Token(decoded[0], decoded[1], f"{parts[0]}.{parts[1]}".encode(), signature)


def rsa_of_jwk(key: dict[str, Any]) -> bytes:
    """SubjectPublicKeyInfo of an RSA key in JWK form."""
    exponent = int.from_bytes(base64_bytes(key.get("e"), "exponent", url=True), "big")
    return rsa_public_key(base64_bytes(key.get("n"), "modulus", url=True), exponent)


def key_of(jwks: str, token: Token) -> bytes:
    """SubjectPublicKeyInfo of the key of a set that the token names.

    Raises:
        UntrustedRoot: the set has no such key.
        InvalidEncoding: the set is none.
    """
    kind = ALGORITHMS[token.algorithm]
    try:
        keys = parse_json(jwks, object_pairs_hook=distinct)["keys"]
        named = [key for key in keys if key.get("kid") == token.header.get("kid") and key.get("kty") == kind]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidEncoding("The JSON Web Key Set is none.", reason="JWKS") from error
    if len(named) != 1:
        raise UntrustedRoot(f"The key set has no key {token.header.get('kid')}.", reason="JWKS", check="chain")
    (key,) = named
    if key["kty"] == "RSA":
        return rsa_of_jwk(key)
    x, y = (base64_bytes(key.get(name), "coordinate", url=True) for name in ("x", "y"))
    return ec_public_key(str(key.get("crv")), x, y)
