"""Every word that the universal verifier is given, changed: each is refused, with the error that fits.

The proofs are those of the shared vectors: with public values and without, with committed inputs and outputs, in 1, 2
and 4 lanes and without lookups, with a gather by public values, and model proofs.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from tests.chain.evm import ACCEPTED, HEAD_WORDS, PARTS, REVERTED, Answer, Arguments, machine, place, public_values
from tests.chain.verified import Verified, bounds_of, model_proof, verified, words_of
from tests.chain.worlds import Model

from zkseal import _native
from zkseal.chain.encoding import decode_public_values
from zkseal.chain.inference import commit
from zkseal_reference import VerifyingKey
from zkseal_reference.curve import Q
from zkseal_reference.field import P

pytestmark = pytest.mark.native

NAMES = tuple(verified())
THOROUGH = ("tiny, helper2-kzg", "embedding, helper1-kzg", "tiny, helper2-kzg: model proof")
"""Of these every change of the opening is tried, which takes the EVM 9 ms a time; of the others one a word."""

LINEAR, OPENING, OFF_CURVE = Answer("LinearClaimRejected"), Answer("OpeningRejected"), Answer("NotOnCurve")
WORD = 1 << 256
REFUSED_BY = {"scalar": LINEAR, "commitment": LINEAR, "late scalar": OPENING, "point": OPENING}
"""What refuses another valid word in the place of one."""

Change = tuple[str, bytes, Answer]
"""What was changed, calldata, the answer that is expected."""


@pytest.fixture(scope="session", autouse=True)
def anvil() -> None:
    """Not needed here."""


def number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 32], "big")


def put(data: bytes, at: int, *words: int) -> bytes:
    new = b"".join(word.to_bytes(32, "big") for word in words)
    return data[:at] + new + data[at + len(new) :]


@cache
def seeded(name: str) -> random.Random:
    return random.Random(name)


def called(found: Verified, arguments: Arguments | None = None) -> bytes:
    return (arguments or found.arguments).calldata(machine().install(found.program))


def scalar_changes(found: Verified, data: bytes, at: int, kind: str, all_: bool) -> Iterator[Change]:
    """A word below p of the proof."""
    own = number(data, at)
    for large in (own + P, P, WORD - 1, *([own + 4 * P] if own < WORD - 4 * P else [])):
        yield f"{large - own:+} at {at}", put(data, at, large), Answer("NonCanonicalScalar", {"at": at})
    bits = (0, 255, seeded(found.name).randrange(1, 250)) if all_ else (0,)
    for new in {own ^ 1 << bit for bit in bits} | ({(own + 1) % P, 0, P - 1} if all_ else set()):
        if new >= P:
            yield f"a bit at {at}", put(data, at, new), Answer("NonCanonicalScalar", {"at": at})
        elif new != own:
            yield f"{new} at {at}", put(data, at, new), REFUSED_BY[kind]


def point_changes(data: bytes, at: int, kind: str, all_: bool) -> Iterator[Change]:
    """Two words of the proof or of the commitments. What is no point changes the transcript, too: of commitments the
    linear claim tells first; what the opening alone depends on, the curve's contracts refuse."""
    x, y = number(data, at), number(data, at + 32)
    bad = LINEAR if kind == "commitment" else OFF_CURVE
    identity = Answer("IdentityPoint", {"at": at}) if kind == "commitment" else OPENING
    changed = {
        "identity": (0, 0, identity),
        "x + q": (x + Q, y, bad),
        "y + q": (x, y + Q, bad),
        "y + 1": (x, y + 1, bad),
        "other root": (x, Q - y, REFUSED_BY[kind]),
        "generator": (1, 2, REFUSED_BY[kind]),
        "x = 0": (0, y, bad),
        "y = 0": (x, 0, bad),
        "swapped": (y, x, bad),
        "x = q, y = q": (Q, Q, bad),
        "high bit of x": (x ^ 1 << 255, y, bad),
        "low bit of x": (x ^ 1, y, bad),
        "high bit of y": (x, y ^ 1 << 255, bad),
        "all ones": (WORD - 1, WORD - 1, bad),
    }
    if (x, y) == (0, 0):  # a polynomial of the opening may be zero
        changed = {"generator": changed["generator"], "x = q, y = q": changed["x = q, y = q"]}
    few = ("identity", "x + q", "generator", "y + 1")
    for name, (new_x, new_y, expected) in changed.items():
        if all_ or name in few:
            yield f"{name} at {at}", put(data, at, new_x, new_y), expected


