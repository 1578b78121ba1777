"""Policies: what of a vendor's evidence is enough. Readable TOML, read strictly; a file may extend a shipped policy.

Every key is described in `policies/schema.json`, and `policies/production.toml` is the default and the example.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib import resources
from typing import Any

from zkseal.errors import InvalidEncoding
from zkseal.tee.result import Assurance, Platform

__all__ = ["AppraisalPolicy", "load_policy", "parse_policy", "policy_of", "shipped_policies"]

TCB_STATUSES = (
    "UpToDate",
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
    "TDRelaunchAdvised",
    "TDRelaunchAdvisedConfigurationNeeded",
)


@dataclass(frozen=True)
class AppraisalPolicy:
    """A policy. Fields are the keys of the TOML file; lists of `references` hold hexadecimal or text values.

    Attributes:
        allow_not_checked: checks, by name, that may stay unmade; `platform.check` for one platform only.
        references: for each claim (`snp.measurement`, `nitro.pcr0`) the accepted values.
        max_age_s: age of evidence that carries a time, in seconds.
        clock_skew_s: how far in the future such a time may lie.
        intel_tcb_statuses: accepted statuses of SGX and TDX platforms.
        intel_reject_advisories: advisories that are not accepted, whatever the status.
        snp_min_tcb: for each product (`milan`) the least level of each part.
        snp_max_vmpl: highest privilege level number that may ask.
        snp_allow_provisional: the platform may go back below the TCB that it reports.
        composite_gpus: GPUs that a machine has to show beside its own evidence.
        sandbox_issuers: SHA-256 of keys that may sign development evidence of sandboxes.
        tpm_trusted_keys: SHA-256 of an attestation key's SubjectPublicKeyInfo -> assurance that somebody vouches for.
    """

    name: str
    description: str = ""
    platforms: tuple[str, ...] = ()
    min_assurance: str = "vtpm_cloud"
    allow_development_roots: bool = False
    allow_not_checked: tuple[str, ...] = ()
    max_age_s: int = 300
    clock_skew_s: int = 60
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    chips: tuple[str, ...] = ()
    intel_tcb_statuses: tuple[str, ...] = ("UpToDate",)
    intel_reject_advisories: tuple[str, ...] = ()
    intel_min_tcb_evaluation: int = 0
    intel_allow_service_td: bool = False
    intel_allow_smt: bool = True
    snp_min_tcb: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    snp_max_vmpl: int = 0
    snp_allow_migration_agent: bool = False
    snp_allow_provisional: bool = False
    azure_allow_sept_ve: bool = False
    nvidia_min_driver: str = "0"
    nvidia_gpu_count: int = 0
    confidential_space_audience: str = ""
    composite_gpus: int = 0
    sandbox_issuers: tuple[str, ...] = ()
    tpm_trusted_keys: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_types(self)
        _check(self)

    @property
    def assurance(self) -> Assurance:
        """The least assurance that is enough."""
        return Assurance[self.min_assurance.upper()]

    @property
    def production(self) -> bool:
        """Whether keys may follow from what it accepts: the least assurance is one of production, as are the roots."""
        return self.assurance.production and not self.allow_development_roots

    @property
    def digest(self) -> bytes:
        """SHA-256 of the policy's content in one canonical JSON form: equal policies have equal digests."""
        content = {f.name: getattr(self, f.name) for f in fields(self)}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=_plain)
        return hashlib.sha256(text.encode()).digest()

    @property
    def policy_id(self) -> str:
        """Name and digest."""
        return f"{self.name}@sha256:{self.digest.hex()}"

    def allows_unmade(self, platform: Platform, check: str) -> bool:
        """True if `check` may be `not_checked`."""
        return check in self.allow_not_checked or f"{platform}.{check}" in self.allow_not_checked


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


# Tables of the file; keys inside `[intel]` are the fields `intel_...`.
_TABLES = ("intel", "snp", "azure", "nvidia", "confidential_space", "tpm", "composite", "sandbox")


def _fail(reason: str) -> InvalidEncoding:
    return InvalidEncoding(
        f"The policy is not accepted: {reason}. See `zkseal/tee/policies/schema.json`.", reason=reason
    )


