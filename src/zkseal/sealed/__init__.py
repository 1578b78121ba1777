"""Sealed models: encrypted for whoever may release their keys, signed by their publisher, bound to a policy.

============  ==================================================================================
`header`      `SealedHeader`: what the publisher signs; its digest names the sealed model
`stanzas`     the data key, sealed to each recipient
`layout`      the file: prefix, header, signature, stanzas, chunks
`chunks`      runs of chunks, decrypted and checked
`seal`        `seal`: sections in, a file out
`model`       `SealedModel`, `UnlockedModel`: chunks by number, sections in memory, nothing on the disk
`release`     the data key on its way to an attested enclave
`rollback`    least versions and revoked headers
`key_files`   key files of publishers and recipients
============  ==================================================================================

Keys and ciphers are in the core (`crates/zkseal-seal`); the data key is never a Python value.

Dependency position: imports `files`, `receipts` (encodings), `tee` (assurance) and `_native`; `broker`, `enclave` and
`cli` use it.
"""

from zkseal.sealed.header import SealedHeader, Section
from zkseal.sealed.key_files import (
    PUBLISHER_KEY,
    PUBLISHER_PUBLIC_KEY,
    RECIPIENT_KEY,
    RECIPIENT_PUBLIC_KEY,
    create_publisher_key,
    create_recipient_key,
    load_publisher_key,
    load_recipient_key,
    read_publisher_public_key,
    read_recipient_public_key,
    save_publisher_key,
    save_recipient_key,
)
from zkseal.sealed.layout import SEALED_MODEL
from zkseal.sealed.model import SealedModel, UnlockedModel
from zkseal.sealed.release import open_release, release_info, wrap_for_release
from zkseal.sealed.rollback import require_not_revoked, require_version
from zkseal.sealed.seal import PROVING_KEY_SECTION, SealingTerms, seal
from zkseal.sealed.stanzas import Stanza

__all__ = [
    "PROVING_KEY_SECTION",
    "PUBLISHER_KEY",
    "PUBLISHER_PUBLIC_KEY",
    "RECIPIENT_KEY",
    "RECIPIENT_PUBLIC_KEY",
    "SEALED_MODEL",
    "SealedHeader",
    "SealedModel",
    "SealingTerms",
    "Section",
    "Stanza",
    "UnlockedModel",
    "create_publisher_key",
    "create_recipient_key",
    "load_publisher_key",
    "load_recipient_key",
    "open_release",
    "read_publisher_public_key",
    "read_recipient_public_key",
    "release_info",
    "require_not_revoked",
    "require_version",
    "save_publisher_key",
    "save_recipient_key",
    "seal",
    "wrap_for_release",
]
