"""Pinned roots, and certificates of vendors' authorities between them and chips.

Roots are compared as certificates: nothing else ends a chain. Where each comes from is in fixtures/tee/SOURCES.md;
their digests are pinned in tests/tee/test_roots.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

from zkseal.tee.pem import certificates

__all__ = ["Roots", "pinned_roots"]

AMD_PRODUCTS = ("milan", "genoa", "turin")


@dataclass(frozen=True)
class Roots:
    """Trust anchors in DER, by vendor. `amd_authorities` are no anchors: they lead from chips to an ARK.

    `nras_jwks` is the JSON Web Key Set of NRAS. None is pinned: the service publishes it on line and changes its keys.
    """

    amd: tuple[bytes, ...] = ()
    amd_authorities: tuple[bytes, ...] = ()
    intel: tuple[bytes, ...] = ()
    nitro: tuple[bytes, ...] = ()
    nvidia_device: tuple[bytes, ...] = ()
    nvidia_rim: tuple[bytes, ...] = ()
    confidential_space: tuple[bytes, ...] = ()
    tpm: tuple[bytes, ...] = ()
    nras_jwks: str | None = None


def _read(name: str) -> bytes:
    (certificate,) = certificates(resources.files("zkseal.tee").joinpath("roots", f"{name}.pem").read_bytes())
    return certificate


@cache
def pinned_roots() -> Roots:
    """The roots that this release trusts in production. None of them is a development root."""
    return Roots(
        amd=tuple(_read(f"amd-{product}-ark") for product in AMD_PRODUCTS),
        amd_authorities=(*(_read(f"amd-{product}-ask") for product in AMD_PRODUCTS), _read("amd-milan-asvk")),
        intel=(_read("intel-sgx"),),
        nitro=(_read("aws-nitro-g1"),),
        nvidia_device=(_read("nvidia-device"),),
        nvidia_rim=(_read("nvidia-rim"),),
        confidential_space=(_read("gcp-confidential-space"),),
        tpm=(_read("gcp-ek-ak"),),
    )
