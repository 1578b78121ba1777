//! Multilinear equality weights (book, chapter 1): variable 0 is the most significant index bit.
//!
//! | item | computes |
//! | --- | --- |
//! | [`eq_table`] | `eq(point, i)` for all `i < len` (a truncated table costs only `len`) |
//! | [`eq_at`] | `eq(point, i)` at one index |
//! | [`truncated_product`] | `sum_{i < n} prod_k eq(point_k, i)` in O(log n) |
//! | [`evaluate`] | a multilinear polynomial given by its values |
//!
//! Dependency position: above zkseal-field; used by verifier and prover alike.

#![forbid(unsafe_code)]

use zkseal_field::{Fr, One, Zero};

/// Least k with 2^k >= n (0 for n <= 1).
#[must_use]
pub const fn bits(n: u64) -> u32 {
    if n <= 1 { 0 } else { u64::BITS - (n - 1).leading_zeros() }
}

/// `eq(point, i)` for `i < len`; entries beyond the hypercube do not exist, so at most `2^point.len()` are returned.
#[must_use]
pub fn eq_table(point: &[Fr], len: usize) -> Vec<Fr> {
    let mut table = vec![Fr::one()];
    for (done, coordinate) in point.iter().enumerate() {
        // After this step the table holds the prefixes of `done + 1` bits that are needed for indices below `len`.
        let remaining = u32::try_from(point.len().saturating_sub(done).saturating_sub(1)).unwrap_or(u32::MAX);
        let needed = len.saturating_sub(1).checked_shr(remaining).unwrap_or(0).saturating_add(1);
        let mut next = Vec::with_capacity(table.len().saturating_mul(2).min(needed));
        for value in &table {
            let high = *value * coordinate;
            next.push(*value - high);
            next.push(high);
        }
        next.truncate(needed);
        table = next;
    }
    table.truncate(len);
    table
}

/// `eq(point, index)`; zero for an index outside the hypercube.
#[must_use]
pub fn eq_at(point: &[Fr], index: u64) -> Fr {
    let mut rest = index;
    let mut product = Fr::one();
    for coordinate in point.iter().rev() {
        product *= if rest & 1 == 1 { *coordinate } else { Fr::one() - coordinate };
        rest >>= 1;
    }
    if rest == 0 { product } else { Fr::zero() }
}

/// `eq(x, y)` at two points of as many coordinates.
#[must_use]
pub fn eq_at_point(x: &[Fr], y: &[Fr]) -> Fr {
    x.iter()
        .zip(y)
        .map(|(x, y)| {
            let both = *x * y;
            both + both + Fr::one() - x - y
        })
        .product()
}

/// `sum_{i < n} prod_k eq(points_k, i)`; all points have the same number of coordinates, at least bits(n).
///
/// Walks the bits of n from the top: wherever a bit of n is 1, all indices with that bit 0 (and the higher bits of n) are
/// inside, and their sum over the lower bits is a product of per-bit sums. No points: n.
#[must_use]
pub fn truncated_product(points: &[&[Fr]], n: u64) -> Fr {
    let Some(first) = points.first() else {
        return Fr::from(n);
    };
    let num_vars = first.len();
    // suffix[k] = sum over the lowest k bits of the product.
    let mut suffix = Vec::with_capacity(num_vars.saturating_add(1));
    let mut running = Fr::one();
    suffix.push(running);
    let columns: Vec<(Fr, Fr)> = (0..num_vars)
        .map(|position| {
            points
                .iter()
                .filter_map(|point| point.get(position))
                .fold((Fr::one(), Fr::one()), |(zero, one), x| (zero * (Fr::one() - x), one * x))
        })
        .collect();
    for (zero, one) in columns.iter().rev() {
        running *= *zero + one;
        suffix.push(running);
    }
    let top = u32::try_from(num_vars).unwrap_or(u32::MAX);
    if n.checked_shr(top).unwrap_or(0) > 0 {
        return running;
    }
    let (mut total, mut prefix) = (Fr::zero(), Fr::one());
    for (position, (zero, one)) in columns.iter().enumerate() {
        let low_bits = num_vars.saturating_sub(position).saturating_sub(1);
        let shift = u32::try_from(low_bits).unwrap_or(u32::MAX);
        if n.checked_shr(shift).unwrap_or(0) & 1 == 1 {
            total += prefix * zero * suffix.get(low_bits).copied().unwrap_or_else(Fr::zero);
            prefix *= one;
        } else {
            prefix *= zero;
        }
    }
    total
}

