"""Every absorb and challenge of a proof, in order: prover, verifier and reference pass the same sites.

The logs of two proofs with lookups, products, several rows and public values are compared with
`transcript_inventory.txt` (tree and ipa) and `transcript_inventory_short.txt` (helper column and kzg), which are
reviewed when they change: whatever a challenge is to bind has to stand above it. `python -m
tests.soundness.test_transcript_inventory` writes them again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from reference.tests.relations import INPUT, OUTPUT, PUBLIC, WITNESS, Sketch

from zkseal_reference.relation import encode_relation
from zkseal_reference.transcript import Transcript

from .native import ROOT, Attempt, Setting, kit, reference_verdict

pytestmark = pytest.mark.native

TREE_IPA, HELPER_KZG = (
    Path(__file__).with_name(name) for name in ("transcript_inventory.txt", "transcript_inventory_short.txt")
)
Site = tuple[str, str, int]

# Read from chapters 1, 4, 5 and 6: all that precedes the first challenge, and each challenge with what it must follow.
HEAD = [
    "zkseal",
    "params",
    "relation",
    "model",
    "table",
    "context",
    "public",
    "public",
    "input",
    "output",
    "witness",
    "mask",
]
FOLLOWS = {
    "tree point": "tree round",
    "tree sigma": "tree values",
    "product point": "product round",
    "delta": "product values",
    "row point": "row round",
    "chi": "blinding value",
    "column point": "column round",
    "ipa w": "combined",
    "ipa x": "ipa round",
}
HELPER_FOLLOWS = {
    "helper point": "helper round",
    "eta": "helper values",
    "kzg alpha": "kzg rows",
    "kzg gamma": "kzg quotient",
    "kzg zeta": "kzg products",
    "kzg beta": "kzg values",
    "kzg z": "kzg batch",
}


# How sources name labels: at the call, in a constant, or as the two labels of a sumcheck.
LABELS = (
    r'(?:absorb|absorb_scalars|absorb_points|challenge|challenge128)\(\s*"([^"]+)"',
    r'const LABEL_\w+: &str = "([^"]+)"',
    r'round: "([^"]+)", point: "[^"]+"',
    r'round: "[^"]+", point: "([^"]+)"',
)


def everything() -> Sketch:
    """y = x^2 looked up; two public tensors, one of them read."""
    s = Sketch(c=6, loops={"i": 3})
    s.tensor("x", INPUT, (3,), [1, -2, 3])
    s.tensor("shift", PUBLIC, (3,), [5, 6, 7])
    s.tensor("label", PUBLIC, (2,), [0, 1])
    s.tensor("y", WITNESS, (3,), [1, 4, 9])
    s.tensor("z", OUTPUT, (3,), [6, 10, 16])
    s.progression("t16", 0, 16)
    s.table("r16", 0, "t16")
    s.lookup("r16", "i", (s.term(1, s.at("y", "i")),))
    s.zero("i", s.term(1, s.at("x", "i"), s.at("x", "i")), s.term(-1, s.at("y", "i")))
    s.zero("i", s.term(1, s.at("y", "i")), s.term(1, s.at("shift", "i")), s.term(-1, s.at("z", "i")))
    return s


@cache
def attempt(lanes: int | None = None, tau: int | None = None) -> Attempt:
    sketch = everything()
    setting = Setting(encode_relation(sketch.relation()), sketch.c, sketch.values, lanes=lanes, tau=tau)
    return setting.prove(sketch.values)


def helper_attempt() -> Attempt:
    """By the other lookup argument and the other opening."""
    return attempt(lanes=2, tau=77)


LISTS = {attempt: TREE_IPA, helper_attempt: HELPER_KZG}
"""A proof, and the list of its sites."""


def reference_sites(proved: Attempt) -> list[Site]:
    sites: list[Site] = []
    reference_verdict(proved)  # the key's own proof is none of this log
    absorb, challenge = Transcript.absorb, Transcript.challenge

    def logged_absorb(self: Transcript, label: str, data: bytes) -> None:
        sites.append(("absorb", label, len(data)))
        absorb(self, label, data)

    def logged_challenge(self: Transcript, label: str) -> int:
        sites.append(("challenge", label, 0))
        return challenge(self, label)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transcript, "absorb", logged_absorb)
        patch.setattr(Transcript, "challenge", logged_challenge)
        assert reference_verdict(proved) == "accepted"
    return sites


def text(sites: list[Site]) -> str:
    return "".join(
        f"{kind} {label}" + (f" ({size} bytes)\n" if kind == "absorb" else "\n") for kind, label, size in sites
    )


@pytest.mark.parametrize("made", LISTS)
def test_prover_and_verifiers_pass_the_sites_that_are_committed(made: Callable[[], Attempt]) -> None:
    proved = made()
    verified = kit().verify_log(proved.key, proved.context, proved.public, proved.inputs, proved.outputs, proved.proof)
    committed = LISTS[made].read_text()
    assert text(proved.extra["log"]) == committed
    assert text(verified) == committed
    assert text(reference_sites(proved)) == committed


def test_everything_public_and_all_commitments_precede_the_first_challenge() -> None:
    sites = attempt().extra["log"]
    first = next(k for k, (kind, _, _) in enumerate(sites) if kind == "challenge")
    assert [label for _, label, _ in sites[:first]] == HEAD


def test_every_challenge_follows_the_message_that_it_is_for() -> None:
    shared = {label: FOLLOWS[label] for label in ("product point", "delta", "row point", "chi", "column point")}
    for proved, follows in ((attempt(), FOLLOWS), (helper_attempt(), shared | HELPER_FOLLOWS)):
        seen = set()
        for before, (kind, label, _) in pairwise(proved.extra["log"]):
            if kind == "challenge" and label in follows:
                assert before[:2] == ("absorb", follows[label])
                seen.add(label)
        assert seen == set(follows)


def test_the_helper_column_is_committed_between_its_challenges() -> None:
    sites = [(kind, label) for kind, label, _ in helper_attempt().extra["log"]]
    start = sites.index(("challenge", "alpha"))
    vars_ = sites.count(("challenge", "helper tau"))
    tau = [("challenge", "helper tau")] * vars_
    expected = [("absorb", "helper"), *tau, ("challenge", "helper lambda"), ("absorb", "helper round")]
    assert sites[start + 1 : start + 1 + len(expected)] == expected
    assert sites.count(("absorb", "helper round")) == vars_ + 1


@pytest.mark.parametrize("made", [attempt, helper_attempt])
def test_every_scalar_and_point_of_a_proof_is_absorbed(made: Callable[[], Attempt]) -> None:
    """Points are absorbed in 64 bytes and sent in 32; nothing in a proof is outside the transcript."""
    proved = made()
    sites = [(label, size) for kind, label, size in proved.extra["log"] if kind == "absorb"]
    own = [(label, size) for label, size in sites if label not in HEAD or label in ("witness", "mask")]
    points = {"witness", "mask", "blinding", "ipa round", "helper"}
    points |= {"kzg rows", "kzg quotient", "kzg products", "kzg batch", "kzg last"}
    assert sum(size // 2 if label in points else size for label, size in own) == len(proved.proof)


def test_every_site_in_the_source_is_in_the_log() -> None:
    """A new absorb or challenge in the core has to be reached by one of the proofs above."""
    labels = set()
    for path in sorted((ROOT / "crates").glob("zkseal-*/src/**/*.rs")):
        if "zkseal-transcript" in path.parts or "zkseal-testkit" in path.parts:
            continue
        source = path.read_text()
        for pattern in LABELS:
            labels |= set(re.findall(pattern, source))
    assert labels == {label for proved in (attempt(), helper_attempt()) for _, label, _ in proved.extra["log"]}


if __name__ == "__main__":
    for made, path in LISTS.items():
        path.write_text(text(made().extra["log"]))
