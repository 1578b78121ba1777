//! Tables of scalars, eight pairs at a time.
//!
//! Entries stay in the field crate's form, `value * 2^256`, canonical. A product of two of them comes out of the lanes
//! as `2^252`, of one of them and an element of the lanes' own form as `2^256`.

// Field loops name several arrays by one index.
#![allow(clippy::needless_range_loop)]

use std::arch::x86_64::*;

use zkseal_field::{AdditiveGroup, Field, Fr};

use super::field::{self, Columns, Lanes, Prime, mul, mul_add_mul, reduce, sub};
use super::record::transpose;
use crate::tables::{Entry, EqTables, Pair, Pairs};

/// Eight scalars.
pub type Scalars = Lanes<Fr>;

/// Eight entries, one in each lane, for each of the W scalars; W is even.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
fn load<const W: usize>(entries: [&Entry<W>; 8]) -> [Scalars; W] {
    let mut out = [field::splat([0; 5]); W];
    for half in 0..W / 2 {
        let mut rows = [_mm512_setzero_si512(); 8];
        for lane in 0..8 {
            let (first, second) = (entries[lane][2 * half].words(), entries[lane][2 * half + 1].words());
            rows[lane] =
                field::lanes_of([first[0], first[1], first[2], first[3], second[0], second[1], second[2], second[3]]);
        }
        let [a0, a1, a2, a3, b0, b1, b2, b3] = transpose(rows);
        out[2 * half] = field::unpack([a0, a1, a2, a3]);
        out[2 * half + 1] = field::unpack([b0, b1, b2, b3]);
    }
    out
}

/// Inverse of [`load`] for canonical lanes; stores as many entries as `out` has, at most 8.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
fn store<const W: usize>(lanes: &[Scalars; W], out: &mut [Entry<W>]) {
    for half in 0..W / 2 {
        let [a0, a1, a2, a3] = field::pack(&lanes[2 * half]);
        let [b0, b1, b2, b3] = field::pack(&lanes[2 * half + 1]);
        let rows = transpose([a0, a1, a2, a3, b0, b1, b2, b3]);
        for (entry, row) in out.iter_mut().zip(rows) {
            let [w0, w1, w2, w3, w4, w5, w6, w7] = field::words_of(row);
            entry[2 * half] = Fr::from_words([w0, w1, w2, w3]);
            entry[2 * half + 1] = Fr::from_words([w4, w5, w6, w7]);
        }
    }
}

/// Scalars at eight places.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
fn gather(table: &[Fr], at: impl Fn(usize) -> usize) -> Scalars {
    let mut rows = [_mm512_setzero_si512(); 8];
    for lane in 0..4 {
        let (first, second) = (table[at(lane)].words(), table[at(lane + 4)].words());
        rows[lane] =
            field::lanes_of([first[0], first[1], first[2], first[3], second[0], second[1], second[2], second[3]]);
    }
    // Rows 4 to 7 are empty: words 0 .. 3 of the transpose hold lanes 0 .. 3, words 4 .. 7 lanes 4 .. 7.
    let words = transpose(rows);
    let mut out = [_mm512_setzero_si512(); 4];
    for word in 0..4 {
        out[word] = _mm512_shuffle_i64x2::<0x44>(words[word], words[word + 4]);
    }
    field::unpack(out)
}

/// The lanes of a group that has only `count` pairs.
#[inline]
const fn missing(count: usize) -> u8 {
    !(((1u16 << count) - 1) as u8)
}

/// eq at up to eight pairs, in 2^252; 0 in lanes without a pair.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
fn weights(pairs: &[Pair], eq: EqTables<'_>) -> Scalars {
    let mask = (1u64 << eq.low_vars) - 1;
    let at = |lane: usize| pairs[lane.min(pairs.len() - 1)].at;
    let high = gather(eq.high, |lane| (at(lane) >> eq.low_vars) as usize);
    let low = gather(eq.low, |lane| (at(lane) & mask) as usize);
    field::select(missing(pairs.len()), &mul(&high, &low), &field::splat([0; 5]))
}

/// The entries of up to eight pairs; lanes without a pair repeat `spare`.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
fn operands<const W: usize>(of: Pairs<'_, W>, pairs: &[Pair], spare: &Entry<W>) -> [[Scalars; W]; 2] {
    let (mut left, mut right) = ([spare; 8], [spare; 8]);
    for (lane, pair) in pairs.iter().enumerate() {
        [left[lane], right[lane]] = of.of(pair);
    }
    [load(left), load(right)]
}