def _flatten(document: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if key in _TABLES:
            if not isinstance(value, dict):
                raise _fail(f"{key} is no table")
            flat |= {f"{key}_{inner}": entry for inner, entry in value.items()}
        elif any(key.startswith(f"{table}_") for table in _TABLES):
            raise _fail(f"{key} belongs into a table")
        else:
            flat[key] = value
    return flat


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _converted(name: str, value: Any, default: Any) -> Any:
    """`value` in the type of `default`."""
    if isinstance(default, int):
        if type(value) is not type(default) or value < 0:
            raise _fail(f"{name} is no {type(default).__name__}")
        return value
    if isinstance(default, str):
        if not isinstance(value, str):
            raise _fail(f"{name} is no text")
        return value
    if isinstance(default, tuple):
        if not _texts(value):
            raise _fail(f"{name} is no list of texts")
        return tuple(value)
    if not isinstance(value, dict):
        raise _fail(f"{name} is no table")
    if name == "references":
        if not all(_texts(entry) for entry in value.values()):
            raise _fail("a reference has no list of texts")
        return {claim: tuple(text.lower() for text in accepted) for claim, accepted in value.items()}
    if name == "snp_min_tcb":
        levels = [level for entry in value.values() if isinstance(entry, dict) for level in entry.values()]
        if not all(isinstance(entry, dict) for entry in value.values()) or any(
            type(level) is not int for level in levels
        ):
            raise _fail("snp.min_tcb is no table of tables of levels")
        if any(set(entry) - {"boot_loader", "tee", "snp", "microcode", "fmc"} for entry in value.values()):
            raise _fail("snp.min_tcb names a part that there is not")
    return value


def parse_policy(text: str) -> AppraisalPolicy:
    """A policy from TOML.

    Raises:
        InvalidEncoding: not TOML, an unknown key, or a value of another type. Nothing is guessed.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _fail(str(error)) from error
    return policy_of(document)


def policy_of(document: Mapping[str, Any]) -> AppraisalPolicy:
    """A policy from what TOML holds, a file's or a table's. Raises as `parse_policy`."""
    document = dict(document)
    base = document.pop("extends", None)
    if base is not None and base not in shipped_policies():
        raise _fail(f"it extends {base!r}; shipped are {', '.join(shipped_policies())}")
    start = load_policy(base) if base is not None else AppraisalPolicy(name="")
    values = {f.name: getattr(start, f.name) for f in fields(AppraisalPolicy)}
    for name, value in _flatten(document).items():
        if name not in values:
            raise _fail(f"there is no key {name}")
        values[name] = _converted(name, value, getattr(AppraisalPolicy(name=""), name))
    if "name" not in document:
        raise _fail("it has no name")
    return AppraisalPolicy(**values)


def _check_types(policy: AppraisalPolicy) -> None:
    """A text where a tuple of texts belongs would be searched letter by letter."""
    for entry in fields(policy):
        value = getattr(policy, entry.name)
        kind = str(entry.type)
        if kind == "tuple[str, ...]":
            right = type(value) is tuple and all(isinstance(item, str) for item in value)
        elif kind.startswith("Mapping"):
            right = isinstance(value, Mapping) and all(isinstance(key, str) for key in value)
        else:
            right = type(value) is {"str": str, "int": int, "bool": bool}[kind]
        if not right:
            raise _fail(f"{entry.name} is of another type than {kind}")
    for accepted in policy.references.values():
        if type(accepted) is not tuple or not accepted or not all(isinstance(text, str) and text for text in accepted):
            # A claim that is absent reads as an empty text.
            raise _fail("a reference is no tuple of texts, or one of them is empty")
    levels = policy.tpm_trusted_keys.values()
    if not all(isinstance(level, str) and level.upper() in Assurance.__members__ for level in levels):
        raise _fail("tpm.trusted_keys names an assurance that there is not")
    for floor in policy.snp_min_tcb.values():
        if not isinstance(floor, Mapping) or not all(type(level) is int for level in floor.values()):
            raise _fail("snp.min_tcb is no table of tables of levels")


def _check(policy: AppraisalPolicy) -> None:
    if policy.min_assurance.upper() not in Assurance.__members__:
        raise _fail(f"there is no assurance {policy.min_assurance}")
    if unknown := set(policy.platforms) - {str(platform) for platform in Platform}:
        raise _fail(f"there are no platforms {sorted(unknown)}")
    if unknown := set(policy.intel_tcb_statuses) - set(TCB_STATUSES):
        raise _fail(f"there are no TCB statuses {sorted(unknown)}")


def shipped_policies() -> tuple[str, ...]:
    """Names of the policies that come with zkseal."""
    folder = resources.files("zkseal.tee").joinpath("policies")
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_policy(name: str = "production") -> AppraisalPolicy:
    """A policy that comes with zkseal."""
    return parse_policy(resources.files("zkseal.tee").joinpath("policies", f"{name}.toml").read_text())