/// `sum_{i < n} i * eq(point, i)`, in O(log n).
#[must_use]
pub fn truncated_index_sum(point: &[Fr], n: u64) -> Fr {
    // (sum of weights, sum of index * weight) over the lowest k bits.
    let num_vars = point.len();
    let full = u32::try_from(num_vars).unwrap_or(u32::MAX);
    let n = if n.checked_shr(full).unwrap_or(0) > 0 { 1u64.checked_shl(full).unwrap_or(u64::MAX) } else { n };
    let mut suffix = vec![Fr::zero()];
    let (mut index_sum, mut place) = (Fr::zero(), Fr::one());
    for x in point.iter().rev() {
        index_sum += place * x;
        place += place;
        suffix.push(index_sum);
    }
    if n.checked_shr(full).unwrap_or(0) > 0 {
        return index_sum;
    }
    let (mut total, mut prefix, mut prefix_index) = (Fr::zero(), Fr::one(), Fr::zero());
    for (position, x) in point.iter().enumerate() {
        let low_bits = num_vars.saturating_sub(position).saturating_sub(1);
        let shift = u32::try_from(low_bits).unwrap_or(u32::MAX);
        if n.checked_shr(shift).unwrap_or(0) & 1 == 1 {
            let inside = prefix * (Fr::one() - x);
            total += inside * (prefix_index + suffix.get(low_bits).copied().unwrap_or_else(Fr::zero));
            prefix *= x;
            prefix_index += zkseal_field::power_of_two(shift);
        } else {
            prefix *= Fr::one() - x;
        }
    }
    total
}

/// The multilinear polynomial with these values (missing ones are zero) at `point`.
#[must_use]
pub fn evaluate(values: &[Fr], point: &[Fr]) -> Fr {
    eq_table(point, values.len()).iter().zip(values).map(|(weight, value)| *weight * value).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn point(seed: u64, num_vars: usize) -> Vec<Fr> {
        (0..num_vars as u64).map(|i| Fr::from(seed.wrapping_mul(i * 77 + 13) | 5)).collect()
    }

    proptest! {
        #[test]
        fn test_tables_and_closed_forms_agree(seed in 1u64.., num_vars in 0usize..7, cut in 0u64..130) {
            let p = point(seed, num_vars);
            let full = eq_table(&p, 1 << num_vars);
            prop_assert_eq!(full.len(), 1 << num_vars);
            for (i, value) in full.iter().enumerate() {
                prop_assert_eq!(*value, eq_at(&p, i as u64));
            }
            let n = cut.min(1 << num_vars) as usize;
            prop_assert_eq!(eq_table(&p, n), full[..n].to_vec());
            let sum: Fr = full[..n].iter().sum();
            prop_assert_eq!(truncated_product(&[&p], cut), sum);
            let indices: Fr = full[..n].iter().enumerate().map(|(i, w)| Fr::from(i as u64) * w).sum();
            prop_assert_eq!(truncated_index_sum(&p, cut), indices);
            let p2 = point(seed ^ 0xabcd, num_vars);
            let p3 = point(seed ^ 0x1234, num_vars);
            let (t2, t3) = (eq_table(&p2, 1 << num_vars), eq_table(&p3, 1 << num_vars));
            let triple: Fr = (0..n).map(|i| full[i] * t2[i] * t3[i]).sum();
            prop_assert_eq!(truncated_product(&[&p, &p2, &p3], cut), triple);
        }
    }

    #[test]
    fn test_bits_of_small_sizes() {
        assert_eq!([0, 1, 2, 3, 4, 5, 1 << 20].map(bits), [0, 0, 1, 2, 2, 3, 20]);
    }
}
