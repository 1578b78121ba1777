//! Where everything lies (book, chapter 3): columns, rows, lookup blocks, product slots, mask vector.

use crate::params::{LookupArgument, Opening, Params};
use crate::types::{Access, Column, Relation, RelationError, Scope, Tensor, to_index};
use std::collections::BTreeMap;
use zkseal_poly::bits;

/// Most rows that a key or proof may have.
const MAX_ROWS: u64 = 1 << 22;
const MAX_ADDRESS_VARS: u32 = 44;

/// Place of a committed tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// Its column.
    pub column: Column,
    /// Address of its first entry in the global row space.
    pub address: u64,
    /// Index bits of its block.
    pub num_vars: u32,
}

/// Rows of one committed column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnLayout {
    /// The column.
    pub column: Column,
    /// First row in the global row space.
    pub first_row: u64,
    /// Global row numbers that carry a commitment, ascending.
    pub rows: Vec<u64>,
}

/// What a block of the lookup domain holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// Index in `relation.lookups`.
    Lookup(usize),
    /// Index in `relation.tables`.
    Table(usize),
}

/// An aligned block of the lookup domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookupBlock {
    /// Its content.
    pub kind: BlockKind,
    /// First leaf.
    pub base: u64,
    /// Index bits.
    pub num_vars: u32,
    /// Lane of the helper argument, from 0; 0 for the tree.
    pub lane: usize,
}

/// Terms with the same accesses over the same loops at the same point, which share one linear claim or one product slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedTerm {
    /// One or two factors.
    pub accesses: Vec<Access>,
    /// Outer loops in order.
    pub outer: Vec<u32>,
    /// Sum loops, ascending.
    pub sums: Vec<u32>,
    /// Whether the point is that of lookups (else of zeros).
    pub of_lookup: bool,
    /// Loops of both factors, in slot order (empty for one factor).
    pub shared: Vec<u32>,
    /// Index bits of the slot.
    pub num_vars: u32,
    /// First index of the slot.
    pub base: u64,
}

/// Positions inside the mask vector mu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaskIndex {
    lookups: LookupMask,
    product_vars: usize,
    row_vars: usize,
}

/// The part of mu that masks the lookup argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LookupMask {
    None,
    Tree { vars: usize },
    Helper { vars: usize, lanes: usize },
}

impl MaskIndex {
    /// Pad of u.
    pub const PAD_U: usize = 0;
    /// Pad of v.
    pub const PAD_V: usize = 1;

    /// Pad of p (or q) at layer j >= 1, child b.
    #[must_use]
    pub const fn tree_pad(&self, is_q: bool, layer: usize, child: usize) -> usize {
        2usize
            .saturating_add(layer.saturating_sub(1).saturating_mul(4))
            .saturating_add(if is_q { 2 } else { 0 })
            .saturating_add(child)
    }

    /// Mask coefficient of layer j, variable i, degree d (1 or 2).
    #[must_use]
    pub const fn tree_mask(&self, layer: usize, variable: usize, degree: usize) -> usize {
        // Layers before j have 2 (1 + 2 + .. + j) = j (j + 1) coefficients.
        2usize
            .saturating_add(self.tree_vars().saturating_mul(4))
            .saturating_add(layer.saturating_mul(layer.saturating_add(1)))
            .saturating_add(variable.saturating_mul(2))
            .saturating_add(degree.saturating_sub(1))
    }

    /// Pad of the keys of a lane.
    #[must_use]
    pub const fn key_pad(&self, lane: usize) -> usize {
        2usize.saturating_add(lane)
    }

    /// Pad of the helper column.
    #[must_use]
    pub const fn helper_pad(&self) -> usize {
        2usize.saturating_add(self.lanes())
    }

    /// Pad of the multiplicities.
    #[must_use]
    pub const fn multiplicity_pad(&self) -> usize {
        self.helper_pad().saturating_add(1)
    }

    /// Mask coefficient of the helper sumcheck, d = 1 .. L + 2; variable n is the pad variable.
    #[must_use]
    pub const fn helper_mask(&self, variable: usize, degree: usize) -> usize {
        self.helper_pad()
            .saturating_add(2)
            .saturating_add(variable.saturating_mul(self.lanes().saturating_add(2)))
            .saturating_add(degree.saturating_sub(1))
    }

