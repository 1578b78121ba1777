//! Stage 5.1-G: the fraction tree (book, chapter 4).

use crate::lookups::{LookupForms, LookupValues, RestForm, indicator};
use crate::proof::TreeLayer;
use zkseal_field::{AdditiveGroup, Fr, One, Zero};
use zkseal_relation::{BlockKind, Layout, MaskIndex, Relation, RelationError};
use zkseal_transcript::Transcript;

/// A linear form in the mask vector: (position, coefficient).
pub type MaskForm = Vec<(usize, Fr)>;

/// Where a layer starts, and after the last one the claims on the leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeState {
    /// r.
    pub point: Vec<Fr>,
    /// r0.
    pub pad: Fr,
    /// P.
    pub numerator: Fr,
    /// Q.
    pub denominator: Fr,
    /// mu_p.
    pub numerator_mask: MaskForm,
    /// mu_q.
    pub denominator_mask: MaskForm,
}

impl TreeState {
    /// Layer 0: p_0 = 0 is claimed, nothing about q_0.
    #[must_use]
    pub const fn root() -> Self {
        Self {
            point: Vec::new(),
            pad: Fr::ZERO,
            numerator: Fr::ZERO,
            denominator: Fr::ZERO,
            numerator_mask: Vec::new(),
            denominator_mask: Vec::new(),
        }
    }

    /// Start of the next layer (step 4).
    #[must_use]
    pub fn next(mask: &MaskIndex, layer: usize, point: &[Fr], values: &[Fr; 4], sigma: Fr) -> Self {
        let [p0, p1, q0, q1] = *values;
        let below = layer.saturating_add(1);
        let form = |is_q: bool| {
            vec![(mask.tree_pad(is_q, below, 0), Fr::one() - sigma), (mask.tree_pad(is_q, below, 1), sigma)]
        };
        let (variables, pad) = match point.split_last() {
            Some((pad, variables)) => (variables, *pad),
            None => (point, Fr::zero()),
        };
        let mut next = variables.to_vec();
        next.push(sigma);
        Self {
            point: next,
            pad,
            numerator: p0 + sigma * (p1 - p0),
            denominator: q0 + sigma * (q1 - q0),
            numerator_mask: form(false),
            denominator_mask: form(true),
        }
    }

    /// The form left by a layer: `sum (x_i^d - c_i) mask + r0 (mu_p + lambda mu_q)`.
    #[must_use]
    pub fn layer_form(&self, mask: &MaskIndex, layer: usize, lambda: Fr, point: &[Fr]) -> MaskForm {
        let mut form = Vec::new();
        let centres = self.point.iter().copied().chain(std::iter::once(Fr::zero()));
        for (variable, (x, centre)) in point.iter().zip(centres).enumerate() {
            form.push((mask.tree_mask(layer, variable, 1), *x - centre));
            form.push((mask.tree_mask(layer, variable, 2), *x * x - centre));
        }
        form.extend(self.numerator_mask.iter().map(|(at, k)| (*at, self.pad * k)));
        form.extend(self.denominator_mask.iter().map(|(at, k)| (*at, self.pad * lambda * k)));
        form
    }
}

/// `p_0 q_1 + p_1 q_0 + lambda q_0 q_1`.
#[must_use]
pub fn node_relation(values: &[Fr; 4], lambda: Fr) -> Fr {
    let [p0, p1, q0, q1] = *values;
    p0 * q1 + p1 * q0 + lambda * q0 * q1
}

/// The claim G_j of each layer, and the state at the leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeClaims {
    /// (form, value) for each layer.
    pub layers: Vec<(MaskForm, Fr)>,
    /// Claims on the leaves.
    pub leaves: TreeState,
}

/// Runs all layers.
#[must_use]
pub fn run_tree(transcript: &mut Transcript, mask: &MaskIndex, layers: &[TreeLayer]) -> TreeClaims {
    let mut state = TreeState::root();
    let mut claims = Vec::with_capacity(layers.len());
    for (index, layer) in layers.iter().enumerate() {
        let lambda = if index == 0 { Fr::zero() } else { transcript.challenge("tree lambda") };
        let mut claim = state.numerator + lambda * state.denominator;
        let mut point = vec![Fr::zero(); index.saturating_add(1)];
        for (round, variable) in layer.rounds.iter().zip(round_order(index)) {
            transcript.absorb_scalars("tree round", round);
            let x = transcript.challenge("tree point");
            let centre = state.point.get(variable).copied().unwrap_or_else(Fr::zero);
            let [h1, h2] = *round;
            claim = claim - centre * (h1 + h2) + (h1 + h2 * x) * x;
            if let Some(slot) = point.get_mut(variable) {
                *slot = x;
            }
        }
        transcript.absorb_scalars("tree values", &layer.values);
        let value = claim - (Fr::one() - state.pad) * node_relation(&layer.values, lambda);
        claims.push((state.layer_form(mask, index, lambda, &point), value));
        let sigma = transcript.challenge("tree sigma");
        state = TreeState::next(mask, index, &point, &layer.values, sigma);
    }
    TreeClaims { layers: claims, leaves: state }
}

/// Variables in the order of the rounds: j-1 down to 0, then the pad variable j.
pub fn round_order(layer: usize) -> impl Iterator<Item = usize> {
    (0..layer).rev().chain(std::iter::once(layer))
}

/// `sel(r)` and `in(r)`: the indicators of in-range lookups, and of those and table rows.
///
/// # Errors
/// Only for another relation's layout.
pub fn indicators(relation: &Relation, layout: &Layout, point: &[Fr]) -> Result<(Fr, Fr), RelationError> {
    let (mut lookups, mut tables) = (Fr::zero(), Fr::zero());
    for block in &layout.blocks {
        let value = indicator(relation, block, point)?;
        match block.kind {
            BlockKind::Lookup(_) => lookups += value,
            BlockKind::Table(_) => tables += value,
        }
    }
    Ok((lookups, lookups + tables))
}

impl TreeClaims {
    /// K, M and the claims G_j (chapter 4).
    ///
    /// # Errors
    /// Only for another relation's layout.
    pub fn values(&self, relation: &Relation, layout: &Layout, alpha: Fr) -> Result<LookupValues, RelationError> {
        let leaves = &self.leaves;
        let (lookups, inside) = indicators(relation, layout, &leaves.point)?;
        let scale = Fr::one() - leaves.pad;
        let keys = vec![scale * (Fr::one() + inside * (alpha - Fr::one())) - leaves.denominator];
        let rest = self.layers.iter().map(|(_, value)| *value).collect();
        Ok(LookupValues { keys, multiplicities: scale * lookups - leaves.numerator, rest })
    }
}

/// The forms that go with [`TreeClaims::values`].
#[must_use]
pub fn forms(leaves: &TreeState, layers: impl IntoIterator<Item = MaskForm>) -> LookupForms {
    let padded = |form: &MaskForm| form.iter().map(|(at, k)| (*at, -leaves.pad * k)).collect();
    LookupForms {
        point: leaves.point.clone(),
        pad: leaves.pad,
        keys: vec![padded(&leaves.denominator_mask)],
        multiplicities: padded(&leaves.numerator_mask),
        rest: layers.into_iter().map(|mask| RestForm { helper: None, mask }).collect(),
    }
}
