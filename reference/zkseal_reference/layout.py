"""Chapter 3: parameters, addresses of the committed entries, lookup domain, product slots, mask vector.

All of it follows from the relation and the parameters alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, product

from .errors import InvalidParameters, UnknownVersion
from .field import bits
from .generators import SETUP_DIGEST
from .relation import COMMITTED, EVERY_PROOF, Access, Column, Constraint, Lookup, Relation, Tensor

PARAMETERS_BYTES = 37
MIN_C, MAX_C = 4, 16


@dataclass(frozen=True)
class Parameters:
    """The 37 bytes that every transcript starts with; only C = 2^c is free in this version."""

    c: int

    def encode(self) -> bytes:
        return bytes([1, self.c, 0, 1, 0]) + SETUP_DIGEST

    @property
    def row_length(self) -> int:
        return 1 << self.c


def decode_parameters(data: bytes) -> Parameters:
    """u8(1) u8(c) u8(lookup argument) u8(lanes) u8(opening) setup digest."""
    if len(data) != PARAMETERS_BYTES:
        raise InvalidParameters(f"parameters have {PARAMETERS_BYTES} bytes, got {len(data)}")
    if data[0] != 1:
        raise UnknownVersion(f"parameters of version {data[0]}: this verifier knows 1")
    if not MIN_C <= data[1] <= MAX_C:
        raise InvalidParameters(f"c = {data[1]} is not in {MIN_C} .. {MAX_C}")
    if data[2:5] != bytes([0, 1, 0]):
        raise InvalidParameters("only the lookup argument tree with one lane and the opening ipa exist")
    if data[5:] != SETUP_DIGEST:
        raise InvalidParameters("unknown setup digest")
    return Parameters(data[1])


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
    """A block of the lookup domain: a lookup of scope 0, or a table (lookup is None)."""

    block: Block
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
    """The layout of a relation under parameters; raises InvalidParameters if the mask vector exceeds a row."""

    def __init__(self, relation: Relation, parameters: Parameters) -> None:
        self.relation = relation
        self.parameters = parameters
        self.c = parameters.c
        self.has_lookups = bool(relation.scope0_lookups)
        self.tensors = relation.tensors + self.multiplicity_tensors()
        self.t_max = max((len(table.columns) for table in relation.tables), default=0)
        self.columns, self.row_variables = self.place_columns()
        self.lookup_blocks, self.n = self.place_lookups()
        self.slots, self.lin_slot, self.n2 = self.place_products()
        self.pad_u_slot, self.pad_v_slot = self.lin_slot + 1, self.lin_slot + 2
        zeros = relation.scope0_zeros
        self.nz = max((index_bits(self.loop_sizes(zero.loops)) for zero in zeros), default=0)
        self.mask = MaskIndex(self.n, self.n2, self.row_variables)
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

    # Columns, blocks, addresses

    def place_columns(self) -> tuple[dict[Column, ColumnRows], int]:
        """Columns by descending need (ties: order of declaration), and R."""
        packed = {}
        for column in COMMITTED:
            members = tuple(i for i, tensor in enumerate(self.tensors) if tensor.column == column)
            blocks, end = pack([index_bits(self.tensors[i].axes) for i in members])
            packed[column] = members, tuple(blocks), -(-end >> self.c) if end else 0
        placed, row = {}, 0
        for column in sorted(COMMITTED, key=lambda col: -packed[col][2]):
            members, blocks_of_column, need = packed[column]
            placed[column] = ColumnRows(members, blocks_of_column, row, need)
            row += 1 << bits(need) if need else 0
        return placed, bits(row)

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
                rows = 1
                for axis in rows_of_tensor(self.tensors[tensor], self.c):
                    rows *= len(axis)
                count += rows
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
        """Blocks of the lookups of scope 0, then of all tables, and n."""
        if not self.has_lookups:
            return (), 0
        lookups = self.relation.scope0_lookups
        rows = [self.relation.tensors[table.columns[0]].axes for table in self.relation.tables]
        sizes = [self.loop_sizes(lookup.loops) for lookup in lookups] + rows
        blocks, end = pack([index_bits(axes) for axes in sizes])
        owners: list[tuple[int, Lookup | None]] = [(lookup.table, lookup) for lookup in lookups]
        owners += [(table, None) for table in range(len(rows))]
        placed = [
            LookupBlock(block, table, lookup, axes)
            for block, (table, lookup), axes in zip(blocks, owners, sizes, strict=True)
        ]
        return tuple(placed), bits(end)

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
        slots = {
            key: ProductSlot(key, block, shared)
            for block, (key, shared) in zip(blocks, shared_loops.items(), strict=True)
        }
        return slots, end, bits(end + 3)


@dataclass(frozen=True)
class MaskIndex:
    """Positions in the mask vector mu."""

    n: int
    n2: int
    row_variables: int

    u = 0
    v = 1

    def pad(self, kind: str, j: int, b: int) -> int:
        """[p, j, b] or [q, j, b], j = 1 .. n."""
        return 2 + 4 * (j - 1) + 2 * "pq".index(kind) + b

    def tree(self, j: int, i: int, d: int) -> int:
        """The mask of layer j, variable i = 0 .. j, d = 1, 2."""
        return 2 + 4 * self.n + j * (j + 1) + 2 * i + d - 1

    def g2(self, i: int, d: int) -> int:
        return 2 + 4 * self.n + self.n * (self.n + 1) + 2 * i + d - 1

    def g3(self, i: int, d: int) -> int:
        return self.g2(self.n2, 1) + 2 * i + d - 1

    @property
    def length(self) -> int:
        return self.g3(self.row_variables, 1)
