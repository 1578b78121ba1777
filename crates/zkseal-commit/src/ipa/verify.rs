//! The verifier: one product of scalars and points.

use zkseal_field::{Field, Fr, G1Affine, One};
use zkseal_transcript::Transcript;

use super::{LABEL_A, LABEL_ROUND, LABEL_W, LABEL_X, OpeningProof};
use crate::multiproduct::is_identity;
use crate::{Generators, OpeningError};

/// Checks that the commitment `sum of scalar * point over terms` (no blinding left) opens to `value` at `point`.
///
/// # Soundness
/// Commitment, point and value must be bound by what the transcript has absorbed before.
///
/// # Errors
/// [`OpeningError::WrongSize`] for a point or proof of the wrong length, [`OpeningError::ZeroChallenge`], and
/// [`OpeningError::Rejected`] when the equation does not hold.
pub fn verify(
    generators: &Generators,
    transcript: &mut Transcript,
    terms: Vec<(Fr, G1Affine)>,
    point: &[Fr],
    value: Fr,
    proof: &OpeningProof,
) -> Result<(), OpeningError> {
    // 1. Shape.
    let expected = generators.column_vars();
    for (what, got) in [("the point", point.len()), ("the list of opening rounds", proof.rounds.len())] {
        if got != expected {
            return Err(OpeningError::WrongSize { what, expected, got });
        }
    }
    // 2. Transcript.
    let w = transcript.challenge(LABEL_W);
    let mut challenges = Vec::with_capacity(expected);
    for (round, (left, right)) in proof.rounds.iter().enumerate() {
        transcript.absorb_points(LABEL_ROUND, &[*left, *right]);
        let x = transcript.challenge128(LABEL_X).ok_or(OpeningError::ZeroChallenge { round })?.value;
        let inverse = x.inverse().ok_or(OpeningError::ZeroChallenge { round })?;
        challenges.push((x, inverse));
    }
    transcript.absorb_scalars(LABEL_A, &[proof.a]);
    // 3. P0 + sum_k (x_k L_k + x_k^-1 R_k) + w (y - a b') U - a G' = 0.
    let folded_b: Fr = point.iter().zip(&challenges).map(|(r, (x, _))| Fr::one() - r + *x * r).product();
    let (mut scalars, mut points): (Vec<Fr>, Vec<G1Affine>) = terms.into_iter().unzip();
    for ((left, right), (x, inverse)) in proof.rounds.iter().zip(&challenges) {
        scalars.extend([*x, *inverse]);
        points.extend([*left, *right]);
    }
    scalars.push(w * (value - proof.a * folded_b));
    points.push(generators.u);
    scalars.extend(folding_products(-proof.a, challenges.iter().map(|(x, _)| *x)));
    points.extend_from_slice(&generators.g);
    if is_identity(&points, &scalars) { Ok(()) } else { Err(OpeningError::Rejected) }
}

/// `start * prod over k with bit k of j set of x_k`, for every j; bit 0 is the most significant.
fn folding_products(start: Fr, challenges: impl Iterator<Item = Fr>) -> Vec<Fr> {
    challenges.fold(vec![start], |products, x| products.iter().flat_map(|product| [*product, *product * x]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use zkseal_field::Zero;

    #[test]
    fn test_folding_products_put_the_first_challenge_at_the_top_bit() {
        let [x, y] = [Fr::from(3u64), Fr::from(5u64)];
        let products = folding_products(Fr::from(2u64), [x, y].into_iter());
        assert_eq!(products, [2u64, 10, 6, 30].map(Fr::from));
        assert_eq!(folding_products(Fr::zero(), std::iter::empty()), vec![Fr::zero()]);
    }
}