def proof_changes(found: Verified) -> Iterator[Change]:
    """Every word of the proof."""
    data = called(found)
    start = place(data, "proof")
    index = 0
    while index < len(found.words):
        at, kind = start + 32 * index, found.words[index]
        all_ = kind in ("scalar", "commitment") or found.name in THOROUGH
        if "scalar" in kind:
            yield from scalar_changes(found, data, at, kind, all_)
            index += 1
        else:
            yield from point_changes(data, at, kind, all_)
            index += 2
    for index in range(len(found.words) - 1):
        kinds = {*found.words[index : index + 2]}
        at = start + 32 * index
        if kinds == {"scalar"} and number(data, at) != number(data, at + 32):
            yield (
                f"words {index} and {index + 1} swapped",
                put(data, at, number(data, at + 32), number(data, at)),
                LINEAR,
            )


def length_changes(found: Verified) -> Iterator[Change]:
    """Every part cut after each of its words, and with something more."""
    for what, part in enumerate(("proof", "public", "commitments")):
        own = getattr(found.arguments, part)
        cuts = [own[:at] for at in range(0, len(own), 32)] + [own[:-1], own[1:]] * bool(own)
        for new in [*cuts, own + b"\0", own + bytes(32), own + own[-64:] + bytes(64), own * 2 + bytes(96)]:
            if new != own:
                expected = Answer("WrongLength", {"what": what, "expected": len(own), "got": len(new)})
                yield f"{part} of {len(new)} bytes", called(found, found.arguments.changed(**{part: new})), expected


def context_changes(found: Verified) -> Iterator[Change]:
    """Every byte of the context, and its length."""
    own = found.arguments.context
    flipped = [own[:at] + bytes([own[at] ^ 1 << at % 8]) + own[at + 1 :] for at in range(len(own))]
    for new in [*flipped, own + b"\0", own + bytes(32), *([own[:-1], own[1:], b""] if own else [])]:
        yield f"context {new.hex()}", called(found, found.arguments.changed(context=new)), LINEAR


def commitment_changes(found: Verified) -> Iterator[Change]:
    """Every word of the commitments, and their order."""
    data, own = called(found), found.arguments.commitments
    start = place(data, "commitments")
    for at in range(start, start + len(own), 64):
        yield from point_changes(data, at, "commitment", all_=True)
    for at in range(start, start + len(own) - 64, 64):
        words = [number(data, at + 32 * k) for k in (2, 3, 0, 1)]
        yield f"commitments at {at} swapped", put(data, at, *words), LINEAR


def public_changes(found: Verified) -> Iterator[Change]:
    """Every public value, within its bounds and without, and not reduced to 64 bits or modulo p."""
    data, values = called(found), list(found.values)
    start = place(data, "public")
    for index, (own, (lo, hi)) in enumerate(zip(found.values, found.bounds, strict=True)):
        at = start + 64 + 32 * index
        beyond = {lo - 1, hi + 1, own + (1 << 64), own - (1 << 64), own + P, own - P, 1 << 63, -1 << 63}
        for new in [*beyond, own ^ (1 << 255) - (WORD if own >= 0 else 0)]:
            wrong = Answer("PublicValueOutOfBounds", {"index": index})
            yield f"value {index} is {new}", put(data, at, new % WORD), wrong
        for new in {own + 1, own - 1, lo, hi}:
            if lo <= new <= hi and new != own:
                changed = public_values([*values[:index], new, *values[index + 1 :]])
                yield f"value {index} is {new}", called(found, found.arguments.changed(public=changed)), LINEAR
    if values:
        yield "first value twice", put(data, start + 32, len(values) + 1), wrong_count(values, len(values) + 1)
        yield "no values", put(data, start + 32, 0), wrong_count(values, 0)
        for bit in range(256):
            yield f"bit {bit} of the offset", put(data, start, 32 ^ 1 << bit), wrong_count(values, len(values))
            count = len(values) ^ 1 << bit
            yield f"bit {bit} of the number", put(data, start + 32, count), wrong_count(values, count)


def wrong_count(values: list[int], got: int) -> Answer:
    return Answer("WrongLength", {"what": 1, "expected": len(values), "got": got})


CHANGES: tuple[Callable[[Verified], Iterator[Change]], ...] = (
    proof_changes,
    length_changes,
    context_changes,
    commitment_changes,
    public_changes,
)


@pytest.mark.parametrize("name", NAMES)
def test_every_word_that_is_changed_is_refused(name: str) -> None:
    refuse_changes(verified()[name])


