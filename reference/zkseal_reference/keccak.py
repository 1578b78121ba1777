"""Keccak-256 with the original padding (as in the EVM), from the definition of Keccak-f[1600].

A state is 25 lanes of 64 bits; lane x + 5 y stands at column x, row y. Constants are derived, not typed in.
"""

from __future__ import annotations

LANE_MASK = (1 << 64) - 1
RATE_BYTES = 136


def _rho_pi() -> tuple[tuple[int, int], ...]:
    """For each target lane the source lane and its rotation (steps rho and pi)."""
    source = [(0, 0)] * 25
    x, y = 1, 0
    rotations = {0: 0}
    for t in range(24):
        rotations[x + 5 * y] = (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    for lane, rotation in rotations.items():
        x, y = lane % 5, lane // 5
        source[y + 5 * ((2 * x + 3 * y) % 5)] = (lane, rotation)
    return tuple(source)


def _round_constants() -> tuple[int, ...]:
    """Step iota: bit 2^j - 1 of round r is bit j + 7 r of the LFSR x^8 + x^6 + x^5 + x^4 + 1."""
    constants, register = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            if register & 1:
                constant |= 1 << ((1 << j) - 1)
            register <<= 1
            if register & 0x100:
                register ^= 0x171
        constants.append(constant)
    return tuple(constants)


RHO_PI = _rho_pi()
ROUND_CONSTANTS = _round_constants()


def permute(lanes: list[int]) -> list[int]:
    """Keccak-f[1600]: 24 rounds of theta, rho, pi, chi, iota."""
    a = lanes
    for constant in ROUND_CONSTANTS:
        c0, c1, c2, c3, c4 = (a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5))
        d = (
            c4 ^ ((c1 << 1 | c1 >> 63) & LANE_MASK),
            c0 ^ ((c2 << 1 | c2 >> 63) & LANE_MASK),
            c1 ^ ((c3 << 1 | c3 >> 63) & LANE_MASK),
            c2 ^ ((c4 << 1 | c4 >> 63) & LANE_MASK),
            c3 ^ ((c0 << 1 | c0 >> 63) & LANE_MASK),
        ) * 5
        b = [
            ((lane << rotation) | (lane >> (64 - rotation))) & LANE_MASK
            for lane, rotation in [(a[source] ^ d[source], rotation) for source, rotation in RHO_PI]
        ]
        a = []
        for y in (0, 5, 10, 15, 20):
            b0, b1, b2, b3, b4 = b[y : y + 5]
            a += (b0 ^ (~b1 & b2), b1 ^ (~b2 & b3), b2 ^ (~b3 & b4), b3 ^ (~b4 & b0), b4 ^ (~b0 & b1))
        a[0] ^= constant
    return a


def sponge256(data: bytes, suffix: int) -> bytes:
    """The sponge with rate 136 and 32 output bytes; `suffix` holds the domain bits and the first padding bit."""
    padded = bytearray(data)
    padded.append(suffix)
    padded.extend(bytes(-len(padded) % RATE_BYTES))
    padded[-1] |= 0x80
    state = [0] * 25
    for start in range(0, len(padded), RATE_BYTES):
        for lane in range(RATE_BYTES // 8):
            at = start + 8 * lane
            state[lane] ^= int.from_bytes(padded[at : at + 8], "little")
        state = permute(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def keccak256(data: bytes) -> bytes:
    """Keccak-256: the suffix is the padding bit alone (SHA3-256 would have 0x06)."""
    return sponge256(data, 0x01)
