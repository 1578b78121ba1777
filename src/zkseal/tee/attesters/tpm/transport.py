"""How commands reach a TPM: by the socket of swtpm, or by Linux's device.

Named as by tpm2-tools (TCTI): `swtpm:host=127.0.0.1,port=2321`, `swtpm:path=/run/swtpm.sock`, `device:/dev/tpmrm0`.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Protocol

from zkseal.errors import DeviceRefused, FileUnavailable, WrongInput

__all__ = ["Transport", "open_tcti"]

MAX_ANSWER_BYTES = 4096
HEAD_BYTES = 10
TIMEOUT_S = 30.0


class Transport(Protocol):
    """One conversation with a TPM."""

    name: str

    def send(self, command: bytes) -> bytes:
        """The answer to a command. Raises: DeviceRefused: there is none, or it is cut short."""
        ...

    def close(self) -> None:
        """Ends the conversation."""
        ...


def open_tcti(tcti: str) -> Transport:
    """Opens what `tcti` names.

    Raises:
        WrongInput: another form of name.
        FileUnavailable: nothing answers there.
    """
    kind, _, rest = tcti.partition(":")
    if kind == "device" and rest:
        return _Device(Path(rest))
    options = dict(part.partition("=")[::2] for part in rest.split(","))
    if kind == "swtpm" and set(options) == {"path"}:
        return _Socket(tcti, options["path"])
    port = options.get("port", "")
    if kind == "swtpm" and set(options) == {"host", "port"} and port.isdecimal() and int(port) < 1 << 16:
        return _Socket(tcti, (options["host"], int(port)))
    expected = "swtpm:host=HOST,port=PORT, swtpm:path=SOCKET or device:FILE"
    raise WrongInput(f"{tcti!r} names no TPM; give {expected}.", name="tcti", expected=expected, got=tcti)


def _unavailable(name: str, error: OSError) -> FileUnavailable:
    reason = str(error.strerror or error)
    return FileUnavailable(f"No TPM answers at {name}: {reason}.", path=name, reason=reason)


def _connected(path: str) -> socket.socket:
    """A connection to a Unix socket."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(TIMEOUT_S)
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


class _Socket:
    """swtpm: commands and answers follow each other on a stream."""

    def __init__(self, name: str, address: str | tuple[str, int]) -> None:
        self.name = name
        try:
            if isinstance(address, str):
                self._socket = _connected(address)
            else:
                self._socket = socket.create_connection(address, timeout=TIMEOUT_S)
        except OSError as error:
            raise _unavailable(name, error) from error

    def send(self, command: bytes) -> bytes:
        try:
            self._socket.sendall(command)
            head = self._take(HEAD_BYTES)
            size = int.from_bytes(head[2:6], "big")
            if not HEAD_BYTES <= size <= MAX_ANSWER_BYTES:
                raise DeviceRefused("The TPM's answer has no length.", device=self.name, reason="length")
            return head + self._take(size - HEAD_BYTES)
        except OSError as error:
            reason = str(error.strerror or error)
            raise DeviceRefused(
                f"The TPM at {self.name} went away: {reason}.", device=self.name, reason=reason
            ) from error

    def _take(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self._socket.recv(count - len(data))
            if not part:
                raise DeviceRefused(f"The TPM at {self.name} hung up.", device=self.name, reason="end of stream")
            data += part
        return data

    def close(self) -> None:
        self._socket.close()


class _Device:
    """Linux: one write of a whole command, one read of a whole answer."""

    def __init__(self, path: Path) -> None:
        self.name = f"device:{path}"
        try:
            self._descriptor = os.open(path, os.O_RDWR)
        except OSError as error:
            raise _unavailable(self.name, error) from error

    def send(self, command: bytes) -> bytes:
        try:
            os.write(self._descriptor, command)
            return os.read(self._descriptor, MAX_ANSWER_BYTES)
        except OSError as error:
            reason = str(error.strerror)
            raise DeviceRefused(f"{self.name} refused a command: {reason}.", device=self.name, reason=reason) from error

    def close(self) -> None:
        os.close(self._descriptor)
