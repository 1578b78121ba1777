from __future__ import annotations

import numpy as np

from zkseal.relation import Column, RelationBuilder

EXPECTED = """\
tensors
  model        w                   [4, 3]  -2^7 .. 127
  table        relu/1              [4]     0 .. 1
  input        x                   [3]     -2^7 .. 127
  output       y                   [4]     -2^15 .. 2^15 - 1  (gemm)
  witness      gemm/range_0/limb_0 [4]     0 .. 15            (gemm)
  public       tokens              [4]     0 .. 2
  progression  progression_-2_1    [4]     -2 .. 1
  progression  progression_0_15    [16]    0 .. 15
gather lists
  list_0: 4 entries: 2, -1, 0, 1
tables
  relu     id 1  4 rows   progression_-2_1, relu/1
  range_4  id 2  16 rows  progression_0_15
constraints
  gemm/range_0/limb_0  (node gemm)
    for o < 4: gemm/range_0/limb_0[o] in range_4
  gemm/range_0/top  (node gemm)
    for o < 4: (sum(i < 3) w[o, i]*x[i] + 2^7 - 2^8*y[o] - gemm/range_0/limb_0[o]) / 16 in range_4
  relu/lookup_0  (node relu)
    for o < 4: (-3*y[o], x[tokens[o]]) in relu
  relation/zero_0
    for o < 4: -x[list_0[o]] + x[-2*o + 5] - 2*x[1] = 0
  bits  (model proof only)
    (w[0, 0] - 24) / 2 = 0
predicted
  12 lookups + 20 table rows; ranges in limbs of 4 bits
  1 products over 3 slots
  committed values: model 12, table 4, input 3, output 4, witness 24
"""


def test_pretty_prints_everything_that_a_reader_needs() -> None:
    b = RelationBuilder()
    i, o = b.loop(3, "i"), b.loop(4, "o")
    w = b.tensor("w", (4, 3), Column.MODEL, -128, 127)
    x = b.tensor("x", (3,), Column.INPUT, -128, 127)
    y = b.tensor("y", (4,), Column.OUTPUT, -(2**15), 2**15 - 1, origin="gemm")
    tokens = b.tensor("tokens", (4,), Column.PUBLIC, 0, 2)
    b.range([o], b.sum([i], x[i] * w[o, i]) + 2**7 - y[o] * 2**8, bits=8, origin="gemm")
    relu = b.table("relu", [range(-2, 2), np.array([0, 0, 0, 1])])
    b.lookup(relu, [o], [-3 * y[o], x[b.gather_public(tokens, o)]], origin="relu")
    b.zero([o], -x[b.gather([2, -1, 0, 1], o)] + x[5 - 2 * o] - x[1] * 2)
    b.zero([], (w[0, 0] >> 1) - 12, once=True, name="bits")
    printed = b.finish().pretty()
    assert [line.split() for line in printed.splitlines()] == [line.split() for line in EXPECTED.splitlines()]
