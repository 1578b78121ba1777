//! Contraction of small integers with scalars: no integer is ever made a scalar.
//!
//! A weight's Montgomery form is a 256-bit integer, and the map from it to the field is linear. It is cut into eight
//! signed 32-bit limbs; an output is eight sums of `limb * value` in 64 bits, carried and reduced once at the end.
//! |limb| <= 2^31 and |value| <= 2^15 leave room for 2^16 terms. 32-bit and 64-bit values are taken as two or four
//! 16-bit digits (the top one signed), one pass for each.

use rayon::prelude::*;
use zeroize::Zeroizing;
use zkseal_field::{AdditiveGroup, BigInt, BigInteger, Fr, PrimeField, power_of_two};

#[cfg(target_arch = "x86_64")]
use super::vnni;
use crate::{Ints, vectors};

pub const LIMBS: usize = 8;

/// Terms that a 64-bit sum holds.
const BLOCK: usize = 1 << 16;

/// Outputs of one strip: its sums (8 limbs of 64 bits each) stay in the first-level cache.
pub const STRIP: usize = 128;

/// Multiplications below which nothing is divided between threads (some 50 microseconds).
const FORK: usize = 1 << 17;

/// Eight signed limbs, `sum_l limb_l 2^(32 l)` = the Montgomery form.
pub fn limbs_of(weight: &Fr) -> [i32; LIMBS] {
    let mut carry = 0i64;
    std::array::from_fn(|index| {
        let word = weight.0.0[index / 2] >> (32 * (index % 2));
        let value = i64::from(word as u32) + carry;
        // The top limb is below 2^30, so the last carry is absorbed.
        let digit = value as i32;
        carry = (value - i64::from(digit)) >> 32;
        digit
    })
}

/// A multiple of p above 2^288, as five words: it makes every sum positive.
const OFFSET: [u64; 5] =
    [0xaffa_6d2e_da47_4627, 0x1154_c421_c95a_cf3c, 0xa5de_8e73_5156_a024, 0x29a8_4af3_f4c5_7dbb, 1 << 32];

/// floor(2^304 / p).
const RECIPROCAL: u64 = 0x0005_4a47_4626_23a0;

/// The scalar whose Montgomery form is congruent to `sum_l sums_l 2^(32 l)`, for sums below 2^62.
pub fn scalar_of(sums: &[i64; LIMBS]) -> Fr {
    // t = sum + OFFSET, between 0 and 2^290.
    let mut t = [0u64; 5];
    let mut carry = 0i128;
    for (index, word) in t.iter_mut().enumerate() {
        if let [low, high] = sums[(2 * index).min(LIMBS)..(2 * index + 2).min(LIMBS)] {
            carry += i128::from(low) + (i128::from(high) << 32);
        }
        carry += i128::from(OFFSET[index]);
        *word = carry as u64;
        carry >>= 64;
    }
    // The quotient by p, at most 2 too small.
    let top = u128::from(t[3] >> 48 | t[4] << 16);
    let quotient = (top * u128::from(RECIPROCAL)) >> 64;
    // t - quotient p < 3 p fits four words.
    let mut rest = [0u64; 4];
    let (mut product, mut borrow) = (0u128, false);
    for (index, word) in rest.iter_mut().enumerate() {
        product += quotient * u128::from(Fr::MODULUS.0[index]);
        let (difference, under) = t[index].overflowing_sub(product as u64);
        let (difference, under_again) = difference.overflowing_sub(u64::from(borrow));
        (*word, borrow) = (difference, under || under_again);
        product >>= 64;
    }
    let mut rest = BigInt::new(rest);
    while rest >= Fr::MODULUS {
        rest.sub_with_borrow(&Fr::MODULUS);
    }
    Fr::new_unchecked(rest)
}

