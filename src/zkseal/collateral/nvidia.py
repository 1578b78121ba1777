"""Manifests (RIM) of a GPU's driver and VBIOS, revocation lists of NVIDIA's authorities, and the key set of NRAS.

Which manifests says the report, in its opaque data. Sources: NVIDIA/attestation-sdk, `nv-attestation-sdk-cpp`
(identifiers of manifests); docs.nvidia.com/attestation (RIM service, NRAS). NVIDIA revokes devices by OCSP, which the
verifier does not read; its lists name authorities.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from zkseal.collateral.cache import Cache
from zkseal.collateral.download import Response
from zkseal.collateral.item import Checked, Item, Situation, check_list, rejected
from zkseal.collateral.services import Services
from zkseal.errors import InvalidEncoding
from zkseal.json_text import distinct, parse_json
from zkseal.tee.context import Context
from zkseal.tee.evidence import Endorsements, Evidence, base64_bytes, is_key_set
from zkseal.tee.native import native
from zkseal.tee.policy import load_policy
from zkseal.tee.result import Platform
from zkseal.tee.roots import Roots
from zkseal.tee.verifiers.nvidia import DRIVER, VBIOS, decode_report, vbios_version
from zkseal.tee.verifiers.rim import authenticate

__all__ = ["KEY_SET", "Device", "added", "device_of", "items", "key_set", "rim"]

KEY_SET = "nvidia/nras-jwks"
ROOT_LIST = "nvidia/crl/l1-root"
MAX_RIM_BYTES = 1 << 22

CHIP_SKU, PROJECT, PROJECT_SKU = 15, 17, 18
_DRIVERS = {"GH100": "NV_GPU_DRIVER_GH100", "GB100": "NV_GPU_CC_DRIVER_GB100"}
# A switch does not say its project: NVIDIA's tools have these numbers for the one that there is.
_SWITCHES = {"LS_10": "NV_SWITCH_BIOS_5612_0002_890"}
_PART = re.compile(r"[A-Za-z0-9.]{1,32}")


@dataclass(frozen=True)
class Device:
    """What a report says of its device.

    Attributes:
        chip: such as `GH100`, from the certificate.
        manifests: identifiers of its manifests.
        path: its certificate and the authorities, DER.
    """

    chip: str
    manifests: tuple[str, ...]
    path: tuple[bytes, ...]

    @property
    def lists(self) -> tuple[str, ...]:
        """Names of the revocation lists: of the root, and of the authority of its chips."""
        return ROOT_LIST, f"nvidia/crl/l2-{self.chip.replace('_', '').lower()}"


def device_of(evidence: Evidence, roots: Roots, now: int) -> Device:
    """The device of an authentic report.

    Raises:
        AppraisalError, DecodeError: the report is not authentic, or names a version that is none.
    """
    report, path, _ = decode_report(evidence)
    lists = list(evidence.endorsements.revocation_lists)
    found = native().attest_spdm(report, path, list(roots.nvidia_device), lists, now)
    opaque: dict[int, bytes] = dict(reversed(found["opaque"]))
    subject = re.match(r"CN=([A-Z0-9_]{2,16}) ", found["chain"]["subjects"][0])
    chip = subject[1] if subject else ""
    driver = _text(opaque.get(DRIVER, b""))
    vbios = vbios_version(opaque.get(VBIOS, b"")).replace(".", "")
    manifests = []
    if driver and chip in _DRIVERS:
        manifests.append(f"{_DRIVERS[chip]}_{driver}")
    parts = [_text(opaque.get(kind, b"")) for kind in (PROJECT, PROJECT_SKU, CHIP_SKU)]
    if vbios and all(parts):
        manifests.append("_".join(("NV_GPU_VBIOS", *parts, vbios)))
    elif vbios and chip in _SWITCHES:
        manifests.append(f"{_SWITCHES[chip]}_{vbios}")
    for manifest in manifests:
        if not all(_PART.fullmatch(part) for part in manifest.split("_")):
            raise InvalidEncoding("The report names a version that is none.", reason="manifest")
    return Device(chip, tuple(manifests), tuple(path))


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode("ascii", "replace")


def items(device: Device, services: Services) -> list[Item]:
    """What the appraisal of a report of such a device needs."""
    leaf, *others = device.path

    def revoked(name: str) -> Item:
        def check(response: Response, situation: Situation) -> Checked:
            roots = situation.roots.nvidia_device
            return check_list(response, name, response.body, (leaf, others), roots, situation.now)

        return Item(name, f"{services.nvidia_crl}/crl/{name.rpartition('/')[2]}.crl", check)

    return [*(rim(manifest, services) for manifest in device.manifests), *map(revoked, device.lists)]


def rim(identifier: str, services: Services) -> Item:
    """A manifest: its signature, the window of its signer, and that it is of the version that its name says."""
    name = _rim_name(identifier)

    def check(response: Response, situation: Situation) -> Checked:
        try:
            document = parse_json(response.body, object_pairs_hook=distinct)
        except ValueError as error:
            raise InvalidEncoding("it is no JSON", reason="RIM") from error
        if not isinstance(document, dict) or document.get("id") != identifier:
            raise rejected(response, name, "it is another manifest")
        data = base64_bytes(document.get("rim"), "manifest")
        evidence = Evidence(Platform.NVIDIA_RIM, data)
        context = Context(evidence, load_policy("evidence-only"), situation.roots, situation.now, None)
        manifest, chain = authenticate(context, data)
        version = identifier.rpartition("_")[2]
        if manifest.version.replace(".", "").upper() != version.replace(".", "").upper():
            raise rejected(response, name, f"it is of version {manifest.version}")
        return Checked(data, chain["not_before"], chain["not_after"])

    return Item(name, f"{services.nvidia_rim}/v1/rim/{identifier}", check, MAX_RIM_BYTES)


def _rim_name(identifier: str) -> str:
    return f"nvidia/rim/{identifier}"


def key_set(services: Services) -> Item:
    """The keys of NRAS. Nobody signs them: TLS says that the service sent them, and the caller trusts it."""

    def check(response: Response, situation: Situation) -> Checked:
        if not is_key_set(response.body):
            raise rejected(response, KEY_SET, "it is no key set")
        return Checked(response.body)

    return Item(KEY_SET, f"{services.nvidia_nras}/.well-known/jwks.json", check)


def added(device: Device, given: Endorsements, cache: Cache) -> tuple[Endorsements, list[str]]:
    """`given` with what is kept for such a device, and the names of what is not."""
    names = (*map(_rim_name, device.manifests), *device.lists)
    kept = {name: data for name in names if (data := cache.data(name)) is not None}
    manifests = [data for name, data in kept.items() if name not in device.lists]
    lists = [data for name, data in kept.items() if name in device.lists]
    found = replace(given, rims=(*given.rims, *manifests), revocation_lists=(*given.revocation_lists, *lists))
    return found, [name for name in names if name not in kept]
