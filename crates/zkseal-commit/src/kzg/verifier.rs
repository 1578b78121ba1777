//! The verifier: one product of scalars and points, one product of two pairings, one inversion.
//!
//! Beside the caller's terms, 7 points have a scalar of their own: `C_q, C_g, C_S, C_D, C_W, C_W2, G`; `C_h` has 1.

use zkseal_field::{
    AffineRepr, Bn254, CurveGroup, Field, Fr, G1Affine, G1Projective, G2Affine, MontFp, One, Pairing, Zero,
};
use zkseal_transcript::Transcript;

use super::nodes::Nodes;
use super::{
    LABEL_ALPHA, LABEL_BATCH, LABEL_BETA, LABEL_GAMMA, LABEL_LAST, LABEL_PRODUCTS, LABEL_QUOTIENT, LABEL_ROWS,
    LABEL_VALUES, LABEL_Z, LABEL_ZETA, OpeningProof, Setup, halves, power_of_columns,
};
use crate::OpeningError;
use crate::multiproduct::sum_of_products;

/// 1/2 modulo p.
const HALF: Fr = MontFp!("10944121435919637611123202872628637544274182200208017171849102093287904247809");

/// Checks that the commitment `sum of scalar * point over terms` (no blinding left) opens to `value` at `point`.
///
/// Coefficients of the commitment from `2^point.len()` on are ignored: it opens as the vector of its first ones.
///
/// # Soundness
/// Commitment, point and value must be bound by what the transcript has absorbed before, and so must `setup.tau_g2`.
///
/// # Errors
/// [`OpeningError::UnsupportedSize`] for a point that is too long, [`OpeningError::DegenerateChallenge`], and
/// [`OpeningError::Rejected`] when the equation does not hold.
pub fn verify(
    setup: &Setup,
    transcript: &mut Transcript,
    terms: Vec<(Fr, G1Affine)>,
    point: &[Fr],
    value: Fr,
    proof: &OpeningProof,
) -> Result<(), OpeningError> {
    // 1. Shape.
    let (u2, u1) = halves(point)?;
    let [c_h, c_q, c_g, c_s, c_d, c_w, c_w2] = proof.points;
    let [g_zeta, g_inverse, h_zeta, h_inverse, s_zeta, s_inverse] = proof.values;
    // 2. Transcript.
    transcript.absorb_points(LABEL_ROWS, &[c_h]);
    let alpha = transcript.challenge(LABEL_ALPHA);
    transcript.absorb_points(LABEL_QUOTIENT, &[c_q, c_g]);
    let gamma = transcript.challenge(LABEL_GAMMA);
    transcript.absorb_points(LABEL_PRODUCTS, &[c_s, c_d]);
    let zeta = transcript.challenge(LABEL_ZETA);
    let nodes = Nodes::new(alpha, zeta)?;
    transcript.absorb_scalars(LABEL_VALUES, &proof.values);
    let beta = transcript.challenge(LABEL_BETA);
    transcript.absorb_points(LABEL_BATCH, &[c_w]);
    let z = transcript.challenge(LABEL_Z);
    transcript.absorb_points(LABEL_LAST, &[c_w2]);
    // 3. The values that follow from those sent.
    let zeta_inverse = nodes.zeta_inverse;
    let zeta_power = power_of_columns(zeta, u1);
    let products = g_zeta * eq_polynomial_at(zeta_inverse, u1)
        + g_inverse * eq_polynomial_at(zeta, u1)
        + gamma * (h_zeta * eq_polynomial_at(zeta_inverse, u2) + h_inverse * eq_polynomial_at(zeta, u2));
    let h_alpha = (products - zeta * s_zeta - zeta_inverse * s_inverse) * HALF - gamma * value;
    let d_zeta = zeta_power * zeta_inverse * g_inverse;
    // 4. F = sum of weight * (commitment - value of its interpolant * G) - Z_T(z) C_W.
    let weights = nodes.weights(beta, z);
    let constant = nodes.parabola_at(z, [h_zeta, h_inverse], h_alpha)
        + weights.g * nodes.line_at(z, [g_zeta, g_inverse])
        + weights.s * nodes.line_at(z, [s_zeta, s_inverse])
        + weights.d * d_zeta
        + weights.f * g_zeta;
    let (mut scalars, mut points): (Vec<Fr>, Vec<G1Affine>) =
        terms.into_iter().map(|(scalar, point)| (weights.f * scalar, point)).unzip();
    scalars.extend([Fr::one(), -weights.f * (zeta_power - alpha), weights.g, weights.s, weights.d]);
    points.extend([c_h, c_q, c_g, c_s, c_d]);
    scalars.extend([-weights.vanishing, z, -constant]);
    points.extend([c_w, c_w2, G1Affine::generator()]);
    // 5. e(F + z C_W2, G2) = e(C_W2, tau G2).
    let left = sum_of_products(&points, &scalars).ok_or(OpeningError::Rejected)?;
    if pairings_agree(left, c_w2, setup.tau_g2) { Ok(()) } else { Err(OpeningError::Rejected) }
}

/// `sum_j eq(point, j) x^j`; variable 0 of the point is the most significant bit of j.
fn eq_polynomial_at(x: Fr, point: &[Fr]) -> Fr {
    let (mut product, mut power) = (Fr::one(), x);
    for coordinate in point.iter().rev() {
        product *= Fr::one() + *coordinate * (power - Fr::one());
        power.square_in_place();
    }
    product
}

/// `e(left, G2) = e(right, right_g2)`.
fn pairings_agree(left: G1Projective, right: G1Affine, right_g2: G2Affine) -> bool {
    let loops = Bn254::multi_miller_loop([left.into_affine(), -right], [G2Affine::generator(), right_g2]);
    Bn254::final_exponentiation(loops).is_some_and(|output| output.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use zkseal_poly::eq_table;

    #[test]
    fn test_eq_polynomial_has_the_eq_table_as_coefficients() {
        let point = [3u64, 5, 7].map(Fr::from);
        for length in 0..=point.len() {
            let (point, _) = point.split_at(length);
            let x = Fr::from(11u64);
            let table = eq_table(point, 1 << length);
            let expected = table.iter().rev().fold(Fr::zero(), |value, coefficient| value * x + coefficient);
            assert_eq!(eq_polynomial_at(x, point), expected);
        }
    }

    #[test]
    fn test_half() {
        assert!((HALF + HALF).is_one());
    }

    #[test]
    fn test_pairings_agree_on_the_identity_and_on_multiples() {
        let [three, five] = [3u64, 5].map(Fr::from);
        let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
        let tau_g2 = (g2 * five).into_affine();
        assert!(pairings_agree(g1 * (three * five), (g1 * three).into_affine(), tau_g2));
        assert!(!pairings_agree(g1 * three, (g1 * three).into_affine(), tau_g2));
        assert!(pairings_agree(G1Projective::zero(), G1Affine::identity(), tau_g2));
        assert!(!pairings_agree(g1.into(), G1Affine::identity(), tau_g2));
    }
}