    const fn tree_vars(&self) -> usize {
        match self.lookups {
            LookupMask::Tree { vars } => vars,
            LookupMask::None | LookupMask::Helper { .. } => 0,
        }
    }

    const fn lanes(&self) -> usize {
        match self.lookups {
            LookupMask::Helper { lanes, .. } => lanes,
            LookupMask::None | LookupMask::Tree { .. } => 0,
        }
    }

    const fn after_lookups(&self) -> usize {
        match self.lookups {
            LookupMask::None => 2,
            LookupMask::Tree { vars: n } => {
                2usize.saturating_add(n.saturating_mul(4)).saturating_add(n.saturating_mul(n.saturating_add(1)))
            }
            LookupMask::Helper { vars, .. } => self.helper_mask(vars.saturating_add(1), 1),
        }
    }

    /// Mask coefficient of the product sumcheck.
    #[must_use]
    pub const fn product_mask(&self, variable: usize, degree: usize) -> usize {
        self.after_lookups().saturating_add(variable.saturating_mul(2)).saturating_add(degree.saturating_sub(1))
    }

    /// Mask coefficient of the row sumcheck.
    #[must_use]
    pub const fn row_mask(&self, variable: usize, degree: usize) -> usize {
        self.after_lookups()
            .saturating_add(self.product_vars.saturating_mul(2))
            .saturating_add(variable.saturating_mul(2))
            .saturating_add(degree.saturating_sub(1))
    }

    /// Length of mu.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub const fn len(&self) -> usize {
        self.row_mask(self.row_vars, 1)
    }
}

/// The layout of a relation under parameters. Public, and the same for prover and verifier.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Parameters.
    pub params: Params,
    /// All tensors: those of the relation, then the multiplicities of the tables (if there are lookups), then the helper
    /// column (if the argument has one).
    pub tensors: Vec<Tensor>,
    /// Index in `tensors` of the first multiplicity tensor.
    pub first_multiplicity: usize,
    /// Place of each tensor; `None` for public ones.
    pub placements: Vec<Option<Placement>>,
    /// Committed columns, in the order of [`Column::COMMITTED`].
    pub columns: Vec<ColumnLayout>,
    /// R, row variables.
    pub row_vars: usize,
    /// Blocks of the lookup domain, in order of their bases.
    pub blocks: Vec<LookupBlock>,
    /// n, variables of the lookup domain; 0 without lookups.
    pub lookup_vars: usize,
    /// Largest arity of a table.
    pub max_arity: usize,
    /// Merged product terms, in order of first appearance.
    pub products: Vec<MergedTerm>,
    /// Merged linear terms, in order of first appearance.
    pub linear: Vec<MergedTerm>,
    /// For each term with accesses, in the order of chapter 3: index in `products` or `linear`.
    pub term_slots: Vec<usize>,
    /// Index of the slot Lin; padU and padV follow.
    pub lin_slot: u64,
    /// n2, variables of the product domain.
    pub product_vars: usize,
    /// nz, coordinates of zeta.
    pub zero_vars: usize,
    /// Mask vector.
    pub mask: MaskIndex,
}

