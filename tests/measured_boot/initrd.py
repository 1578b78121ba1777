"""The initial file system of the test's machine: busybox, tpm2-tools with its libraries, and `guest/init`.

Built by us and not by cpio, so that equal contents are equal bytes: they are measured.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.tee.attesters.machines import DEBIAN

__all__ = ["build_initrd"]

PACKAGES = DEBIAN / "root"
LIBRARIES = PACKAGES / "usr" / "lib" / "x86_64-linux-gnu"
# Loaded by name at run time, so that no program lists it.
DEVICE_DRIVER = LIBRARIES / "libtss2-tcti-device.so.0"
FOLDER, PROGRAM = 0o40755, 0o100755


def build_initrd(addition: bytes = b"") -> bytes:
    """The archive. `addition` is appended to the init script."""
    init = (Path(__file__).parent / "guest" / "init").read_bytes()
    tools = PACKAGES / "usr" / "bin" / "tpm2"
    entries = [(name, FOLDER, b"") for name in ("bin", "dev", "lib", "lib64", "proc", "sys", "tmp")]
    entries += [
        ("init", PROGRAM, init + addition),
        ("bin/busybox", PROGRAM, (PACKAGES / "bin" / "busybox").read_bytes()),
        ("bin/tpm2", PROGRAM, tools.read_bytes()),
        (f"lib/{DEVICE_DRIVER.name}", PROGRAM, DEVICE_DRIVER.read_bytes()),
    ]
    libraries = {path.name: path for program in (tools, DEVICE_DRIVER) for path in _libraries(program)}
    for name, path in sorted(libraries.items()):
        # The loader's place is written into every program.
        folder = "lib64" if name.startswith("ld-linux") else "lib"
        entries.append((f"{folder}/{name}", PROGRAM, path.read_bytes()))
    return _archive(entries)


def _libraries(program: Path) -> Iterator[Path]:
    """Shared libraries that a program needs, where the loader finds them."""
    paths = f"{LIBRARIES}:{PACKAGES / 'lib' / 'x86_64-linux-gnu'}"
    environment = {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": paths}
    listed = subprocess.run(["ldd", str(program)], env=environment, capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        assert "not found" not in line, f"{program.name}: {line.strip()}"
        if found := re.search(r"(/\S+) \(0x", line):
            yield Path(found[1])


def _archive(entries: list[tuple[str, int, bytes]]) -> bytes:
    """cpio as Linux reads it (Documentation/driver-api/early-userspace/buffer-format.rst); all times are 0."""
    parts: list[bytes] = []
    for number, (name, mode, content) in enumerate([*entries, ("TRAILER!!!", 0, b"")], start=1):
        path = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + path
        for part in (head, content):
            parts.append(part + bytes(-len(part) % 4))
    return b"".join(parts)
