"""A Ray cluster of several nodes on this machine, each with its own processes and its own folder of keys."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any

from tests.cluster.processes import descendants, kill_all

# Ray reads this when it is imported, and its processes inherit it.
os.environ |= {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_USAGE_STATS_ENABLED": "0",
}

__all__ = ["LocalCluster"]

OBJECT_STORE_BYTES = 100 << 20


class LocalCluster:
    """A head that works on nothing, and nodes that have room for some workers each."""

    def __init__(self, nodes: int, cores: int = 1) -> None:
        from ray.cluster_utils import Cluster

        # Sockets of Ray are in this folder, and their paths must be short.
        self.folder = Path(tempfile.mkdtemp(prefix="zkseal-ray-", dir="/tmp"))
        os.environ["RAY_TMPDIR"] = str(self.folder)
        self._cluster = Cluster()
        self._cluster.add_node(num_cpus=0, object_store_memory=OBJECT_STORE_BYTES, include_dashboard=False)
        self._nodes = [self.add_node(cores) for _ in range(nodes)]
        self._cluster.wait_for_nodes()

    @property
    def address(self) -> str:
        """Of the head."""
        return str(self._cluster.address)

    def add_node(self, cores: int) -> Any:
        """One more machine."""
        number = len(list(self.folder.glob("node*")))
        home = self.folder / f"node{number}"
        home.mkdir()
        return self._cluster.add_node(
            num_cpus=cores, object_store_memory=OBJECT_STORE_BYTES, env_vars={"XDG_CACHE_HOME": str(home)}
        )

    def key_files(self) -> list[list[str]]:
        """Names of the key files that each node holds."""
        folders = sorted(self.folder.glob("node*"))
        return [sorted(path.name for path in folder.glob("zkseal/keys/*")) for folder in folders]

    def lose_node(self) -> None:
        """The first node's raylet and all that it started are killed, as if its machine had lost power."""
        raylet = self._nodes.pop(0).all_processes["raylet"][0].process.pid
        kill_all([*descendants(raylet), raylet])

    def close(self) -> None:
        """Ends all nodes."""
        self._cluster.shutdown()
        shutil.rmtree(self.folder, ignore_errors=True)
