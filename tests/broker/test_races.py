"""Many at once: one nonce has one decision, and the log is one chain."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from tests.broker.worlds import NOW, Enclave, World, head_of

from zkseal.broker import KeyBroker, ReleasedKey, verify_log
from zkseal.broker.requests import grant
from zkseal.errors import KeyDenied

pytestmark = pytest.mark.native

RACES = 20
RUNNERS = 4


@pytest.mark.parametrize("processes", [False, True], ids=["one broker", "two brokers on one file"])
def test_of_racing_releases_for_one_nonce_one_wins(
    world: World, broker: KeyBroker, enclave: Enclave, processes: bool
) -> None:
    """Two brokers on one file have two connections, as two processes would."""
    other = world.broker() if processes else broker
    head, barrier = head_of(enclave.model), Barrier(RUNNERS)
    with ThreadPoolExecutor(RUNNERS) as runners:
        for _ in range(RACES):
            bundle = world.snp_bundle(enclave.runtime(broker.challenge(now=NOW)))

            def race(number: int, bundle: object = bundle) -> ReleasedKey | str:
                barrier.wait()
                try:
                    return (broker, other)[number % 2].release(bundle, *head, now=NOW)  # type: ignore[arg-type]
                except KeyDenied as denial:
                    return str(denial.denial)

            results = list(runners.map(race, range(RUNNERS)))
            assert sum(isinstance(result, ReleasedKey) for result in results) == 1
            assert [r for r in results if isinstance(r, str)] == ["replayed"] * (RUNNERS - 1)
    log = verify_log(world.database)
    assert log.broken is None
    kinds = [entry.kind for entry in log.entries]
    assert (kinds.count("released"), kinds.count("denied")) == (RACES, RACES * (RUNNERS - 1))
    if processes:
        other.close()


def test_a_revocation_in_the_middle_of_a_decision_holds(world: World, broker: KeyBroker, enclave: Enclave) -> None:
    """What is appraised without a lock is held against the database again where the entry is written."""
    bundle = world.snp_bundle(enclave.runtime(broker.challenge(now=NOW)))

    def revoked_meanwhile(*arguments: object) -> object:
        granted = grant(*arguments)  # type: ignore[arg-type]
        broker.revoke_model(enclave.model.header.digest, now=NOW)
        return granted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zkseal.broker.broker.grant", revoked_meanwhile)
        with pytest.raises(KeyDenied) as caught:
            broker.release(bundle, *head_of(enclave.model), now=NOW)
    assert caught.value.denial == "revoked_model"