/// `a + x b` for a canonical a, x in the lanes' form and b below 2 q: canonical.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn add_mul(a: &Scalars, x: &Scalars, b: &Scalars) -> Scalars {
    let mut sum = Columns::shifted(a);
    sum.add_product(x, b);
    // Below a + 1.03 q.
    reduce::<1, _>(&reduce::<1, _>(&sum.reduced()))
}

pub fn bind<const W: usize>(of: Pairs<'_, W>, x: Fr, out: &mut [Entry<W>]) {
    if W % 2 == 1 {
        return crate::reference::tables::bind(of, x, out);
    }
    // SAFETY: reached only where `available`.
    unsafe { bind_lanes(of, x, out) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn bind_lanes<const W: usize>(of: Pairs<'_, W>, x: Fr, out: &mut [Entry<W>]) {
    let x = field::splat_element(x);
    for (pairs, out) in of.pairs.chunks(8).zip(out.chunks_mut(8)) {
        let [left, right] = operands(of, pairs, of.neutral);
        let mut bound = left;
        for k in 0..W {
            bound[k] = add_mul(&left[k], &x, &sub::<1, _>(&right[k], &left[k]));
        }
        store(&bound, out);
    }
}

pub fn add_fractions(of: Pairs<'_, 2>, out: &mut [Entry<2>]) {
    // SAFETY: reached only where `available`.
    unsafe { add_fractions_lanes(of, out) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn add_fractions_lanes(of: Pairs<'_, 2>, out: &mut [Entry<2>]) {
    for (pairs, out) in of.pairs.chunks(8).zip(out.chunks_mut(8)) {
        let [[p0, q0], [p1, q1]] = operands(of, pairs, of.neutral);
        // 16 times a denominator is 2^260: products come out as 2^256, below 1.4 q.
        let (long_q0, long_q1) = (field::scale::<16, _>(&q0), field::scale::<16, _>(&q1));
        let sum = [mul_add_mul(&p0, &long_q1, &p1, &long_q0), mul(&q0, &long_q1)];
        store(&[reduce::<1, _>(&sum[0]), reduce::<1, _>(&sum[1])], out);
    }
}

pub fn children(of: Pairs<'_, 2>, lambda: Fr, out: &mut [Entry<4>]) {
    // SAFETY: reached only where `available`.
    unsafe { children_lanes(of, lambda, out) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn children_lanes(of: Pairs<'_, 2>, lambda: Fr, out: &mut [Entry<4>]) {
    let lambda = field::splat_element(lambda);
    for (pairs, out) in of.pairs.chunks(8).zip(out.chunks_mut(8)) {
        let [[p0, q0], [p1, q1]] = operands(of, pairs, of.neutral);
        store(&[add_mul(&p0, &lambda, &q0), p1, q0, q1], out);
    }
}

pub fn layer_sums(of: Pairs<'_, 4>, eq: EqTables<'_>) -> (Entry<2>, Fr) {
    // SAFETY: reached only where `available`.
    unsafe { layer_sums_lanes(of, eq) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn layer_sums_lanes(of: Pairs<'_, 4>, eq: EqTables<'_>) -> (Entry<2>, Fr) {
    let (mut constant, mut square) = (Columns::zero(), Columns::zero());
    let mut weight = field::splat([0; 5]);
    for pairs in of.pairs.chunks(8) {
        // 2^252, like the products below.
        let e = weights(pairs, eq);
        let [a, b] = operands(of, pairs, of.neutral);
        let mut d = a;
        for k in 0..4 {
            d[k] = sub::<1, _>(&b[k], &a[k]);
        }
        constant.add_product(&e, &mul_add_mul(&a[0], &a[3], &a[1], &a[2]));
        square.add_product(&e, &mul_add_mul(&d[0], &d[3], &d[1], &d[2]));
        weight = reduce::<2, _>(&field::add(&weight, &e));
    }
    // 64 products below 1.3 q^2 are below 2 q when reduced; e and t in 2^252 leave 2^244.
    let sums = [constant, square].map(|sum| total(&sum.reduced()) * Fr::from(1u64 << 12));
    (sums, total(&weight) * Fr::from(1u64 << 4))
}

pub fn add_units(of: &[Entry<2>], out: &mut [Entry<2>]) {
    // SAFETY: reached only where `available`.
    unsafe { add_units_lanes(of, out) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn add_units_lanes(of: &[Entry<2>], out: &mut [Entry<2>]) {
    for (of, out) in of.chunks(8).zip(out.chunks_mut(8)) {
        let [a, b] = load(eight(of));
        // As in `add_fractions_lanes`.
        let product = mul(&a, &field::scale::<16, _>(&b));
        store(&[reduce::<1, _>(&field::add(&a, &b)), reduce::<1, _>(&product)], out);
    }
}

pub fn unit_children(of: &[Entry<2>], lambda: Fr, out: &mut [Entry<4>]) {
    // SAFETY: reached only where `available`.
    unsafe { unit_children_lanes(of, lambda, out) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn unit_children_lanes(of: &[Entry<2>], lambda: Fr, out: &mut [Entry<4>]) {
    let (lambda, one) = (field::splat_element(lambda), field::from_raw_elements(&[Fr::ONE; 8]));
    for (of, out) in of.chunks(8).zip(out.chunks_mut(8)) {
        let [a, b] = load(eight(of));
        store(&[add_mul(&one, &lambda, &a), one, a, b], out);
    }
}

/// Up to eight neighbours; the first stands for those that are missing.
#[inline]
fn eight(of: &[Entry<2>]) -> [&Entry<2>; 8] {
    let mut out = [&of[0]; 8];
    out.iter_mut().zip(of).for_each(|(out, entry)| *out = entry);
    out
}

pub fn unit_sums(of: Pairs<'_, 2>, eq: EqTables<'_>) -> (Entry<3>, Fr) {
    // SAFETY: reached only where `available`.
    unsafe { unit_sums_lanes(of, eq) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn unit_sums_lanes(of: Pairs<'_, 2>, eq: EqTables<'_>) -> (Entry<3>, Fr) {
    let (mut linear, mut constant, mut square) = (Columns::zero(), Columns::zero(), Columns::zero());
    let mut weight = field::splat([0; 5]);
    for pairs in of.pairs.chunks(8) {
        // 2^252, like the products below.
        let e = weights(pairs, eq);
        let [a, b] = operands(of, pairs, of.neutral);
        linear.add_product(&e, &field::add(&a[0], &a[1]));
        constant.add_product(&e, &mul(&a[0], &a[1]));
        square.add_product(&e, &mul(&sub::<1, _>(&b[0], &a[0]), &sub::<1, _>(&b[1], &a[1])));
        weight = reduce::<2, _>(&field::add(&weight, &e));
    }
    // 64 products below 2.1 q^2 are below 2.6 q when reduced; those with the sums leave 2^248, the others 2^244.
    let linear = total(&reduce::<2, _>(&linear.reduced())) * Fr::from(1u64 << 8);
    let [constant, square] = [constant, square].map(|sum| total(&sum.reduced()) * Fr::from(1u64 << 12));
    ([linear, constant, square], total(&weight) * Fr::from(1u64 << 4))
}

pub fn product_sums(of: Pairs<'_, 2>) -> Entry<2> {
    // SAFETY: reached only where `available`.
    unsafe { product_sums_lanes(of) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn product_sums_lanes(of: Pairs<'_, 2>) -> Entry<2> {
    let (mut constant, mut square) = (Columns::zero(), Columns::zero());
    let none = [Fr::ZERO; 2];
    for pairs in of.pairs.chunks(8) {
        let [a, b] = operands(of, pairs, &none);
        constant.add_product(&a[0], &a[1]);
        square.add_product(&sub::<1, _>(&b[0], &a[0]), &sub::<1, _>(&b[1], &a[1]));
    }
    // 64 products below 4 q^2 are below 4.1 q when reduced, in 2^252.
    [constant, square].map(|sum| {
        let sum = reduce::<2, _>(&reduce::<2, _>(&sum.reduced()));
        total(&sum) * Fr::from(1u64 << 4)
    })
}

/// The sum of the lanes (below 2 q), read in the field crate's form.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub fn total(lanes: &Scalars) -> Fr {
    field::raw_elements(lanes).iter().sum()
}
