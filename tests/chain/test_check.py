"""What whoever relies on a model id compares: programs made from the verifying key, and code on the chain."""

from __future__ import annotations

import pytest
from tests.chain.worlds import Model

from zkseal.chain.local import LocalChain, local_signer
from zkseal.chain.registration import check, register
from zkseal.errors import NotDeployed, TransactionReverted
from zkseal.evm.programs import programs

OWNER = local_signer(0)


def test_the_code_of_a_registered_model_is_its_keys(chain: LocalChain, registry: str, hidden_model: Model) -> None:
    key = hidden_model.verifying_key
    with pytest.raises(TransactionReverted, match="ModelNotFound"):
        check(chain.connection, registry, key)
    register(chain.connection, OWNER, registry, key)
    checked = check(chain.connection, registry, key)
    assert (checked.model_id, checked.owner, checked.deprecated) == (programs(key).model_id, OWNER.address, False)
    assert not checked.any_setup


def put_code(chain: LocalChain, address: str, code: bytes) -> None:
    chain.connection.web3.provider.make_request("anvil_setCode", [address, "0x" + code.hex()])  # type: ignore[arg-type]


@pytest.mark.parametrize("what", ["verifying program", "ZksealVerifier", "ModelRegistry"])
def test_other_code_is_named(chain: LocalChain, registry: str, hidden_model: Model, what: str) -> None:
    key = hidden_model.verifying_key
    register(chain.connection, OWNER, registry, key)
    program = chain.connection.call("ModelRegistry", registry, "statusOf", programs(key).model_id)[0]
    verifier = chain.connection.call("ModelRegistry", registry, "verifier")
    address = {"verifying program": program, "ZksealVerifier": verifier, "ModelRegistry": registry}[what]
    code = chain.connection.code(address)
    put_code(chain, address, code[:-1] + bytes([code[-1] ^ 1]))
    with pytest.raises(NotDeployed, match=f"The {what} at .* is not the code of this release"):
        check(chain.connection, registry, key)


def test_the_end_of_the_verifiers_code_is_another_code(chain: LocalChain, registry: str, hidden_model: Model) -> None:
    key = hidden_model.verifying_key
    register(chain.connection, OWNER, registry, key)
    verifier = chain.connection.call("ModelRegistry", registry, "verifier")
    code = chain.connection.code(verifier)
    # From a zero byte on: STOP, which accepts every proof.
    put_code(chain, verifier, code[code.rindex(bytes(4)) :])
    chain.connection.call("ZksealVerifier", verifier, "verify", registry, b"", b"", b"", b"")
    with pytest.raises(NotDeployed, match="The ZksealVerifier at"):
        check(chain.connection, registry, key)
