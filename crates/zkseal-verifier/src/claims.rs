//! The one linear claim of stage 5.3: `sum_rows <D_row, A_row> + <mu, b> = t` (book, chapter 5). Prover and verifier
//! assemble its coefficients with this same code from public data.

use crate::lookups::LookupForms;
use crate::tree::MaskForm;
use zkseal_field::{Fr, One, Zero, inverse_power_of_two};
use zkseal_poly::{bits, eq_at};
use zkseal_relation::types::to_index;
use zkseal_relation::{
    AxisWeights, BlockKind, Expansion, Layout, MaskIndex, PublicValues, Relation, RelationError, Separable,
};

/// Coefficients on committed tensors and on mu; public parts as a number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coefficients {
    /// On committed tensors.
    pub tensors: Vec<Separable>,
    /// b, on the mask vector.
    pub mask: Vec<Fr>,
    /// What public tensors and constants contribute to the left side.
    pub constant: Fr,
}

impl Coefficients {
    fn add(
        &mut self,
        relation: &Relation,
        public: &PublicValues,
        scale: Fr,
        mut term: Separable,
    ) -> Result<(), RelationError> {
        term.coefficient *= scale;
        match term.public_value(relation, public)? {
            Some(value) => self.constant += value,
            None => self.tensors.push(term),
        }
        Ok(())
    }

    fn add_mask(&mut self, scale: Fr, form: &[(usize, Fr)]) {
        for (position, coefficient) in form {
            if let Some(entry) = self.mask.get_mut(*position) {
                *entry += scale * coefficient;
            }
        }
    }
}

/// Linear part of T2 and its constant: public linear terms are moved to the constant.
///
/// # Errors
/// If public values are missing.
pub fn linear_part(
    relation: &Relation,
    public: &PublicValues,
    expansion: &Expansion<'_>,
    lookups: Option<&LookupForms>,
    eta: Fr,
    mask_len: usize,
) -> Result<Coefficients, RelationError> {
    let mut part = Coefficients { tensors: Vec::new(), mask: vec![Fr::zero(); mask_len], constant: expansion.constant };
    for term in &expansion.linear {
        part.add(relation, public, Fr::one(), term.clone())?;
    }
    let mut scale = Fr::one();
    for form in lookups.iter().flat_map(|forms| &forms.keys) {
        part.add_mask(scale, form);
        scale *= eta;
    }
    Ok(part)
}

/// `(1 - r0) m(r)`, of the claim M.
///
/// # Errors
/// Only for another relation's layout.
fn multiplicity_terms(
    relation: &Relation,
    layout: &Layout,
    state: &LookupForms,
) -> Result<Vec<Separable>, RelationError> {
    let mut terms = Vec::new();
    for block in &layout.blocks {
        let BlockKind::Table(index) = block.kind else { continue };
        let Some(table) = relation.tables.get(index) else { continue };
        let split = state.point.len().saturating_sub(to_index(block.num_vars));
        let (high, low) = state.point.split_at(split);
        let place = eq_at(high, block.base.checked_shr(block.num_vars).unwrap_or(0));
        let len = u64::from(relation.table_len(table)?);
        terms.push(Separable {
            coefficient: (Fr::one() - state.pad) * place,
            tensor: layout.first_multiplicity.saturating_add(index),
            axes: vec![AxisWeights::Eq { points: vec![low.to_vec()], len }],
        });
    }
    Ok(terms)
}

/// `sum_{i,d} (x_i^d - 1/2)` on the mask coefficients of a sumcheck, d = 1 .. `degree`.
#[must_use]
pub fn half_centred_form(point: &[Fr], degree: usize, position: impl Fn(usize, usize) -> usize) -> MaskForm {
    let half = inverse_power_of_two(1);
    let mut form = Vec::with_capacity(point.len().saturating_mul(degree));
    for (variable, x) in point.iter().enumerate() {
        let mut power = Fr::one();
        for d in 1..=degree {
            power *= x;
            form.push((position(variable, d), power - half));
        }
    }
    form
}

/// Everything that the combination needs.
pub struct Combination<'a> {
    /// The relation.
    pub relation: &'a Relation,
    /// Its layout.
    pub layout: &'a Layout,
    /// Public values.
    pub public: &'a PublicValues,
    /// Stage 5.2's start.
    pub expansion: &'a Expansion<'a>,
    /// Its linear part.
    pub linear: &'a Coefficients,
    /// What the lookup argument left; `None` without lookups.
    pub lookups: Option<&'a LookupForms>,
    /// End point of stage 5.2.
    pub rho: &'a [Fr],
    /// delta.
    pub delta: Fr,
}

impl Combination<'_> {
    /// Coefficients of the claims M, U, V, G_0 .. G_{n-1} (or H, g1), g2 with powers of delta; the values in the same order
    /// belong to the caller.
    ///
    /// # Errors
    /// Only for another relation's layout or missing public values.
    pub fn coefficients(&self) -> Result<Coefficients, RelationError> {
        let mask = &self.layout.mask;
        let mut out = Coefficients { mask: vec![Fr::zero(); mask.len()], ..Coefficients::default() };
        let mut scale = Fr::one();
        if let Some(forms) = self.lookups {
            for term in multiplicity_terms(self.relation, self.layout, forms)? {
                out.add(self.relation, self.public, scale, term)?;
            }
            out.add_mask(scale, &forms.multiplicities);
            scale *= self.delta;
        }
        let (scale_u, scale_v) = (scale, scale * self.delta);
        for product in &self.expansion.products {
            if let Some((first, second)) = product.claims(self.relation, self.public, self.rho)? {
                out.add(self.relation, self.public, scale_u, first)?;
                out.add(self.relation, self.public, scale_v, second)?;
            }
        }
        let at = |slot: u64| eq_at(self.rho, self.layout.lin_slot.saturating_add(slot));
        for term in &self.linear.tensors {
            out.add(self.relation, self.public, scale_u * at(0), term.clone())?;
        }
        let linear_mask: MaskForm = self.linear.mask.iter().copied().enumerate().collect();
        out.add_mask(scale_u * at(0), &linear_mask);
        out.add_mask(scale_u * at(1), &[(MaskIndex::PAD_U, Fr::one())]);
        out.constant += scale_v * at(0);
        out.add_mask(scale_v * at(2), &[(MaskIndex::PAD_V, Fr::one())]);
        scale = scale_v * self.delta;
        for form in self.lookups.iter().flat_map(|forms| &forms.rest) {
            if let Some(term) = &form.helper {
                out.add(self.relation, self.public, scale, term.clone())?;
            }
            out.add_mask(scale, &form.mask);
            scale *= self.delta;
        }
        out.add_mask(scale, &half_centred_form(self.rho, 2, |i, d| mask.product_mask(i, d)));
        Ok(out)
    }
}

/// The multilinear extension of all A at an address point: `sum k eq(base) prod of axes`.
#[must_use]
pub fn evaluate_tensors(layout: &Layout, terms: &[Separable], address: &[Fr]) -> Fr {
    let mut total = Fr::zero();
    for term in terms {
        let (Some(tensor), Some(Some(place))) = (layout.tensors.get(term.tensor), layout.placements.get(term.tensor))
        else {
            continue;
        };
        let (high, low) = address.split_at(address.len().saturating_sub(to_index(place.num_vars)));
        let base = place.address.checked_shr(place.num_vars).unwrap_or(0);
        total += eq_at(high, base) * term.evaluate(&tensor.shape, low);
    }
    total
}

/// Number of coordinates of an axis.
#[must_use]
pub fn axis_vars(size: u32) -> usize {
    to_index(bits(u64::from(size)))
}
