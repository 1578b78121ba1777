"""Two network namespaces as two hosts, joined by a veth pair: a Ray head on one, a node with workers on the other.

`python two_hosts.py FOLDER` runs on the head's host: it proves there, with workers that it can only reach over the
wire, listens on the wire meanwhile, and prints what it found as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

HEAD, NODE = "10.77.0.1", "10.77.0.2"
PORT = 6399
RAY = Path(sys.executable).with_name("ray")
ETHERNET = 0x0003
"""ETH_P_ALL of packet(7)."""


@contextlib.contextmanager
def two_namespaces() -> Iterator[tuple[str, str]]:
    """Names of two namespaces that reach each other and nothing else. Raises `CalledProcessError`: not allowed here."""
    mark = secrets.token_hex(3)
    names = f"zkhead{mark}", f"zknode{mark}"
    links = f"zv{mark}a", f"zv{mark}b"
    try:
        for name in names:
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("link", "add", links[0], "netns", names[0], "type", "veth", "peer", "name", links[1], "netns", names[1])
        for name, link, address in zip(names, links, (HEAD, NODE), strict=True):
            _ip("-n", name, "address", "add", f"{address}/24", "dev", link)
            _ip("-n", name, "link", "set", link, "up")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, check=True)


@contextlib.contextmanager
def ray_node(namespace: str | None, folder: Path, *arguments: str) -> Iterator[None]:
    """A node that runs until the block ends; in another namespace, if one is named."""
    command = [str(RAY), "start", "--block", "--disable-usage-stats", "--object-store-memory", str(100 << 20)]
    prefix = [] if namespace is None else ["ip", "netns", "exec", namespace]
    environment = os.environ | {"XDG_CACHE_HOME": str(folder)}
    with subprocess.Popen(
        [*prefix, *command, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield
        finally:
            process.terminate()


class Wire:
    """Everything that this host sends to another one, or gets from it."""

    def __init__(self) -> None:
        self.seen = bytearray()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERNET))
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            packet, address = self._socket.recvfrom(1 << 17)
            if address[0] != "lo":
                self.seen += packet


def listening() -> dict[str, list[int]]:
    """Ports by the address that somebody on this host listens on."""
    found: dict[str, list[int]] = {}
    for line in subprocess.run(["ss", "-Hltn"], capture_output=True, text=True, check=True).stdout.splitlines():
        address, _, port = line.split()[3].rpartition(":")
        found.setdefault(address, []).append(int(port))
    return found


def main(folder: Path, node_namespace: str) -> None:
    """Proves one input over the wire."""
    # Not before Ray's settings are in the environment.
    from zkseal import pipeline
    from zkseal.executors import KeyFile, ProveTask, RayExecutor
    from zkseal.executors.key_files import LoadedKey

    key = KeyFile.of(folder / "model.zkp")
    marked = np.load(folder / "marked.npy")
    head = ("--head", f"--port={PORT}", f"--node-ip-address={HEAD}", "--num-cpus=0", "--include-dashboard=false")
    node = (f"--address={HEAD}:{PORT}", f"--node-ip-address={NODE}", "--num-cpus=1")
    with (
        ray_node(None, folder / "head", *head, f"--temp-dir={folder / 'ray'}"),
        ray_node(node_namespace, folder / "node", *node),
    ):
        wait_for(HEAD, PORT)
        wire = Wire()
        with RayExecutor(f"{HEAD}:{PORT}", 1) as executor:
            handle = executor.submit(ProveTask(key, marked, b"wire"))
            receipt = handle.result(180).receipt
            sent = [path.name for path in folder.glob("node/zkseal/keys/*")]
            sockets = listening()
    contents = key.path.read_bytes()
    weights = [contents[start : start + 64] for start in range(len(contents) // 2, len(contents) - 64, 997)]
    found = {
        "verified": pipeline.verify(receipt, LoadedKey.read(key).verifying_key, context=b"wire").context.decode(),
        "key_sent_to_node": sent,
        "bytes_on_wire": len(wire.seen),
        "input_on_wire": marked.tobytes() in wire.seen,
        "weights_on_wire": any(piece in wire.seen for piece in weights),
        "listening": {address: len(ports) for address, ports in sockets.items()},
    }
    print(json.dumps(found))


def wait_for(host: str, port: int) -> None:
    """Until somebody listens there."""
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        time.sleep(0.2)
    raise TimeoutError(f"nobody listens at {host}:{port}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
