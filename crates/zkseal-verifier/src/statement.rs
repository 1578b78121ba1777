//! What is public in one proof.

use crate::error::{Verified, VerifyError};
use zkseal_field::{AffineRepr, G1Affine};
use zkseal_relation::{Column, Layout, Map, PublicValues, Relation, Tensor};

/// Context, public values, commitments of inputs and outputs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// What the proof is for; the proof is worthless under another context.
    pub context: Vec<u8>,
    /// Values of the public tensors.
    pub public: PublicValues,
    /// Input commitments, one for each committed row.
    pub input: Vec<G1Affine>,
    /// Output commitments, likewise.
    pub output: Vec<G1Affine>,
}

fn mismatch(what: &'static str, index: usize, rule: &'static str) -> VerifyError {
    VerifyError::StatementMismatch { what, index, rule }
}

impl Statement {
    /// Step 1 of chapter 6: everything present, of the right size, in its bounds.
    ///
    /// # Errors
    /// [`VerifyError::StatementMismatch`] or [`VerifyError::IdentityPoint`] for the first part that does not fit.
    pub fn check(&self, relation: &Relation, layout: &Layout) -> Verified<()> {
        for (index, tensor) in relation.tensors.iter().enumerate() {
            match (tensor.column == Column::Public, self.public.get(&index)) {
                (true, Some(values)) => check_values(tensor, index, values)?,
                (true, None) => return Err(mismatch("public tensor", index, "is missing")),
                (false, Some(_)) => return Err(mismatch("tensor", index, "is not public, but has values")),
                (false, None) => {}
            }
        }
        if let Some((index, _)) = self.public.iter().find(|(index, _)| **index >= relation.tensors.len()) {
            return Err(mismatch("tensor", *index, "does not exist"));
        }
        self.check_gathers(relation)?;
        check_rows("input commitment", &self.input, layout.num_rows(Column::Input))?;
        check_rows("output commitment", &self.output, layout.num_rows(Column::Output))
    }

    /// Values that serve as indices are inside the axis that they address.
    fn check_gathers(&self, relation: &Relation) -> Verified<()> {
        let in_lookups = relation.lookups.iter().flat_map(|lookup| &lookup.exprs);
        let terms = in_lookups.chain(relation.zeros.iter().map(|zero| &zero.expr)).flat_map(|expr| &expr.terms);
        for access in terms.flat_map(|term| &term.accesses) {
            let target = usize::try_from(access.tensor).unwrap_or(usize::MAX);
            for (map, axis) in access.maps.iter().zip(&relation.tensor(target)?.shape) {
                let Map::GatherPublic { tensor, .. } = map else { continue };
                let index = usize::try_from(*tensor).unwrap_or(usize::MAX);
                let values = self.public.get(&index).map(Vec::as_slice).unwrap_or_default();
                if !values.iter().all(|value| (0..i64::from(*axis)).contains(value)) {
                    return Err(mismatch("public tensor", index, "holds an index outside the axis it addresses"));
                }
            }
        }
        Ok(())
    }
}

fn check_values(tensor: &Tensor, index: usize, values: &[i64]) -> Verified<()> {
    if u64::try_from(values.len()).unwrap_or(u64::MAX) != tensor.len() {
        return Err(mismatch("public tensor", index, "has a wrong number of values"));
    }
    if !values.iter().all(|value| (tensor.lo..=tensor.hi).contains(value)) {
        return Err(mismatch("public tensor", index, "has a value outside its bounds"));
    }
    Ok(())
}

/// Right number of commitments, none of them the identity.
///
/// # Errors
/// [`VerifyError::StatementMismatch`] or [`VerifyError::IdentityPoint`].
pub fn check_rows(what: &'static str, rows: &[G1Affine], expected: usize) -> Verified<()> {
    if rows.len() != expected {
        return Err(mismatch(what, rows.len(), "count differs from the number of committed rows"));
    }
    match rows.iter().position(AffineRepr::is_zero) {
        Some(index) => Err(VerifyError::IdentityPoint { what, index }),
        None => Ok(()),
    }
}
