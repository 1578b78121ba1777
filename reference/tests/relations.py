# ruff: noqa: S311 -- seeded values for tests
"""Small relations with witnesses, for round trips: together they use every feature of chapter 2.

`Sketch` names tensors, loops and tables. An access is written `s.at("x", "b", "i")`; a map is a loop name, a number
(constant index), `affine(offset, (stride, loop), ..)`, `gather(loop, entries)` or `gather_public(loop, tensor)`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from zkseal_reference.relation import (
    Access,
    Affine,
    Column,
    Expression,
    Gather,
    GatherPublic,
    Lookup,
    Map,
    Relation,
    Table,
    Tensor,
    Term,
    Zero,
)

MODEL, TABLE, INPUT, OUTPUT, WITNESS, PUBLIC, PROGRESSION, HELPER = Column


@dataclass(frozen=True)
class NamedAffine:
    offset: int
    strides: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class NamedGather:
    loop: str
    entries: tuple[int, ...]


@dataclass(frozen=True)
class NamedGatherPublic:
    loop: str
    tensor: str


NamedMap = str | int | NamedAffine | NamedGather | NamedGatherPublic


def affine(offset: int, *strides: tuple[int, str]) -> NamedAffine:
    return NamedAffine(offset, strides)


def gather(loop: str, entries: Sequence[int]) -> NamedGather:
    return NamedGather(loop, tuple(entries))


def gather_public(loop: str, tensor: str) -> NamedGatherPublic:
    return NamedGatherPublic(loop, tensor)


@dataclass
class Sketch:
    """A relation under construction, with the values of its tensors."""

    c: int
    loops: dict[str, int] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    lists: list[tuple[int, ...]] = field(default_factory=list)
    tables: dict[str, Table] = field(default_factory=dict)
    lookups: list[Lookup] = field(default_factory=list)
    zeros: list[Zero] = field(default_factory=list)
    values: dict[int, list[int]] = field(default_factory=dict)

    def tensor(
        self, name: str, column: Column, axes: Sequence[int], values: Iterable[int], bounds: tuple[int, int] = (-64, 63)
    ) -> list[int]:
        self.tensors[name] = Tensor(column, tuple(axes), *bounds)
        self.values[self.index(name)] = list(values)
        assert self.tensors[name].entries == len(self.values[self.index(name)])
        return self.values[self.index(name)]

    def progression(self, name: str, lo: int, length: int) -> None:
        self.tensors[name] = Tensor(PROGRESSION, (length,), lo, lo + length - 1)

    def index(self, name: str) -> int:
        return list(self.tensors).index(name)

    def loop(self, name: str) -> int:
        return list(self.loops).index(name)

    def over(self, names: str) -> tuple[int, ...]:
        return tuple(self.loop(name) for name in names.split())

    def map(self, named: NamedMap) -> Map:
        if isinstance(named, str):
            return Affine(((1, self.loop(named)),), 0)
        if isinstance(named, int):
            return Affine((), named)
        if isinstance(named, NamedAffine):
            return Affine(tuple((stride, self.loop(loop)) for stride, loop in named.strides), named.offset)
        if isinstance(named, NamedGather):
            self.lists.append(named.entries)
            return Gather(self.loop(named.loop), len(self.lists) - 1)
        return GatherPublic(self.loop(named.loop), self.index(named.tensor))

    def at(self, name: str, *maps: NamedMap) -> Access:
        return Access(self.index(name), tuple(self.map(named) for named in maps))

    def term(self, num: int, *accesses: Access, sums: str = "", shift: int = 0) -> Term:
        return Term(num, shift, tuple(sorted(self.over(sums))), accesses)

    def table(self, name: str, number: int, *columns: str) -> None:
        self.tables[name] = Table(number, tuple(self.index(column) for column in columns))

    def lookup(self, table: str, loops: str, *expressions: Expression, scope: int = 0) -> None:
        self.lookups.append(Lookup(scope, list(self.tables).index(table), self.over(loops), expressions))

    def zero(self, loops: str, *terms: Term, scope: int = 0) -> None:
        self.zeros.append(Zero(scope, self.over(loops), terms))

    def relation(self) -> Relation:
        return Relation(
            annotation=b"a test",
            tensors=tuple(self.tensors.values()),
            loops=tuple(self.loops.values()),
            lists=tuple(self.lists),
            tables=tuple(self.tables.values()),
            lookups=tuple(self.lookups),
            zeros=tuple(self.zeros),
        )


def tiny() -> Sketch:
    """y = floor(W x / 4), z = y^2: two lookups, two zeros, a model proof without limbs."""
    s = Sketch(c=6, loops={"o": 2, "i": 3})
    W = s.tensor("W", MODEL, (2, 3), [1, -2, 2, 0, 1, -1], (-2, 5))
    x = s.tensor("x", INPUT, (3,), [2, -1, 3])
    acc = [sum(W[3 * o + i] * x[i] for i in range(3)) for o in range(2)]
    y = s.tensor("y", WITNESS, (2,), [a // 4 for a in acc])
    s.tensor("r", WITNESS, (2,), [a % 4 for a in acc])
    s.tensor("z", OUTPUT, (2,), [v * v for v in y])
    s.progression("t4", 0, 4)
    s.progression("t16", -8, 16)
    s.table("r4", 0, "t4")
    s.table("r16", 1, "t16")
    s.lookup("r4", "o", (s.term(1, s.at("r", "o")),))
    s.lookup("r16", "o", (s.term(1, s.at("y", "o")),))
    product = s.term(1, s.at("W", "o", "i"), s.at("x", "i"), sums="i")
    s.zero("o", product, s.term(-4, s.at("y", "o")), s.term(-1, s.at("r", "o")))
    s.zero("o", s.term(1, s.at("y", "o"), s.at("y", "o")), s.term(-1, s.at("z", "o")))
    return s


def dense(rows: int, inner: int, x: list[int], w: list[int]) -> list[int]:
    """x (rows, inner) times the transpose of w (.., inner), row-major."""
    columns = len(w) // inner
    return [sum(x[b * inner + i] * w[o * inner + i] for i in range(inner)) for b in range(rows) for o in range(columns)]


def draw(R: random.Random, count: int, lo: int, hi: int) -> list[int]:
    return [R.randint(lo, hi) for _ in range(count)]


def mlp() -> Sketch:
    """A batch through two layers with a fractional lookup, a strided padded convolution, and a gathered product."""
    R = random.Random(1)
    s = Sketch(c=7, loops={"b": 3, "o": 5, "i": 4, "p": 3, "oc": 2, "ic": 2, "oh": 3, "ow": 2, "kh": 3, "kw": 3})
    x = s.tensor("x", INPUT, (3, 4), draw(R, 12, -6, 6))
    W1 = s.tensor("W1", MODEL, (5, 4), draw(R, 20, -6, 6), (-8, 7))
    b1 = s.tensor("b1", MODEL, (5,), draw(R, 5, -8, 8), (-16, 15))
    wide = [a + b1[k % 5] + 4 for k, a in enumerate(dense(3, 4, x, W1))]
    s.tensor("rem", WITNESS, (3, 5), [a % 8 for a in wide], (0, 7))
    y1 = s.tensor("y1", WITNESS, (3, 5), [max(0, a // 8) for a in wide], (0, 31))
    W2 = s.tensor("W2", MODEL, (3, 5), draw(R, 15, -5, 5), (-8, 7))
    y2 = s.tensor("y2", OUTPUT, (3, 3), [(a + 4) // 8 for a in dense(3, 5, y1, W2)])
    shift = s.tensor("shift", PUBLIC, (3,), draw(R, 3, -9, 9), (-9, 9))
    s.tensor("relu_x", TABLE, (64,), range(-32, 32))
    s.tensor("relu_y", PUBLIC, (64,), [max(0, v) for v in range(-32, 32)])
    s.progression("t8", 0, 8)
    s.tensor("t64", TABLE, (64,), range(-32, 32))
    s.table("relu", 7, "relu_x", "relu_y")
    s.table("r8", 0, "t8")
    s.table("r64", 5, "t64")
    first = (
        s.term(1, s.at("x", "b", "i"), s.at("W1", "o", "i"), sums="i", shift=3),
        s.term(1, s.at("b1", "o"), shift=3),
        s.term(4, shift=3),
        s.term(-1, s.at("rem", "b", "o"), shift=3),
    )
    s.lookup("relu", "b o", first, (s.term(1, s.at("y1", "b", "o")),))
    s.lookup("r8", "b o", (s.term(1, s.at("rem", "b", "o")),))
    second = s.term(1, s.at("y1", "b", "o"), s.at("W2", "p", "o"), sums="o")
    s.lookup("r8", "b p", (second, s.term(4), s.term(-8, s.at("y2", "b", "p"))))
    s.lookup("r64", "b p", (s.term(1, s.at("y2", "b", "p")),))
    image = s.tensor("image", INPUT, (2, 6, 4), draw(R, 48, -6, 6))
    kernel = s.tensor("kernel", MODEL, (2, 2, 3, 3), draw(R, 36, -5, 5), (-8, 7))
    conv = convolve(image, kernel)
    s.tensor("conv", OUTPUT, (2, 3, 2), conv, (-4096, 4095))
    product = s.term(
        1,
        s.at("image", "ic", affine(-1, (2, "oh"), (1, "kh")), affine(-1, (2, "ow"), (1, "kw"))),
        s.at("kernel", "oc", "ic", "kh", "kw"),
        sums="ic kh kw",
    )
    s.zero("oc oh ow", product, s.term(-1, s.at("conv", "oc", "oh", "ow")))
    z = [y2[3 * b + p] * y1[5 * b + (4, 0, 3)[p]] + shift[p] for b in range(3) for p in range(3)]
    s.tensor("z", OUTPUT, (3, 3), z, (-4096, 4095))
    gathered = s.term(1, s.at("y2", "b", "p"), s.at("y1", "b", gather("p", (4, 0, 3))))
    s.zero("b p", gathered, s.term(1, s.at("shift", "p")), s.term(-1, s.at("z", "b", "p")))
    return s


def convolve(image: list[int], kernel: list[int]) -> list[int]:
    """(2, 6, 4) with (2, 2, 3, 3), stride 2, padding 1: (2, 3, 2)."""
    out = []
    for oc in range(2):
        for oh in range(3):
            for ow in range(2):
                total = 0
                for ic in range(2):
                    for kh in range(3):
                        for kw in range(3):
                            a, b = 2 * oh + kh - 1, 2 * ow + kw - 1
                            if 0 <= a < 6 and 0 <= b < 4:
                                total += image[24 * ic + 4 * a + b] * kernel[((2 * oc + ic) * 3 + kh) * 3 + kw]
                out.append(total)
    return out


def batched_attention() -> Sketch:
    """scores[h, q, k] = sum_d Q[h, q, d] K[h, k, d] / 4 + 1/2 in halves: products with a batch loop, no lookups."""
    R = random.Random(2)
    s = Sketch(c=5, loops={"h": 2, "q": 3, "k": 3, "d": 2})
    Q = s.tensor("Q", INPUT, (2, 3, 2), [R.randint(-5, 5) for _ in range(12)])
    K = s.tensor("K", WITNESS, (2, 3, 2), [R.randint(-5, 5) for _ in range(12)])
    scores = [
        sum(Q[(h * 3 + q) * 2 + d] * K[(h * 3 + k) * 2 + d] for d in range(2)) + 2
        for h in range(2)
        for q in range(3)
        for k in range(3)
    ]
    s.tensor("scores", OUTPUT, (2, 3, 3), scores, (-128, 127))
    term = s.term(1, s.at("Q", "h", "q", "d"), s.at("K", "h", "k", "d"), sums="d", shift=2)
    s.zero("h q k", term, s.term(1, shift=1), s.term(-1, s.at("scores", "h", "q", "k"), shift=2))
    return s


def rows() -> Sketch:
    """Tensors over several rows, an axis that straddles them, absent rows, a negative stride, two loops on an axis."""
    R = random.Random(3)
    s = Sketch(c=5, loops={"a": 3, "j": 5, "k": 3, "q": 5})
    B = s.tensor("B", WITNESS, (3, 11, 5), [R.randint(-9, 9) for _ in range(165)])
    D = s.tensor("D", INPUT, (40,), [R.randint(-9, 9) for _ in range(40)])

    def at(a: int, i: int, q: int) -> int:
        return B[(a * 11 + i) * 5 + q] if 0 <= i < 11 else 0

    out = [
        sum(at(a, 2 * j + k - 1, q) * D[5 * k + 6 * q + 1] for k in range(3) for q in range(5))
        for a in range(3)
        for j in range(5)
    ]
    s.tensor("out", OUTPUT, (3, 5), out, (-8192, 8191))
    product = s.term(
        1,
        s.at("B", "a", affine(-1, (2, "j"), (1, "k")), "q"),
        s.at("D", affine(1, (5, "k"), (6, "q"))),
        sums="k q",
    )
    s.zero("a j", product, s.term(-1, s.at("out", "a", "j")))
    s.tensor("turned", OUTPUT, (5,), [at(1, 10 - 3 * j, 2) for j in range(5)])
    s.zero("j", s.term(1, s.at("B", 1, affine(10, (-3, "j")), 2)), s.term(-1, s.at("turned", "j")))
    return s


def embedding() -> Sketch:
    """Public tokens select rows of a public and of a private tensor; gathers with -1; public and known products."""
    R = random.Random(4)
    s = Sketch(c=5, loops={"t": 3, "j": 2, "v": 6})
    tokens = s.tensor("tokens", PUBLIC, (3,), [5, 0, 5], (0, 5))
    E = s.tensor("E", TABLE, (6, 2), [R.randint(-9, 9) for _ in range(12)])
    F = s.tensor("F", PUBLIC, (6,), [R.randint(-9, 9) for _ in range(6)])
    x = s.tensor("x", INPUT, (3, 2), [R.randint(-9, 9) for _ in range(6)])
    s.progression("steps", 10, 6)
    y = [E[2 * tokens[t] + j] * x[2 * t + j] + F[tokens[t]] for t in range(3) for j in range(2)]
    s.tensor("y", OUTPUT, (3, 2), y, (-256, 255))
    s.zero(
        "t j",
        s.term(1, s.at("E", gather_public("t", "tokens"), "j"), s.at("x", "t", "j")),
        s.term(1, s.at("F", gather_public("t", "tokens"))),
        s.term(-1, s.at("y", "t", "j")),
    )
    picked = [(x[2 * i] if i >= 0 else 0) for i in (2, -1, 0)]
    s.tensor("picked", OUTPUT, (3,), picked)
    s.zero("t", s.term(1, s.at("x", gather("t", (2, -1, 0)), 0)), s.term(-1, s.at("picked", "t")))
    mixed = [F[v] * (10 + v) for v in range(6)]
    s.tensor("mixed", WITNESS, (6,), mixed, (-256, 255))
    known = s.term(1, s.at("F", "v"), s.at("steps", "v"))
    s.zero("v", known, s.term(-1, s.at("mixed", "v")))
    s.tensor("total", OUTPUT, (1,), [sum(F[v] * (10 + v) for v in range(6)) + 3 * 6 * 7 + sum(E)], (-4096, 4095))
    s.zero(
        "",
        s.term(1, s.at("F", "v"), s.at("steps", "v"), sums="v"),
        s.term(7, sums="t v"),
        s.term(1, s.at("E", "v", "j"), sums="j v"),
        s.term(-1, s.at("total", 0)),
    )
    return s


def tables() -> Sketch:
    """Lookups in tables of arity 1, 2 and 3 in the columns table, model, public, witness and progression; no zeros."""
    s = Sketch(c=6, loops={"i": 3, "one": 1})
    s.tensor("square_x", TABLE, (5,), [-2, -1, 0, 1, 2])
    s.tensor("square_y", TABLE, (5,), [4, 1, 0, 1, 4])
    s.tensor("word", MODEL, (4,), [3, 1, 4, 1], (0, 7))
    s.progression("place", 0, 4)
    s.tensor("gate_a", PUBLIC, (4,), [0, 0, 1, 1], (0, 1))
    s.tensor("gate_b", PUBLIC, (4,), [0, 1, 0, 1], (0, 1))
    s.tensor("gate_c", PUBLIC, (4,), [0, 1, 1, 0], (0, 1))
    s.tensor("own", WITNESS, (2,), [11, 12])
    s.table("square", 9, "square_x", "square_y")
    s.table("word", 3, "place", "word")
    s.table("xor", 12, "gate_a", "gate_b", "gate_c")
    s.table("own", 0, "own")
    s.tensor("x", INPUT, (3,), [2, -1, 0])
    s.tensor("y", OUTPUT, (3,), [4, 1, 0])
    s.tensor("token", INPUT, (3,), [0, 3, 3], (0, 3))
    s.tensor("emb", WITNESS, (3,), [3, 1, 1], (0, 7))
    s.tensor("bit", WITNESS, (3,), [1, 0, 1], (0, 1))
    s.lookup("square", "i", (s.term(1, s.at("x", "i")),), (s.term(1, s.at("y", "i")),))
    s.lookup("word", "i", (s.term(1, s.at("token", "i")),), (s.term(1, s.at("emb", "i")),))
    bit = s.term(1, s.at("bit", "i"))
    s.lookup("xor", "i", (bit,), (s.term(1), s.term(-1, s.at("bit", "i"))), (s.term(1),))
    s.lookup("own", "", (s.term(11),))
    s.lookup("own", "one", (s.term(1, s.at("own", "one")), s.term(1)))
    return s


def merged() -> Sketch:
    """The same product in two lookups and two zeros: merged within a kind of constraint, not across kinds."""
    s = Sketch(c=6, loops={"i": 2, "k": 2})
    a = s.tensor("a", INPUT, (2, 2), [1, 2, 0, 1])
    b = s.tensor("b", WITNESS, (2,), [1, 1])
    dots = [a[2 * i] * b[0] + a[2 * i + 1] * b[1] for i in range(2)]
    s.tensor("c", OUTPUT, (2,), dots)
    s.progression("t8", 0, 8)
    s.table("r8", 1, "t8")
    product = s.term(1, s.at("a", "i", "k"), s.at("b", "k"), sums="k")
    twice = s.term(2, s.at("a", "i", "k"), s.at("b", "k"), sums="k")
    s.lookup("r8", "i", (product,))
    s.lookup("r8", "i", (twice, s.term(-1, s.at("c", "i"))))
    s.zero("i", product, s.term(-1, s.at("c", "i")))
    s.zero("i", twice, s.term(-2, s.at("c", "i")))
    s.zero("", s.term(1, s.at("a", 0, "k"), s.at("b", "k"), sums="k"), s.term(-dots[0]))
    return s


def limbs() -> Sketch:
    """Model tensors of 0, 4, 6, 10 bits; scope-1 constraints: one-hot rows, a progression, a gather."""
    s = Sketch(c=7, loops={"r": 2, "f": 3, "i": 2})
    s.tensor("fixed", MODEL, (2,), [5, 5], (5, 5))
    s.tensor("nibble", MODEL, (2,), [0, -8], (-8, 7))
    s.tensor("six", MODEL, (1, 2), [-32, 31], (-32, 31))
    s.tensor("ten", MODEL, (2,), [0, 1023], (0, 1023))
    hot = s.tensor("hot", MODEL, (2, 3), [0, 1, 0, 1, 0, 0], (0, 1))
    x = s.tensor("x", INPUT, (3,), [7, -3, 2])
    s.tensor("y", OUTPUT, (2,), dense(1, 3, x, hot))
    s.progression("three", 0, 3)
    s.progression("bit", 0, 2)
    s.table("three", 4, "three")
    s.table("bits", 2, "bit", "bit")
    s.zero("r", s.term(1, s.at("hot", "r", "f"), sums="f"), s.term(-1), scope=1)
    s.zero("r f", s.term(1, s.at("hot", "r", "f"), s.at("hot", "r", "f")), s.term(-1, s.at("hot", "r", "f")), scope=1)
    index = s.term(1, s.at("hot", "r", "f"), s.at("three", "f"), sums="f")
    s.lookup("three", "r", (index,), scope=1)
    last = (s.term(1, s.at("hot", gather("i", (1, 0)), 2)),)
    s.lookup("bits", "i", last, last, scope=1)
    s.zero("r", s.term(1, s.at("hot", "r", "f"), s.at("x", "f"), sums="f"), s.term(-1, s.at("y", "r")))
    s.zero("i", s.term(1, s.at("fixed", "i")), s.term(-5))
    return s


def public_only() -> Sketch:
    """Nothing is committed: R = 0, the proof has only mu and the blinding rows."""
    s = Sketch(c=4, loops={"i": 3})
    a = s.tensor("a", PUBLIC, (3,), [1, 2, 3], (0, 9))
    s.tensor("b", PUBLIC, (3,), [v * v for v in a], (0, 99))
    s.zero("i", s.term(1, s.at("a", "i"), s.at("a", "i")), s.term(-1, s.at("b", "i")))
    return s


def straddle() -> Sketch:
    """Lookups into a tensor of three committed rows out of four, an axis of which straddles rows; no products."""
    s = Sketch(c=7, loops={"i": 5, "k": 3})
    s.tensor("x", WITNESS, (5, 3, 9), [(7 * i) % 9 for i in range(135)])
    s.progression("t9", 0, 9)
    s.table("r9", 0, "t9")
    s.lookup("r9", "i k", (s.term(1, s.at("x", "i", "k", 2)),))
    s.lookup("r9", "k i", (s.term(1, s.at("x", "i", "k", 8)),))
    return s


SKETCHES = {
    sketch.__name__: sketch
    for sketch in (tiny, mlp, batched_attention, rows, embedding, tables, merged, limbs, public_only, straddle)
}
