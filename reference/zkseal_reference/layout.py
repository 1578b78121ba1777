"""Chapter 3: addresses of the committed entries, lookup domain, product slots.

All of it follows from the relation and the parameters alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, product
from math import prod

from .errors import InvalidParameters
from .field import bits
from .mask import MaskIndex
from .parameters import LookupArgument, Parameters
from .relation import COMMITTED, EVERY_PROOF, Access, Column, Constraint, Lookup, Relation, Tensor

MAX_ADDRESS_BITS = 44
MAX_ROWS = 1 << 22
MAX_LANE = (1 << 32) - 1


@dataclass(frozen=True)
class Block:
    """2^log_size positions from `base` on; base is a multiple of that."""

    base: int
    log_size: int

    @property
    def number(self) -> int:
        """base / 2^log_size: the index that the high coordinates of a point select."""
        return self.base >> self.log_size


def pack(log_sizes: Sequence[int]) -> tuple[list[Block], int]:
    """Blocks by descending size (ties: order given) from 0, returned in the order given, and the end of the last."""
    blocks = [Block(0, 0)] * len(log_sizes)
    end = 0
    for index in sorted(range(len(log_sizes)), key=lambda i: -log_sizes[i]):
        blocks[index] = Block(end, log_sizes[index])
        end += 1 << log_sizes[index]
    return blocks, end


def index_bits(sizes: Sequence[int]) -> int:
    """nu: the bits of a padded index over axes or loops of these sizes."""
    return sum(bits(size) for size in sizes)


# Rows


def rows_of_tensor(tensor: Tensor, c: int) -> list[range]:
    """The rows, relative to its block, in which a tensor of at least a row has in-range entries, as a mixed-radix
    product: one range for each axis that has bits above the row, and the rows are the padded indices of these."""
    below, ranges = index_bits(tensor.axes), []
    for size in tensor.axes:
        below -= bits(size)
        inside = min(bits(size), max(0, c - below))  # bits of this axis that lie within a row
        ranges.append(range(((size - 1) >> inside) + 1))
    return ranges


@dataclass(frozen=True)
class ColumnRows:
    """A column: its tensors, their blocks relative to its first row, and where it lies in the row space."""

    tensors: tuple[int, ...]
    blocks: tuple[Block, ...]
    first_row: int
    need: int


@dataclass(frozen=True)
class LookupBlock:
    """A block of the lookup domain: a lookup of scope 0, or a table (lookup is None); the tree has lane 0 alone."""

    block: Block
    lane: int
    table: int
    lookup: Lookup | None
    sizes: tuple[int, ...]


MergeKey = tuple[Access, Access, tuple[int, ...], tuple[int, ...], bool]


def merge_key(constraint: Constraint, sum_loops: tuple[int, ...], accesses: tuple[Access, ...]) -> MergeKey:
    """Product terms with equal keys are one."""
    return accesses[0], accesses[1], constraint.loops, sum_loops, isinstance(constraint, Lookup)


@dataclass(frozen=True)
class ProductSlot:
    """A merged product term: its slot and its shared loops."""

    key: MergeKey
    block: Block
    shared: tuple[int, ...]


class Layout:
    """The layout of a relation under parameters; raises InvalidParameters where it exceeds a limit."""

    def __init__(self, relation: Relation, parameters: Parameters) -> None:
        self.relation = relation
        self.parameters = parameters
        self.c = parameters.c
        self.has_lookups = bool(relation.scope0_lookups)
        self.t_max = max((len(table.columns) for table in relation.tables), default=0)
        self.lookup_blocks, longest = self.place_lookups()
        self.has_helper = self.has_lookups and parameters.argument == LookupArgument.HELPER
        self.n = max(bits(longest), 1) if self.has_lookups else 0
        self.tensors = relation.tensors + self.multiplicity_tensors() + self.helper_tensors(longest)
        self.columns, self.row_variables = self.place_columns()
        self.slots, self.lin_slot, self.n2 = self.place_products()
        self.pad_u_slot, self.pad_v_slot = self.lin_slot + 1, self.lin_slot + 2
        zeros = relation.scope0_zeros
        self.nz = max((index_bits(self.loop_sizes(zero.loops)) for zero in zeros), default=0)
        self.mask = MaskIndex(self.n, self.n2, self.row_variables, parameters.lanes if self.has_helper else 0)
        if self.mask.length > parameters.row_length:
            raise InvalidParameters(f"the mask vector has {self.mask.length} entries, a row {parameters.row_length}")

    def loop_sizes(self, loops: Sequence[int]) -> tuple[int, ...]:
        return tuple(self.relation.loops[loop] for loop in loops)

    def multiplicity_tensors(self) -> tuple[Tensor, ...]:
        """One witness tensor for each table, declared after all others; none without lookups."""
        if not self.has_lookups:
            return ()
        lengths = [self.relation.tensors[table.columns[0]].axes for table in self.relation.tables]
        return tuple(Tensor(Column.WITNESS, axes, 0, 0) for axes in lengths)

    def multiplicity(self, table: int) -> int:
        """The tensor index of m_t."""
        return len(self.relation.tensors) + table

    def helper_tensors(self, longest: int) -> tuple[Tensor, ...]:
        """h, as long as the longest lane and at least 2; none for the tree, or without lookups."""
        if not self.has_helper:
            return ()
        if longest > MAX_LANE:
            raise InvalidParameters(f"a lane of the helper argument would have {longest} entries")
        return (Tensor(Column.HELPER, (max(longest, 2),), 0, 0),)

    @property
    def helper(self) -> int:
        """The tensor index of h, the last one."""
        return len(self.tensors) - 1

    # Columns, blocks, addresses

    def place_columns(self) -> tuple[dict[Column, ColumnRows], int]:
        """Columns by descending need (ties: order of declaration), and R."""
        packed = {}
        for column in COMMITTED:
            members = tuple(i for i, tensor in enumerate(self.tensors) if tensor.column == column)
            blocks, end = pack([index_bits(self.tensors[i].axes) for i in members])
            self.check_column(members, end)
            packed[column] = members, tuple(blocks), -(-end >> self.c) if end else 0
        placed, row = {}, 0
        for column in sorted(COMMITTED, key=lambda col: -packed[col][2]):
            members, blocks_of_column, need = packed[column]
            placed[column] = ColumnRows(members, blocks_of_column, row, need)
            row += 1 << bits(need) if need else 0
        return placed, bits(row)

    def check_column(self, members: Sequence[int], end: int) -> None:
        """A column has at most 2^44 addresses, and its tensors, counted one by one, entries in at most 2^22 rows."""
        if end > 1 << MAX_ADDRESS_BITS:
            raise InvalidParameters(f"a column has {end} addresses")
        rows = sum(prod(len(axis) for axis in rows_of_tensor(self.tensors[i], self.c)) for i in members)
        if rows > MAX_ROWS:
            raise InvalidParameters(f"the tensors of a column have entries in {rows} rows")

    @cached_property
    def addresses(self) -> dict[int, Block]:
        """The block of every committed tensor in the whole address space (positions = row * C + column index)."""
        found = {}
        for column in self.columns.values():
            for tensor, block in zip(column.tensors, column.blocks, strict=True):
                found[tensor] = Block((column.first_row << self.c) + block.base, block.log_size)
        return found

    def committed_row_count(self, column: Column) -> int:
        """How many rows of a column have a commitment; no list is made."""
        count, small = 0, 0
        for tensor, block in zip(self.columns[column].tensors, self.columns[column].blocks, strict=True):
            if block.log_size >= self.c:
                count += prod(len(axis) for axis in rows_of_tensor(self.tensors[tensor], self.c))
            else:
                small += 1 << block.log_size
        return count + -(-small >> self.c)

    def committed_rows(self, column: Column) -> list[int]:
        """The rows of a column with a commitment, ascending. Call only when their number is known to be bounded."""
        place = self.columns[column]
        rows: set[int] = set()
        for tensor, block in zip(place.tensors, place.blocks, strict=True):
            rows.update(place.first_row + row for row in self.rows_of_block(self.tensors[tensor], block))
        return sorted(rows)

    def rows_of_block(self, tensor: Tensor, block: Block) -> Iterator[int]:
        """Rows of the column in which the tensor has in-range entries."""
        first = block.base >> self.c
        if block.log_size < self.c:
            yield first
            return
        below = block.log_size
        radices = []
        for size in tensor.axes:
            below -= bits(size)
            radices.append(max(0, below - self.c))
        for index in product(*rows_of_tensor(tensor, self.c)):
            yield first + sum(i << shift for i, shift in zip(index, radices, strict=True))

    # Lookup domain

    def place_lookups(self) -> tuple[tuple[LookupBlock, ...], int]:
        """Blocks of the lookups of scope 0, then of all tables, and the end of the longest lane."""
        if not self.has_lookups:
            return (), 0
        lookups = self.relation.scope0_lookups
        rows = [self.relation.tensors[table.columns[0]].axes for table in self.relation.tables]
        sizes = [self.loop_sizes(lookup.loops) for lookup in lookups] + rows
        owners: list[tuple[int, Lookup | None]] = [(lookup.table, lookup) for lookup in lookups]
        owners += [(table, None) for table in range(len(rows))]
        placed: dict[int, LookupBlock] = {}
        ends = [0] * self.parameters.lanes
        loads = [sum(1 << index_bits(axes) for axes in rows), *ends[1:]]  # lane 0 counts its tables beforehand
        for index in sorted(range(len(sizes)), key=lambda i: -index_bits(sizes[i])):
            (table, lookup), log_size = owners[index], index_bits(sizes[index])
            lane = 0
            if lookup is not None:
                lane = loads.index(min(loads))
                loads[lane] += 1 << log_size
            placed[index] = LookupBlock(Block(ends[lane], log_size), lane, table, lookup, sizes[index])
            ends[lane] += 1 << log_size
        return tuple(placed[index] for index in range(len(sizes))), max(ends)

    # Slots of stage 5.2

    def place_products(self) -> tuple[dict[MergeKey, ProductSlot], int, int]:
        """Merged product terms with their slots, the position of Lin, and n2."""
        shared_loops: dict[MergeKey, tuple[int, ...]] = {}
        for constraint in self.relation.constraints:
            if constraint.scope != EVERY_PROOF:
                continue
            for term in chain.from_iterable(constraint.expressions):
                if len(term.accesses) == 2:
                    both = set(term.accesses[0].loops) & set(term.accesses[1].loops)
                    shared = tuple(loop for loop in constraint.loops + term.sum_loops if loop in both)
                    shared_loops.setdefault(merge_key(constraint, term.sum_loops, term.accesses), shared)
        blocks, end = pack([index_bits(self.loop_sizes(shared)) for shared in shared_loops.values()])
        if end > 1 << MAX_ADDRESS_BITS:
            raise InvalidParameters(f"the slots of the product terms have {end} entries")
        slots = {
            key: ProductSlot(key, block, shared)
            for block, (key, shared) in zip(blocks, shared_loops.items(), strict=True)
        }
        return slots, end, bits(end + 3)
