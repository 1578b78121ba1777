//! Vectors of scalars, eight entries at a time; entries stay in the field crate's form, canonical.

use std::arch::x86_64::*;

use zkseal_field::{Field, Fr};

use super::field::{self, Columns, Prime, mul, reduce, sub};
use super::tables::{Scalars, add_mul, total};
use crate::reference::vectors as plain;

/// Eight neighbours, in the lane order 0, 2, 1, 3, 4, 6, 5, 7.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
fn load(entries: &[Fr; 8]) -> Scalars {
    let mut rows = [_mm512_setzero_si512(); 4];
    for (row, pair) in rows.iter_mut().zip(entries.as_chunks::<2>().0) {
        let (a, b) = (pair[0].words(), pair[1].words());
        *row = field::lanes_of([a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]]);
    }
    let [r0, r1, r2, r3] = rows;
    let (even, later_even) = (_mm512_unpacklo_epi64(r0, r1), _mm512_unpacklo_epi64(r2, r3));
    let (odd, later_odd) = (_mm512_unpackhi_epi64(r0, r1), _mm512_unpackhi_epi64(r2, r3));
    field::unpack([
        _mm512_shuffle_i64x2::<0x88>(even, later_even),
        _mm512_shuffle_i64x2::<0x88>(odd, later_odd),
        _mm512_shuffle_i64x2::<0xdd>(even, later_even),
        _mm512_shuffle_i64x2::<0xdd>(odd, later_odd),
    ])
}

/// Inverse of [`load`], for canonical lanes.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
fn store(lanes: &Scalars, entries: &mut [Fr; 8]) {
    let [w0, w1, w2, w3] = field::pack(lanes);
    let rows = {
        let halves = |a, b, high: bool| {
            let both = if high { _mm512_shuffle_i64x2::<0xee>(a, b) } else { _mm512_shuffle_i64x2::<0x44>(a, b) };
            _mm512_shuffle_i64x2::<0xd8>(both, both)
        };
        let (even, later_even) = (halves(w0, w2, false), halves(w0, w2, true));
        let (odd, later_odd) = (halves(w1, w3, false), halves(w1, w3, true));
        [
            _mm512_unpacklo_epi64(even, odd),
            _mm512_unpackhi_epi64(even, odd),
            _mm512_unpacklo_epi64(later_even, later_odd),
            _mm512_unpackhi_epi64(later_even, later_odd),
        ]
    };
    for (row, pair) in rows.into_iter().zip(entries.as_chunks_mut::<2>().0) {
        let [a0, a1, a2, a3, b0, b1, b2, b3] = field::words_of(row);
        *pair = [Fr::from_words([a0, a1, a2, a3]), Fr::from_words([b0, b1, b2, b3])];
    }
}

