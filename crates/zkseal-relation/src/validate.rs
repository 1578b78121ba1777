//! The rules of chapter 2 that make a relation well-formed. Applied once, when a relation or a key is loaded.

use crate::codec::{MAX_ANNOTATION, MAX_LIST, MAX_PARTS};
use crate::types::{Access, Column, Expr, Map, Relation, RelationError, Scope, Tensor, to_index};
use crate::work::check_work;
use std::collections::BTreeSet;

const MAX_AXIS: u32 = 1 << 24;
const MAX_VARS: u32 = 36;
const MAX_BOUND: i64 = 1 << 62;
const MAX_MODEL_SPAN_BITS: u32 = 48;
const MAX_MAGNITUDE_BITS: u32 = 120;

type Check = Result<(), RelationError>;

fn ensure(condition: bool, place: &'static str, index: usize, rule: &'static str) -> Check {
    if condition { Ok(()) } else { Err(RelationError::Invalid { place, index, rule }) }
}

/// Applies every rule.
///
/// # Errors
/// The first broken rule, with the part that breaks it.
pub fn validate(relation: &Relation) -> Check {
    let counts = [
        relation.tensors.len(),
        relation.loops.len(),
        relation.lists.len(),
        relation.tables.len(),
        relation.lookups.len(),
        relation.zeros.len(),
    ];
    for count in counts {
        ensure(count <= to_index(MAX_PARTS), "relation", count, "has too many parts")?;
    }
    ensure(relation.annotation.len() <= to_index(MAX_ANNOTATION), "annotation", 0, "is too long")?;
    for (index, tensor) in relation.tensors.iter().enumerate() {
        check_tensor(tensor, index)?;
    }
    for (index, size) in relation.loops.iter().enumerate() {
        ensure((1..=MAX_AXIS).contains(size), "loop", index, "size is out of range")?;
    }
    for (index, list) in relation.lists.iter().enumerate() {
        ensure(list.len() <= to_index(MAX_LIST), "list", index, "is too long")?;
    }
    check_tables(relation)?;
    check_work(relation)?;
    for (index, lookup) in relation.lookups.iter().enumerate() {
        let table = relation.table(lookup.table)?;
        ensure(lookup.exprs.len() == table.columns.len(), "lookup", index, "arity differs from its table's")?;
        check_loops(relation, &lookup.loops, "lookup", index)?;
        for expr in &lookup.exprs {
            check_expr(relation, expr, &lookup.loops, lookup.scope, "lookup", index)?;
        }
        if lookup.scope == Scope::Model {
            for column in &table.columns {
                let progression = relation.tensor(to_index(*column))?.column == Column::Progression;
                ensure(progression, "lookup", index, "of scope model needs a table of progressions")?;
            }
        }
    }
    for (index, zero) in relation.zeros.iter().enumerate() {
        check_loops(relation, &zero.loops, "zero", index)?;
        check_expr(relation, &zero.expr, &zero.loops, zero.scope, "zero", index)?;
    }
    let once = relation.lookups.iter().map(|l| l.scope).chain(relation.zeros.iter().map(|z| z.scope));
    let has_model = relation.tensors.iter().any(|tensor| tensor.column == Column::Model);
    ensure(
        has_model || !once.into_iter().any(|s| s == Scope::Model),
        "relation",
        0,
        "has scope model without a model",
    )?;
    let proved = relation.has_lookups() || relation.zeros.iter().any(|zero| zero.scope == Scope::Proof);
    ensure(proved, "relation", 0, "has no constraint of scope proof")
}

fn check_tensor(tensor: &Tensor, index: usize) -> Check {
    ensure((1..=8).contains(&tensor.shape.len()), "tensor", index, "needs one to eight axes")?;
    for axis in &tensor.shape {
        ensure((1..=MAX_AXIS).contains(axis), "tensor", index, "axis size is out of range")?;
    }
    ensure(tensor.num_vars() <= MAX_VARS, "tensor", index, "is too large")?;
    let ordered = -MAX_BOUND <= tensor.lo && tensor.lo <= tensor.hi && tensor.hi <= MAX_BOUND;
    ensure(ordered, "tensor", index, "bounds are out of range")?;
    let span = i128::from(tensor.hi).saturating_sub(i128::from(tensor.lo)).saturating_add(1).unsigned_abs();
    match tensor.column {
        Column::Progression => {
            ensure(tensor.shape.len() == 1, "tensor", index, "a progression has one axis")?;
            ensure(span == u128::from(tensor.len()), "tensor", index, "a progression ends at lo + n - 1")
        }
        Column::Model => {
            let fits = span.is_power_of_two() && span.trailing_zeros() <= MAX_MODEL_SPAN_BITS;
            ensure(fits, "tensor", index, "a model tensor's bounds span a power of two, at most 2^48")
        }
        Column::Public => ensure(tensor.len() <= u64::from(MAX_AXIS), "tensor", index, "is too large to be public"),
        Column::Table | Column::Input | Column::Output | Column::Witness => Ok(()),
        Column::Helper => ensure(false, "tensor", index, "is in the helper column, which belongs to the prover"),
    }
}

fn check_tables(relation: &Relation) -> Check {
    let mut ids = BTreeSet::new();
    for (index, table) in relation.tables.iter().enumerate() {
        ensure(ids.insert(table.id), "table", index, "id occurs twice")?;
        ensure((1..=8).contains(&table.columns.len()), "table", index, "needs one to eight columns")?;
        let len = relation.table_len(table)?;
        for column in &table.columns {
            let shape = &relation.tensor(to_index(*column))?.shape;
            ensure(*shape == [len], "table", index, "columns have one axis and equal length")?;
        }
    }
    Ok(())
}

