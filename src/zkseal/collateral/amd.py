"""Certificates and revocation lists of AMD's chips, from the key distribution service (KDS).

Which chip and which levels a report is of stands in it, at fixed places. Sources: SEV-SNP Firmware ABI 56860, tables 3
and 23; AMD VCEK specification 57230, chapter 4 (interface); AMD64 family and model numbers (CPUID Fn8000_0001).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from zkseal.collateral import der
from zkseal.collateral.cache import Cache
from zkseal.collateral.download import Response
from zkseal.collateral.item import Checked, Item, Situation, check_list, leaf_and_authorities, rejected
from zkseal.collateral.services import Services
from zkseal.errors import InvalidEncoding
from zkseal.tee.evidence import Endorsements
from zkseal.tee.native import native
from zkseal.tee.pem import certificates

__all__ = ["PRODUCTS", "Chip", "added", "chip_of", "items"]

PRODUCTS = ("Milan", "Genoa", "Turin")
# Those whose reports may be of version 2, which names no product.
UNNAMED = ("Milan", "Genoa")

REPORT_BYTES = 0x4A0
CHIP_BYTES, TURIN_CHIP_BYTES = 64, 8
# Where TCB_VERSION holds each level, by the name that the interface gives it: Turin moved its parts by one.
_LEVELS = {"blSPL": 0, "teeSPL": 1, "snpSPL": 6, "ucodeSPL": 7}
_TURIN_LEVELS = {"fmcSPL": 0, "blSPL": 1, "teeSPL": 2, "snpSPL": 3, "ucodeSPL": 7}
# Last numbers of the identifiers 1.3.6.1.4.1.3704.1.3.x, which a certificate has for each level; .4 has the chip.
_ARC = bytes.fromhex("2b060104019c7801")
_LEVEL_ARCS = {"blSPL": 1, "teeSPL": 2, "snpSPL": 3, "ucodeSPL": 8, "fmcSPL": 9}


@dataclass(frozen=True)
class Chip:
    """What a report says of its chip.

    Attributes:
        product: `Milan`, `Genoa` (with Bergamo and Siena) or `Turin`; None where the report does not say.
        kind: `vcek` or `vlek`: a key of the chip, or one that its operator loaded.
        identifier: of the chip, as the report has it.
        tcb: reported TCB, 8 bytes.
    """

    product: str | None
    kind: str
    identifier: bytes
    tcb: bytes

    def of(self, product: str) -> Chip:
        """The same, of a product that somebody else knows."""
        return Chip(product, self.kind, self.identifier, self.tcb)

    @property
    def hardware_id(self) -> bytes:
        """As certificates have it: Turin's are shorter."""
        return self.identifier[: TURIN_CHIP_BYTES if self.product == "Turin" else CHIP_BYTES]

    @property
    def levels(self) -> dict[str, int]:
        """The levels of the TCB by name."""
        places = _TURIN_LEVELS if self.product == "Turin" else _LEVELS
        return {name: self.tcb[at] for name, at in places.items()}

    def name(self, what: str) -> str:
        """Of an item: `vcek-crl`, `vcek-chain`, or the certificate."""
        return f"amd/{(self.product or '').lower()}/{what}"

    @property
    def certificate(self) -> str:
        """Name of its own certificate."""
        return self.name(f"{self.kind}/{self.hardware_id.hex()}-{self.tcb.hex()}")


def chip_of(report: bytes) -> Chip:
    """The chip of a report. Nothing of the report is checked but its form.

    Raises:
        InvalidEncoding: it is none.
    """
    if len(report) != REPORT_BYTES or report[0] not in range(2, 6):
        raise InvalidEncoding("This is no report of SEV-SNP.", reason="SNP report")
    kind = {0: "vcek", 1: "vlek"}.get((report[0x48] >> 2) & 7)
    if kind is None:
        raise InvalidEncoding("The report names no signing key that is known here.", reason="SNP report")
    product = _product_of(report[0x188], report[0x189]) if report[0] > 2 else None
    return Chip(product, kind, report[0x1A0:0x1E0], report[0x180:0x188])


def _product_of(family: int, model: int) -> str | None:
    if family == 0x19:
        return "Milan" if model < 0x10 else "Genoa" if model < 0x20 or 0xA0 <= model < 0xB0 else None
    return "Turin" if family == 0x1A and model < 0x12 else None


