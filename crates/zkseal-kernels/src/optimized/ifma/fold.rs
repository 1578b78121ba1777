//! Folding of points by a short challenge, eight at a time.

use rayon::prelude::*;
use zkseal_field::endomorphism::ZETA;
use zkseal_field::{AffineRepr, G1Affine};

use super::field;
use super::projective::{self, Projective};
use super::record;
use crate::optimized::fold::Digits;

/// Groups of eight that share one inversion.
const GROUPS_A_TASK: usize = 32;

/// `lo[i] + (a + lambda b) hi[i]` for the digits of a and b; only where [`super::available`].
pub fn fold_points(lo: &[G1Affine], hi: &[G1Affine], digits: &Digits) -> Vec<G1Affine> {
    let points = GROUPS_A_TASK * 8;
    // SAFETY: the caller has checked that the instructions exist.
    let fold = |(lo, hi): (&[G1Affine], &[G1Affine])| unsafe { fold_task(lo, hi, digits) };
    if lo.len() <= 16 {
        return fold((lo, hi));
    }
    // Small rounds are still divided between the threads.
    let chunk = points.min(lo.len().div_ceil(rayon::current_num_threads())).next_multiple_of(8);
    lo.par_chunks(chunk).zip(hi.par_chunks(chunk)).flat_map_iter(fold).collect()
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn fold_task(lo: &[G1Affine], hi: &[G1Affine], digits: &Digits) -> Vec<G1Affine> {
    let mut groups = Vec::with_capacity(lo.len().div_ceil(8));
    for (lo, hi) in lo.chunks(8).zip(hi.chunks(8)) {
        groups.push(multiply(&import(hi), digits).add(&import(lo)));
    }
    let mut out = projective::to_affine(&groups);
    out.truncate(lo.len());
    out
}

/// `(a + lambda b) P` by doublings and additions of odd multiples.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn multiply(points: &Projective, digits: &Digits) -> Projective {
    let zeta = field::splat_element(ZETA);
    let twice = points.double();
    let mut odd = [*points; 4];
    for i in 1..4 {
        odd[i] = odd[i - 1].add(&twice);
    }
    let images = odd.map(|multiple| multiple.scale_x(&zeta));
    let mut sum = projective::identity();
    for (a, b) in digits.top_down() {
        sum = sum.double();
        for (digit, table) in [(a, &odd), (b, &images)] {
            if digit != 0 {
                let multiple = &table[usize::from(digit.unsigned_abs() / 2)];
                sum = sum.add(&if digit < 0 { multiple.negate() } else { *multiple });
            }
        }
    }
    sum
}

/// Up to eight points, the identity among them or not.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn import(points: &[G1Affine]) -> Projective {
    let missing = points.iter().enumerate().fold(0u8, |bits, (lane, point)| bits | u8::from(point.is_zero()) << lane);
    projective::from_affine(&record::import(points), missing)
}
