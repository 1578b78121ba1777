"""One answer to one request."""

from __future__ import annotations

import pytest

from zkseal.enclave.replays import Replays
from zkseal.errors import RateLimited, RequestReplayed


def test_a_noted_request_is_known() -> None:
    replays = Replays(2)
    replays.require_new(b"a")
    replays.note(b"a")
    with pytest.raises(RequestReplayed) as caught:
        replays.require_new(b"a")
    assert caught.value.request == b"a".hex()
    replays.require_new(b"b")


def test_nothing_is_forgotten_when_it_is_full() -> None:
    replays = Replays(1)
    replays.note(b"a")
    with pytest.raises(RateLimited) as caught:
        replays.note(b"b")
    assert caught.value.retry_after_ms is None
    with pytest.raises(RequestReplayed):
        replays.require_new(b"a")
