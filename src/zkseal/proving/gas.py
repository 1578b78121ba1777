"""The row length of keys whose proofs are verified on chain: the one of the least predicted gas."""

from __future__ import annotations

from collections.abc import Iterator

from zkseal.errors import InvalidParameters, NotForChain, TooFewPowers
from zkseal.proving.core import native, running
from zkseal.proving.cost import MAX_ROW_BITS, Layout, lay_out
from zkseal.proving.scheme import Scheme

__all__ = ["choose_row_bits_by_gas", "predicted_gas"]

ROW_BITS = range(8, 16)
"""Row lengths that are tried: longer ones take more memory and powers than they save."""

FORK = "osaka"
"""Whose prices count: the newest that the predictor knows."""


def predicted_gas(encoded: bytes, row_bits: int, scheme: Scheme) -> int:
    """Predicted gas of verifying a proof of an encoded relation on chain, as a transaction (crates/zkseal-evm).

    Raises:
        NotForChain: no chain verifies this scheme, or the verifying program is longer than code may be.
        InvalidParameters: the mask does not fit in a row of this length.
    """
    if (scheme.lookup_argument, scheme.opening) != ("helper", "kzg"):
        raise NotForChain("No contract verifies proofs of this scheme.", reason="scheme")
    with running("predicting gas"):
        return int(native().chain_gas_of(encoded, row_bits, scheme.lanes, FORK)["total"])


def choose_row_bits_by_gas(encoded: bytes, scheme: Scheme, powers: int) -> int:
    """log2 of the row length, among those that the powers of tau allow, whose proofs cost the least gas.

    Raises:
        TooFewPowers: this relation needs longer rows than there are powers.
        InvalidParameters: no row length fits the relation.
    """
    usable = [layout for layout in _layouts(encoded, scheme, ROW_BITS) if 1 << layout.row_bits <= powers]
    if usable:
        return min(usable, key=lambda layout: _rank(encoded, layout)).row_bits
    fitting = next(_layouts(encoded, scheme, range(ROW_BITS.start, MAX_ROW_BITS + 1)), None)
    if fitting is None:
        raise InvalidParameters(
            f"No row length up to 2^{MAX_ROW_BITS} fits this relation. Split the model.", reason="relation too large"
        )
    raise too_few_powers(fitting.row_bits, powers)


def too_few_powers(row_bits: int, powers: int) -> TooFewPowers:
    """The error for rows of 2^row_bits entries and so many powers of tau."""
    return TooFewPowers(
        f"Rows of 2^{row_bits} entries need {1 << row_bits} powers of tau; there are {powers}. Take a larger file of "
        "the ceremony.",
        expected=1 << row_bits,
        got=powers,
    )


def _rank(encoded: bytes, layout: Layout) -> tuple[bool, int]:
    """Gas; behind all that a chain takes, what it does not take, by the length of the proof."""
    try:
        return False, predicted_gas(encoded, layout.row_bits, layout.scheme)
    except NotForChain:
        return True, layout.proof_bytes


def _layouts(encoded: bytes, scheme: Scheme, lengths: range) -> Iterator[Layout]:
    """The layouts that fit, shortest rows first."""
    for row_bits in lengths:
        try:
            yield lay_out(encoded, row_bits, scheme)
        except InvalidParameters:
            continue
