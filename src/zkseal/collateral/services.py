"""Where collateral comes from: base URLs, which are also the only hosts that are asked.

Sources: Intel SGX and TDX PCS API, version 4 (api.portal.trustedservices.intel.com); AMD VCEK specification 57230,
chapter 4; docs.nvidia.com/attestation (RIM service, NRAS); Confidential Space, "Verify tokens" (cloud.google.com).
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from zkseal.errors import WrongInput

__all__ = ["Services"]


@dataclass(frozen=True)
class Services:
    """Base URLs by service, `https://` only. Each may point at a caching proxy of one's own, such as a PCCS."""

    intel_pcs: str = "https://api.trustedservices.intel.com"
    intel_certificates: str = "https://certificates.trustedservices.intel.com"
    amd_kds: str = "https://kdsintf.amd.com"
    nvidia_rim: str = "https://rim.attestation.nvidia.com"
    nvidia_crl: str = "https://crl.ndis.nvidia.com"
    nvidia_nras: str = "https://nras.attestation.nvidia.com"
    google: str = "https://confidentialcomputing.googleapis.com"

    def __post_init__(self) -> None:
        for name in self.names():
            _require_https(name, getattr(self, name.replace("-", "_")))

    @staticmethod
    def names() -> tuple[str, ...]:
        """Names of the services, as the command line writes them."""
        return tuple(entry.name.replace("_", "-") for entry in fields(Services))

    @property
    def intel_root_list(self) -> str:
        """URL of the revocation list of Intel's root. A PCCS serves it itself; the PCS leaves it to another host."""
        if self.intel_pcs == Services.intel_pcs:
            return f"{self.intel_certificates}/IntelSGXRootCA.der"
        return f"{self.intel_pcs}/sgx/certification/v4/rootcacrl"

    @property
    def origins(self) -> frozenset[str]:
        """Scheme, host and port of every service."""
        return frozenset(origin_of(getattr(self, entry.name)) for entry in fields(self))

    def replaced(self, texts: Iterable[str]) -> Services:
        """With other URLs, each given as `name=https://..`.

        Raises:
            WrongInput: there is no such service, or the URL is none of `https`.
        """
        changed: dict[str, str] = {}
        for text in texts:
            name, _, url = text.partition("=")
            if name not in self.names():
                expected = f"one of {', '.join(self.names())}, then = and a URL"
                raise WrongInput(f"{text!r} names no service; give {expected}.", name=name, expected=expected, got=text)
            _require_https(name, url)
            changed[name.replace("-", "_")] = url.rstrip("/")
        return replace(self, **changed)


def origin_of(url: str) -> str:
    """Scheme, host and port, in one spelling."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{parts.port or 443}"


def _require_https(name: str, url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    extra = parts.query or parts.fragment or parts.username or parts.password
    if parts.scheme != "https" or not parts.hostname or port == -1 or extra or not url.isascii():
        # The URL is not repeated: it may hold a password.
        text = f"The URL of {name} is none of https. Give https://host:port, without user, query and fragment."
        raise WrongInput(text, name=name, expected="https://host:port", got=parts.scheme)
