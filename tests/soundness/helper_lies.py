"""Lies about stage 5.1-H, the helper column, by the slow prover, whose masks are zero: the true value of g1 is 0.

Most are about `lookups(2, 9)` in two lanes: lane 0 has the tables (1 .. 5 in a block of 8, and 7, 8), lane 1 the values
that are looked up. A lie is in the vectors that h is computed from (`lanes`), in h itself (`helper`), or in what is
committed (`rows`, `multiplicities`); all that follows is consistent with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reference.tests.relations import WITNESS, Sketch
from tests.conformance import slow_prover as slow

from zkseal_reference import expansion, helper, verifier, weights
from zkseal_reference.claims import Claim
from zkseal_reference.field import P, eq_index, inverse
from zkseal_reference.lookups import KeyClaim, LookupClaims
from zkseal_reference.relation import Column
from zkseal_slow_prover.helper import Lanes

from .native import Attempt
from .protocol_provers import LINEAR, Patch, ProtocolLie, lookups
from .slow_runs import KNOWN, counted, known, observe, rounds_corrected, run

ONE, TWO, THREE = (slow.Scheme(lanes, kzg=True) for lanes in (1, 2, 3))
"""With the kzg opening, by which the slow prover is fast, and a contract can be told these lies, too."""
Layout = verifier.Layout


def by_lanes(sketch: Sketch, scheme: slow.Scheme = TWO, **hooks: object) -> Callable[[], Attempt]:
    return lambda: run(sketch, scheme, **hooks)


def again(made: Callable[[], Attempt], *patches: tuple[object, str, object]) -> Callable[[Patch, Attempt], Attempt]:
    """The same prover, under the same patches as the verifier."""

    def without(patch: Patch, _attempt: Attempt) -> Attempt:
        for owner, name, replacement in patches:
            patch.setattr(owner, name, replacement)
        return made()

    return without


# Vectors of the slow prover that are not those of the witness


def key_instead(lane: int, position: int, key: int) -> Callable[[Layout, Lanes], None]:
    def change(_layout: Layout, own: Lanes) -> None:
        own.keys[lane][position] = key

    return change


def missing_row(_layout: Layout, own: Lanes) -> None:
    """The third of three lookups is not counted."""
    own.selectors[1][2] = own.keys[1][2] = 0


def extra_row(_layout: Layout, own: Lanes) -> None:
    """A fourth row of the lookup, in its padding, takes away what the false third one adds."""
    own.selectors[1][3], own.keys[1][3] = P - 1, own.keys[1][2]


PADDING = 5
"""The sixth position of the table with five rows, which is at 0."""


def row_in_padding(_layout: Layout, own: Lanes) -> None:
    """The table goes on through its padding, where 6 is counted once."""
    own.keys[0][PADDING : PADDING + 3] = [6, 7, 8]
    own.m[PADDING] = 1


def counted_in_padding(layout: Layout, column: Column, dense: dict[int, list[int]]) -> None:
    if column == Column.WITNESS:
        address = layout.addresses[layout.multiplicity(0)].base + PADDING
        dense[address >> layout.c][address % layout.parameters.row_length] = 1


def balance(position: int) -> Callable[[Layout, Lanes, list[int]], None]:
    """Changes one entry of h so that its sum is zero."""

    def change(_layout: Layout, _own: Lanes, h: list[int]) -> None:
        assert sum(h) % P
        h[position] = (h[position] - sum(h)) % P

    return change


def other_pad(which: int) -> Callable[[Layout, Lanes], None]:
    """A pad that is one more than what mu holds."""

    def change(_layout: Layout, own: Lanes) -> None:
        own.pads[which] += 1

    return change


def other_column(_layout: Layout, column: Column, dense: dict[int, list[int]]) -> None:
    """The commitment of h is that of another column."""
    if column == Column.HELPER:
        row = next(iter(dense.values()))
        row[0] = (row[0] + 1) % P


# Defences taken out


def corrected(of: Callable[[LookupClaims], LookupClaims]) -> Callable[[Patch, Attempt], Attempt]:
    """The verifier takes other values for the claims that the helper argument leaves."""

    def without(patch: Patch, attempt: Attempt) -> Attempt:
        honest = helper.claims
        patch.setattr(helper, "claims", lambda *arguments: of(honest(*arguments)))
        return attempt

    return without


def more(claim: Claim, amount: int) -> Claim:
    return Claim(claim.form, (claim.value + amount) % P)


def key_plus(own: LookupClaims, lane: int, amount: int) -> LookupClaims:
    keys = list(own.keys)
    keys[lane] = KeyClaim(keys[lane].form, (keys[lane].value + amount) % P)
    return replace(own, keys=tuple(keys))


def unchecked_rounds(own: LookupClaims) -> LookupClaims:
    """The rounds prove nothing: the claim g1 is taken to hold."""
    h, g1 = own.rest
    return replace(own, rest=(h, Claim(g1.form, 0)))


def at(own: LookupClaims, position: int) -> int:
    """(1 - r0) eq(position, r)."""
    return (1 - own.r0) * eq_index(position, own.r) % P


def untested_pad(which: int) -> Callable[[LookupClaims], LookupClaims]:
    """What the prover added to the pad is taken off: nothing ties it to mu."""

    def change(own: LookupClaims) -> LookupClaims:
        if which < 2:
            return key_plus(own, which, -own.r0)
        h, g1 = own.rest
        if which == 2:
            return replace(own, rest=(more(h, -own.r0), g1))
        return replace(own, multiplicities=more(own.multiplicities, -own.r0))

    return change


def other_helper(own: LookupClaims) -> LookupClaims:
    h, g1 = own.rest
    return replace(own, rest=(more(h, at(own, 0)), g1))


def untested_sum(transcript: object, layout: Layout) -> tuple[tuple[int, ...], int]:
    tau, _ = DRAW(transcript, layout)  # type: ignore[arg-type]
    return tau, 0


DRAW = helper.draw


def five_rows_to_the_end(vector: list[int], size: int) -> list[int]:
    return vector if size == 5 else vector[:size]


def two_of_three(vector: list[int], size: int) -> list[int]:
    return vector[: 2 if size == 3 else size]


def counted_extra_row(patch: Patch, attempt: Attempt) -> Attempt:
    """sel and k of lane 1 have the fourth row."""
    selectors = helper.selectors

    def with_extra(layout: Layout, r: tuple[int, ...]) -> list[int]:
        first, second = selectors(layout, r)
        return [first, (second - eq_index(3, r)) % P]

    patch.setattr(helper, "selectors", with_extra)
    return corrected(lambda own: key_plus(own, 1, -at(own, 3) * 9))(patch, attempt)


def two_lookups(x: int, y: int) -> Sketch:
    """Two values, each looked up in 1 .. 5 by a lookup of its own: lanes 1 and 2 of three have one each."""
    s = Sketch(c=7, loops={"i": 1})
    s.progression("own", 1, 5)
    s.table("own", 0, "own")
    for name, value in (("x", x), ("y", y)):
        s.tensor(name, WITNESS, (1,), [value])
        s.lookup("own", "i", (s.term(1, s.at(name, "i")),))
    return s


def moved_between_lanes(_layout: Layout, own: Lanes) -> None:
    """9 and 1 are said to be 5 and 5: their sum at every index is the same."""
    own.keys[1][0] = own.keys[2][0] = 5


def counted_as_fives(layout: Layout, values: slow.Values) -> None:
    values[layout.multiplicity(0)] = [0, 0, 0, 0, 2]


# One lie for each challenge of the argument


def known_tau() -> Attempt:
    """Two entries of h are wrong: its sum is zero, and their relations cancel under one tau."""

    def change(layout: Layout, own: Lanes, h: list[int]) -> None:
        tau = [KNOWN] * layout.n
        first, second = (eq_index(i, tau) * denominators(own, i) % P for i in (0, 1))
        step = sum(h) * inverse(first - second) % P
        h[0], h[1] = (h[0] + second * step) % P, (h[1] - first * step) % P
        assert sum(h) % P == 0

    return run(lookups(2, 9), TWO, helper=change)


def denominators(own: Lanes, i: int) -> int:
    """prod_l (alpha - k_l(i))."""
    found = 1
    for keys in own.keys:
        found = found * (own.alpha - keys[i]) % P
    return found


def full_domain(*values: int) -> Sketch:
    """Four values among 1 .. 4, in one lane: no index of the domain of 8 is out of range."""
    s = Sketch(c=7, loops={"i": 4})
    s.tensor("x", WITNESS, (4,), values)
    s.progression("own", 1, 4)
    s.table("own", 0, "own")
    s.lookup("own", "i", (s.term(1, s.at("x", "i")),))
    return s


def known_lambda() -> Attempt:
    """The relation is the same constant at every index, and lambda times the sum of h cancels it."""

    def change(_layout: Layout, own: Lanes, h: list[int]) -> None:
        inverses = [inverse(denominators(own, i)) for i in range(len(h))]
        constant = -KNOWN * sum(h) * inverse(1 + KNOWN * sum(inverses)) % P
        h[:] = [(own_h + constant * d) % P for own_h, d in zip(h, inverses, strict=True)]
        assert (constant + KNOWN * sum(h)) % P == 0

    return run(full_domain(1, 2, 4, 9), ONE, helper=change)


def known_point() -> Attempt:
    """The last round makes up for the sum that is not zero."""
    seen = observe(run(lookups(2, 9), TWO)).helper
    assert seen is not None
    return run(lookups(2, 9), TWO, message=rounds_corrected("helper round", len(seen.r), seen.rest[1].value))


KNOWN_CHALLENGES = (
    known("helper tau", "wrong entries of h that cancel under one tau", known_tau),
    known("helper lambda", "a wrong sum of h that fits one lambda", known_lambda),
    known("helper point", "a round of the helper argument that fits one point", known_point),
)

# The table


def lie(
    what: str, defence: str, made: Callable[[], Attempt], without: Callable[[Patch, Attempt], Attempt]
) -> ProtocolLie:
    return ProtocolLie(f"helper: {what}", defence, LINEAR, made, without)


SUM = "lambda times the sum of h"
ROUNDS = "rounds of the helper argument (claim g1)"
FALSE = {name: by_lanes(lookups(2, 9), helper=balance(k)) for name, k in (("a table row", 1), ("padding", PADDING))}
FALSE["a lookup"] = by_lanes(lookups(2, 9), helper=balance(1))
MOVED = by_lanes(two_lookups(9, 1), THREE, lanes=moved_between_lanes, multiplicities=counted_as_fives)
KEY = by_lanes(lookups(2, 9), lanes=key_instead(1, 1, 4), multiplicities=counted(0, 3, 1))
IN_PADDING = by_lanes(lookups(2, 6), lanes=row_in_padding, rows=counted_in_padding)
MISSING = by_lanes(lookups(1, 2, 9), lanes=missing_row)
TOO_HIGH = by_lanes(lookups(2, 4), multiplicities=counted(0, 1, 1))
OTHER_TABLE = by_lanes(lookups(2, 7), multiplicities=counted(1, 0, 1))
IN_NO_TABLE = by_lanes(lookups(2, 9))

HELPER_LIES = (
    lie("value in no table", SUM, IN_NO_TABLE, again(IN_NO_TABLE, (helper, "draw", untested_sum))),
    lie("multiplicity one too high", SUM, TOO_HIGH, again(TOO_HIGH, (helper, "draw", untested_sum))),
    lie(
        "value that only another table has",
        "table id in the key",
        OTHER_TABLE,
        again(OTHER_TABLE, (expansion, "id_coefficient", lambda *_: 0)),
    ),
    *(
        lie(f"{where} of h makes its sum zero", ROUNDS, made, corrected(unchecked_rounds))
        for where, made in FALSE.items()
    ),
    lie(
        "key of a value that is not the witness's",
        "claim K_1",
        KEY,
        corrected(lambda own: key_plus(own, 1, at(own, 1) * 5)),
    ),
    lie(
        "keys moved between lanes",
        "powers of eta of the lanes",
        MOVED,
        again(MOVED, (expansion, "lane_coefficient", lambda *_: 1)),
    ),
    lie(
        "value only in a padding position of its table",
        "m(x), k(x) are truncated",
        IN_PADDING,
        again(IN_PADDING, (weights, "truncated", five_rows_to_the_end)),
    ),
    lie("missing row", "number of rows in sel_1(x)", MISSING, again(MISSING, (weights, "truncated", two_of_three))),
    lie(
        "extra row",
        "sel_1(x), k_1(x) are truncated",
        by_lanes(lookups(1, 2, 9), lanes=extra_row),
        counted_extra_row,
    ),
    lie(
        "commitment of another column",
        "claim H",
        by_lanes(lookups(2, 4), rows=other_column),
        corrected(other_helper),
    ),
    *(
        lie(
            f"pad of {name} is not in mu",
            f"r0 mu[{name}] in its claim",
            by_lanes(lookups(2, 4), lanes=other_pad(which)),
            corrected(untested_pad(which)),
        )
        for which, name in enumerate(("k_0", "k_1", "h", "m"))
    ),
)
