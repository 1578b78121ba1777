"""The pool does what it accepted, soon, and refuses the rest at once."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from zkseal.errors import RateLimited
from zkseal.service.verifying.pool import VerifierPool


def test_work_is_done_and_its_errors_come_back() -> None:
    pool = VerifierPool(threads=1)

    async def run() -> None:
        assert await pool.run(lambda: 7) == 7
        with pytest.raises(ValueError, match="none"):
            await pool.run(lambda: int("none"))

    asyncio.run(run())
    assert pool.open == 0
    pool.close()


def test_what_would_wait_too_long_is_refused_before_it_waits() -> None:
    pool, gate = VerifierPool(threads=1, wait_ms=25), threading.Event()

    async def run() -> list[bool]:
        tasks = [asyncio.create_task(pool.run(gate.wait)) for _ in range(10)]
        await asyncio.sleep(0)
        gate.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        return [isinstance(result, RateLimited) for result in found]

    refused = asyncio.run(run())
    # One runs; the guess of 10 ms lets two or three wait; the others are told when there is room.
    assert not refused[0]
    assert sum(refused) >= 6
    pool.close()


def test_what_has_waited_too_long_is_refused_when_its_turn_comes() -> None:
    pool, gate = VerifierPool(threads=1, wait_ms=25), threading.Event()

    async def run() -> None:
        first = asyncio.create_task(pool.run(gate.wait))
        second = asyncio.create_task(pool.run(lambda: 1))
        await asyncio.sleep(0.1)
        gate.set()
        assert await first
        with pytest.raises(RateLimited) as caught:
            await second
        assert caught.value.retry_after_ms >= 1

    asyncio.run(run())
    assert pool.open == 0
    pool.close()


def test_what_is_late_already_is_not_begun() -> None:
    pool = VerifierPool(threads=1, wait_ms=25)

    async def run() -> None:
        with pytest.raises(RateLimited):
            await pool.run(lambda: 1, since=time.perf_counter() - 1)

    asyncio.run(run())
    pool.close()


def test_the_prediction_follows_what_work_takes() -> None:
    pool = VerifierPool(threads=2, wait_ms=1000)

    async def run() -> None:
        for _ in range(60):
            await pool.run(lambda: time.sleep(0.002))

    asyncio.run(run())
    assert 0.001 < pool._average_s < 0.009
    pool.close()