fn check_loops(relation: &Relation, loops: &[u32], place: &'static str, index: usize) -> Check {
    let distinct: BTreeSet<_> = loops.iter().collect();
    ensure(distinct.len() == loops.len() && loops.len() <= 8, place, index, "outer loops are distinct, at most eight")?;
    ensure(relation.loop_vars(loops)? <= MAX_VARS, place, index, "has too many indices")
}

fn check_expr(
    relation: &Relation,
    expr: &Expr,
    outer: &[u32],
    scope: Scope,
    place: &'static str,
    index: usize,
) -> Check {
    let max_shift = expr.terms.iter().map(|term| term.shift).max().unwrap_or(0);
    let mut magnitude = Magnitude::zero();
    for term in &expr.terms {
        ensure(term.num != 0 && term.shift <= 62, place, index, "a coefficient is zero or has too large a shift")?;
        let ascending = term.sum_loops.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        ensure(ascending, place, index, "sum loops are strictly ascending")?;
        let mut size = Magnitude::of(u128::from(term.num.unsigned_abs()));
        size.scale(1u128.checked_shl(u32::from(max_shift.saturating_sub(term.shift))).unwrap_or(u128::MAX));
        for sum_loop in &term.sum_loops {
            ensure(!outer.contains(sum_loop), place, index, "a sum loop is an outer loop, too")?;
            size.scale(u128::from(relation.loop_size(*sum_loop)?));
        }
        ensure(term.accesses.len() <= 2, place, index, "a term has more than two factors")?;
        for access in &term.accesses {
            let tensor = check_access(relation, access, outer, &term.sum_loops, place, index)?;
            size.scale(u128::from(tensor.lo.unsigned_abs().max(tensor.hi.unsigned_abs())));
            if scope == Scope::Model {
                check_model_access(tensor, access, place, index)?;
            }
        }
        magnitude.add(size);
    }
    ensure(magnitude.fits(), place, index, "values could reach 2^120: bound the tensors or split the sum")
}

fn check_model_access(tensor: &Tensor, access: &Access, place: &'static str, index: usize) -> Check {
    let allowed = matches!(tensor.column, Column::Model | Column::Progression)
        && !access.maps.iter().any(|map| matches!(map, Map::GatherPublic { .. }));
    ensure(allowed, place, index, "of scope model reads something that is not in the model")
}

fn check_access<'r>(
    relation: &'r Relation,
    access: &Access,
    outer: &[u32],
    sums: &[u32],
    place: &'static str,
    index: usize,
) -> Result<&'r Tensor, RelationError> {
    let tensor = relation.tensor(to_index(access.tensor))?;
    ensure(access.maps.len() == tensor.shape.len(), place, index, "an access has one map for each axis")?;
    let loops = access.loops();
    let distinct: BTreeSet<_> = loops.iter().collect();
    ensure(distinct.len() == loops.len(), place, index, "a loop occurs twice in one access")?;
    let known = loops.iter().all(|l| outer.contains(l) || sums.contains(l));
    ensure(known, place, index, "a loop of an access is neither outer nor summed")?;
    for (map, axis) in access.maps.iter().zip(&tensor.shape) {
        check_map(relation, map, *axis, place, index)?;
    }
    Ok(tensor)
}

fn check_map(relation: &Relation, map: &Map, axis: u32, place: &'static str, index: usize) -> Check {
    match map {
        Map::Affine { terms, .. } => {
            ensure(terms.len() <= 4, place, index, "an affine map has at most four loops")?;
            let mut product = 1u64;
            for (stride, loop_index) in terms {
                ensure(*stride != 0, place, index, "a stride is zero")?;
                product = product.saturating_mul(u64::from(relation.loop_size(*loop_index)?));
            }
            ensure(product <= u64::from(MAX_AXIS), place, index, "the loops of an affine map have too many values")
        }
        Map::Gather { loop_index, list } => {
            let size = to_index(relation.loop_size(*loop_index)?);
            let list = relation.lists.get(to_index(*list));
            let list = list.ok_or(RelationError::Invalid { place, index, rule: "a gather list does not exist" })?;
            ensure(list.len() == size, place, index, "a gather list is as long as its loop")?;
            let inside = list.iter().all(|entry| *entry >= -1 && i64::from(*entry) < i64::from(axis));
            ensure(inside, place, index, "a gather entry is outside its axis")
        }
        Map::GatherPublic { loop_index, tensor } => {
            let size = relation.loop_size(*loop_index)?;
            let indices = relation.tensor(to_index(*tensor))?;
            let fits = indices.column == Column::Public && indices.shape == [size];
            ensure(fits, place, index, "gather_public needs a public tensor with one axis as long as the loop")
        }
    }
}

/// A saturating magnitude.
struct Magnitude(u128);

impl Magnitude {
    const fn zero() -> Self {
        Self(0)
    }
    const fn of(value: u128) -> Self {
        Self(value)
    }
    fn scale(&mut self, factor: u128) {
        self.0 = self.0.saturating_mul(factor);
    }
    fn add(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
    const fn fits(&self) -> bool {
        self.0 >> MAX_MAGNITUDE_BITS == 0
    }
}
