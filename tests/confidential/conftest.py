"""One world for all: the model is sealed, registered and served once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.confidential.world import CONTEXT, POLICY, RECEIPT_POLICY, World, credit


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """mlp_credit sealed for development, a broker that knows it, and the policies of a clinic."""
    world = credit(tmp_path_factory.mktemp("confidential"))
    measurement = world.run("enclave", "measure", "--json").json["measurement"]
    world.write("policy.toml", POLICY.format(measurement=measurement))
    for mode in ("tee", "tee_and_zk", "tee_then_zk", "zk_in_tee"):
        more = "proof_deadline_s = 3600" if mode == "tee_then_zk" else ""
        world.write(f"{mode}.toml", RECEIPT_POLICY.format(mode=mode, more=more, measurement=measurement))
    world.run("broker", "init", "broker")
    for version in ("1", "2"):
        world.run(
            *(
                "seal",
                "m.zkp",
                "--publisher",
                "publisher.zkk",
                "--to",
                "broker/kek.zkk.pub",
                "--to",
                "recovery.zkk.pub",
            ),
            *("--name", "credit", "--version", version, "--policy", "policy.toml", "--assurance", "sandbox"),
            *("-o", f"v{version}.zks"),
        )
        world.run(
            *("broker", "add-model", "broker", f"v{version}.zks"),
            *("--policy", "policy.toml", "--publisher", "publisher.zkk.pub"),
        )
    return world


@pytest.fixture(scope="session")
def broker(world: World) -> Iterator[str]:
    """URL of the broker."""
    with world.serving("broker", "serve", "broker", "--port", "0") as url:
        yield url


@pytest.fixture(scope="session")
def enclave(world: World, broker: str) -> Iterator[str]:
    """URL of an enclave that has the key of the model's second version."""
    words = ("enclave", "serve", "v2.zks", "--broker", broker, "--publisher", "publisher.zkk.pub", "--port", "0")
    with world.serving(*words) as url:
        yield url


@pytest.fixture(scope="session")
def answered(world: World, enclave: str) -> World:
    """With `answer.zkr` and its opening: what the enclave said about `x0.npy`."""
    world.run(
        *("enclave", "ask", enclave, "--input", "x0.npy", "--policy", "policy.toml", "--development"),
        *("--key", "m.zkv", "--context", CONTEXT, "-o", "answer.zkr"),
    )
    return world


@pytest.fixture(scope="session")
def proved(answered: World) -> World:
    """With `both.zkr`: the answer and its proof; and `proof.zkr`: the proof alone."""
    answered.run("prove", "m.zkp", "x0.npy", "--answer", "answer.zkr", "--out", "both.zkr")
    answered.run("prove", "m.zkp", "x0.npy", "--context", CONTEXT, "--out", "proof.zkr")
    return answered
