"""What a data provider signs is what the CreditScore contract checks."""

from eth_account import Account
from eth_utils.crypto import keccak
from tests.chain.worlds import World

from zkseal.chain.credit import CreditData


def data(world: World) -> CreditData:
    return CreditData(world.user.address, keccak(b"commitments"), keccak(b"subject"), 1_900_000_000)


def test_the_digest_is_the_contracts(world: World) -> None:
    credit, made = world.address("CreditScore"), data(world)
    digest = made.digest(world.connection.chain_id, credit)
    assert world.connection.call("CreditScore", credit, "hashOf", made.parts) == digest
    assert world.connection.call("CreditScore", credit, "subjectOf", made.parts) == digest


def test_the_signature_is_the_providers(world: World) -> None:
    credit, made = world.address("CreditScore"), data(world)
    signature = made.sign(world.other, world.connection.chain_id, credit)
    digest = made.digest(world.connection.chain_id, credit)
    assert len(signature) == 65
    assert Account._recover_hash(digest, signature=signature) == world.other.address