/// See [`crate::contract`].
pub fn contract(data: Ints<'_>, outer: usize, inner: usize, weights: &[Fr]) -> Vec<Fr> {
    match data {
        #[cfg(target_arch = "x86_64")]
        Ints::I8(data) if weights.len() >= vnni::LEAST_TERMS && vnni::available() => {
            let mut out = vec![Fr::ZERO; outer * inner];
            for (block, part) in weights.chunks(vnni::TERMS).enumerate() {
                vnni::contract(data, (weights.len(), inner), block * vnni::TERMS, part, &mut out);
            }
            out
        }
        Ints::I8(data) => contract_digits(data, outer, inner, weights),
        Ints::I16(data) => contract_digits(data, outer, inner, weights),
        Ints::I32(data) => contract_wide(data, outer, inner, weights),
        Ints::I64(data) => contract_wide(data, outer, inner, weights),
    }
}

/// Values of at most 16 bits, any sign.
pub trait Digit: Copy + Into<i64> + Into<i32> + Send + Sync {}
impl Digit for i8 {}
impl Digit for i16 {}

/// 16-bit digits of wider integers: in two's complement, `value = sum_k digit_k 2^(16 k)` with signed digits.
fn contract_wide<T: Copy + Into<i64> + Sync>(data: &[T], outer: usize, inner: usize, weights: &[Fr]) -> Vec<Fr> {
    let mut out = vec![Fr::ZERO; outer * inner];
    let mut rest: Zeroizing<Vec<i64>> = Zeroizing::new(data.iter().map(|value| (*value).into()).collect());
    let mut shift = 0;
    while rest.iter().any(|value| *value != 0) {
        let digits: Zeroizing<Vec<i16>> = Zeroizing::new(rest.iter().map(|value| *value as i16).collect());
        for (value, digit) in rest.iter_mut().zip(digits.iter()) {
            // Exact but for values next to i64::MAX, whose carry is what the wider type is for.
            *value = ((i128::from(*value) - i128::from(*digit)) >> 16) as i64;
        }
        let scale = power_of_two(shift);
        for (sum, part) in out.iter_mut().zip(contract_digits(&digits, outer, inner, weights)) {
            *sum += part * scale;
        }
        shift += 16;
    }
    out
}

fn contract_digits<T: Digit>(data: &[T], outer: usize, inner: usize, weights: &[Fr]) -> Vec<Fr> {
    let mid = weights.len();
    let mut out = vec![Fr::ZERO; outer * inner];
    for (block, weights) in weights.chunks(BLOCK).enumerate() {
        let first = block * BLOCK;
        let limbs: Vec<[i32; LIMBS]> = weights.iter().map(limbs_of).collect();
        if inner == 1 {
            fold_columns(data, mid, first, &limbs, &mut out);
        } else {
            fold_rows(data, (mid, inner), first, &limbs, &mut out);
        }
    }
    out
}

/// inner = 1: every output is a dot product with the contiguous row of its index.
fn fold_columns<T: Digit>(data: &[T], mid: usize, first: usize, limbs: &[[i32; LIMBS]], out: &mut [Fr]) {
    let planes: [Vec<i32>; LIMBS] = std::array::from_fn(|limb| limbs.iter().map(|weight| weight[limb]).collect());
    let row = |index: usize| &data[index * mid + first..][..limbs.len()];
    let work = out.len() * limbs.len();
    if out.len() == 1 && work > FORK {
        // A single long dot product: divide its terms.
        let parts = (0..limbs.len()).into_par_iter().step_by(FORK / 4).map(|start| {
            let end = limbs.len().min(start + FORK / 4);
            scalar_of(&super::simd::dot(&planes.each_ref().map(|plane| &plane[start..end]), &row(0)[start..end]))
        });
        out[0] += parts.sum::<Fr>();
        return;
    }
    let planes = planes.each_ref().map(Vec::as_slice);
    let rows_a_task = if work > FORK { (FORK / 2).div_ceil(limbs.len()) } else { out.len() };
    out.par_chunks_mut(rows_a_task).enumerate().for_each(|(task, out)| {
        for (index, sum) in out.iter_mut().enumerate() {
            *sum += scalar_of(&super::simd::dot(&planes, row(task * rows_a_task + index)));
        }
    });
}

