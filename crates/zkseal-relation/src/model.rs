//! The model relation: bounds of private weights, proved once (book, chapter 2, "The model relation").

use crate::codec::digest;
use crate::types::{
    Access, Column, Expr, Lookup, Map, Relation, RelationError, Scope, Table, Tensor, Term, ZeroConstraint, to_index,
};
use std::collections::{BTreeMap, BTreeSet};

const MIN_WIDTH: u32 = 4;
const MAX_WIDTH: u32 = 16;
/// Ids of tables that scope-1 lookups use start here.
const FIRST_COPIED_ID: u32 = 100;

/// Logarithm of the span of a model tensor's bounds.
fn span_bits(tensor: &Tensor) -> u32 {
    let span = i128::from(tensor.hi).saturating_sub(i128::from(tensor.lo)).saturating_add(1);
    span.unsigned_abs().trailing_zeros()
}

fn num_limbs(span_bits: u32, width: u32) -> u32 {
    span_bits.div_ceil(width).max(1)
}

/// The limb width of least cost; of several the smallest.
fn limb_width(models: &[&Tensor]) -> u32 {
    let cost = |width: u32| {
        models.iter().fold(1u64 << width, |sum, tensor| {
            sum.saturating_add(tensor.len().saturating_mul(u64::from(num_limbs(span_bits(tensor), width))))
        })
    };
    (MIN_WIDTH..=MAX_WIDTH).min_by_key(|width| cost(*width)).unwrap_or(MAX_WIDTH)
}

fn index_u32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// `num / 2^shift * tensor[loops]`, one loop for each axis.
fn plain_term(num: i64, shift: u32, tensor: u32, loops: &[u32]) -> Term {
    let maps = loops.iter().map(|l| Map::Affine { terms: vec![(1, *l)], offset: 0 }).collect();
    Term { num, shift: u8_of(shift), sum_loops: Vec::new(), accesses: vec![Access { tensor, maps }] }
}