def items(chip: Chip, services: Services, *, has_leaf: bool) -> list[Item]:
    """What the appraisal of a report of such a chip needs.

    Args:
        has_leaf: the chip's certificate came with the report.

    Raises:
        InvalidEncoding: the report does not say what is asked for.
    """
    if chip.product is None:
        text = "The report does not say of which product its chip is. Name it with --amd-product."
        raise InvalidEncoding(text, reason="product")
    base = f"{services.amd_kds}/{chip.kind}/v1/{chip.product}"
    chain_name, list_name = chip.name(f"{chip.kind}-chain"), chip.name(f"{chip.kind}-crl")

    def authorities(situation: Situation) -> list[bytes]:
        if chain_name not in situation.earlier:
            raise InvalidEncoding(f"it cannot be checked without {chain_name}", reason=chain_name)
        return certificates(situation.earlier[chain_name])

    def chain(response: Response, situation: Situation) -> Checked:
        authority, others = leaf_and_authorities(response.body)
        path = native().attest_chain(authority, others, list(situation.roots.amd), [], situation.now)
        if any(other in path["subjects"][0] for other in PRODUCTS if other != chip.product):
            raise rejected(response, chain_name, "it is of another product")
        return Checked(response.body, None, path["not_after"])

    def revoked(response: Response, situation: Situation) -> Checked:
        # The list is of the ARK, and the authority below is what it may name.
        authority, *others = authorities(situation)
        return check_list(response, list_name, response.body, (authority, others), situation.roots.amd, situation.now)

    def certificate(response: Response, situation: Situation) -> Checked:
        path = native().attest_chain(
            response.body, authorities(situation), list(situation.roots.amd), [], situation.now
        )
        if (reason := _wrong_certificate(chip, response.body)) is not None:
            raise rejected(response, chip.certificate, reason)
        return Checked(response.body, path["not_before"], path["not_after"])

    found = [Item(chain_name, f"{base}/cert_chain", chain), Item(list_name, f"{base}/crl", revoked)]
    if not has_leaf:
        found.append(Item(chip.certificate, _certificate_url(chip, base), certificate, lasting=True))
    return found


def _certificate_url(chip: Chip, base: str) -> str:
    if chip.kind == "vlek":
        text = "The report is signed by a VLEK, which the operator of the machine has. Give its certificate (--with)."
        raise InvalidEncoding(text, reason="VLEK")
    if not any(chip.hardware_id) or any(chip.identifier[len(chip.hardware_id) :]):
        text = "The report names no chip (its host masks it). Get the certificate from the host, and give it (--with)."
        raise InvalidEncoding(text, reason="chip id")
    levels = "&".join(f"{name}={level:02d}" for name, level in chip.levels.items())
    return f"{base}/{chip.hardware_id.hex()}?{levels}"


def _wrong_certificate(chip: Chip, leaf: bytes) -> str | None:
    """Why a certificate is not the chip's at these levels, or None."""
    if der.extension_of(leaf, _ARC + b"\x04") != chip.hardware_id:
        return "it is of another chip"
    for name, level in chip.levels.items():
        value = der.extension_of(leaf, _ARC + bytes([3, _LEVEL_ARCS[name]]))
        if value is None or der.children(value) != [(der.INTEGER, level.to_bytes(1 + level // 0x80, "big"))]:
            return f"it was made for another level {name}"
    return None


def added(chip: Chip, given: Endorsements, cache: Cache, *, has_leaf: bool) -> tuple[Endorsements, list[str]]:
    """`given` with what is kept for such a chip, and the names of what is not.

    Of a report that names no product, what is kept of any is taken: a verifier leaves alone what does not fit.
    """
    chips = [chip] if chip.product else [chip.of(product) for product in UNNAMED]
    missing: list[str] = []
    for each in chips:
        leaf = None if has_leaf else cache.data(each.certificate)
        chain, revoked = (cache.data(each.name(f"{each.kind}-{what}")) for what in ("chain", "crl"))
        lacking = [
            *([each.certificate] if leaf is None and not has_leaf else []),
            *([each.name(f"{each.kind}-chain")] if chain is None else []),
            *([each.name(f"{each.kind}-crl")] if revoked is None else []),
        ]
        if each is not chips[0] and len(lacking) == 3 - has_leaf:
            continue
        missing = lacking
        given = replace(
            given,
            certificates=(
                *((leaf,) if leaf else ()),
                *given.certificates,
                *(certificates(chain) if chain else ()),
            ),
            revocation_lists=(*given.revocation_lists, *((revoked,) if revoked else ())),
        )
    return given, missing
