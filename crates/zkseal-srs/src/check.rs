//! Checks of a parsed file: its points belong to one tau.

use std::ops::Range;

use ark_bn254::{Bn254, G2Affine, G2Projective};
use ark_ec::VariableBaseMSM;
use ark_ec::pairing::Pairing;
use rayon::prelude::*;
use zkseal_field::{AffineRepr, BigInt, CurveGroup, Fr, G1Affine, G1Projective, PrimeField, Zero};
use zkseal_kernels::msm_scalars;
use zkseal_transcript::keccak256;

use crate::error::SrsError;

/// Smallest and largest number of links that one thread combines at a time.
const CHUNK: (usize, usize) = (1 << 10, 1 << 18);

/// Bits of a weight: the endomorphism of the kernels does not split a scalar this short.
const WEIGHT_MASK: u64 = u64::MAX >> 2;

/// Two weights of 126 bits for each counter.
fn weights(seed: &[u8; 32], links: Range<usize>) -> Vec<BigInt<4>> {
    let pairs = links.start / 2..links.end.div_ceil(2);
    let skipped = links.start % 2;
    pairs
        .flat_map(|pair| {
            let counter = u64::try_from(pair).unwrap_or(u64::MAX).to_be_bytes();
            let mut limbs = [0u64; 4];
            for (limb, word) in limbs.iter_mut().zip(keccak256(&[seed, &counter]).as_chunks::<8>().0) {
                *limb = u64::from_be_bytes(*word);
            }
            let [a, b, c, d] = limbs;
            [BigInt::new([a, b & WEIGHT_MASK, 0, 0]), BigInt::new([c, d & WEIGHT_MASK, 0, 0])]
        })
        .skip(skipped)
        .take(links.len())
        .collect()
}

/// `sum r_i P_i` and `sum r_i P_(i+1)` over the links i, by a multi-scalar product; link i joins the points i and i + 1.
fn combine<P: Sync, G: Zero + Send>(
    seed: &[u8; 32],
    points: &[P],
    links: Range<usize>,
    product: impl Fn(&[P], &[BigInt<4>]) -> G + Sync,
) -> (G, G) {
    let size = links.len().div_ceil(rayon::current_num_threads()).clamp(CHUNK.0, CHUNK.1);
    let starts: Vec<usize> = links.clone().step_by(size).collect();
    let one = |start: usize| {
        let part = start..links.end.min(start.saturating_add(size));
        let weights = weights(seed, part.clone());
        let shifted = part.start.saturating_add(1)..part.end.saturating_add(1);
        let side = |range: Range<usize>| product(points.get(range).unwrap_or_default(), &weights);
        rayon::join(|| side(part), || side(shifted))
    };
    starts
        .into_par_iter()
        .map(one)
        .reduce(|| (G::zero(), G::zero()), |left, right| (left.0 + right.0, left.1 + right.1))
}

/// The product in G1, by the kernels of the prover.
fn product(points: &[G1Affine], weights: &[BigInt<4>]) -> G1Projective {
    let scalars: Vec<Fr> = weights.iter().map(|weight| Fr::from_bigint(*weight).unwrap_or_default()).collect();
    msm_scalars(points, &scalars)
}

/// The first point that does not follow from the one before it, given a check of ranges of links. Whatever precedes
/// `good` has passed, so the smallest index is found.
fn first_bad(points: usize, holds: impl Fn(Range<usize>) -> bool) -> Option<usize> {
    let (mut good, mut bad) = (0, points.saturating_sub(1));
    if holds(good..bad) {
        return None;
    }
    while bad.saturating_sub(good) > 1 {
        let middle = good.midpoint(bad);
        if holds(good..middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Some(good.saturating_add(1))
}

/// `e(a, b) = e(c, d)`.
fn equal_pairings(a: G1Affine, b: G2Affine, c: G1Affine, d: G2Affine) -> bool {
    Bn254::multi_pairing([a, -c], [b, d]).is_zero()
}

/// All checks of powers in G1 and in G2 but the origin. Returns `tau*G2`.
pub(crate) fn check_powers(g1: &[G1Affine], g2: &[G2Affine], seed: &[u8; 32]) -> Result<G2Affine, SrsError> {
    let found = g1.len().min(g2.len());
    let (Some([zeroth, tau_g1]), Some([h, tau_g2])) = (g1.first_chunk::<2>(), g2.first_chunk::<2>()) else {
        return Err(SrsError::TooFewPowers { found });
    };
    let (generator, h_generator) = (G1Affine::generator(), G2Affine::generator());
    if *zeroth != generator {
        return Err(SrsError::WrongG1Generator);
    }
    if *h != h_generator {
        return Err(SrsError::WrongG2Generator);
    }
    if *tau_g1 == generator || *tau_g2 == h_generator {
        return Err(SrsError::TauIsOne);
    }
    let holds = |links| {
        let (low, high) = combine(seed, g1, links, product);
        equal_pairings(low.into_affine(), *tau_g2, high.into_affine(), h_generator)
    };
    if let Some(index) = first_bad(g1.len(), holds) {
        return Err(SrsError::InconsistentPower { index });
    }
    // With two points only, the pairing above has said it already.
    if g2.len() > 2 {
        let holds = |links| {
            let (low, high) = combine(seed, g2, links, G2Projective::msm_bigint);
            equal_pairings(*tau_g1, low.into_affine(), generator, high.into_affine())
        };
        if let Some(index) = first_bad(g2.len(), holds) {
            return Err(SrsError::InconsistentG2Power { index });
        }
    }
    Ok(*tau_g2)
}

/// The Lagrange points, if there are any, are those of the constant 1.
pub(crate) fn check_lagrange(points: &[G1Affine]) -> Result<(), SrsError> {
    let sum: G1Projective = points.iter().fold(G1Projective::zero(), |sum, point| sum + point);
    if points.is_empty() || sum.into_affine() == G1Affine::generator() {
        Ok(())
    } else {
        Err(SrsError::WrongLagrangeSum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_weights_depend_on_the_index_only() {
        let seed = [7; 32];
        let all = weights(&seed, 0..20);
        assert_eq!(all.len(), 20);
        for (start, end) in [(0, 1), (1, 2), (3, 9), (4, 20), (7, 7)] {
            assert_eq!(weights(&seed, start..end), all.get(start..end).unwrap_or_default());
        }
    }

    #[test]
    fn test_first_bad_is_the_smallest() {
        for links in 1..30 {
            for bad in 0..links {
                let broken = [bad, (bad * 7 + 3) % links];
                let holds = |range: Range<usize>| !broken.iter().any(|link| range.contains(link));
                let smallest = broken.iter().min().map(|link| link + 1);
                assert_eq!(first_bad(links + 1, holds), smallest);
            }
        }
        assert_eq!(first_bad(9, |_| true), None);
    }
}