fn u8_of(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

/// The relation that setup proves about the `model` column; `None` without one.
///
/// # Errors
/// If the relation is not valid.
pub fn model_relation(relation: &Relation) -> Result<Option<Relation>, RelationError> {
    let models: Vec<(usize, &Tensor)> =
        relation.tensors.iter().enumerate().filter(|(_, tensor)| tensor.column == Column::Model).collect();
    if models.is_empty() {
        return Ok(None);
    }
    let only: Vec<&Tensor> = models.iter().map(|(_, tensor)| *tensor).collect();
    let width = limb_width(&only);
    let mut annotation = b"zkseal model relation v1".to_vec();
    annotation.extend_from_slice(&digest(relation));
    let mut out = Relation {
        annotation,
        tensors: only.iter().map(|tensor| (*tensor).clone()).collect(),
        lists: relation.lists.clone(),
        ..Relation::default()
    };
    let ranges = add_ranges(&mut out, &only, width);
    add_bounds(&mut out, &only, width, &ranges);
    copy_model_constraints(relation, &models, &mut out)?;
    Ok(Some(out))
}

/// Range tables by width, ascending; returns (width, table index).
fn add_ranges(out: &mut Relation, models: &[&Tensor], width: u32) -> Vec<(u32, u32)> {
    let mut widths: Vec<u32> = Vec::new();
    for tensor in models {
        let bits = span_bits(tensor);
        widths.push(bits.min(width));
        let limbs = num_limbs(bits, width);
        if limbs > 1 {
            widths.push(bits.saturating_sub(width.saturating_mul(limbs.saturating_sub(1))));
        }
    }
    widths.sort_unstable();
    widths.dedup();
    let mut ranges = Vec::new();
    for v in widths {
        let len = 1u32.checked_shl(v).unwrap_or(u32::MAX);
        let tensor = index_u32(out.tensors.len());
        let hi = i64::from(len).saturating_sub(1);
        out.tensors.push(Tensor { column: Column::Progression, shape: vec![len], lo: 0, hi });
        ranges.push((v, index_u32(out.tables.len())));
        out.tables.push(Table { id: v.saturating_add(1), columns: vec![tensor] });
    }
    ranges
}

fn add_bounds(out: &mut Relation, models: &[&Tensor], width: u32, ranges: &[(u32, u32)]) {
    let table_of = |v: u32| ranges.iter().find(|(w, _)| *w == v).map_or(u32::MAX, |(_, table)| *table);
    let limb_hi = (1i64 << width).saturating_sub(1);
    let mut first_limbs = Vec::new();
    for tensor in models {
        first_limbs.push(index_u32(out.tensors.len()));
        for _ in 1..num_limbs(span_bits(tensor), width) {
            out.tensors.push(Tensor { column: Column::Witness, shape: tensor.shape.clone(), lo: 0, hi: limb_hi });
        }
    }
    for ((index, tensor), first_limb) in (0u32..).zip(models).zip(first_limbs) {
        let bits = span_bits(tensor);
        let upper = num_limbs(bits, width).saturating_sub(1);
        let shift = width.saturating_mul(upper);
        let loops: Vec<u32> = (0..tensor.shape.len()).map(|k| index_u32(out.loops.len().saturating_add(k))).collect();
        out.loops.extend(&tensor.shape);
        let mut top = vec![plain_term(1, shift, index, &loops)];
        if tensor.lo != 0 {
            let num = tensor.lo.saturating_neg();
            top.push(Term { num, shift: u8_of(shift), sum_loops: Vec::new(), accesses: Vec::new() });
        }
        for t in 0..upper {
            let limb = first_limb.saturating_add(t);
            let exprs = vec![Expr { terms: vec![plain_term(1, 0, limb, &loops)] }];
            out.lookups.push(Lookup { scope: Scope::Proof, table: table_of(width), loops: loops.clone(), exprs });
            let place = 1i64.checked_shl(width.saturating_mul(t)).unwrap_or(i64::MAX);
            top.push(plain_term(place.saturating_neg(), shift, limb, &loops));
        }
        let table = table_of(bits.saturating_sub(shift));
        out.lookups.push(Lookup { scope: Scope::Proof, table, loops, exprs: vec![Expr { terms: top }] });
    }
}

/// Appends the progressions that scope-1 expressions access; returns (old index, new index).
fn read_progressions(relation: &Relation, out: &mut Relation) -> Result<Vec<(u32, u32)>, RelationError> {
    let lookups = relation.lookups.iter().filter(|l| l.scope == Scope::Model).flat_map(|l| &l.exprs);
    let zeros = relation.zeros.iter().filter(|z| z.scope == Scope::Model).map(|z| &z.expr);
    let accesses = lookups.chain(zeros).flat_map(|expr| &expr.terms).flat_map(|term| &term.accesses);
    let read: BTreeSet<u32> = accesses.map(|access| access.tensor).collect();
    let mut progressions = Vec::new();
    for index in read {
        let tensor = relation.tensor(to_index(index))?;
        if tensor.column == Column::Progression {
            progressions.push((index, index_u32(out.tensors.len())));
            out.tensors.push(tensor.clone());
        }
    }
    Ok(progressions)
}

/// Appends the scope-1 constraints with translated indices (steps 4, 6 and 7).
fn copy_model_constraints(
    relation: &Relation,
    models: &[(usize, &Tensor)],
    out: &mut Relation,
) -> Result<(), RelationError> {
    let loop_offset = index_u32(out.loops.len());
    out.loops.extend(&relation.loops);
    let used: BTreeSet<u32> =
        relation.lookups.iter().filter(|lookup| lookup.scope == Scope::Model).map(|lookup| lookup.table).collect();
    let mut copied = BTreeMap::new();
    for (index, table) in relation.tables.iter().enumerate() {
        if used.contains(&index_u32(index)) {
            copied.insert(index_u32(index), index_u32(out.tables.len()));
            let mut columns = Vec::new();
            for column in &table.columns {
                columns.push(index_u32(out.tensors.len()));
                out.tensors.push(relation.tensor(to_index(*column))?.clone());
            }
            out.tables.push(Table { id: FIRST_COPIED_ID.saturating_add(index_u32(index)), columns });
        }
    }
    let progressions = read_progressions(relation, out)?;
    let table_of = |index: u32| copied.get(&index).copied().unwrap_or(u32::MAX);
    let loop_of = |index: &u32| index.saturating_add(loop_offset);
    let mut renamed: BTreeMap<u32, u32> = progressions.into_iter().collect();
    renamed.extend(models.iter().zip(0u32..).map(|((old, _), new)| (index_u32(*old), new)));
    let tensor_of = |index: u32| renamed.get(&index).copied().unwrap_or(u32::MAX);
    let map_of = |map: &Map| match map {
        Map::Affine { terms, offset } => {
            Map::Affine { terms: terms.iter().map(|(stride, l)| (*stride, loop_of(l))).collect(), offset: *offset }
        }
        Map::Gather { loop_index, list } => Map::Gather { loop_index: loop_of(loop_index), list: *list },
        Map::GatherPublic { loop_index, tensor } => {
            Map::GatherPublic { loop_index: loop_of(loop_index), tensor: tensor_of(*tensor) }
        }
    };
    let expr_of = |expr: &Expr| Expr {
        terms: expr
            .terms
            .iter()
            .map(|term| Term {
                num: term.num,
                shift: term.shift,
                sum_loops: term.sum_loops.iter().map(loop_of).collect(),
                accesses: term
                    .accesses
                    .iter()
                    .map(|a| Access { tensor: tensor_of(a.tensor), maps: a.maps.iter().map(map_of).collect() })
                    .collect(),
            })
            .collect(),
    };
    for lookup in relation.lookups.iter().filter(|lookup| lookup.scope == Scope::Model) {
        out.lookups.push(Lookup {
            scope: Scope::Proof,
            table: table_of(lookup.table),
            loops: lookup.loops.iter().map(loop_of).collect(),
            exprs: lookup.exprs.iter().map(expr_of).collect(),
        });
    }
    for zero in relation.zeros.iter().filter(|zero| zero.scope == Scope::Model) {
        out.zeros.push(ZeroConstraint {
            scope: Scope::Proof,
            loops: zero.loops.iter().map(loop_of).collect(),
            expr: expr_of(&zero.expr),
        });
    }
    Ok(())
}
