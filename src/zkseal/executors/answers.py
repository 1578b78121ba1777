"""What a worker does with a question: loads the key that it names, proves, and returns plain data."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from zkseal.errors import InvalidEncoding
from zkseal.executors.key_files import kind_of, require_digest
from zkseal.executors.plain_jobs import job_from_plain, run_to_plain
from zkseal.files import proving_key_in, segmented_head_in
from zkseal.files.container import mapped
from zkseal.pipeline import ProvingKey, prove
from zkseal.proving.plain_arrays import arrays_from_plain, opening_from_plain, opening_to_plain
from zkseal.segments import begin, prove_segment

__all__ = ["Answers"]

Progress = Callable[[str, float], None]


class Answers:
    """Answers questions, and keeps the keys that were used last.

    A key's file is mapped, and its digest is checked when it is loaded: once in this process while it is kept.
    """

    def __init__(self, keys_held: int) -> None:
        self._keys: OrderedDict[bytes, ProvingKey] = OrderedDict()
        self._keys_held = keys_held

    def answer(self, question: Any, progress: Progress) -> dict[str, Any]:
        """The answer to one question. Raises `ZksealError`."""
        match question:
            case {"do": "prove", "key": bytes(digest), "path": str(path), "inputs": inputs, "context": bytes(context)}:
                given = question.get("opening")
                key = self._key(digest, Path(path), progress)
                proved = prove(
                    key,
                    arrays_from_plain(inputs),
                    context=context,
                    opening=None if given is None else opening_from_plain(given),
                    progress=progress,
                )
                return {"receipt": proved.receipt.to_cbor(), "opening": opening_to_plain(proved.opening)}
            case {"do": "segment", "key": bytes(digest), "path": str(path), "job": job}:
                key = self._key(digest, Path(path), progress)
                return {"piece": prove_segment(key, job_from_plain(job), progress=progress)}
            case {"do": "run", "head": str(head), "segments": list(paths), "inputs": inputs, "context": bytes(context)}:
                whole = segmented_head_in(mapped(Path(head)), head).with_segments([Path(path) for path in paths])
                return run_to_plain(begin(whole, arrays_from_plain(inputs), context=context, progress=progress))
        raise InvalidEncoding("This worker does not know the question.", reason="question")

    def _key(self, digest: bytes, path: Path, progress: Progress) -> ProvingKey:
        if digest in self._keys:
            self._keys.move_to_end(digest)
            return self._keys[digest]
        progress("load key", 0.0)
        while len(self._keys) >= self._keys_held:
            self._keys.popitem(last=False)
        contents = mapped(path)
        require_digest(contents, digest, path)
        self._keys[digest] = proving_key_in(contents, path, kind_of(path))
        progress("load key", 1.0)
        return self._keys[digest]