impl Layout {
    /// Lays out a valid relation.
    ///
    /// # Errors
    /// If the mask vector does not fit a row, or the relation has too many rows.
    pub fn new(relation: &Relation, params: Params) -> Result<Self, RelationError> {
        let mut tensors = relation.tensors.clone();
        let first_multiplicity = tensors.len();
        if relation.has_lookups() {
            for table in &relation.tables {
                let len = relation.table_len(table)?;
                tensors.push(Tensor { column: Column::Witness, shape: vec![len], lo: 0, hi: 1 << 40 });
            }
        }
        let (blocks, end) = place_blocks(relation, params.argument)?;
        let mut lookup_vars = to_index(bits(end));
        let lookups = match params.argument {
            _ if blocks.is_empty() => LookupMask::None,
            LookupArgument::Tree => LookupMask::Tree { vars: lookup_vars },
            LookupArgument::Helper { lanes } => {
                let rule = "the relation has too many lookups for a helper column";
                let len = u32::try_from(end).map_err(|_| RelationError::Parameters { rule })?;
                tensors.push(Tensor { column: Column::Helper, shape: vec![len.max(2)], lo: 0, hi: 0 });
                lookup_vars = lookup_vars.max(1);
                LookupMask::Helper { vars: lookup_vars, lanes: usize::from(lanes) }
            }
        };
        let (placements, columns, row_vars) = place_columns(&tensors, params)?;
        let merged = merge_terms(relation)?;
        let mask = MaskIndex { lookups, product_vars: merged.product_vars, row_vars };
        if mask.len() > params.row_len() {
            return Err(RelationError::Parameters { rule: "the mask vector does not fit a row: take longer rows" });
        }
        let mut zero_vars = 0;
        for zero in relation.zeros.iter().filter(|zero| zero.scope == Scope::Proof) {
            zero_vars = zero_vars.max(to_index(relation.loop_vars(&zero.loops)?));
        }
        Ok(Self {
            params,
            tensors,
            first_multiplicity,
            placements,
            columns,
            row_vars,
            blocks,
            lookup_vars,
            max_arity: relation.tables.iter().map(|table| table.columns.len()).max().unwrap_or(0),
            products: merged.products,
            linear: merged.linear,
            term_slots: merged.term_slots,
            lin_slot: merged.lin_slot,
            product_vars: merged.product_vars,
            zero_vars,
            mask,
        })
    }

    /// The layout of one committed column; `None` for public ones.
    #[must_use]
    pub fn column(&self, column: Column) -> Option<&ColumnLayout> {
        self.columns.iter().find(|layout| layout.column == column)
    }

    /// Index in `tensors` of the helper column, if the argument has one.
    #[must_use]
    pub fn helper_tensor(&self) -> Option<usize> {
        self.tensors.iter().rposition(|tensor| tensor.column == Column::Helper)
    }

    /// Number of commitments of a column.
    #[must_use]
    pub fn num_rows(&self, column: Column) -> usize {
        self.column(column).map_or(0, |layout| layout.rows.len())
    }

    /// Variables of an address: R + c.
    #[must_use]
    pub fn address_vars(&self) -> usize {
        self.row_vars.saturating_add(usize::from(self.params.log_row))
    }

    /// Exact length of a proof in bytes (book, chapter 6).
    #[must_use]
    pub fn proof_bytes(&self) -> usize {
        let (n, c) = (self.lookup_vars, usize::from(self.params.log_row));
        let lookups = match self.params.argument {
            _ if self.blocks.is_empty() => 0,
            LookupArgument::Tree => n.saturating_mul(n.saturating_add(1)).saturating_add(n.saturating_mul(4)),
            LookupArgument::Helper { lanes } => {
                let degree = usize::from(lanes).saturating_add(2);
                self.num_rows(Column::Helper).saturating_add(degree.saturating_mul(n.saturating_add(2)))
            }
        };
        let opening = match self.params.opening {
            Opening::Ipa => c.saturating_mul(2).saturating_add(1),
            Opening::Kzg => 7 + 6,
        };
        let rounds = self.product_vars.saturating_add(self.row_vars).saturating_add(c).saturating_add(1);
        // Witness and helper rows, mu, q and q'; U, V; t_q; y, s.
        let rest = self.num_rows(Column::Witness).saturating_add(3 + 2 + 1 + 2);
        let words = lookups.saturating_add(opening).saturating_add(rounds.saturating_mul(2)).saturating_add(rest);
        words.saturating_mul(32)
    }
}

type Placements = (Vec<Option<Placement>>, Vec<ColumnLayout>, usize);

