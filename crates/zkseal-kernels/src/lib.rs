//! The hot loops of the prover behind one small interface.
//!
//! | function | computes | how |
//! | --- | --- | --- |
//! | [`msm_ints`], [`msm_ints_rows`] | `sum_j values[j] bases[j]`, small signed integers | signed digits, buckets, batched affine additions |
//! | [`msm_scalars`] | the same for scalars | halves by the endomorphism, then as above |
//! | [`fold_points`] | `lo[i] + (a + lambda b) hi[i]` | one chain of doublings for all i, complete formulas |
//! | [`contract`], [`contract_scalars`] | `sum_m weights[m] data[o, m, i]` | 32-bit limbs of the weights, or their bytes where the machine has VNNI; one reduction an output |
//! | [`batch_invert`] | inverses | one inversion a block, eight products at a time |
//!
//! [`reference`] holds the plain versions that say what must come out; `optimized/` the fast ones, by scalar arithmetic
//! or, where the machine has AVX-512 IFMA, eight field elements at once. A property test equates them.
//!
//! Running time depends on the values. Copies of values are wiped. Never called by a verifier.
//!
//! Dependency position: above zkseal-field; used by zkseal-commit (feature `prover`) and zkseal-prover.

// What is written once for all widths converts i64 to i64, too.
#![allow(clippy::useless_conversion)]

pub mod cpu;
mod ints;
mod optimized;
pub mod reference;
pub mod tables;
pub mod vectors;

pub use ints::Ints;

use ark_ec::VariableBaseMSM;
use optimized::buckets::Degenerate;
use optimized::fold::Digits;
use optimized::portable::Portable;
use optimized::{contract as contraction, msm};
use rayon::prelude::*;
use zkseal_field::{AdditiveGroup, Fr, G1Affine, G1Projective, scalar_from_i64};

/// Runs an expression with the best engine of this machine as type `$engine`.
macro_rules! with_engine {
    ($engine:ident => $body:expr) => {{
        #[cfg(target_arch = "x86_64")]
        if optimized::ifma::available() {
            type $engine = optimized::ifma::Ifma;
            $body
        } else {
            type $engine = Portable;
            $body
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            type $engine = Portable;
            $body
        }
    }};
}

/// `sum_j values[j] * bases[j]`. Zeros cost nothing; a short row costs less than a long one.
///
/// # Panics
/// If the lengths differ.
pub fn msm_ints(bases: &[G1Affine], values: Ints<'_>) -> G1Projective {
    assert_eq!(bases.len(), values.len(), "a multi-scalar product needs as many bases as values");
    let fast = || with_engine!(E => msm::msm_ints::<E>(bases, values));
    complete(bases, fast).unwrap_or_else(|Degenerate| msm_ints_complete(bases, values))
}

/// One product over the first bases for each row, the rows in parallel.
///
/// # Panics
/// If a row is longer than the bases.
#[must_use]
pub fn msm_ints_rows(bases: &[G1Affine], rows: &[Ints<'_>]) -> Vec<G1Projective> {
    assert!(rows.iter().all(|row| row.len() <= bases.len()), "a row has more values than there are bases");
    let fast = || with_engine!(E => msm::msm_ints_rows::<E>(bases, rows));
    complete(bases, fast)
        .unwrap_or_else(|Degenerate| rows.par_iter().map(|row| msm_ints_complete(&bases[..row.len()], *row)).collect())
}

/// `sum_j scalars[j] * bases[j]`.
///
/// # Panics
/// If the lengths differ.
pub fn msm_scalars(bases: &[G1Affine], scalars: &[Fr]) -> G1Projective {
    assert_eq!(bases.len(), scalars.len(), "a multi-scalar product needs as many bases as scalars");
    let fast = || with_engine!(E => msm::msm_scalars::<E>(bases, scalars));
    complete(bases, fast).unwrap_or_else(|Degenerate| G1Projective::msm_unchecked(bases, scalars))
}

/// The fast product, unless a base is the identity, which affine additions cannot take.
fn complete<T>(bases: &[G1Affine], fast: impl FnOnce() -> Result<T, Degenerate>) -> Result<T, Degenerate> {
    if msm::all_finite(bases) { fast() } else { Err(Degenerate) }
}

/// Complete for every base, several times slower: bases that are equal, opposite or the identity come here.
fn msm_ints_complete(bases: &[G1Affine], values: Ints<'_>) -> G1Projective {
    let scalars: Vec<Fr> = (0..values.len()).map(|index| scalar_from_i64(values.value(index))).collect();
    G1Projective::msm_unchecked(bases, &scalars)
}

/// `out[i] = points[i] + (a + lambda b) * points[n + i]` for `2n` points. Right for all points.
///
/// # Panics
/// If the number of points is odd.
#[must_use]
pub fn fold_points(points: &[G1Affine], (a, b): (u64, u64)) -> Vec<G1Affine> {
    assert!(points.len().is_multiple_of(2), "points to fold come in two halves");
    let (lo, hi) = points.split_at(points.len() / 2);
    let digits = Digits::new(a, b);
    #[cfg(target_arch = "x86_64")]
    if optimized::ifma::available() {
        return optimized::ifma::fold::fold_points(lo, hi, &digits);
    }
    optimized::fold::fold_points(lo, hi, &digits)
}

/// `out[o * inner + i] = sum_m weights[m] * data[(o * mid + m) * inner + i]`: `outer = 1` folds rows, `inner = 1` columns.
///
/// # Panics
/// If `data` has not `outer * mid * inner` values or `weights` not `mid`.
#[must_use]
pub fn contract(data: Ints<'_>, outer: usize, mid: usize, inner: usize, weights: &[Fr]) -> Vec<Fr> {
    assert_eq!(data.len(), outer * mid * inner, "data must have outer * mid * inner values");
    assert_eq!(weights.len(), mid, "one weight for each index of the contracted axis");
    if data.is_empty() {
        return vec![Fr::ZERO; outer * inner];
    }
    contraction::contract(data, outer, inner, weights)
}

/// [`contract`] of scalars.
///
/// # Panics
/// As [`contract`].
#[must_use]
pub fn contract_scalars(data: &[Fr], outer: usize, mid: usize, inner: usize, weights: &[Fr]) -> Vec<Fr> {
    assert_eq!(data.len(), outer * mid * inner, "data must have outer * mid * inner values");
    assert_eq!(weights.len(), mid, "one weight for each index of the contracted axis");
    if data.is_empty() {
        return vec![Fr::ZERO; outer * inner];
    }
    contraction::contract_scalars(data, outer, inner, weights)
}

/// Every non-zero value becomes its inverse; zeros stay. In parallel when that pays.
pub fn batch_invert(values: &mut [Fr]) {
    const BLOCK: usize = 4096;
    values.par_chunks_mut(BLOCK).for_each(|values| {
        #[cfg(target_arch = "x86_64")]
        if optimized::ifma::available() {
            return optimized::ifma::vectors::batch_invert(values);
        }
        ark_ff::fields::batch_inversion(values);
    });
}
