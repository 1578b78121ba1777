"""The commands `zkseal chain ..` as a user types them, and the files that they read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from tests.chain.worlds import Model

from zkseal import files
from zkseal.chain.accounts import Signer
from zkseal.cli import main
from zkseal.cli.exit_codes import EXIT_CODES
from zkseal.errors import ZksealError

PASSWORD = "correct horse"


@dataclass(frozen=True)
class Desk:
    """A folder with keys, keystores and an address book, and a node."""

    folder: Path
    rpc: str

    def put_keys(self, name: str, model: Model) -> None:
        """Writes NAME.zkp and NAME.zkv."""
        files.save_proving_key(self.folder / f"{name}.zkp", model.proving_key)
        files.save_verifying_key(self.folder / f"{name}.zkv", model.verifying_key)

    def put_account(self, name: str, signer: Signer) -> None:
        """Writes NAME.json, whose password is in the file `password`."""
        keystore = Account.encrypt(signer.account.key, PASSWORD, iterations=2)
        (self.folder / f"{name}.json").write_text(json.dumps(keystore))
        (self.folder / "password").write_text(f"{PASSWORD}\n")

    def arguments(self, subcommand: str, account: str | None, *rest: str) -> list[str]:
        """The words of one command."""
        keystore = [] if account is None else self._account(account)
        node = ["--rpc", self.rpc, "--addresses", str(self.folder / "book.json")]
        return ["chain", subcommand, *rest, *([] if subcommand == "gas" else node), *keystore]

    def _account(self, name: str) -> list[str]:
        return ["--keystore", str(self.folder / f"{name}.json"), "--password-file", str(self.folder / "password")]

    def run(self, capsys: pytest.CaptureFixture[str], subcommand: str, account: str | None, *rest: str) -> Any:
        """The JSON result of a command that succeeds."""
        assert main([*self.arguments(subcommand, account, *rest), "--json"]) == 0, capsys.readouterr()
        return json.loads(capsys.readouterr().out)

    def refused(self, capsys: pytest.CaptureFixture[str], error: type[ZksealError], words: list[str]) -> dict[str, Any]:
        """What a command that fails in this way reports."""
        assert main([*words, "--json"]) == EXIT_CODES[error], capsys.readouterr()
        captured = capsys.readouterr()
        assert captured.err.count("\n") == 1, captured.err
        reported: dict[str, Any] = json.loads(captured.out)["error"]
        assert reported["code"] == error.__name__
        return reported

    def start(self, subcommand: str, account: str, *rest: str) -> subprocess.Popen[str]:
        """A process of its own, with its log on a pipe."""
        return subprocess.Popen(
            [sys.executable, "-m", "zkseal", *self.arguments(subcommand, account, *rest)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
