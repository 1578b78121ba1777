"""What commands say of sealed models, and of their keys."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from zkseal.cli.commands.evidence_arguments import read_file
from zkseal.cli.console import bytes_text
from zkseal.files import FileKind
from zkseal.sealed import (
    PUBLISHER_KEY,
    PUBLISHER_PUBLIC_KEY,
    RECIPIENT_KEY,
    RECIPIENT_PUBLIC_KEY,
    SEALED_MODEL,
    SealedHeader,
    SealedModel,
    load_publisher_key,
    load_recipient_key,
    read_publisher_public_key,
    read_recipient_public_key,
)
from zkseal.tee import AppraisalPolicy, Assurance, load_policy, parse_policy, shipped_policies

__all__ = [
    "SEALED_KINDS",
    "assurance",
    "describe_header",
    "describe_sealed",
    "header_lines",
    "policy_named",
    "sealed_lines",
]

SEALED_KINDS = (SEALED_MODEL, PUBLISHER_KEY, PUBLISHER_PUBLIC_KEY, RECIPIENT_KEY, RECIPIENT_PUBLIC_KEY)


def assurance(text: str) -> Assurance:
    """An assurance by its name, for argparse."""
    try:
        return Assurance[text.upper()]
    except KeyError:
        names = ", ".join(level.name.lower() for level in Assurance)
        raise argparse.ArgumentTypeError(f"'{text}' is none of {names}") from None


def policy_named(name: str) -> AppraisalPolicy:
    """A shipped policy, or one in a TOML file. Raises `FileUnavailable`, and what `parse_policy` refuses."""
    if name in shipped_policies():
        return load_policy(name)
    return parse_policy(read_file(Path(name)).decode("utf-8", "replace"))


def describe_header(header: SealedHeader) -> dict[str, Any]:
    """A header, JSON-ready. `assurance` is what the model asks of an enclave."""
    return {
        "name": header.name,
        "version": header.version,
        "model_digest": header.digest.hex(),
        "publisher": header.publisher.hex(),
        "model_id": header.zk_model_commitment.hex(),
        "assurance": header.minimum_assurance.name.lower(),
        "policy_digest": header.policy_digest.hex(),
        "created": header.created,
        "licence": header.licence,
        "chunk_bytes": header.chunk_bytes,
        "sections": {section.name: section.length for section in header.sections},
    }


def header_lines(described: dict[str, Any]) -> list[str]:
    """What `describe_header` holds, for people."""
    # A publisher may write any number: years of five digits have no date here.
    try:
        created = datetime.fromtimestamp(described["created"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        created = f"{described['created']} s"
    sections = ", ".join(f"{name} {bytes_text(length)}" for name, length in described["sections"].items())
    return [
        f"model       {described['name']}, version {described['version']}, created {created}",
        f"digest      {described['model_digest']}",
        f"publisher   {described['publisher']}",
        f"model id    {described['model_id']}",
        f"assurance   {described['assurance']} or more is required of an enclave",
        f"policy      {described['policy_digest']}",
        f"sections    {sections}",
        *([f"licence     {described['licence']}"] if described["licence"] else []),
    ]


def describe_sealed(path: Path, kind: FileKind) -> dict[str, Any]:
    """A sealed model or a key file, JSON-ready. Nothing hidden, nothing decrypted.

    Raises `FileUnavailable`, `DecodeError`, `SignatureRejected`.
    """
    if kind is SEALED_MODEL:
        model = SealedModel.open(path)
        return describe_header(model.header) | {"recipients": [stanza.recipient.hex() for stanza in model.stanzas]}
    if kind is PUBLISHER_KEY:
        public = load_publisher_key(path).public_key
    elif kind is RECIPIENT_KEY:
        public = load_recipient_key(path).public_key
    elif kind is PUBLISHER_PUBLIC_KEY:
        public = read_publisher_public_key(path)
    else:
        public = read_recipient_public_key(path)
    return {"public_key": public.hex()}


def sealed_lines(described: dict[str, Any]) -> list[str]:
    """What `describe_sealed` holds, for people."""
    if "public_key" in described:
        return [f"public key  {described['public_key']}"]
    return [
        *header_lines(described),
        *(f"sealed to   {recipient}" for recipient in described["recipients"]),
        "its publisher's signature holds; whose key that is, you have to know. Chunks: not verified",
    ]