def test_every_word_of_the_fast_provers_proofs_is_refused(hidden_model: Model, public_model: Model) -> None:
    for name, model in (("hidden", hidden_model), ("public", public_model)):
        made = commit(model.proving_key, model.inputs[0])
        data, core = model.verifying_key.data, model.verifying_key.core
        reference = VerifyingKey.decode(data, check_model_proof=False)
        arguments = Arguments(b"c" * 32, made.public, made.commitments, made.prove(b"c" * 32))
        values = decode_public_values(made.public) if made.public else []
        words, bounds = words_of(reference.layout), bounds_of(reference.relation)
        refuse_changes(Verified(name, _native.chain_program(core, False), arguments, words, bounds, tuple(values)))
        refuse_changes(model_proof(name, data))


def refuse_changes(found: Verified) -> None:
    assert machine().verify(found.program, found.arguments) == ACCEPTED
    count = 0
    for comment, calldata, expected in (change for changes in CHANGES for change in changes(found)):
        assert machine().call(calldata) == expected, comment
        count += 1
    assert count > 4 * len(found.words)
    assert machine().verify(found.program, found.arguments) == ACCEPTED


# The frame of the call -----------------------------------------------------------------------------------------------


def decoded(calldata: bytes) -> tuple[bytes, ...] | None:
    """The arguments that calldata says: the address, and the bytes that each offset leads to."""
    found = [calldata[4:36]]
    for part in range(1, HEAD_WORDS):
        at = 4 + number(calldata, 4 + 32 * part)
        length = number(calldata, at)
        if at + 32 + length > len(calldata):
            return None
        found.append(calldata[at + 32 : at + 32 + length])
    return tuple(found)


def frame_changes(found: Verified) -> Iterator[tuple[str, bytes]]:
    """Heads, lengths, selector and end of the calldata."""
    data = called(found)
    frame = [4 + 32 * head for head in range(HEAD_WORDS)] + [place(data, part) - 32 for part in PARTS]
    for at in frame:
        own = number(data, at)
        flipped = (own ^ 1 << bit for bit in range(256))
        for new in (0, 1, WORD - 1, WORD - 32, own + 32, own - 32, 1 << 64, (1 << 64) - 1, 2 * own, *flipped):
            if new % WORD != own:
                yield f"{new % WORD} at {at}", put(data, at, new % WORD)
    for cut in range(4, len(data), 32):
        yield f"first {cut} bytes", data[:cut]
    yield "last byte is missing", data[:-1]
    for head, other in ((36, 68), (36, 132), (68, 100), (100, 132)):
        swapped = put(put(data, head, number(data, other)), other, number(data, head))
        yield f"offsets at {head} and {other} swapped", swapped


@pytest.mark.parametrize("name", THOROUGH)
def test_calldata_that_says_something_else_is_refused(name: str) -> None:
    found = verified()[name]
    own = decoded(called(found))
    same = 0
    for comment, calldata in frame_changes(found):
        answer = machine().call(calldata)
        # An offset may lead to the same bytes elsewhere: to another empty argument.
        if decoded(calldata) == own:
            assert answer == ACCEPTED, comment
            same += 1
        else:
            assert answer != ACCEPTED, comment
    assert same < 40


@pytest.mark.parametrize("name", THOROUGH)
def test_calldata_that_says_the_same_is_taken(name: str) -> None:
    """Arguments in another order, with other padding and something behind: calldata has no canonical form."""
    found = verified()[name]
    data = called(found)
    parts = [getattr(found.arguments, part) for part in PARTS]
    heads, tail = [], b""
    for part in reversed(parts):
        heads.insert(0, 32 * HEAD_WORDS + 7 + len(tail))
        tail += len(part).to_bytes(32, "big") + part + b"\xff" * 5
    offsets = b"".join(head.to_bytes(32, "big") for head in heads)
    assert machine().call(data[:36] + offsets + b"\xee" * 7 + tail) == ACCEPTED
    assert machine().call(data + b"something") == ACCEPTED


@pytest.mark.parametrize("bit", range(32))
def test_other_functions_are_refused(bit: int) -> None:
    found = verified()[THOROUGH[0]]
    data = called(found)
    other = (int.from_bytes(data[:4], "big") ^ 1 << bit).to_bytes(4, "big")
    assert machine().call(other + data[4:]) == REVERTED


def test_the_proof_of_one_key_is_none_of_another() -> None:
    """Proofs of all programs under all others, as far as lengths allow one to be read at all."""
    all_ = verified()
    for own in all_.values():
        for other in all_.values():
            if own.program != other.program:
                answer = machine().verify(other.program, own.arguments)
                assert answer.name in ("WrongLength", "LinearClaimRejected"), (own.name, other.name)
