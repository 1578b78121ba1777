"""The row length of keys whose proofs are verified on chain."""

from __future__ import annotations

from collections.abc import Iterator

from zkseal.errors import InvalidParameters, TooFewPowers
from zkseal.proving.cost import MAX_ROW_BITS, Layout, lay_out
from zkseal.proving.scheme import Scheme

__all__ = ["choose_row_bits_by_gas", "estimate_gas"]

ROW_BITS = range(8, 16)
"""Row lengths that are tried: longer ones take more memory and powers than they save."""


def estimate_gas(layout: Layout) -> int:
    """Estimated gas of verifying a proof on chain: an estimate that the gas predictor (crates/zkseal-evm) will replace.

    7,000 for each committed row (a scalar multiplication, and reading it), 2,500 for each round of a sumcheck, 320 for
    each variable of the opening.
    """
    n = layout.leaf_bits
    if n == 0:
        lookup_rounds = 0
    elif layout.scheme.lookup_argument == "tree":
        lookup_rounds = n * (n + 1) // 2
    else:
        lookup_rounds = n + 1
    rounds = lookup_rounds + layout.product_bits + layout.row_vars + layout.row_bits + 1
    return 7_000 * sum(layout.rows.values()) + 2_500 * rounds + 320 * layout.row_bits


def choose_row_bits_by_gas(encoded: bytes, scheme: Scheme, powers: int) -> int:
    """log2 of the row length, among those that the powers of tau allow, whose proofs cost the least gas.

    Raises:
        TooFewPowers: this relation needs longer rows than there are powers.
        InvalidParameters: no row length fits the relation.
    """
    usable = [layout for layout in _layouts(encoded, scheme, ROW_BITS) if 1 << layout.row_bits <= powers]
    if usable:
        return min(usable, key=estimate_gas).row_bits
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


def _layouts(encoded: bytes, scheme: Scheme, lengths: range) -> Iterator[Layout]:
    """The layouts that fit, shortest rows first."""
    for row_bits in lengths:
        try:
            yield lay_out(encoded, row_bits, scheme)
        except InvalidParameters:
            continue
