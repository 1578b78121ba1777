//! The engine for every machine: scalar arithmetic of the field crate.

use ark_ff::fields::batch_inversion;
use zkseal_field::{Fq, G1Affine, G1Projective, Zero};

use super::buckets::{Degenerate, Engine, NEGATIVE};

/// Affine points as the curve crate keeps them.
pub struct Portable;

impl Engine for Portable {
    type Point = G1Affine;
    type Scratch = Vec<Fq>;
    const EMPTY: G1Affine = G1Affine::identity();

    fn import(bases: &[G1Affine]) -> Vec<G1Affine> {
        bases.to_vec()
    }

    fn add_pairs(pool: &mut Vec<G1Affine>, pairs: &[[u32; 2]], inverses: &mut Vec<Fq>) -> Result<(), Degenerate> {
        // At most 4096 at a time, so that points and inverses stay in the cache.
        for batch in pairs.chunks(4096) {
            inverses.clear();
            inverses.extend(batch.iter().map(|[left, right]| x(pool, *right) - x(pool, *left)));
            if inverses.iter().any(Zero::is_zero) {
                return Err(Degenerate);
            }
            batch_inversion(inverses);
            for ([left, right], inverse) in batch.iter().zip(inverses.iter()) {
                let (left, right) = (Self::resolve(pool, *left), Self::resolve(pool, *right));
                let slope = (right.y - left.y) * inverse;
                let x = slope * slope - left.x - right.x;
                pool.push(G1Affine::new_unchecked(x, slope * (left.x - x) - left.y));
            }
        }
        Ok(())
    }

    fn resolve(pool: &[G1Affine], entry: u32) -> G1Affine {
        let point = pool[(entry & !NEGATIVE) as usize];
        if entry & NEGATIVE == 0 { point } else { -point }
    }

    fn running_sums(buckets: &[G1Affine], length: usize) -> Vec<(G1Projective, G1Projective)> {
        buckets
            .chunks(length)
            .map(|segment| {
                segment.iter().rev().fold((G1Projective::zero(), G1Projective::zero()), |(mut sum, running), bucket| {
                    sum += bucket;
                    (sum, running + sum)
                })
            })
            .collect()
    }
}

fn x(pool: &[G1Affine], entry: u32) -> Fq {
    pool[(entry & !NEGATIVE) as usize].x
}
