//! The prover: three products of the vector's length, everything else linear or of the length of a row.

use rayon::prelude::*;
use zeroize::Zeroizing;
use zkseal_field::{CurveGroup, Fr, G1Affine, One};
use zkseal_kernels::vectors::{dot, extend_scaled};
use zkseal_kernels::{contract_scalars, msm_scalars};
use zkseal_poly::eq_table;
use zkseal_transcript::Transcript;

use super::nodes::{Nodes, Weights};
use super::polynomial::{accumulate, divide_by_columns, divide_by_linear, evaluate, symmetric_coefficient};
use super::{
    LABEL_ALPHA, LABEL_BATCH, LABEL_BETA, LABEL_GAMMA, LABEL_LAST, LABEL_PRODUCTS, LABEL_QUOTIENT, LABEL_ROWS,
    LABEL_VALUES, LABEL_Z, LABEL_ZETA, OpeningProof, halves, power_of_columns,
};
use crate::OpeningError;

/// Opens the commitment `sum_j vector[j] powers[j]` (no blinding left) to `value` at `point`.
///
/// `powers[j] = tau^j G`, at least as many as the vector has entries. The opening itself hides nothing: `vector` must
/// be safe to reveal, or blinded by the caller.
///
/// # Errors
/// [`OpeningError::UnsupportedSize`] for a point that is too long, [`OpeningError::WrongSize`] for a vector of another
/// length than the point dictates, [`OpeningError::TooFewPowers`], [`OpeningError::FalseClaim`] if the vector has
/// another value there, [`OpeningError::DegenerateChallenge`] never in practice.
pub fn prove(
    powers: &[G1Affine],
    transcript: &mut Transcript,
    vector: &[Fr],
    point: &[Fr],
    value: Fr,
) -> Result<OpeningProof, OpeningError> {
    let (u2, u1) = halves(point)?;
    let (rows, columns) = (1usize << u2.len(), 1usize << u1.len());
    let expected = rows * columns;
    if vector.len() != expected {
        return Err(OpeningError::WrongSize { what: "the vector", expected, got: vector.len() });
    }
    if powers.len() < expected {
        return Err(OpeningError::TooFewPowers { needed: expected, got: powers.len() });
    }
    let (p1, p2) = (eq_table(u1, columns), eq_table(u2, rows));
    let h = Zeroizing::new(contract_scalars(vector, rows, columns, 1, &p1));
    if dot(&h, &p2) != value {
        return Err(OpeningError::FalseClaim);
    }
    let c_h = commit(powers, &h);
    transcript.absorb_points(LABEL_ROWS, &[c_h]);
    let alpha = transcript.challenge(LABEL_ALPHA);
    // f = q (X^b - alpha) + g.
    let mut divided = Zeroizing::new(vector.to_vec());
    divide_by_columns(&mut divided, columns, alpha);
    let (g, q) = divided.split_at(columns);
    let (c_q, c_g) = rayon::join(|| commit(powers, q), || commit(powers, g));
    transcript.absorb_points(LABEL_QUOTIENT, &[c_q, c_g]);
    let gamma = transcript.challenge(LABEL_GAMMA);
    let s = products(g, &p1, &h, &p2, gamma);
    let d: Zeroizing<Vec<Fr>> = Zeroizing::new(g.iter().rev().copied().collect());
    let (c_s, c_d) = rayon::join(|| commit(powers, &s), || commit(powers, &d));
    transcript.absorb_points(LABEL_PRODUCTS, &[c_s, c_d]);
    let zeta = transcript.challenge(LABEL_ZETA);
    let nodes = Nodes::new(alpha, zeta)?;
    let both = |polynomial: &[Fr]| [zeta, nodes.zeta_inverse].map(|node| evaluate(polynomial, node));
    let ([g_zeta, g_inverse], [h_zeta, h_inverse], [s_zeta, s_inverse]) = (both(g), both(&h), both(&s));
    let values = [g_zeta, g_inverse, h_zeta, h_inverse, s_zeta, s_inverse];
    transcript.absorb_scalars(LABEL_VALUES, &values);
    let beta = transcript.challenge(LABEL_BETA);
    let batch = Batch { h: &h, g, s: &s, d: &d, f: vector, q, factor: power_of_columns(zeta, u1) - alpha };
    let w = batch.quotient(beta, [alpha, zeta, nodes.zeta_inverse]);
    let c_w = commit(powers, &w);
    transcript.absorb_points(LABEL_BATCH, &[c_w]);
    let z = transcript.challenge(LABEL_Z);
    let w2 = batch.last_quotient(&nodes.weights(beta, z), &w, z);
    let c_w2 = commit(powers, &w2);
    transcript.absorb_points(LABEL_LAST, &[c_w2]);
    Ok(OpeningProof { points: [c_h, c_q, c_g, c_s, c_d, c_w, c_w2], values })
}

