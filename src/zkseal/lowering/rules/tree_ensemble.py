"""TreeEnsembleRegressor: decision trees, forests and boosted trees, with features, thresholds and leaves hidden.

What it lowers
    TreeEnsembleRegressor (ai.onnx.ml) that sums or averages, over a value of shape (rows, features). Frontends write
    every other kind of tree model with it. Public are the number of trees, their greatest depth, and the number of
    features; of deep trees also the number of nodes, rounded up to a power of two (`blocks.forest`).
Constraints
    Hints for each input n, tree t and level l: `node`, `feature`, `threshold`, `payload` (and `left`, `jump`), `entry`
    and the bit `right`. (node, feature, threshold, payload, ..) is a row of the forest, whose rows are numbered: fixed
    by node. (feature, entry) is a row of the table of the input's features: fixed by feature; none has another number
    (of several inputs: the model proof shows that features of nodes are numbers of one input's).
    right is a bit with (2 right - 1) (entry - threshold) - right in [0, 2^b): it is 1 exactly when entry > threshold.
    node is the root at level 0 and then what feature and right of the level before lead to. The score is
    base + sum of right * payload. So whatever forest was committed, an input has one score.
    An input with missing entries (NaN, the largest code) has two rows for each feature; in the second, missing counts
    as the smallest number. Nodes that send it to the left name the second. `missing` is a bit, 0 where x is less than
    the code and 1 where it is the code, by a range and a product.
Range assumptions
    b is the width of the input (32 bits for float32 codes, 62 for float64). Thresholds over 47 bits are stored in two
    parts, as model tensors have at most 48. Scores, up to 2^55, are exact sums of leaves of 40 bits.
Cost
    For each tree and level: two lookups, one range of b bits, three products, six committed integers. Once: a table row
    for each inner node of the (complete) trees, one for each feature. Nothing depends on features times nodes.
Example
    100 trees of depth 6 over 30 float32 features: 600 steps, 6,400 + 30 table rows, 3,720 lookups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from zkseal.graph import Node
from zkseal.graph.trees import TREES, Trees
from zkseal.lowering.blocks.forest import Forest, leaf_exponent, plant
from zkseal.lowering.blocks.rescale import proven_range
from zkseal.lowering.emitter import Emitter
from zkseal.lowering.plan import Plan
from zkseal.lowering.registry import rule
from zkseal.lowering.values import Environment, Parameter, Quantized
from zkseal.quantize.integers import Integers, widen
from zkseal.quantize.ordered import ORDERS
from zkseal.quantize.scales import model_bounds
from zkseal.relation import Column, Expr, Loop, TableRef, TensorRef

PART_BITS = 31
"""Bits of the lower part of a threshold in two parts."""

MAX_COLUMNS = 8
MAX_REPORTED = 5

MAX_COLUMN_BITS = 48
"""Width of model tensors, sign included."""


@dataclass(frozen=True, eq=False)
class TreePaths:
    """The step. `columns` are the stored columns of the forest by name; `base` is stored too."""

    node: str
    source: Quantized
    value: Quantized
    forest: Forest = field(repr=False)
    columns: Mapping[str, Parameter] = field(repr=False)
    base: Parameter = field(repr=False)
    splits_missing: bool

    @property
    def _shape(self) -> tuple[int, int, int]:
        return self.source.shape[0], self.forest.trees, self.forest.depth

    @property
    def _features(self) -> int:
        return self.source.shape[1]

    @property
    def _entries(self) -> int:
        """Rows of the table of features for each input."""
        return self._features * (2 if self.splits_missing else 1)

    def _key(self, name: str) -> str:
        return f"{self.value.name}/{name}"

    # Execution -----------------------------------------------------------------------------------------------------

    def execute(self, environment: Environment) -> None:
        x = environment[self.source.name]
        if self.splits_missing:
            missing = (x == self.source.hi).astype(np.int64)
            environment[self._key("missing")] = missing
            x = np.concatenate([x, np.where(missing == 1, self.source.lo, x)], axis=1)
        environment[self._key("entries")] = x
        forest, inputs = self.forest, x.shape[0]
        nodes = np.broadcast_to(forest.roots, (inputs, forest.trees))
        steps: dict[str, list[Integers]] = {}
        for _ in range(forest.depth):
            found = {name: widen(parameter.stored[nodes]) for name, parameter in self.columns.items()}
            entry = np.take_along_axis(x, found["feature"], axis=1)
            right = (entry > forest.threshold[nodes]).astype(np.int64)
            for name, array in {"node": nodes, "entry": entry, "right": right, **found}.items():
                steps.setdefault(name, []).append(array)
            nodes = forest.next_rows(nodes, right)
        hints = {name: np.stack(arrays, axis=-1) for name, arrays in steps.items()}
        for name, array in hints.items():
            environment[self._key(name)] = array
        payload = np.stack([hints[name] for name in self._payloads], axis=-1)
        turned = (payload * hints["right"][..., np.newaxis]).sum(axis=2)
        if forest.trees_of is None:
            score = turned.sum(axis=1)
        else:
            score = np.stack([turned[:, list(trees), 0].sum(axis=1) for trees in forest.trees_of], axis=1)
        environment[self.value.name] = self.value.check(score + forest.base)

    @property
    def _payloads(self) -> list[str]:
        return [name for name in self.columns if name.startswith("payload")]

    # Constraints ---------------------------------------------------------------------------------------------------

    def constrain(self, emitter: Emitter) -> None:
        b, (inputs, trees, depth) = emitter.builder, self._shape
        n, t, level = b.loop(inputs), b.loop(trees), b.loop(depth)
        loops = [n, t, level]
        hints = self._hints(emitter)
        at = {name: hint[n, t, level] for name, hint in hints.items()}
        self._look_up_rows(emitter, loops, at)
        self._bound_features(emitter)
        entries = self._entry_table(emitter)
        first_entry = b.progression(inputs)[n] * self._entries
        b.lookup(entries, loops, [first_entry + at["feature"], at["entry"]], origin=self.node)
        right, entry = at["right"], at["entry"]
        threshold = self._threshold(at)
        beyond = self._product(at, "entry", right) - self._product(at, "threshold", right)
        b.zero(loops, right * right - right, origin=self.node)
        bits = (self.source.hi - self.source.lo).bit_length()
        b.range(loops, beyond * 2 - entry + threshold - right, bits=bits, origin=self.node)
        self._follow(emitter, hints, n, t)
        self._add_up(emitter, hints, n)

    def _hints(self, emitter: Emitter) -> dict[str, TensorRef]:
        bounds = {name: model_bounds(column.stored) for name, column in self.columns.items()}
        bounds |= {"node": (0, self.forest.rows - 1), "entry": (self.source.lo, self.source.hi), "right": (0, 1)}
        sizes = emitter.plain(self._shape)
        return {
            name: emitter.hint(Quantized(self._key(name), self._shape, 0, lo, hi), sizes, self.node).tensor
            for name, (lo, hi) in bounds.items()
        }

    def _look_up_rows(self, emitter: Emitter, loops: list[Loop], at: Mapping[str, Expr]) -> None:
        """(node, column..) is a row of the forest; in several tables where one cannot hold all columns."""
        names = list(self.columns)
        for part in range(0, len(names), MAX_COLUMNS - 1):
            some = names[part : part + MAX_COLUMNS - 1]
            columns = [emitter.flat_parameter(self.columns[name]) for name in some]
            table = emitter.builder.table(self._key(f"rows_{part}"), [range(self.forest.rows), *columns])
            emitter.builder.lookup(table, loops, [at["node"], *(at[name] for name in some)], origin=self.node)

    def _bound_features(self, emitter: Emitter) -> None:
        """Hidden features do not reach into another input, whose entries stand in the same table."""
        features, b = emitter.flat_parameter(self.columns["feature"]), emitter.builder
        if self._shape[0] > 1 and features.column == Column.MODEL:
            row = b.loop(self.forest.rows)
            numbers = b.table(self._key("numbers"), [range(self._entries)])
            b.lookup(numbers, [row], [features[row]], origin=self.node, once=True)

    def _threshold(self, at: Mapping[str, Expr]) -> Expr:
        high = at.get("threshold_high")
        return at["threshold"] if high is None else at["threshold"] + high * (1 << PART_BITS)

    def _product(self, at: Mapping[str, Expr], name: str, factor: Expr) -> Expr:
        """`factor` times a hint, or times a threshold of two parts."""
        high = at.get("threshold_high") if name == "threshold" else None
        return factor * at[name] if high is None else factor * at[name] + factor * high * (1 << PART_BITS)

    def _follow(self, emitter: Emitter, hints: Mapping[str, TensorRef], n: Loop, t: Loop) -> None:
        """The first node is the root, each later one a child of the one before."""
        b, forest = emitter.builder, self.forest
        tree = b.progression(forest.trees)[t]
        node, right = hints["node"], hints["right"]
        root = tree if forest.left is not None else tree * (1 << forest.depth) + 1
        b.zero([n, t], node[n, t, 0] - root, origin=self.node)
        if forest.depth == 1:
            return
        level = b.loop(forest.depth - 1)
        if forest.left is None:
            follower = node[n, t, level] * 2 - tree * (1 << forest.depth) + right[n, t, level]
        else:
            follower = hints["left"][n, t, level] + right[n, t, level] * hints["jump"][n, t, level]
        b.zero([n, t, level], node[n, t, level + 1] - follower, origin=self.node)

    def _entry_table(self, emitter: Emitter) -> TableRef:
        """Rows (number, entry): the features of every input, then those with missing entries as smallest numbers."""
        b, source, count = emitter.builder, self.source, self.source.shape[0] * self._entries
        features, name = emitter.flat(source.name), self._key("entries")
        if not self.splits_missing:
            return b.table(name, [range(count), features])
        n, f = b.loop(source.shape[0]), b.loop(self._features)
        x = features[n * self._features + f]
        entry = Quantized(name, (count,), 0, source.lo, source.hi)
        entries = emitter.hint(entry, emitter.plain(entry.shape), self.node).tensor
        bit = Quantized(self._key("missing"), source.shape, 0, 0, 1)
        missing = emitter.hint(bit, emitter.plain(source.shape), self.node).tensor[n, f]
        b.zero([n, f], missing * missing - missing, origin=self.node)
        b.zero([n, f], missing * x - missing * source.hi, origin=self.node)
        bits = (source.hi - source.lo).bit_length()
        b.range([n, f], missing - x + (source.hi - 1), bits=bits, origin=self.node)
        b.zero([n, f], entries[n * self._entries + f] - x, origin=self.node)
        second = entries[n * self._entries + f + self._features]
        b.zero([n, f], second - x - missing * (source.lo - source.hi), origin=self.node)
        return b.table(name, [range(count), entries])

    def _add_up(self, emitter: Emitter, hints: Mapping[str, TensorRef], n: Loop) -> None:
        b, value = emitter.builder, self.value
        score = emitter.declare(value, emitter.plain(value.shape), self.node).tensor
        base = emitter.flat_parameter(self.base)
        level, right = b.loop(self.forest.depth), hints["right"]
        for target in range(value.shape[1]):
            total = base[target]
            trees = tuple(range(self.forest.trees)) if self.forest.trees_of is None else self.forest.trees_of[target]
            payload = hints[self._payloads[target if self.forest.trees_of is None else 0]]
            if trees:
                j = b.loop(len(trees))
                t = j if len(trees) == self.forest.trees else b.gather(trees, j)
                total = total + (right[n, t, level] * payload[n, t, level]).sum([j, level])
            b.zero([n], score[n, target] - total, origin=self.node)
            if not emitter.is_public(value.name):
                emitter.bound([n], score[n, target], value.lo, value.hi, origin=self.node)


@rule(TREES)
def lower_tree_ensemble(node: Node, plan: Plan) -> None:
    """Plans a TreeEnsembleRegressor."""
    trees = Trees.of(node)
    source = plan.committed(node.inputs[0])
    if len(source.shape) != 2:
        raise plan.unsupported(node, "its input has not the shape (rows, features). Reshape it")
    if int(trees.features.max(initial=0)) >= source.shape[1]:
        raise plan.unsupported(
            node, f"it compares a feature that its input of {source.shape[1]} lacks. Export it again"
        )
    thresholds, rounded = _integer_thresholds(trees, source)
    splits_missing = source.order is not None and trees.accepts_missing and bool(trees.missing_left.any())
    exponent = leaf_exponent(trees)
    plan.note(_report(node.name, trees, source, rounded))
    if splits_missing:
        trees = replace(trees, features=trees.features + trees.missing_left * source.shape[1])
    forest = plant(trees, thresholds, source.hi, exponent)
    lo, hi = proven_range(forest.lo, max(forest.hi, 1), (1 << 60) - 1)
    output = node.outputs[0]
    value = Quantized(output, plan.shape(output), exponent, lo, hi)
    columns = {
        name: plan.parameter(f"{output}/{name}/column", array, 0, stated=0) for name, array in _columns(forest).items()
    }
    base = plan.parameter(f"{output}/base", forest.base, 0, stated=exponent)
    plan.add(TreePaths(node.name, source, value, forest, columns, base, splits_missing), value)


def _integer_thresholds(trees: Trees, source: Quantized) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """Thresholds c such that an integer x of `source` goes to the right if x > c; and which had to be rounded."""
    if source.order is not None:
        codes = ORDERS[source.order].floor(trees.thresholds, trees.strict)
        return codes, np.zeros(len(codes), dtype=bool)
    exponents = np.full(source.shape[1], source.exponent) + np.asarray(source.feature_exponents or 0)
    scaled = np.ldexp(trees.thresholds, exponents[trees.features])
    floors = np.floor(scaled)
    codes = np.clip(floors - (trees.strict & (floors == scaled)), source.lo - 1, source.hi)
    return codes.astype(np.int64), np.asarray(floors != scaled, dtype=bool)


def _report(name: str, trees: Trees, source: Quantized, rounded: npt.NDArray[np.bool_]) -> str:
    """What people are told about thresholds."""
    count = trees.roots.size
    size = f"Node '{name}' has {count} {'tree' if count == 1 else 'trees'} of depth {len(trees.levels())}"
    if source.order is not None:
        return f"{size}; no threshold is rounded: every {source.order} input takes the branches of the float model."
    if not rounded.any():
        return f"{size}; no threshold is rounded to the steps of the numbers that it compares."
    some = ", ".join(
        f"{trees.thresholds[k]:.6g} of feature {trees.features[k]}" for k in np.flatnonzero(rounded)[:MAX_REPORTED]
    )
    return (
        f"{size} and compares numbers that are rounded themselves; {int(rounded.sum())} of {rounded.size} thresholds "
        f"are rounded to their steps ({some}{', ..' if rounded.sum() > MAX_REPORTED else ''})."
    )


def _columns(forest: Forest) -> dict[str, Integers]:
    """The columns of the table of rows, each of at most 48 bits."""
    columns = {"feature": forest.feature, "threshold": forest.threshold}
    lo, hi = model_bounds(forest.threshold)
    if hi - lo >= 1 << MAX_COLUMN_BITS:
        columns["threshold_high"] = forest.threshold >> PART_BITS
        columns["threshold"] = forest.threshold & ((1 << PART_BITS) - 1)
    if forest.left is not None and forest.jump is not None:
        columns |= {"left": forest.left, "jump": forest.jump}
    return columns | {f"payload_{k}": forest.payload[:, k] for k in range(forest.payload.shape[1])}
