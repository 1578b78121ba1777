"""The address book: which contracts were deployed where, in one JSON file for all chains.

::

    {"format": "zkseal addresses v1", "chains": {"31337": {"ModelRegistry": {"address": "0x..", "code_hash": "0x..",
                                                                             "block": 3, "transaction": "0x.."}}}}

An entry counts only while code with that hash is at the address: a local chain that was started anew has none. An entry
without a code hash is of a creation that was about to be sent.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zkseal.chain.connection import Connection, address_of
from zkseal.errors import FileUnavailable, InvalidEncoding, NotDeployed, NotForChain, UnknownVersion
from zkseal.files.atomic import write_atomically
from zkseal.json_text import parse_json

__all__ = ["AddressBook", "Entry"]

FORMAT = "zkseal addresses v1"


@dataclass(frozen=True)
class Entry:
    """A deployed contract, or one about to be: then hash and block are None."""

    address: str
    transaction: str
    code_hash: str | None = None
    block: int | None = None


@dataclass(frozen=True)
class AddressBook:
    """A file of addresses. It is read whenever it is asked, and replaced in one step whenever it changes."""

    path: Path

    def entry(self, chain_id: int, name: str) -> Entry | None:
        """What is written about a contract on a chain."""
        return self.entries(chain_id).get(name)

    def entries(self, chain_id: int) -> dict[str, Entry]:
        """All contracts on a chain by name. Raises `FileUnavailable`, `InvalidEncoding`, `UnknownVersion`."""
        chains = self._read()["chains"]
        return {name: self._entry(fields) for name, fields in chains.get(str(chain_id), {}).items()}

    def write(self, chain_id: int, name: str, entry: Entry) -> None:
        """Writes an entry in place of the one of that name. Raises `FileUnavailable`, `OutOfDisk`."""
        with self._locked():
            document = self._read()
            document["chains"].setdefault(str(chain_id), {})[name] = asdict(entry)
            text = json.dumps(document, indent=2, sort_keys=True) + "\n"
            write_atomically(self.path, [text.encode()], secret=False)

    def address(self, connection: Connection, name: str) -> str:
        """The address of a contract whose code is there.

        Raises:
            NotDeployed: the book does not know it on this chain, or its code is not there.
        """
        entry = self.entry(connection.chain_id, name)
        if entry is None or entry.code_hash is None or connection.code_hash(entry.address) != entry.code_hash:
            where = "is not" if entry is None else f"is no longer at {entry.address}, where '{self.path}' has it,"
            raise NotDeployed(
                f"{name} {where} on chain {connection.chain_id}. Run: zkseal chain deploy, or give --addresses the "
                "book that knows it.",
                contract=name,
                chain_id=connection.chain_id,
            )
        return entry.address

    def _read(self) -> dict[str, Any]:
        try:
            text = self.path.read_text()
        except FileNotFoundError:
            return {"format": FORMAT, "chains": {}}
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise FileUnavailable(
                f"Cannot read '{self.path}': {reason}.", path=str(self.path), reason=reason
            ) from error
        try:
            document = parse_json(text)
            got, chains = document["format"], document["chains"]
            if not isinstance(chains, dict) or not all(isinstance(names, dict) for names in chains.values()):
                raise TypeError("chains")
        except (ValueError, KeyError, TypeError) as error:
            raise self._damaged() from error
        if got != FORMAT:
            raise UnknownVersion(
                f"'{self.path}' is of the format {got!r}; this release reads {FORMAT!r}.", got=got, expected=FORMAT
            )
        return {"format": FORMAT, "chains": chains}

    def _entry(self, fields: Any) -> Entry:
        try:
            entry = Entry(**fields)
            address_of(entry.address)
        except (TypeError, NotForChain) as error:
            raise self._damaged() from error
        return entry

    def _damaged(self) -> InvalidEncoding:
        return InvalidEncoding(
            f"'{self.path}' is no address book. Choose another file with --addresses.",
            path=str(self.path),
            reason="form",
        )

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time. The lock is on the folder, because the file is replaced."""
        try:
            descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            reason = error.strerror or str(error)
            raise FileUnavailable(
                f"Cannot write '{self.path}': {reason}. Choose a folder that exists.",
                path=str(self.path),
                reason=reason,
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
