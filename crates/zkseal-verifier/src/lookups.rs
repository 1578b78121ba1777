//! What either lookup argument leaves for stages 5.2 and 5.3 (book, chapter 4).

use crate::tree::MaskForm;
use zkseal_field::{Fr, One};
use zkseal_poly::{eq_at, truncated_product};
use zkseal_relation::types::to_index;
use zkseal_relation::{AxisWeights, BlockKind, Layout, LookupBlock, Relation, RelationError, Separable};

/// Linear forms of the claims that are left. Both sides compute them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupForms {
    /// r, in the lookup domain.
    pub point: Vec<Fr>,
    /// r0, of the pad variable.
    pub pad: Fr,
    /// K of each lane: `(1 - r0) k(r)` plus this form in mu.
    pub keys: Vec<MaskForm>,
    /// M: `(1 - r0) m(r)` plus this form in mu.
    pub multiplicities: MaskForm,
    /// Claims that go to stage 5.3 as they are.
    pub rest: Vec<RestForm>,
}

/// A linear form in the helper column and mu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestForm {
    /// Coefficients on the helper column.
    pub helper: Option<Separable>,
    /// Coefficients on mu.
    pub mask: MaskForm,
}

/// Values of the same claims, which only the verifier needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupValues {
    /// Of K, lane by lane.
    pub keys: Vec<Fr>,
    /// Of M.
    pub multiplicities: Fr,
    /// Of the rest.
    pub rest: Vec<Fr>,
}

/// `(1 - r0) h(r)` as coefficients of the helper column.
#[must_use]
pub fn helper_terms(layout: &Layout, point: &[Fr], pad: Fr) -> Option<Separable> {
    let tensor = layout.helper_tensor()?;
    let len = layout.tensors.get(tensor)?.len();
    let axes = vec![AxisWeights::Eq { points: vec![point.to_vec()], len }];
    Some(Separable { coefficient: Fr::one() - pad, tensor, axes })
}

/// Value at r of the indicator of a block's in-range entries.
///
/// # Errors
/// Only for another relation's layout.
pub fn indicator(relation: &Relation, block: &LookupBlock, point: &[Fr]) -> Result<Fr, RelationError> {
    let (high, mut rest) = point.split_at(point.len().saturating_sub(to_index(block.num_vars)));
    let mut value = eq_at(high, block.base.checked_shr(block.num_vars).unwrap_or(0));
    let sizes: Vec<u32> = match block.kind {
        BlockKind::Lookup(index) => {
            let loops = relation.lookups.get(index).map(|lookup| lookup.loops.as_slice()).unwrap_or_default();
            loops.iter().map(|l| relation.loop_size(*l)).collect::<Result<_, _>>()?
        }
        BlockKind::Table(index) => match relation.tables.get(index) {
            Some(table) => vec![relation.table_len(table)?],
            None => Vec::new(),
        },
    };
    for size in sizes {
        let (part, tail) = rest.split_at(to_index(zkseal_poly::bits(u64::from(size))).min(rest.len()));
        value *= truncated_product(&[part], u64::from(size));
        rest = tail;
    }
    Ok(value)
}
