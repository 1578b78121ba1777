"""What makes a proof slow: its predicted time, node by node.

Constraints carry the name of the node that they came from, so every lookup, committed integer and product of a relation
belongs to a node. Lookup tables are shared by nodes, and masks and the opening by everything: they stand beside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from zkseal.pipeline.compile import CompiledModel
from zkseal.proving import lay_out, predict
from zkseal.proving.cost import COSTS, Costs, choose_row_bits
from zkseal.relation import Column, Relation, Share, cost_by_origin

__all__ = ["CostReport", "NodeCost", "TableCost", "cost_by_node", "work_ms"]

_FRESH = (Column.INPUT, Column.OUTPUT, Column.WITNESS)
_WEIGHTS = (Column.MODEL, Column.TABLE)


@dataclass(frozen=True)
class NodeCost:
    """What one node adds to a proof.

    - `node`, `op`: its name and operator. Range checks of the graph's inputs are under the name "input", contents of
      lookup tables under "tables", values that had to be laid out anew under "copy".
    - `lookups`: values that are looked up; `committed`: integers that each proof commits to.
    - `weights`: integers of weights and of its own tables' contents; `product_slots`: products that are summed.
    - `prove_ms`: predicted time, in milliseconds; `share`: its part of the whole proof's.
    """

    node: str
    op: str
    lookups: int
    committed: int
    weights: int
    product_slots: int
    prove_ms: float
    share: float


@dataclass(frozen=True)
class TableCost:
    """A lookup table: its rows, and the nodes that look something up in it."""

    table: str
    rows: int
    lookups: int
    nodes: int
    prove_ms: float
    share: float


@dataclass(frozen=True)
class CostReport:
    """Predicted time of one proof on one core, in parts that add up: nodes (dearest first), tables, what all share."""

    prove_ms: float
    nodes: tuple[NodeCost, ...]
    tables: tuple[TableCost, ...]
    shared_ms: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def work_ms(
    *, lookups: int = 0, table_rows: int = 0, committed: int = 0, weights: int = 0, product_slots: int = 0,
    costs: Costs = COSTS,
) -> float:  # fmt: skip
    """Predicted milliseconds of the parts of a proof that grow with the model; multiplicities of tables included."""
    nanoseconds = (
        costs.commit_ns_per_value * (committed + table_rows)
        + costs.leaf_ns * (lookups + table_rows)
        + costs.slot_ns * product_slots
        + costs.fold_ns_per_value * weights
    )
    return nanoseconds / 1e6


def relation_ms(relation: Relation) -> float:
    """`work_ms` of a whole relation."""
    cost = relation.cost
    fresh = sum(cost.committed.get(column, 0) for column in _FRESH) - cost.table_rows
    weights = sum(cost.committed.get(column, 0) for column in _WEIGHTS)
    return work_ms(
        lookups=cost.lookups,
        table_rows=cost.table_rows,
        committed=fresh,
        weights=weights,
        product_slots=cost.product_slots,
    )


def cost_by_node(model: CompiledModel) -> CostReport:
    """The predicted cost of a proof of this model by node."""
    relation = model.relation
    encoded = relation.encode()
    total = predict(relation, lay_out(encoded, choose_row_bits(relation, encoded)), cores=1).prove_ms
    shares = cost_by_origin(relation)
    owners = _owners(model)
    merged: dict[str, list[Share]] = {}
    for origin, share in shares.items():
        merged.setdefault(_owner(model, owners, origin), []).append(share)
    nodes = sorted((_node(model, name, found, total) for name, found in merged.items()), key=_dearest_first)
    tables = _tables(relation, shares, total)
    known = sum(node.prove_ms for node in nodes) + sum(table.prove_ms for table in tables)
    return CostReport(total, tuple(nodes), tables, total - known)


def _dearest_first(cost: NodeCost) -> tuple[float, str]:
    return -cost.prove_ms, cost.node


def _owners(model: CompiledModel) -> dict[str, str]:
    """The node that each value belongs to: what computes it, or, of a constant, the first that reads it."""
    nodes = model.program.nodes.values()
    owners = {name: node.name for node in nodes for name in node.outputs if name}
    inputs = {value.name for value in model.program.inputs}
    for node in nodes:
        for name in node.inputs:
            if name and name not in inputs:
                owners.setdefault(name, node.name)
    return owners


def _owner(model: CompiledModel, owners: Mapping[str, str], origin: str) -> str:
    """The node of an origin, which is a node, or the name of a tensor: a value, a constant, or `<value>/<part>`."""
    name = origin
    while origin not in model.program.nodes and name:
        if name in owners:
            return owners[name]
        name = name.rpartition("/")[0]
    return origin


def _node(model: CompiledModel, name: str, shares: list[Share], total: float) -> NodeCost:
    lookups = sum(sum(share.lookups.values()) for share in shares)
    committed = sum(share.committed.get(column, 0) for share in shares for column in _FRESH)
    weights = sum(share.committed.get(column, 0) for share in shares for column in _WEIGHTS)
    slots = sum(share.product_slots for share in shares)
    spent = work_ms(lookups=lookups, committed=committed, weights=weights, product_slots=slots)
    node = model.program.nodes.get(name)
    op = "" if node is None else node.op.removeprefix("zkseal.")
    return NodeCost(name or "tables", op, lookups, committed, weights, slots, spent, spent / total)


def _tables(relation: Relation, shares: Mapping[str, Share], total: float) -> tuple[TableCost, ...]:
    if not relation.cost.lookups:
        return ()
    found = []
    for index, (table, name) in enumerate(zip(relation.tables, relation.names.tables, strict=True)):
        rows = relation.tensors[table.columns[0]].size
        users = [share.lookups[index] for share in shares.values() if index in share.lookups]
        spent = work_ms(table_rows=rows)
        found.append(TableCost(name, rows, sum(users), len(users), spent, spent / total))
    return tuple(sorted(found, key=lambda table: (-table.prove_ms, table.table)))
