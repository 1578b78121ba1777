//! Stage 5.1-H: the helper column (book, chapter 4).
//!
//! The column is `h(i) = sum_l n_l(i) / (alpha - k_l(i))` over L lanes; n_l is 1 at lookups in range, -m at table rows (lane 0),
//! 0 elsewhere, where k_l is 0, too. One sumcheck shows that h is that, at a random point tau, and that it sums to zero.

use crate::claims::half_centred_form;
use crate::lookups::{LookupForms, LookupValues, RestForm, helper_terms, indicator};
use crate::proof::HelperProof;
use crate::sumcheck::EvaluationClaim;
use zkseal_field::{Fr, One, Zero};
use zkseal_poly::eq_at_point;
use zkseal_relation::{BlockKind, Layout, Relation, RelationError};
use zkseal_transcript::Transcript;

/// The challenges that a helper column is tested at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelperChallenges {
    /// tau, n coordinates.
    pub tau: Vec<Fr>,
    /// lambda.
    pub lambda: Fr,
}

/// Draws tau and lambda.
#[must_use]
pub fn draw(transcript: &mut Transcript, vars: usize) -> HelperChallenges {
    let tau = (0..vars).map(|_| transcript.challenge("helper tau")).collect();
    HelperChallenges { tau, lambda: transcript.challenge("helper lambda") }
}

/// Variables in the order of the rounds: n-1 down to 0, then the pad variable n.
pub fn round_order(vars: usize) -> impl Iterator<Item = usize> {
    (0..vars).rev().chain(std::iter::once(vars))
}

/// `h prod_l (alpha - k_l) - sum_l n_l prod_{l' != l} (alpha - k_l')`: zero where h is the sum of the fractions.
#[must_use]
pub fn fraction_relation(helper: Fr, denominators: &[Fr], numerators: &[Fr]) -> Fr {
    // (numerator, denominator) of the sum of the fractions so far.
    let sum = numerators.iter().zip(denominators);
    let (top, bottom) = sum.fold((Fr::zero(), Fr::one()), |(top, bottom), (n, d)| (top * d + bottom * n, bottom * d));
    helper * bottom - top
}

/// The forms of K_l, M, H and g1 at the end point (r, r0).
#[must_use]
pub fn forms(layout: &Layout, point: &[Fr]) -> LookupForms {
    let lanes = usize::from(layout.params.argument.lanes());
    let (pad, own) = point.split_last().map_or((Fr::zero(), point), |(pad, own)| (*pad, own));
    let mask = &layout.mask;
    LookupForms {
        point: own.to_vec(),
        pad,
        keys: (0..lanes).map(|lane| vec![(mask.key_pad(lane), pad)]).collect(),
        multiplicities: vec![(mask.multiplicity_pad(), pad)],
        rest: vec![
            RestForm { helper: helper_terms(layout, own, pad), mask: vec![(mask.helper_pad(), pad)] },
            RestForm {
                helper: None,
                mask: half_centred_form(point, lanes.saturating_add(2), |i, d| mask.helper_mask(i, d)),
            },
        ],
    }
}

/// Runs the sumcheck. The claim is 0: both of h's properties are sums of zero.
///
/// # Errors
/// Only for another relation's layout.
///
/// # Soundness
/// h is committed after alpha and before tau and lambda. A round polynomial has degree L + 2 by its encoding.
pub fn run(
    transcript: &mut Transcript,
    relation: &Relation,
    layout: &Layout,
    proof: &HelperProof,
    alpha: Fr,
) -> Result<(LookupForms, LookupValues), RelationError> {
    transcript.absorb_points("helper", &proof.commitments);
    let challenges = draw(transcript, layout.lookup_vars);
    let end = run_rounds(transcript, layout.lookup_vars, &proof.rounds);
    transcript.absorb_scalars("helper values", &proof.values);
    let forms = forms(layout, &end.point);
    let lanes = usize::from(layout.params.argument.lanes());
    let (keys, rest) = proof.values.split_at(lanes.min(proof.values.len()));
    let [helper, multiplicities] = *rest else {
        return Err(RelationError::Parameters {
            rule: "the values of the helper argument are those of another layout",
        });
    };
    let mut numerators = vec![Fr::zero(); lanes];
    for block in &layout.blocks {
        let BlockKind::Lookup(_) = block.kind else { continue };
        if let Some(sum) = numerators.get_mut(block.lane) {
            *sum += indicator(relation, block, &forms.point)?;
        }
    }
    if let Some(first) = numerators.first_mut() {
        *first -= multiplicities;
    }
    let denominators: Vec<Fr> = keys.iter().map(|key| alpha - key).collect();
    let fractions = eq_at_point(&challenges.tau, &forms.point) * fraction_relation(helper, &denominators, &numerators);
    let summand = (Fr::one() - forms.pad) * (challenges.lambda * helper + fractions);
    let values = LookupValues { keys: keys.to_vec(), multiplicities, rest: vec![helper, end.value - summand] };
    Ok((forms, values))
}

/// Rounds of degree L + 2: P sends every coefficient but the linear one. Starts from the claim 0.
fn run_rounds(transcript: &mut Transcript, vars: usize, rounds: &[Vec<Fr>]) -> EvaluationClaim {
    let (mut point, mut value) = (vec![Fr::zero(); vars.saturating_add(1)], Fr::zero());
    for (round, variable) in rounds.iter().zip(round_order(vars)) {
        transcript.absorb_scalars("helper round", round);
        let x = transcript.challenge("helper point");
        let (constant, higher) = round.split_first().map_or((Fr::zero(), round.as_slice()), |(s0, s)| (*s0, s));
        // s(0) + s(1) is the claim: twice the constant and once every other coefficient.
        let linear = value - constant - constant - higher.iter().sum::<Fr>();
        let above = higher.iter().rev().fold(Fr::zero(), |sum, coefficient| (sum + coefficient) * x);
        value = constant + (linear + above) * x;
        if let Some(slot) = point.get_mut(variable) {
            *slot = x;
        }
    }
    EvaluationClaim { point, value }
}