fn place_columns(tensors: &[Tensor], params: Params) -> Result<Placements, RelationError> {
    let too_large = RelationError::Parameters { rule: "the relation has too many rows for this row length" };
    let log_row = u32::from(params.log_row);
    let mut offsets = vec![0u64; tensors.len()];
    let mut needs: Vec<(Column, u64)> = Vec::new();
    for column in Column::COMMITTED {
        let mut members: Vec<usize> =
            tensors.iter().enumerate().filter(|(_, t)| t.column == column).map(|(index, _)| index).collect();
        members.sort_by_key(|index| std::cmp::Reverse(tensors.get(*index).map_or(0, Tensor::num_vars)));
        let mut end = 0u64;
        for index in members {
            let num_vars = tensors.get(index).map_or(0, Tensor::num_vars);
            if let Some(offset) = offsets.get_mut(index) {
                *offset = end;
            }
            end = end.saturating_add(1u64.checked_shl(num_vars).unwrap_or(u64::MAX));
        }
        if end > 1 << MAX_ADDRESS_VARS {
            return Err(too_large);
        }
        needs.push((column, end.div_ceil(1 << log_row)));
    }
    let mut order = needs.clone();
    order.sort_by_key(|(_, need)| std::cmp::Reverse(*need));
    let (mut first_rows, mut end) = (BTreeMap::new(), 0u64);
    for (column, need) in order {
        first_rows.insert(column, end);
        if need > 0 {
            end = end.saturating_add(1 << bits(need));
        }
    }
    let first_row = |column: Column| first_rows.get(&column).copied().unwrap_or(0);
    let placements: Vec<Option<Placement>> = tensors
        .iter()
        .zip(&offsets)
        .map(|(tensor, offset)| {
            (!tensor.column.is_public()).then(|| Placement {
                column: tensor.column,
                address: (first_row(tensor.column) << log_row).saturating_add(*offset),
                num_vars: tensor.num_vars(),
            })
        })
        .collect();
    let mut columns = Vec::new();
    for column in Column::COMMITTED {
        let mut rows = Vec::new();
        for (tensor, placement) in tensors.iter().zip(&placements) {
            if let Some(place) = placement.filter(|place| place.column == column) {
                rows_of(tensor, place, log_row, &mut rows).ok_or_else(|| too_large.clone())?;
            }
        }
        rows.sort_unstable();
        rows.dedup();
        columns.push(ColumnLayout { column, first_row: first_row(column), rows });
    }
    Ok((placements, columns, to_index(bits(end))))
}

/// Appends the rows in which the tensor has an in-range entry; `None` if there are too many.
fn rows_of(tensor: &Tensor, place: Placement, log_row: u32, rows: &mut Vec<u64>) -> Option<()> {
    let first = place.address >> log_row;
    // Offsets of rows inside the block, axis by axis from the innermost; `low` counts the index bits passed so far.
    let (mut offsets, mut low) = (vec![0u64], 0u32);
    for axis in tensor.shape.iter().rev() {
        let axis_vars = bits(u64::from(*axis));
        let below = log_row.saturating_sub(low).min(axis_vars);
        let steps = u64::from(*axis).div_ceil(1 << below);
        let position = low.saturating_add(below).saturating_sub(log_row);
        if steps > 1 {
            if steps.saturating_mul(u64::try_from(offsets.len()).ok()?) > MAX_ROWS {
                return None;
            }
            offsets = (0..steps).flat_map(|i| offsets.iter().map(move |o| o.saturating_add(i << position))).collect();
        }
        low = low.saturating_add(axis_vars);
    }
    rows.extend(offsets.iter().map(|offset| first.saturating_add(*offset)));
    (u64::try_from(rows.len()).ok()? <= MAX_ROWS).then_some(())
}