/// At most 512 entries, so that no column of the sum overflows.
pub fn dot(a: &[Fr], b: &[Fr]) -> Fr {
    // SAFETY: reached only where `available`.
    unsafe { dot_lanes(a, b) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn dot_lanes(a: &[Fr], b: &[Fr]) -> Fr {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sum = Columns::zero();
    for (a, b) in a.iter().zip(b) {
        sum.add_product(&load(a), &load(b));
    }
    // 64 products below q^2 are below 1.8 q when reduced, in 2^252.
    total(&sum.reduced()) * Fr::from(1u64 << 4) + plain::dot(a_rest, b_rest)
}

/// At most 512 entries.
pub fn dot_differences(a: [&[Fr]; 2], b: [&[Fr]; 2]) -> Fr {
    // SAFETY: as above.
    unsafe { dot_differences_lanes(a, b) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn dot_differences_lanes(a: [&[Fr]; 2], b: [&[Fr]; 2]) -> Fr {
    let ([(a0, a0_rest), (a1, a1_rest)], [(b0, b0_rest), (b1, b1_rest)]) =
        (a.map(<[Fr]>::as_chunks::<8>), b.map(<[Fr]>::as_chunks::<8>));
    let mut sum = Columns::zero();
    for ((a0, a1), (b0, b1)) in a0.iter().zip(a1).zip(b0.iter().zip(b1)) {
        sum.add_product(&sub::<1, _>(&load(a1), &load(a0)), &sub::<1, _>(&load(b1), &load(b0)));
    }
    // 64 products below 4 q^2 are below 4.1 q when reduced, in 2^252.
    let lanes = reduce::<2, _>(&reduce::<2, _>(&sum.reduced()));
    total(&lanes) * Fr::from(1u64 << 4) + plain::dot_differences([a0_rest, a1_rest], [b0_rest, b1_rest])
}

pub fn add_scaled(out: &mut [Fr], factor: Fr, v: &[Fr]) {
    // SAFETY: as above.
    unsafe { add_scaled_lanes(out, factor, v) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn add_scaled_lanes(out: &mut [Fr], factor: Fr, v: &[Fr]) {
    let lanes = field::splat_element(factor);
    let ((out, out_rest), (v, v_rest)) = (out.as_chunks_mut::<8>(), v.as_chunks::<8>());
    for (out, v) in out.iter_mut().zip(v) {
        store(&add_mul(&load(out), &lanes, &load(v)), out);
    }
    plain::add_scaled(out_rest, factor, v_rest);
}

pub fn interpolate(out: &mut [Fr], x: Fr, v: &[Fr]) {
    // SAFETY: as above.
    unsafe { interpolate_lanes(out, x, v) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn interpolate_lanes(out: &mut [Fr], x: Fr, v: &[Fr]) {
    let lanes = field::splat_element(x);
    let ((out, out_rest), (v, v_rest)) = (out.as_chunks_mut::<8>(), v.as_chunks::<8>());
    for (out, v) in out.iter_mut().zip(v) {
        let own = load(out);
        store(&add_mul(&own, &lanes, &sub::<1, _>(&load(v), &own)), out);
    }
    plain::interpolate(out_rest, x, v_rest);
}

pub fn multiply(out: &mut [Fr], v: &[Fr]) {
    // SAFETY: as above.
    unsafe { multiply_lanes(out, v) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn multiply_lanes(out: &mut [Fr], v: &[Fr]) {
    let ((out, out_rest), (v, v_rest)) = (out.as_chunks_mut::<8>(), v.as_chunks::<8>());
    for (out, v) in out.iter_mut().zip(v) {
        // 16 times an entry is 2^260: the product stays 2^256, below 1.2 q.
        store(&reduce::<1, _>(&mul(&load(out), &field::scale::<16, _>(&load(v)))), out);
    }
    plain::multiply(out_rest, v_rest);
}

pub fn scale(out: &mut [Fr], factor: Fr) {
    // SAFETY: as above.
    unsafe { scale_lanes(out, factor) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn scale_lanes(out: &mut [Fr], factor: Fr) {
    let lanes = field::splat_element(factor);
    let (out, rest) = out.as_chunks_mut::<8>();
    for out in out {
        store(&reduce::<1, _>(&mul(&load(out), &lanes)), out);
    }
    plain::scale(rest, factor);
}

/// Integers below 2^51 in magnitude as scalars.
pub fn lift<T: Copy + Into<i64>>(values: &[T], out: &mut [Fr]) {
    // SAFETY: as above.
    unsafe { lift_lanes(values, out) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn lift_lanes<T: Copy + Into<i64>>(values: &[T], out: &mut [Fr]) {
    let ((values, values_rest), (out, out_rest)) = (values.as_chunks::<8>(), out.as_chunks_mut::<8>());
    // The words of 2^260 are 2^516: times an integer and divided by R they are that integer in the field crate's form.
    let factor = field::splat_element(zkseal_field::power_of_two(256));
    let zero = _mm512_setzero_si512();
    for (values, out) in values.iter().zip(out) {
        let mut integers = [0i64; 8];
        // The lane order of `store`.
        for (lane, value) in [0, 2, 1, 3, 4, 6, 5, 7].into_iter().enumerate() {
            integers[lane] = values[value].into();
        }
        let integers = field::lanes_of(integers.map(i64::cast_unsigned));
        let magnitude = Scalars::new([_mm512_abs_epi64(integers), zero, zero, zero, zero]);
        let product = mul(&magnitude, &factor);
        let negated = sub::<2, _>(&field::splat([0; 5]), &product);
        let chosen = field::select(_mm512_movepi64_mask(integers), &product, &negated);
        store(&reduce::<1, _>(&reduce::<1, _>(&chosen)), out);
    }
    for (value, out) in values_rest.iter().zip(out_rest) {
        *out = zkseal_field::scalar_from_i64((*value).into());
    }
}

/// Every non-zero value becomes its inverse: the products of all values before each, one inversion, and back.
pub fn batch_invert(values: &mut [Fr]) {
    // SAFETY: as above.
    unsafe { batch_invert_lanes(values) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn batch_invert_lanes(values: &mut [Fr]) {
    let (values, rest) = values.as_chunks_mut::<8>();
    ark_ff::fields::batch_inversion(rest);
    // An entry x is read as x / 16 in the lanes' form; so is the inverse that is stored, which is therefore 1 / 256
    // of the inverse of what was read.
    let one = field::splat_element(Fr::ONE);
    let mut product = one;
    let mut before = Vec::with_capacity(values.len());
    for values in values.iter() {
        before.push(product);
        product = mul(&product, &nonzero(&load(values), &one).0);
    }
    let mut totals = field::export(&product);
    ark_ff::fields::batch_inversion(&mut totals);
    let share = Fr::from(256u64).inverse().unwrap_or(Fr::ONE);
    let mut inverse = field::import(&totals.map(|total| total * share));
    for (values, before) in values.iter_mut().zip(&before).rev() {
        let read = load(values);
        let (factor, zeros) = nonzero(&read, &one);
        let own = reduce::<1, _>(&mul(&inverse, before));
        store(&field::select(zeros, &own, &read), values);
        inverse = mul(&inverse, &factor);
    }
    // Products tell the values.
    before.fill(one);
    std::hint::black_box(&mut before);
}

/// The lanes with `one` where they are zero, and where that is; for canonical lanes.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
fn nonzero(lanes: &Scalars, one: &Scalars) -> (Scalars, u8) {
    let mut bits = lanes.0[0];
    for limb in &lanes.0[1..] {
        bits = _mm512_or_si512(bits, *limb);
    }
    let zeros = _mm512_testn_epi64_mask(bits, bits);
    (field::select(zeros, lanes, one), zeros)
}
