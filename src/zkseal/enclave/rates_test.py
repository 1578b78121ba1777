"""Token buckets under a clock of the test's."""

from __future__ import annotations

import pytest

from zkseal.enclave.rates import RateLimits, Rates
from zkseal.errors import RateLimited


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def scope(rates: Rates, client: bytes) -> str:
    """`ok`, or which limit was met."""
    try:
        rates.admit(client)
    except RateLimited as error:
        return str(error.scope)
    return "ok"


def test_a_burst_then_the_rate() -> None:
    clock = Clock()
    rates = Rates(RateLimits(100, 100, 2, 3), clock)
    assert [scope(rates, b"a") for _ in range(4)] == ["ok", "ok", "ok", "client"]
    with pytest.raises(RateLimited) as caught:
        rates.admit(b"a")
    assert caught.value.retry_after_ms == 501
    clock.now += 0.501
    assert [scope(rates, b"a") for _ in range(2)] == ["ok", "client"]
    clock.now += 1000
    assert [scope(rates, b"a") for _ in range(4)] == ["ok", "ok", "ok", "client"]


def test_new_clients_do_not_lift_the_limit_of_all() -> None:
    rates = Rates(RateLimits(1, 5, 1, 2), Clock())
    assert [scope(rates, bytes([client])) for client in range(7)] == ["ok"] * 5 + ["total"] * 2


def test_who_is_refused_takes_nothing_from_others() -> None:
    rates = Rates(RateLimits(1, 4, 1, 2), Clock())
    assert [scope(rates, b"a") for _ in range(10)] == ["ok", "ok"] + ["client"] * 8
    assert [scope(rates, b"b") for _ in range(3)] == ["ok", "ok", "client"]


def test_only_so_many_clients_are_remembered() -> None:
    rates = Rates(RateLimits(1000, 1000, 1, 1), Clock(), most_clients=2)
    assert [scope(rates, client) for client in (b"a", b"b", b"a", b"c", b"a")] == ["ok", "ok", "client", "ok", "client"]
    assert scope(rates, b"b") == "ok"
