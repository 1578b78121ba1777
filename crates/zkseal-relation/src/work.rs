//! What a relation may cost its verifier (book, chapter 2, "Validation").
//!
//! An axis read plainly is evaluated in time logarithmic in its size. Every other axis is expanded entry by entry, and so
//! are the tensors whose values the verifier knows. Without a limit a key of a hundred bytes could ask for gigabytes.

use crate::types::{Column, Map, Relation, RelationError, to_index};

/// Most entries that the accesses and the public table columns of a relation may expand to, taken together.
pub const MAX_WORK: u64 = 1 << 23;

/// Refuses a relation that would cost more than [`MAX_WORK`]. Its tensors and loops are valid; its constraints need not be.
pub(crate) fn check_work(relation: &Relation) -> Result<(), RelationError> {
    let in_lookups = relation.lookups.iter().flat_map(|lookup| &lookup.exprs);
    let exprs = in_lookups.chain(relation.zeros.iter().map(|zero| &zero.expr));
    let columns = relation.tables.iter().flat_map(|table| &table.columns);
    let known = columns.filter_map(|column| relation.tensors.get(to_index(*column)));
    let mut total = known
        .filter(|tensor| tensor.column == Column::Public)
        .fold(0u64, |sum, tensor| sum.saturating_add(tensor.len()));
    for access in exprs.flat_map(|expr| &expr.terms).flat_map(|term| &term.accesses) {
        let tensor = relation.tensor(to_index(access.tensor))?;
        if matches!(tensor.column, Column::Public | Column::Progression) {
            total = total.saturating_add(tensor.len());
        }
        for (map, axis) in access.maps.iter().zip(&tensor.shape) {
            total = total.saturating_add(axis_work(relation, map, *axis)?);
        }
    }
    let rule = "asks too much of a verifier: its accesses expand to more than 2^23 entries";
    if total > MAX_WORK { Err(RelationError::Invalid { place: "relation", index: 0, rule }) } else { Ok(()) }
}

/// 0 for a plain map; else the size of the axis and the number of values that the map takes.
fn axis_work(relation: &Relation, map: &Map, axis: u32) -> Result<u64, RelationError> {
    let values = match map {
        Map::Affine { terms, offset } => match terms.as_slice() {
            [] if u32::try_from(*offset).is_ok_and(|index| index < axis) => return Ok(0),
            [(1, index)] if *offset == 0 && relation.loop_size(*index)? <= axis => return Ok(0),
            terms => terms.iter().try_fold(1u64, |product, (_, index)| {
                Ok(product.saturating_mul(u64::from(relation.loop_size(*index)?)))
            })?,
        },
        Map::Gather { loop_index, .. } | Map::GatherPublic { loop_index, .. } => {
            u64::from(relation.loop_size(*loop_index)?)
        }
    };
    Ok(values.saturating_add(u64::from(axis)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Access, Expr, Scope, Table, Tensor, Term, ZeroConstraint};
    use crate::validate::validate;

    /// `count` terms that read a tensor of 2^20 entries by this map of a loop of 2^20 values.
    fn reading(column: Column, map: &Map, count: usize) -> Relation {
        let access = Access { tensor: 0, maps: vec![map.clone()] };
        let term = Term { num: 1, shift: 0, sum_loops: vec![0], accesses: vec![access] };
        Relation {
            tensors: vec![Tensor { column, shape: vec![1 << 20], lo: 0, hi: (1 << 20) - 1 }],
            loops: vec![1 << 20],
            zeros: vec![ZeroConstraint { scope: Scope::Proof, loops: vec![], expr: Expr { terms: vec![term; count] } }],
            ..Relation::default()
        }
    }

    fn affine(stride: i32, offset: i32) -> Map {
        Map::Affine { terms: vec![(stride, 0)], offset }
    }

    #[test]
    fn test_plain_reads_cost_nothing() {
        assert_eq!(validate(&reading(Column::Witness, &affine(1, 0), 1000)), Ok(()));
    }

    #[test]
    fn test_expanded_reads_are_limited() {
        for map in [affine(2, 0), affine(1, 1)] {
            assert_eq!(validate(&reading(Column::Witness, &map, 4)), Ok(()));
            let refused = validate(&reading(Column::Witness, &map, 5));
            assert!(matches!(refused, Err(RelationError::Invalid { place: "relation", .. })), "{refused:?}");
        }
    }

    #[test]
    fn test_public_table_columns_are_limited() {
        for (rows, tables, accepted) in [(1 << 20, 8, true), (1 << 20, 9, false), (1 << 24, 1, false)] {
            let mut relation = reading(Column::Witness, &affine(1, 0), 1);
            relation.tensors.push(Tensor { column: Column::Public, shape: vec![rows], lo: 0, hi: 1 });
            relation.tables = (0..tables).map(|id| Table { id, columns: vec![1] }).collect();
            assert_eq!(validate(&relation).is_ok(), accepted);
        }
    }

    #[test]
    fn test_reads_of_known_values_are_limited() {
        for column in [Column::Public, Column::Progression] {
            assert_eq!(validate(&reading(column, &affine(1, 0), 8)), Ok(()));
            assert!(validate(&reading(column, &affine(1, 0), 9)).is_err());
        }
    }
}
