"""Verifying keys that were parsed and checked, kept as long as there is room.

Reading a key checks its model proof, which takes as long as a verification. A key is found by the digest of its bytes,
so that nobody's key stands in for another's.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

from zkseal.proving import AnyVerifyingKey, decode_verifying_key

__all__ = ["KeyCache"]

ROOM_BYTES = 64 << 20
"""Of encoded keys; parsed ones take four times as much."""


class KeyCache:
    """Threads may share it.

    Args:
        room_bytes: encoded keys that are kept; the one that was not used for longest goes first.
    """

    def __init__(self, room_bytes: int = ROOM_BYTES) -> None:
        self._room, self._held = room_bytes, 0
        self._keys: OrderedDict[bytes, AnyVerifyingKey] = OrderedDict()
        self._lock = threading.Lock()

    def key_of(self, data: bytes) -> AnyVerifyingKey:
        """The key that `data` encodes, of a model in one piece or in segments; what is refused is not kept.

        Raises:
            DecodeError, ModelProofRejected: it is no key, or one that does not hold.
        """
        digest = hashlib.sha256(data).digest()
        with self._lock:
            found = self._keys.get(digest)
            if found is not None:
                self._keys.move_to_end(digest)
                return found
        key = decode_verifying_key(data)
        with self._lock:
            if digest not in self._keys:
                self._keys[digest] = key
                self._held += len(data)
            while self._held > self._room and len(self._keys) > 1:
                _, dropped = self._keys.popitem(last=False)
                self._held -= len(dropped.data)
        return key

    def __len__(self) -> int:
        return len(self._keys)
