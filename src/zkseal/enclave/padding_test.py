"""Buckets: what is padded comes back, and lengths are powers of two."""

from __future__ import annotations

import pytest

from zkseal.enclave.padding import LEAST_BUCKET, bucket, pad, unpad
from zkseal.errors import InvalidEncoding


@pytest.mark.parametrize("size", [0, 1, 4091, 4092, 4093, 8188, 8189, 100_000])
def test_a_message_fills_the_next_power_of_two(size: int) -> None:
    padded = pad(b"m" * size)
    assert unpad(padded) == b"m" * size
    assert len(padded) == bucket(size) >= max(LEAST_BUCKET, size + 4)
    assert len(padded) & (len(padded) - 1) == 0
    assert len(padded) == LEAST_BUCKET or len(padded) < 2 * (size + 4)


@pytest.mark.parametrize(
    "padded", [b"", b"\0\0\0", b"\0\0\0\5abc", pad(b"m")[:-1] + b"x", b"\xff\xff\xff\xff" + bytes(100)]
)
def test_other_padding_is_refused(padded: bytes) -> None:
    with pytest.raises(InvalidEncoding):
        unpad(padded)
