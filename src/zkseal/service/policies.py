"""Policies that evidence is checked under: those that come with zkseal, and those of the operator's folders.

A file `acme.toml` of a folder is the policy `acme`; it may have no name that a shipped policy has. All are read when
the service starts: a policy that is none stops it, rather than every verification.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from zkseal import appraisal, tee
from zkseal.appraisal import ReceiptPolicy
from zkseal.errors import FileUnavailable, InvalidEncoding, NotFound
from zkseal.tee import AppraisalPolicy

__all__ = ["Policies"]

Policy = TypeVar("Policy")
MAX_POLICY_BYTES = 1 << 20


@dataclass(frozen=True)
class Policies:
    """Policies by name."""

    receipts: Mapping[str, ReceiptPolicy]
    attestations: Mapping[str, AppraisalPolicy]

    @staticmethod
    def read(receipts: Path | None, attestations: Path | None) -> Policies:
        """Those of zkseal, and of the folders. Raises `FileUnavailable`, `InvalidEncoding`."""
        shipped = {name: appraisal.load_policy(name) for name in appraisal.shipped_policies()}
        of_machines = {name: tee.load_policy(name) for name in tee.shipped_policies()}
        return Policies(
            _with_folder(shipped, receipts, appraisal.parse_policy),
            _with_folder(of_machines, attestations, tee.parse_policy),
        )

    def receipt(self, name: str) -> ReceiptPolicy:
        """For receipts. Raises `NotFound`."""
        return _named(self.receipts, name)

    def attestation(self, name: str) -> AppraisalPolicy:
        """For attestations. Raises `NotFound`."""
        return _named(self.attestations, name)


def _named(policies: Mapping[str, Policy], name: str) -> Policy:
    found = policies.get(name)
    if found is None:
        raise NotFound("There is no such policy. GET /v1/policies lists them.", kind="policy", name=None)
    return found


def _with_folder(
    shipped: Mapping[str, Policy], folder: Path | None, parse: Callable[[str], Policy]
) -> Mapping[str, Policy]:
    if folder is None:
        return shipped
    found: dict[str, Any] = {}
    for path in _files(folder):
        if path.stem in shipped:
            reason = f"'{path}' has the name of a policy that comes with zkseal"
            raise InvalidEncoding(f"{reason}. Give it another one.", reason=reason)
        try:
            text = path.read_bytes()[:MAX_POLICY_BYTES].decode()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise FileUnavailable(f"Cannot read '{path}': {reason}.", path=str(path), reason=reason) from error
        found[path.stem] = parse(text)
    return {**shipped, **found}


def _files(folder: Path) -> Iterable[Path]:
    if not folder.is_dir():
        raise FileUnavailable(
            f"There is no folder of policies '{folder}'. Make it, or leave it out of the settings.",
            path=str(folder),
            reason="no folder",
        )
    return sorted(folder.glob("*.toml"))
