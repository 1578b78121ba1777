"""A chain of one's own, for trying things and for tests: anvil, started and stopped here.

anvil is one program of Foundry. It is looked for on PATH, and in contracts/node_modules of a checkout of zkseal
(``npm ci``). Its accounts are the same for everybody, and worthless anywhere else.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_account import Account
from web3.types import RPCEndpoint

from zkseal.chain.accounts import Signer
from zkseal.chain.connection import Connection, connect
from zkseal.errors import MissingDependency, NodeRefused, NodeUnreachable

__all__ = ["LocalChain", "find_anvil", "local_chain", "local_signer"]

CHAIN_ID = 31337
MNEMONIC = "test test test test test test test test test test test junk"
"""anvil's, for everybody."""

START_S = 20.0
CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class LocalChain:
    """A running anvil."""

    url: str
    connection: Connection
    process: subprocess.Popen[bytes] = field(repr=False)

    def ask(self, method: str, *parameters: Any) -> Any:
        """What anvil's own methods return: evm_increaseTime, anvil_mine, evm_snapshot .. Raises `NodeRefused`."""
        response = self.connection.web3.provider.make_request(RPCEndpoint(method), list(parameters))
        if "error" in response:
            reason = str(response["error"])
            raise NodeRefused(f"anvil refused {method}: {reason}.", url=self.url, reason=reason)
        return response["result"]

    def advance(self, seconds: int) -> None:
        """Lets time pass, and mines a block."""
        self.ask("evm_increaseTime", seconds)
        self.ask("anvil_mine", "0x1")


def find_anvil() -> str:
    """Path of anvil. Raises `MissingDependency`."""
    found = shutil.which("anvil")
    if found is not None:
        return found
    shipped = sorted((CHECKOUT / "contracts" / "node_modules" / "@foundry-rs").glob("anvil-*/bin/anvil"))
    if not shipped:
        raise MissingDependency(
            "anvil is not installed. In a checkout of zkseal: cd contracts && npm ci. Elsewhere: install Foundry.",
            package="anvil",
        )
    return str(shipped[0])


def local_signer(index: int) -> Signer:
    """One of anvil's ten funded accounts."""
    Account.enable_unaudited_hdwallet_features()
    return Signer.of(Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}"))


@contextlib.contextmanager
def local_chain(
    *, chain_id: int = CHAIN_ID, hardfork: str = "osaka", options: tuple[str, ...] = ()
) -> Iterator[LocalChain]:
    """Runs anvil while the block lasts. It mines a block for every transaction.

    Args:
        options: more arguments of anvil, as on its command line.

    Raises:
        MissingDependency: anvil is not installed.
        NodeUnreachable: it does not start.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    command = [find_anvil(), "--host", "127.0.0.1", "--port", str(port), "--chain-id", str(chain_id)]
    process = subprocess.Popen(
        [*command, "--hardfork", hardfork, "--quiet", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield LocalChain(url, _connected(url, chain_id, process), process)
    finally:
        process.kill()
        process.wait()


def _connected(url: str, chain_id: int, process: subprocess.Popen[bytes]) -> Connection:
    started = time.monotonic()
    while True:
        try:
            return connect(url, chain_id=chain_id)
        except NodeUnreachable as error:
            if process.poll() is not None or time.monotonic() - started > START_S:
                raise NodeUnreachable("anvil did not start.", url=url, reason="did not start") from error
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
