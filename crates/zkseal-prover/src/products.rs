//! Prover of stage 5.2: the vectors u and v, and their sumcheck (book, chapter 5).

use crate::data::Data;
use crate::error::ProveError;
use crate::fold::fold_access;
use crate::masks::CentredMask;
use crate::ragged::{Ragged, axes_of};
use rayon::prelude::*;
use zkseal_field::{Fr, One, Zero};
use zkseal_kernels::{tables, vectors};
use zkseal_relation::expand::LoopWeight;
use zkseal_relation::types::to_index;
use zkseal_relation::{Access, AxisWeights, Layout, MaskIndex, Product, PublicValues, Relation, RelationError};
use zkseal_transcript::Transcript;
use zkseal_verifier::sumcheck::Labels;

/// (u, v) of every product term, of Lin and of the two pads.
///
/// # Errors
/// Only for a relation that is not valid.
pub fn product_tables<'d>(
    relation: &Relation,
    layout: &Layout,
    public: &PublicValues,
    products: &[Product<'_>],
    data: impl Fn(usize) -> &'d Data + Sync,
    linear: Fr,
    mask: &[Fr],
) -> Result<Ragged<2>, ProveError> {
    let slot = |product: &Product<'_>| {
        let term = product.term;
        let [first, second] = term.accesses.as_slice() else { return Ok(None) };
        let own = |l: &u32| !term.shared.contains(l);
        let folded_weights: Vec<(u32, LoopWeight)> =
            product.outer_weights.iter().filter(|(l, _)| own(l)).cloned().collect();
        let fold = |access: &Access| {
            let source = data(to_index(access.tensor));
            fold_access(relation, public, access, source, &folded_weights, &term.shared)
        };
        let (mut left, right) = (fold(first)?, fold(second)?);
        let sizes: Vec<u32> = term.shared.iter().map(|l| relation.loops[to_index(*l)]).collect();
        weight_shared(&mut left, product, &sizes);
        vectors::scale(&mut left, product.coefficient);
        let entries: Vec<[Fr; 2]> = left.into_iter().zip(right).map(|(u, v)| [u, v]).collect();
        Ok(Some((term.base as usize, axes_of(&sizes), entries)))
    };
    let slots: Vec<_> = products.par_iter().map(slot).collect::<Result<_, RelationError>>()?;
    let mut slots: Vec<(usize, Vec<usize>, Vec<[Fr; 2]>)> = slots.into_iter().flatten().collect();
    slots.sort_by_key(|(base, _, _)| *base);
    let end = layout.lin_slot as usize;
    slots.push((end, vec![1], vec![[linear, Fr::one()]]));
    slots.push((end + 1, vec![1], vec![[mask[MaskIndex::PAD_U], Fr::zero()]]));
    slots.push((end + 2, vec![1], vec![[Fr::zero(), mask[MaskIndex::PAD_V]]]));
    Ok(Ragged::new(slots, [Fr::zero(); 2]))
}

/// Multiplies by the own weights of shared outer loops: one product of the loops that have weights, then one an entry.
fn weight_shared(values: &mut [Fr], product: &Product<'_>, sizes: &[u32]) {
    let own = |l: &u32| product.outer_weights.iter().find(|(index, _)| index == l).map(|(_, points)| points);
    let Some(last) = product.term.shared.iter().rposition(|l| own(l).is_some()) else { return };
    let mut weights = vec![Fr::one()];
    for (l, size) in product.term.shared[..=last].iter().zip(sizes) {
        let count = to_index(*size);
        let vector = match own(l) {
            Some(points) => AxisWeights::Eq { points: points.clone(), len: u64::from(*size) }.to_dense(*size),
            None => vec![Fr::one(); count],
        };
        let mut next = Vec::with_capacity(weights.len() * count);
        weights.iter().for_each(|weight| vectors::extend_scaled(&mut next, &vector, *weight));
        weights = next;
    }
    if weights.len() == values.len() {
        return vectors::multiply(values, &weights);
    }
    let inner = values.len() / weights.len();
    values.par_chunks_mut(inner).zip(&weights).with_min_len(2048usize.div_ceil(inner)).for_each(|(row, weight)| {
        vectors::scale(row, *weight);
    });
}

/// Sends a round and returns its challenge.
pub fn send_round(transcript: &mut Transcript, labels: Labels, rounds: &mut Vec<[Fr; 2]>, round: [Fr; 2]) -> Fr {
    transcript.absorb_scalars(labels.round, &round);
    rounds.push(round);
    transcript.challenge(labels.point)
}

/// Rounds, end point and (U, V).
pub struct ProductRun {
    /// Messages.
    pub rounds: Vec<[Fr; 2]>,
    /// rho.
    pub point: Vec<Fr>,
    /// U, V.
    pub values: [Fr; 2],
}

/// The sumcheck of `sum u v` with its mask.
pub fn prove_products(
    transcript: &mut Transcript,
    labels: Labels,
    layout: &Layout,
    mut table: Ragged<2>,
    mask: &[Fr],
) -> ProductRun {
    let mut masks = CentredMask::new(2, |variable, degree| mask[layout.mask.product_mask(variable, degree)]);
    let (mut rounds, mut point) = (Vec::new(), Vec::new());
    let mut next = table.sum_pairs(tables::product_sums);
    for variable in (0..layout.product_vars).rev() {
        let mut round = [next[0], Fr::zero(), next[1]];
        masks.add_round(variable, variable, &mut round);
        let x = send_round(transcript, labels, &mut rounds, [round[0], round[2]]);
        masks.bind(variable, x);
        next = table.bind(x, tables::product_sums);
        point.push(x);
    }
    point.reverse();
    let values = table.last();
    transcript.absorb_scalars("product values", &values);
    ProductRun { rounds, point, values }
}
