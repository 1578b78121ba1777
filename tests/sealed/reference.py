"""Sealed models, written plainly from docs/decisions/sealed-models.md: a second reader and writer of the file.

Nothing of zkseal is used but its deterministic CBOR. AES-GCM, HKDF and Ed25519 are those of `cryptography`, HPKE that
of `pyhpke`, BLAKE3 is the paper's, block by block. Slow, and meant for small files.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pyhpke import AEADId, CipherSuite, KDFId, KEMId

from zkseal.receipts import cbor

SUITE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.AES256_GCM)
PREFIX = struct.Struct(">8s4sHII")
TABLE = 0xFFFF_FFFF

# BLAKE3, section 2 of the paper. ------------------------------------------------------------------------------------

_IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
_PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
_CHUNK_START, _CHUNK_END, _PARENT, _ROOT, _KEYED = 1, 2, 4, 8, 16
_COLUMNS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))
_DIAGONALS = ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
_MASK = 0xFFFF_FFFF


def _mix(state: list[int], places: tuple[int, int, int, int], x: int, y: int) -> None:
    a, b, c, d = places
    for word, turn_d, turn_b in ((x, 16, 12), (y, 8, 7)):
        state[a] = (state[a] + state[b] + word) & _MASK
        state[d] = _turned(state[d] ^ state[a], turn_d)
        state[c] = (state[c] + state[d]) & _MASK
        state[b] = _turned(state[b] ^ state[c], turn_b)


def _turned(word: int, by: int) -> int:
    return (word >> by | word << (32 - by)) & _MASK


def _compress(chain: tuple[int, ...], block: bytes, counter: int, length: int, flags: int) -> tuple[int, ...]:
    words = list(struct.unpack("<16I", block.ljust(64, b"\0")))
    state = [*chain, *_IV[:4], counter & _MASK, counter >> 32, length, flags]
    for _ in range(7):
        for index, places in enumerate(_COLUMNS + _DIAGONALS):
            _mix(state, places, words[2 * index], words[2 * index + 1])
        words = [words[at] for at in _PERMUTATION]
    return tuple(state[at] ^ state[at + 8] for at in range(8))


def blake3_keyed(key: bytes, data: bytes) -> bytes:
    """The keyed hash, 32 bytes."""
    start = struct.unpack("<8I", key)
    return struct.pack("<8I", *_tree(start, data, 0, _ROOT))


def _tree(key: tuple[int, ...], data: bytes, first: int, root: int) -> tuple[int, ...]:
    if len(data) <= 1024:
        return _chunk(key, data, first, root)
    chunks = -(-len(data) // 1024)
    split = 1 << ((chunks - 1).bit_length() - 1)
    left = _tree(key, data[: 1024 * split], first, 0)
    right = _tree(key, data[1024 * split :], first + split, 0)
    return _compress(key, struct.pack("<16I", *left, *right), 0, 64, _PARENT | _KEYED | root)


def _chunk(key: tuple[int, ...], data: bytes, counter: int, root: int) -> tuple[int, ...]:
    blocks = [data[at : at + 64] for at in range(0, max(1, len(data)), 64)]
    chain = key
    for index, block in enumerate(blocks):
        flags = _KEYED | (_CHUNK_START if index == 0 else 0)
        if index == len(blocks) - 1:
            flags |= _CHUNK_END | root
        chain = _compress(chain, block, counter, len(block), flags)
    return chain


# The file. ----------------------------------------------------------------------------------------------------------


def derived(key: bytes, salt: bytes, info: bytes) -> bytes:
    """HKDF-SHA256, 32 bytes."""
    return HKDF(SHA256(), 32, salt, info).derive(key)


def root_of(node_key: bytes, leaves: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return blake3_keyed(node_key, root_of(node_key, leaves[:split]) + root_of(node_key, leaves[split:]))


def chunks_of(data: bytes, size: int) -> list[bytes]:
    """Pieces of `size` bytes; nothing is one empty piece."""
    return [data[at : at + size] for at in range(0, max(1, len(data)), size)]


@dataclass(frozen=True)
class Stream:
    """The cipher of a file."""

    key: bytes
    header_digest: bytes

    def _labels(self, section: int, chunk: int, last: bool) -> tuple[bytes, bytes]:
        nonce = section.to_bytes(7, "big") + chunk.to_bytes(4, "big") + bytes([last])
        return nonce, self.header_digest + section.to_bytes(4, "big")

    def seal(self, section: int, data: bytes, size: int) -> bytes:
        """All chunks of a section, encrypted."""
        pieces = chunks_of(data, size)
        sealed = []
        for number, piece in enumerate(pieces):
            nonce, aad = self._labels(section, number, number == len(pieces) - 1)
            sealed.append(AESGCM(self.key).encrypt(nonce, piece, aad))
        return b"".join(sealed)

    def open(self, section: int, sealed: bytes, size: int) -> bytes:
        """A section, decrypted. Raises `InvalidTag`."""
        pieces = chunks_of(sealed, size + 16)
        plain = []
        for number, piece in enumerate(pieces):
            nonce, aad = self._labels(section, number, number == len(pieces) - 1)
            plain.append(AESGCM(self.key).decrypt(nonce, piece, aad))
        return b"".join(plain)


def stanza_info(header: bytes) -> bytes:
    """The HPKE info of a stanza."""
    level = cbor.loads(header, max_bytes=1 << 14)["assurance"]
    bound = {"assurance": level, "header": hashlib.sha256(header).digest()}
    return b"zkseal/sealed-stanza/v1" + cbor.dumps(bound)


def write(
    sections: dict[str, bytes], fields: dict[str, object], publisher: bytes, recipient: bytes, key: bytes, size: int
) -> bytes:
    """The bytes of a sealed model. `publisher` is an Ed25519 seed, `recipient` an X25519 public key."""
    signer = Ed25519PrivateKey.from_private_bytes(publisher)
    salt = hashlib.sha256(b"salt" + key).digest()
    leaf_key = derived(key, salt, b"zkseal/sealed/v1/leaf")
    leaves = [blake3_keyed(leaf_key, piece) for data in sections.values() for piece in chunks_of(data, size)]
    header = cbor.dumps(
        {
            "format": "zkseal/sealed/v1",
            "suite": "AES256GCM-STREAM+HKDF-SHA256+BLAKE3+Ed25519",
            "publisher": signer.public_key().public_bytes_raw(),
            "chunk": size,
            "salt": salt,
            "sections": [[name, len(data)] for name, data in sections.items()],
            "root": root_of(derived(key, salt, b"zkseal/sealed/v1/node"), leaves),
            "key commitment": derived(key, salt, b"zkseal/sealed/v1/commitment"),
            **fields,
        }
    )
    digest = hashlib.sha256(header).digest()
    encapsulated, sender = SUITE.create_sender_context(
        SUITE.kem.deserialize_public_key(recipient), info=stanza_info(header)
    )
    stanzas = cbor.dumps([{"type": "hpke", "to": recipient, "key": encapsulated + sender.seal(key)}])
    stream = Stream(derived(key, salt, b"zkseal/sealed/v1" + digest), digest)
    body = [stream.seal(number, data, size) for number, data in enumerate(sections.values())]
    body.append(stream.seal(TABLE, b"".join(leaves), size))
    head = PREFIX.pack(b"\x89ZKS\r\n\x1a\n", b"SEAL", 1, len(header), len(stanzas))
    return head + header + signer.sign(b"zkseal/sealed-header/v1\0" + header) + stanzas + b"".join(body)


def read(data: bytes, private_key: bytes) -> dict[str, bytes]:
    """The sections of a sealed model, for a recipient's X25519 key. Asserts everything that a reader checks."""
    magic, kind, version, header_bytes, stanzas_bytes = PREFIX.unpack_from(data)
    assert (magic, kind, version) == (b"\x89ZKS\r\n\x1a\n", b"SEAL", 1)
    rest = data[PREFIX.size :]
    header, rest = rest[:header_bytes], rest[header_bytes:]
    signature, rest = rest[:64], rest[64:]
    stanzas, body = rest[:stanzas_bytes], rest[stanzas_bytes:]
    fields = cbor.loads(header, max_bytes=1 << 14)
    Ed25519PublicKey.from_public_bytes(fields["publisher"]).verify(signature, b"zkseal/sealed-header/v1\0" + header)
    private = SUITE.kem.deserialize_private_key(private_key)
    public = X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()
    (stanza,) = (entry for entry in cbor.loads(stanzas, max_bytes=1 << 14) if entry["to"] == public)
    receiver = SUITE.create_recipient_context(stanza["key"][:32], private, info=stanza_info(header))
    key, salt, size = receiver.open(stanza["key"][32:]), fields["salt"], fields["chunk"]
    assert derived(key, salt, b"zkseal/sealed/v1/commitment") == fields["key commitment"]
    digest = hashlib.sha256(header).digest()
    stream = Stream(derived(key, salt, b"zkseal/sealed/v1" + digest), digest)
    sections: dict[str, bytes] = {}
    for number, (name, length) in enumerate(fields["sections"]):
        end = length + 16 * max(1, -(-length // size))
        sections[name], body = stream.open(number, body[:end], size), body[end:]
    leaf_key = derived(key, salt, b"zkseal/sealed/v1/leaf")
    leaves = [blake3_keyed(leaf_key, piece) for part in sections.values() for piece in chunks_of(part, size)]
    assert root_of(derived(key, salt, b"zkseal/sealed/v1/node"), leaves) == fields["root"]
    assert stream.open(TABLE, body, size) == b"".join(leaves)
    return sections
