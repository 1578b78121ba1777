"""Keys of models in segments.

The proving key is a small file; the keys of the segments, which hold the weights, lie in a folder beside it, each under
the SHA-256 of its file: ``model.zkp`` and ``model.zkp.segments/<digest>.zks``. Whoever proves one segment needs that
one file only.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload

from zkseal.errors import FileUnavailable, InvalidEncoding, WrongModel
from zkseal.files.atomic import write_atomically
from zkseal.files.container import container, identify, mapped, read_container, read_sections, write_container
from zkseal.files.keys import (
    MAX_PLAIN_BYTES,
    load_proving_key,
    provenance_of,
    provenance_to_plain,
    proving_key_in,
    save_proving_key,
    sections_of,
)
from zkseal.files.kinds import (
    PROVING_KEY,
    SEGMENT_KEY,
    SEGMENTED_PROVING_KEY,
    SEGMENTED_VERIFYING_KEY,
    VERIFYING_KEY,
)
from zkseal.files.statements import load_verifying_key, save_verifying_key
from zkseal.lowering import Program
from zkseal.lowering.archive import ArrayStore, from_plain, to_plain
from zkseal.pipeline import ProvingKey
from zkseal.pipeline.provenance import Provenance
from zkseal.proving import SegmentedVerifyingKey, VerifyingKey
from zkseal.receipts import cbor
from zkseal.segments import SegmentedProvingKey

__all__ = [
    "SegmentedHead",
    "drop_stale_segments",
    "load_any_proving_key",
    "load_any_verifying_key",
    "load_segment_key",
    "load_segmented_proving_key",
    "load_segmented_verifying_key",
    "save_any_proving_key",
    "save_any_verifying_key",
    "segment_files",
    "segmented_head_in",
]

DIGEST_BYTES = 32

AnyPath = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class SegmentedHead:
    """What the file of a proving key in segments holds: everything but the keys of the segments. A secret.

    Attributes:
        digests: SHA-256 of the files of the segments' keys, in order.
    """

    program: Program = field(repr=False)
    verifying_key: SegmentedVerifyingKey
    provenance: Provenance
    digests: tuple[bytes, ...]

    def with_segments(self, paths: Sequence[Path]) -> SegmentedProvingKey:
        """The proving key whose segments are in these files; each is read whenever it is asked for."""
        segments = _SegmentFiles(paths, self.verifying_key)
        return SegmentedProvingKey(self.program, self.verifying_key, segments, self.provenance)


class _SegmentFiles(Sequence[ProvingKey]):
    """Keys of segments that are read when they are asked for, and kept by nobody."""

    def __init__(self, paths: Sequence[Path], verifying_key: SegmentedVerifyingKey) -> None:
        self._paths, self._verifying_key = paths, verifying_key

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, index: int) -> ProvingKey: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[ProvingKey]: ...

    def __getitem__(self, index: int | slice) -> ProvingKey | Sequence[ProvingKey]:
        if isinstance(index, slice):
            return [self[position] for position in range(len(self))[index]]
        key, expected = load_segment_key(self._paths[index]), self._verifying_key.segments[index].key
        if key.verifying_key.data != expected.data:
            raise WrongModel(
                f"'{self._paths[index]}' is the key of another segment. Copy the folder again, or run setup again.",
                expected=expected.model_id.hex(),
                got=key.verifying_key.model_id.hex(),
                segment=index,
            )
        return key


def save_any_proving_key(path: AnyPath, key: ProvingKey | SegmentedProvingKey) -> None:
    """Writes a proving key; one in segments with the folder of its segments. All are readable by their owner only.

    Keys of segments of an earlier proving key of this name stay until `drop_stale_segments`.

    Raises:
        OutOfDisk, FileUnavailable: see `write_atomically`.
    """
    if isinstance(key, ProvingKey):
        save_proving_key(path, key)
        return
    folder = _folder(path)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileUnavailable(f"Cannot write '{folder}': {reason}.", path=str(folder), reason=reason) from error
    digests = [_save_segment(folder, segment) for segment in key.segments]
    store = ArrayStore()
    head = to_plain(key.head, store)
    sections = {
        "head": [cbor.dumps(provenance_to_plain(key.provenance))],
        "program": [cbor.dumps(head)],
        "verifying key": [key.verifying_key.data],
        "segments": [b"".join(digests)],
    }
    write_container(path, SEGMENTED_PROVING_KEY, sections)


def drop_stale_segments(path: AnyPath) -> None:
    """Removes keys of segments that the proving key `path` does not name: those of one that it replaced.

    Raises:
        FileUnavailable, DecodeError: there is no proving key, or it is damaged.
    """
    is_segmented = identify(path, (PROVING_KEY, SEGMENTED_PROVING_KEY)) is SEGMENTED_PROVING_KEY
    kept = set(segment_files(path)) if is_segmented else set()
    for found in _folder(path).glob(f"*{SEGMENT_KEY.suffix}"):
        if found not in kept and len(found.stem) == 2 * DIGEST_BYTES:
            with contextlib.suppress(OSError):
                found.unlink()


def _save_segment(folder: Path, key: ProvingKey) -> bytes:
    """Writes the key of a segment under its digest, which is returned."""
    sections = sections_of(key)
    digest = hashlib.sha256()
    for piece in container(SEGMENT_KEY, sections):
        digest.update(piece)
    write_atomically(folder / _name(digest.digest()), container(SEGMENT_KEY, sections), secret=SEGMENT_KEY.secret)
    return digest.digest()


def load_segment_key(path: AnyPath) -> ProvingKey:
    """Reads the key of one segment; its weights stay on the disk until they are used. Raises as `load_proving_key`."""
    return proving_key_in(mapped(Path(path)), path, SEGMENT_KEY)


def segment_files(path: AnyPath) -> list[Path]:
    """The files of the segments of a proving key, in order. Raises as `load_proving_key`."""
    digests = _digests(path, bytes(read_container(path, SEGMENTED_PROVING_KEY)["segments"]))
    return [_folder(path) / _name(digest) for digest in digests]


def load_segmented_proving_key(path: AnyPath) -> SegmentedProvingKey:
    """Reads a proving key in segments; the key of a segment is read whenever it is asked for.

    Raises:
        FileUnavailable, DecodeError: the file cannot be read, is damaged, or is something else.
        ModelProofRejected: the verifying key in it is none.
    """
    head = segmented_head_in(mapped(Path(path)), path)
    return head.with_segments([_folder(path) / _name(digest) for digest in head.digests])


def segmented_head_in(contents: memoryview, path: AnyPath) -> SegmentedHead:
    """The file of a proving key in segments, whose bytes are in memory; `path` is what errors call it.

    Raises as `load_segmented_proving_key`.
    """
    sections = read_sections(path, contents, SEGMENTED_PROVING_KEY)
    verifying_key = SegmentedVerifyingKey.decode(bytes(sections["verifying key"]))
    try:
        plain = cbor.loads(bytes(sections["program"]), max_bytes=MAX_PLAIN_BYTES)
        program = from_plain(plain, [], verifying_key.relation, {})
        provenance = provenance_of(cbor.loads(bytes(sections["head"]), max_bytes=MAX_PLAIN_BYTES))
        digests = _digests(path, bytes(sections["segments"]))
        if len(digests) != len(verifying_key.segments):
            raise InvalidEncoding(
                f"This is no proving key: it names {len(digests)} segments of {len(verifying_key.segments)}. Run setup "
                "again.",
                reason="segments",
            )
    except InvalidEncoding as error:
        raise InvalidEncoding(f"'{path}' is damaged. {error}", **{**error.fields, "path": str(path)}) from error
    return SegmentedHead(program, verifying_key, provenance, digests)


def load_any_proving_key(path: AnyPath) -> ProvingKey | SegmentedProvingKey:
    """Reads a proving key of a model in one piece or in segments. Raises as `load_proving_key`."""
    kind = identify(path, (PROVING_KEY, SEGMENTED_PROVING_KEY))
    return load_proving_key(path) if kind is PROVING_KEY else load_segmented_proving_key(path)


def save_any_verifying_key(path: AnyPath, key: VerifyingKey | SegmentedVerifyingKey) -> None:
    """Writes a verifying key, whole or not at all. Raises `OutOfDisk`, `FileUnavailable`."""
    if isinstance(key, VerifyingKey):
        save_verifying_key(path, key)
    else:
        write_container(path, SEGMENTED_VERIFYING_KEY, {"verifying key": [key.data]})


def load_segmented_verifying_key(path: AnyPath) -> SegmentedVerifyingKey:
    """Reads a key in segments and checks all model proofs. Raises as `load_verifying_key`."""
    return SegmentedVerifyingKey.decode(bytes(read_container(path, SEGMENTED_VERIFYING_KEY)["verifying key"]))


def load_any_verifying_key(path: AnyPath) -> VerifyingKey | SegmentedVerifyingKey:
    """Reads a verifying key of a model in one piece or in segments. Raises as `load_verifying_key`."""
    kind = identify(path, (VERIFYING_KEY, SEGMENTED_VERIFYING_KEY))
    return load_verifying_key(path) if kind is VERIFYING_KEY else load_segmented_verifying_key(path)


def _folder(path: AnyPath) -> Path:
    found = Path(path)
    return found.with_name(f"{found.name}.segments")


def _name(digest: bytes) -> str:
    return f"{digest.hex()}{SEGMENT_KEY.suffix}"


def _digests(path: AnyPath, joined: bytes) -> tuple[bytes, ...]:
    if len(joined) % DIGEST_BYTES:
        raise InvalidEncoding(f"'{path}' names half a segment. Run setup again.", path=str(path), reason="segments")
    return tuple(joined[start : start + DIGEST_BYTES] for start in range(0, len(joined), DIGEST_BYTES))