/// Blocks and the end of the longest lane.
fn place_blocks(relation: &Relation, argument: LookupArgument) -> Result<(Vec<LookupBlock>, u64), RelationError> {
    if !relation.has_lookups() {
        return Ok((Vec::new(), 0));
    }
    let mut blocks = Vec::new();
    for (index, lookup) in relation.lookups.iter().enumerate().filter(|(_, l)| l.scope == Scope::Proof) {
        let num_vars = relation.loop_vars(&lookup.loops)?;
        blocks.push(LookupBlock { kind: BlockKind::Lookup(index), base: 0, num_vars, lane: 0 });
    }
    for (index, table) in relation.tables.iter().enumerate() {
        let num_vars = bits(u64::from(relation.table_len(table)?));
        blocks.push(LookupBlock { kind: BlockKind::Table(index), base: 0, num_vars, lane: 0 });
    }
    blocks.sort_by_key(|block| std::cmp::Reverse(block.num_vars));
    // Tables are in lane 0; a lookup takes the lane that will be filled least, its tables counted beforehand.
    let mut ends = vec![0u64; usize::from(argument.lanes())];
    let mut loads = ends.clone();
    if let Some(load) = loads.first_mut() {
        let tables = blocks.iter().filter(|block| matches!(block.kind, BlockKind::Table(_)));
        *load = tables.fold(0, |sum, block| sum.saturating_add(1 << block.num_vars));
    }
    for block in &mut blocks {
        let size = 1u64 << block.num_vars;
        if let BlockKind::Lookup(_) = block.kind {
            let least = loads.iter().enumerate().min_by_key(|(lane, load)| (**load, *lane));
            block.lane = least.map_or(0, |(lane, _)| lane);
            if let Some(load) = loads.get_mut(block.lane) {
                *load = load.saturating_add(size);
            }
        }
        if let Some(end) = ends.get_mut(block.lane) {
            block.base = *end;
            *end = end.saturating_add(size);
        }
    }
    Ok((blocks, ends.into_iter().max().unwrap_or(0)))
}

struct Merged {
    products: Vec<MergedTerm>,
    linear: Vec<MergedTerm>,
    term_slots: Vec<usize>,
    lin_slot: u64,
    product_vars: usize,
}

type TermKey<'r> = (&'r [Access], &'r [u32], &'r [u32], bool);

fn merge_terms(relation: &Relation) -> Result<Merged, RelationError> {
    let mut seen: BTreeMap<TermKey<'_>, usize> = BTreeMap::new();
    let (mut products, mut linear, mut term_slots) = (Vec::new(), Vec::new(), Vec::new());
    let lookups = relation.lookups.iter().filter(|lookup| lookup.scope == Scope::Proof);
    let zeros = relation.zeros.iter().filter(|zero| zero.scope == Scope::Proof);
    let exprs = lookups
        .flat_map(|lookup| lookup.exprs.iter().map(|expr| (expr, lookup.loops.as_slice(), true)))
        .chain(zeros.map(|zero| (&zero.expr, zero.loops.as_slice(), false)));
    for (expr, outer, of_lookup) in exprs {
        for term in expr.terms.iter().filter(|term| !term.accesses.is_empty()) {
            let key = (term.accesses.as_slice(), outer, term.sum_loops.as_slice(), of_lookup);
            let list = if term.accesses.len() == 2 { &mut products } else { &mut linear };
            let slot = *seen.entry(key).or_insert(list.len());
            if slot == list.len() {
                list.push(merged_term(relation, &term.accesses, outer, &term.sum_loops, of_lookup)?);
            }
            term_slots.push(slot);
        }
    }
    let mut order: Vec<usize> = (0..products.len()).collect();
    order.sort_by_key(|slot| std::cmp::Reverse(products.get(*slot).map_or(0, |term: &MergedTerm| term.num_vars)));
    let mut end = 0u64;
    for slot in order {
        if let Some(term) = products.get_mut(slot) {
            term.base = end;
            end = end.saturating_add(1u64.checked_shl(term.num_vars).unwrap_or(u64::MAX));
        }
    }
    if end > 1 << MAX_ADDRESS_VARS {
        return Err(RelationError::Parameters { rule: "the product terms are too large" });
    }
    let product_vars = to_index(bits(end.saturating_add(3)));
    Ok(Merged { products, linear, term_slots, lin_slot: end, product_vars })
}

fn merged_term(
    relation: &Relation,
    accesses: &[Access],
    outer: &[u32],
    sums: &[u32],
    of_lookup: bool,
) -> Result<MergedTerm, RelationError> {
    let mut shared = Vec::new();
    if let [first, second] = accesses {
        let (first, second) = (first.loops(), second.loops());
        shared.extend(outer.iter().chain(sums).filter(|l| first.contains(l) && second.contains(l)).copied());
    }
    let num_vars = relation.loop_vars(&shared)?;
    Ok(MergedTerm {
        accesses: accesses.to_vec(),
        outer: outer.to_vec(),
        sums: sums.to_vec(),
        of_lookup,
        shared,
        num_vars,
        base: 0,
    })
}