fn commit(powers: &[G1Affine], polynomial: &[Fr]) -> G1Affine {
    let (bases, _) = powers.split_at(polynomial.len());
    msm_scalars(bases, polynomial).into_affine()
}

/// S: the coefficient of X^(k-1) is that of X^k in `g P1(1/X) + g(1/X) P1 + gamma (h P2(1/X) + h(1/X) P2)`.
fn products(g: &[Fr], p1: &[Fr], h: &[Fr], p2: &[Fr], gamma: Fr) -> Zeroizing<Vec<Fr>> {
    let mut scaled = Zeroizing::new(Vec::with_capacity(h.len()));
    extend_scaled(&mut scaled, h, gamma);
    let coefficient = |k: usize| symmetric_coefficient(g, p1, k) + symmetric_coefficient(&scaled, p2, k);
    Zeroizing::new((1..g.len()).into_par_iter().with_min_len(16).map(coefficient).collect())
}

/// The functions of the batch; the last one is `f - factor * q`.
struct Batch<'a> {
    h: &'a [Fr],
    g: &'a [Fr],
    s: &'a [Fr],
    d: &'a [Fr],
    f: &'a [Fr],
    q: &'a [Fr],
    factor: Fr,
}

impl Batch<'_> {
    /// W: the sum, by powers of beta, of the quotient of each function by the vanishing polynomial of its nodes.
    ///
    /// Interpolants are what these divisions leave as remainders.
    fn quotient(&self, beta: Fr, [alpha, zeta, zeta_inverse]: [Fr; 3]) -> Zeroizing<Vec<Fr>> {
        let squared = beta * beta;
        let last = squared * squared;
        let mut sum = Zeroizing::new(Vec::with_capacity(self.f.len()));
        sum.extend_from_slice(self.h);
        divide_by_linear(&mut sum, alpha);
        accumulate(&mut sum, beta, self.g);
        accumulate(&mut sum, squared, self.s);
        divide_by_linear(&mut sum, zeta_inverse);
        accumulate(&mut sum, squared * beta, self.d);
        accumulate(&mut sum, last, self.f);
        accumulate(&mut sum, -last * self.factor, self.q);
        divide_by_linear(&mut sum, zeta);
        sum
    }

    /// The quotient by `X - z` of the functions, each with its weight at z, less `Z_T(z) W`; constants do not matter.
    fn last_quotient(&self, weights: &Weights, w: &[Fr], z: Fr) -> Zeroizing<Vec<Fr>> {
        let mut sum = Zeroizing::new(Vec::with_capacity(self.f.len()));
        for (weight, polynomial) in [
            (Fr::one(), self.h),
            (weights.g, self.g),
            (weights.s, self.s),
            (weights.d, self.d),
            (weights.f, self.f),
            (-weights.f * self.factor, self.q),
            (-weights.vanishing, w),
        ] {
            accumulate(&mut sum, weight, polynomial);
        }
        divide_by_linear(&mut sum, z);
        sum
    }
}
