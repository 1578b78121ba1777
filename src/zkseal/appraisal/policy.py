"""Policies of receipts: which evidence is enough for a statement. Readable TOML, read strictly.

Every key is described in `policies/schema.json`. What hardware evidence has to show stands in the table
`[attestation]`, which is a policy of `zkseal.tee` and may extend a shipped one.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any

from zkseal.errors import InvalidEncoding
from zkseal.tee import AppraisalPolicy, policy_of

__all__ = ["Mode", "ReceiptPolicy", "load_policy", "parse_policy", "shipped_policies"]


MAY_STAY_UNMADE = ("model", "tee.age")
"""Checks that `allow_not_checked` may name."""


class Mode(StrEnum):
    """What has to be there.

    ===========  =========================================================================================
    ZK           a zero-knowledge proof: trust mathematics
    TEE          an answer signed by an attested enclave: trust the hardware's vendor
    TEE_AND_ZK   both, of one statement about one committed model: neither alone has to be trusted
    TEE_THEN_ZK  the signed answer now, the proof of the same statement within a deadline
    ZK_IN_TEE    both, and the enclave itself made the proof: its operator saw neither weights nor inputs
    ===========  =========================================================================================
    """

    ZK = "zk"
    TEE = "tee"
    TEE_AND_ZK = "tee_and_zk"
    TEE_THEN_ZK = "tee_then_zk"
    ZK_IN_TEE = "zk_in_tee"

    @property
    def needs_answer(self) -> bool:
        """Whether an enclave has to have signed."""
        return self is not Mode.ZK

    @property
    def needs_proof(self) -> bool:
        """Whether a proof has to be there now."""
        return self not in (Mode.TEE, Mode.TEE_THEN_ZK)

    @property
    def checks(self) -> tuple[str, ...]:
        """What has to be checked, unless a policy allows by name that it is not."""
        names = ["context", "model"]
        if self.needs_proof:
            names.append("zk.proof")
        if self.needs_answer:
            names += ["tee.attestation", "tee.kind", "tee.signature", "tee.statement", "tee.runtime"]
            names += ["tee.model-commitment", "tee.age"]
        if self is Mode.ZK_IN_TEE:
            names.append("tee.proof-digest")
        if self is Mode.TEE_THEN_ZK:
            names.append("deadline")
        return tuple(names)


@dataclass(frozen=True)
class ReceiptPolicy:
    """A policy. Fields are the keys of the TOML file.

    Attributes:
        attestation: what the enclave's evidence has to show; None where the mode asks for none.
        models: accepted model ids, hexadecimal; any, if it is empty.
        max_age_s: age of a signed answer, by the enclave's own clock, in seconds; 0 for any.
        clock_skew_s: how far in the future an answer may lie.
        proof_deadline_s: for TEE_THEN_ZK: seconds after the answer in which its proof may still be missing.
        allow_insecure_setup: accept proofs under powers of tau of no published ceremony, for tests.
        allow_not_checked: checks, by name, that may stay unmade: `model` (neither a key nor `models` is given) and
            `tee.age` (`max_age_s` is 0). Nothing else that a mode asks for can be left out.
    """

    name: str
    mode: Mode
    description: str = ""
    attestation: AppraisalPolicy | None = None
    models: tuple[str, ...] = ()
    max_age_s: int = 0
    clock_skew_s: int = 60
    proof_deadline_s: int = 0
    allow_insecure_setup: bool = False
    allow_not_checked: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.mode.needs_answer and not isinstance(self.attestation, AppraisalPolicy):
            raise _fail(f"the mode {self.mode} needs a table [attestation]")
        if (self.mode is Mode.TEE_THEN_ZK) != (self.proof_deadline_s > 0):
            raise _fail("proof_deadline_s belongs to the mode tee_then_zk, and is above 0 there")
        if not all(type(entry) is tuple for entry in (self.models, self.allow_not_checked)):
            raise _fail("models and allow_not_checked are tuples of texts")
        if unknown := set(self.allow_not_checked) - set(MAY_STAY_UNMADE):
            raise _fail(f"{', '.join(sorted(unknown))} has to be checked; only {', '.join(MAY_STAY_UNMADE)} may not be")

    @property
    def development(self) -> bool:
        """Whether it accepts what no production root vouches for: no result under it is an `Appraisal`."""
        return self.allow_insecure_setup or (self.attestation is not None and not self.attestation.assurance.production)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the content in one canonical JSON form."""
        content = vars(self) | {
            "mode": str(self.mode),
            "models": list(self.models),
            "allow_not_checked": list(self.allow_not_checked),
            "attestation": None if self.attestation is None else self.attestation.digest.hex(),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).digest()

    @property
    def policy_id(self) -> str:
        """Name and digest."""
        return f"{self.name}@sha256:{self.digest.hex()}"


def _fail(reason: str) -> InvalidEncoding:
    return InvalidEncoding(
        f"The policy is not accepted: {reason}. See `zkseal/appraisal/policies/schema.json`.", reason=reason
    )


def parse_policy(text: str) -> ReceiptPolicy:
    """A policy from TOML.

    Raises:
        InvalidEncoding: not TOML, an unknown key, or a value of another type. Nothing is guessed.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _fail(str(error)) from error
    name, mode = document.pop("name", None), document.pop("mode", None)
    if not isinstance(name, str) or not name:
        raise _fail("it has no name")
    if mode not in [str(known) for known in Mode]:
        raise _fail(f"the mode is {mode!r}; there are {', '.join(Mode)}")
    attestation = _attestation(document.pop("attestation", None), name)
    return ReceiptPolicy(name=name, mode=Mode(mode), attestation=attestation, **_checked(document))


def _attestation(table: Any, name: str) -> AppraisalPolicy | None:
    if table is None:
        return None
    if not isinstance(table, dict):
        raise _fail("attestation is no table")
    return policy_of({"name": f"{name}/attestation"} | table)


_TYPES: dict[str, type] = {
    "description": str,
    "models": list,
    "max_age_s": int,
    "clock_skew_s": int,
    "proof_deadline_s": int,
    "allow_insecure_setup": bool,
    "allow_not_checked": list,
}


def _checked(document: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the types of `ReceiptPolicy`."""
    found: dict[str, Any] = {}
    for key, value in document.items():
        kind = _TYPES.get(key)
        if kind is None:
            raise _fail(f"there is no key {key}")
        if type(value) is not kind or (isinstance(value, int) and value < 0):
            raise _fail(f"{key} is no {kind.__name__}")
        found[key] = value
    found["models"] = _models(found.get("models", []))
    found["allow_not_checked"] = tuple(found.get("allow_not_checked", []))
    if not all(isinstance(check, str) for check in found["allow_not_checked"]):
        raise _fail("allow_not_checked is no list of texts")
    return found


def _models(value: list[Any]) -> tuple[str, ...]:
    if not all(isinstance(model, str) and re.fullmatch(r"[0-9a-fA-F]{64}", model) for model in value):
        raise _fail("a model is no model id: 64 hexadecimal digits")
    return tuple(model.lower() for model in value)


def shipped_policies() -> tuple[str, ...]:
    """Names of the policies that come with zkseal."""
    folder = resources.files("zkseal.appraisal").joinpath("policies")
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_policy(name: str) -> ReceiptPolicy:
    """A policy that comes with zkseal."""
    return parse_policy(resources.files("zkseal.appraisal").joinpath("policies", f"{name}.toml").read_text())