/// inner > 1: strips of neighbouring outputs, rows added into the strip's sums.
fn fold_rows<T: Digit>(data: &[T], (mid, inner): (usize, usize), first: usize, limbs: &[[i32; LIMBS]], out: &mut [Fr]) {
    let strips = inner.div_ceil(STRIP);
    let work = out.len() * limbs.len();
    let outer_tasks: Vec<(usize, &mut [Fr])> = out
        .chunks_mut(inner)
        .enumerate()
        .flat_map(|(o, out)| out.chunks_mut(STRIP).enumerate().map(move |(strip, out)| (o * strips + strip, out)))
        .collect();
    let strip_task = |(task, out): (usize, &mut [Fr])| {
        let (o, start) = (task / strips, task % strips * STRIP);
        let from = (o * mid + first) * inner + start;
        let length = out.len();
        let mut sums = [[0i64; STRIP]; LIMBS];
        super::simd::accumulate(&mut sums, length, &data[from..], inner, limbs);
        for (index, value) in out.iter_mut().enumerate() {
            *value += scalar_of(&std::array::from_fn(|limb| sums[limb][index]));
        }
    };
    if work > FORK {
        outer_tasks.into_par_iter().for_each(strip_task);
    } else {
        outer_tasks.into_iter().for_each(strip_task);
    }
}

/// See [`crate::contract_scalars`].
pub fn contract_scalars(data: &[Fr], outer: usize, inner: usize, weights: &[Fr]) -> Vec<Fr> {
    let mid = weights.len();
    let mut out = vec![Fr::ZERO; outer * inner];
    // A product and an addition are some 20 ns, without vector instructions.
    let strip = if out.len() * mid > FORK / 32 { (FORK / 32).div_ceil(mid.max(1)).min(inner) } else { inner }.max(1);
    let strips: Vec<(usize, usize, &mut [Fr])> = out
        .chunks_mut(inner.max(1))
        .enumerate()
        .flat_map(|(o, out)| out.chunks_mut(strip).enumerate().map(move |(index, out)| (o, index * strip, out)))
        .collect();
    strips
        .into_par_iter()
        .with_min_len(if mid * strip < FORK / 32 { FORK / 32 / (mid * strip).max(1) } else { 1 })
        .for_each(|(o, start, out)| {
            if inner == 1 {
                out[0] = vectors::dot(weights, &data[o * mid..][..mid]);
                return;
            }
            for (m, weight) in weights.iter().enumerate() {
                vectors::add_scaled(out, *weight, &data[(o * mid + m) * inner + start..][..out.len()]);
            }
        });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use zkseal_field::scalar_from_i64;

    #[test]
    fn test_limbs_of_extreme_weights_recombine() {
        for weight in [Fr::ZERO, Fr::from(1u64), -Fr::from(1u64), power_of_two(200), -power_of_two(17)] {
            let sums = limbs_of(&weight).map(i64::from);
            assert_eq!(scalar_of(&sums), weight);
            let largest = sums.map(|sum| sum * 32768 * 32768);
            assert_eq!(scalar_of(&largest), weight * scalar_from_i64(1 << 30));
            assert_eq!(scalar_of(&largest.map(|sum| -sum)), -weight * scalar_from_i64(1 << 30));
        }
        let power_sum: Fr = (0..8).map(|limb| power_of_two(32 * limb)).sum();
        for extreme in [1i64 << 62, -(1 << 62)] {
            // 2^-256 turns a Montgomery form into the scalar.
            assert_eq!(
                scalar_of(&[extreme; LIMBS]),
                scalar_from_i64(extreme) * power_sum * zkseal_field::inverse_power_of_two(256)
            );
        }
    }
}
