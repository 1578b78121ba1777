"""What a piece of evidence needs from vendors, and evidence completed with what a cache has of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from zkseal.collateral import amd, google, intel, nvidia
from zkseal.collateral.cache import Cache
from zkseal.collateral.item import Item
from zkseal.collateral.services import Services
from zkseal.errors import AppraisalError, DecodeError
from zkseal.tee.evidence import Endorsements, Evidence
from zkseal.tee.result import Platform
from zkseal.tee.roots import Roots
from zkseal.tee.verifiers.azure import decode_bundle

__all__ = ["completed", "items_for", "roots_with"]


@dataclass(frozen=True)
class _Needs:
    """What one platform's evidence needs.

    Attributes:
        items: from which services.
        added: endorsements with what a cache has, and the names of what it has not.
    """

    items: Callable[[Services], list[Item]]
    added: Callable[[Endorsements, Cache], tuple[Endorsements, list[str]]]


def _nothing_added(given: Endorsements, cache: Cache) -> tuple[Endorsements, list[str]]:
    return given, []


def _of_chip(report: bytes, product: str | None, has_leaf: bool) -> _Needs:
    chip = amd.chip_of(report)
    if chip.product is None and product is not None:
        chip = chip.of(product)
    return _Needs(
        lambda services: amd.items(chip, services, has_leaf=has_leaf),
        lambda given, cache: amd.added(chip, given, cache, has_leaf=has_leaf),
    )


def _of_quote(quote: bytes, early: bool) -> _Needs:
    quoted = intel.quoted_of(quote)
    return _Needs(
        lambda services: intel.items(quoted, services, early=early),
        lambda given, cache: intel.added(quoted, given, cache),
    )


def _needs_of(evidence: Evidence, roots: Roots, now: int, product: str | None = None, early: bool = False) -> _Needs:
    has_certificates = bool(evidence.endorsements.certificates)
    match evidence.platform:
        case Platform.SGX | Platform.TDX:
            return _of_quote(evidence.payload, early)
        case Platform.AZURE_TDX:
            return _of_quote(decode_bundle(evidence).td_quote, early)
        case Platform.SNP:
            return _of_chip(evidence.payload, product, has_certificates)
        case Platform.AZURE_SNP:
            bundle = decode_bundle(evidence)
            return _of_chip(bundle.hardware_report, product, bool(bundle.vcek) or has_certificates)
        case Platform.NVIDIA:
            device = nvidia.device_of(evidence, roots, now)
            return _Needs(
                lambda services: nvidia.items(device, services),
                lambda given, cache: nvidia.added(device, given, cache),
            )
        case Platform.NVIDIA_NRAS:
            return _Needs(lambda services: [nvidia.key_set(services)], _nothing_added)
        case Platform.CONFIDENTIAL_SPACE:
            return _Needs(lambda services: [google.root(services)], _nothing_added)
        case _:  # Nitro, TPM, manifests and sandboxes carry all that their verifiers take
            return _Needs(lambda services: [], _nothing_added)


def items_for(
    evidence: Evidence,
    services: Services,
    *,
    roots: Roots,
    now: int,
    product: str | None = None,
    early: bool = False,
) -> list[Item]:
    """What has to be fetched for an appraisal of `evidence`.

    Args:
        now: Unix seconds.
        product: of AMD's chip (`amd.PRODUCTS`), for reports that do not say it.
        early: of Intel's TCB info and QE identity, the next evaluation.

    Raises:
        DecodeError: the evidence does not say which platform it is of.
        AppraisalError: it is not authentic, where only authentic evidence says so.
    """
    return _needs_of(evidence, roots, now, product, early).items(services)


def completed(evidence: Evidence, cache: Cache, *, roots: Roots, now: int) -> tuple[Evidence, list[str]]:
    """Evidence with the collateral that a cache has for it, and the names of what it has not.

    Evidence that does not say what it needs stays as it is: its verifier says what is wrong with it.

    Raises:
        DecodeError, FileUnavailable: the cache is damaged.
    """
    try:
        needs = _needs_of(evidence, roots, now)
    except (DecodeError, AppraisalError):
        return evidence, []
    endorsements, missing = needs.added(evidence.endorsements, cache)
    return replace(evidence, endorsements=endorsements), missing


def roots_with(roots: Roots, cache: Cache) -> Roots:
    """`roots` with the key set of NRAS that a cache has: who names the folder trusts who filled it."""
    data = cache.data(nvidia.KEY_SET)
    return roots if data is None else replace(roots, nras_jwks=data.decode("utf-8", "replace"))
