//! The plain versions: obvious, slow, complete. They say what the fast versions must compute.

pub mod tables;
pub mod vectors;

use zkseal_field::{
    AdditiveGroup, AffineRepr, CurveGroup, Field, Fr, G1Affine, G1Projective, LAMBDA, Zero, scalar_from_i64,
};

use crate::Ints;

/// `sum_j values[j] * bases[j]`.
pub fn msm_ints(bases: &[G1Affine], values: Ints<'_>) -> G1Projective {
    let scalars: Vec<Fr> = (0..values.len()).map(|index| scalar_from_i64(values.value(index))).collect();
    msm_scalars(bases, &scalars)
}

/// `sum_j scalars[j] * bases[j]`.
pub fn msm_scalars(bases: &[G1Affine], scalars: &[Fr]) -> G1Projective {
    bases.iter().zip(scalars).map(|(base, scalar)| *base * scalar).sum()
}

/// `out[o * inner + i] = sum_m weights[m] * data[(o * mid + m) * inner + i]`, `mid = weights.len()`.
#[must_use]
pub fn contract(data: Ints<'_>, outer: usize, inner: usize, weights: &[Fr]) -> Vec<Fr> {
    let lifted: Vec<Fr> = (0..data.len()).map(|index| scalar_from_i64(data.value(index))).collect();
    contract_scalars(&lifted, outer, inner, weights)
}

/// [`contract`] of scalars.
#[must_use]
pub fn contract_scalars(data: &[Fr], outer: usize, inner: usize, weights: &[Fr]) -> Vec<Fr> {
    let mid = weights.len();
    let mut out = vec![Fr::ZERO; outer * inner];
    for o in 0..outer {
        for (m, weight) in weights.iter().enumerate() {
            for i in 0..inner {
                out[o * inner + i] += *weight * data[(o * mid + m) * inner + i];
            }
        }
    }
    out
}

/// Every non-zero value becomes its inverse; zeros stay.
pub fn batch_invert(values: &mut [Fr]) {
    for value in values {
        if !value.is_zero() {
            *value = value.inverse().unwrap_or(Fr::ZERO);
        }
    }
}

/// `out[i] = points[i] + (a + lambda b) * points[n + i]` for `2n` points.
#[must_use]
pub fn fold_points(points: &[G1Affine], a: u64, b: u64) -> Vec<G1Affine> {
    let (lo, hi) = points.split_at(points.len() / 2);
    let challenge = Fr::from(a) + LAMBDA * Fr::from(b);
    let sums: Vec<G1Projective> = lo.iter().zip(hi).map(|(lo, hi)| *hi * challenge + lo.into_group()).collect();
    G1Projective::normalize_batch(&sums)
}
