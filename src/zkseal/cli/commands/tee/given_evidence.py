"""The evidence that a command is given, in whichever file: of a vendor with what comes with it, or of zkseal's own."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from zkseal.cli.commands.evidence_arguments import read_file
from zkseal.errors import WrongInput
from zkseal.tee import AttestationBundle, Evidence, Platform, Roots, evidence_from_cbor, pinned_roots, read_evidence
from zkseal.tee.evidence import is_key_set

__all__ = ["GivenEvidence", "add_evidence", "given_evidence"]

# Beginnings of the deterministic CBOR of zkseal's own files: a map, and its first key.
_BUNDLE = b"\xa5\x66bundle"
_STANDALONE = b"\xa2\x68evidence"


@dataclass(frozen=True)
class GivenEvidence:
    """What is in the file.

    Attributes:
        whole: one piece of evidence, or the attestation of an enclave.
        roots: the pinned ones, with a key set that was given: whoever runs the command trusts it.
    """

    whole: Evidence | AttestationBundle
    roots: Roots

    @property
    def pieces(self) -> list[Evidence]:
        """Of an attestation: of the machine, then of its devices."""
        if isinstance(self.whole, AttestationBundle):
            return [self.whole.evidence, *self.whole.submodules.values()]
        return [self.whole]

    def changed(self, change: Callable[[Evidence], Evidence]) -> GivenEvidence:
        """With each piece changed."""
        if isinstance(self.whole, Evidence):
            return replace(self, whole=change(self.whole))
        submodules = {name: change(piece) for name, piece in self.whole.submodules.items()}
        return replace(self, whole=replace(self.whole, evidence=change(self.whole.evidence), submodules=submodules))


def add_evidence(parser: argparse.ArgumentParser) -> None:
    """Declares the file, what comes with it, and how it is to be read."""
    parser.add_argument("evidence", type=Path, metavar="FILE", help="evidence of one machine")
    parser.add_argument(
        "--with",
        dest="others",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="certificate, collateral, revocation list, key set, manifest, signature, event log; repeatable",
    )
    platforms = [str(platform) for platform in Platform]
    parser.add_argument("--platform", choices=platforms, help="kind of evidence, if content is not enough")
    parser.add_argument("--index", type=int, default=0, metavar="N", help="which device of a list (default: 0)")


def given_evidence(options: argparse.Namespace) -> GivenEvidence:
    """What the options name.

    Raises:
        DecodeError, FileUnavailable: the files cannot be read, or are none.
        WrongInput: an option that would be ignored.
    """
    payload = read_file(options.evidence)
    if payload.startswith(_BUNDLE):
        _require_nothing_else(options, "an attestation")
        return GivenEvidence(AttestationBundle.from_cbor(payload), pinned_roots())
    if payload.startswith(_STANDALONE):
        _require_nothing_else(options, "what `zkseal tee attest` writes")
        return GivenEvidence(evidence_from_cbor(payload), pinned_roots())
    others = [read_file(path) for path in options.others]
    key_sets = [other.decode("utf-8", "replace") for other in others if is_key_set(other)]
    if len(key_sets) > 1:
        raise WrongInput("Two key sets are given; give one.", name="with", expected="one key set", got=len(key_sets))
    roots = replace(pinned_roots(), nras_jwks=key_sets[0]) if key_sets else pinned_roots()
    platform = Platform(options.platform) if options.platform else None
    others = [other for other in others if not is_key_set(other)]
    return GivenEvidence(read_evidence(payload, others, platform=platform, index=options.index), roots)


def _require_nothing_else(options: argparse.Namespace, what: str) -> None:
    """Files of zkseal carry what belongs to them: an option that would be ignored is refused."""
    for name, given in (("with", options.others), ("platform", options.platform), ("index", options.index)):
        if given:
            text = f"--{name} is not for {what}, which carries it. Leave it away."
            raise WrongInput(text, name=name, expected="nothing", got=str(given))
