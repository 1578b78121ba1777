//! The two inner loops of the contraction, compiled once for each instruction set and chosen at run time.
//!
//! Plain loops that the compiler vectorises (`i32 * i32 -> i64`), and intrinsics where it does not.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;
#[cfg(target_arch = "x86_64")]
use std::mem::transmute;

use crate::cpu;

use super::contract::{Digit, LIMBS, STRIP};

/// Defines a function that runs `$body` compiled for the best instruction set of this machine.
macro_rules! dispatch {
    ($(#[$doc:meta])* $name:ident<$digit:ident>($($arg:ident: $kind:ty),*) $(-> $out:ty)? = $body:ident) => {
        $(#[$doc])*
        pub fn $name<$digit: Digit>($($arg: $kind),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
                fn avx512<$digit: Digit>($($arg: $kind),*) $(-> $out)? {
                    $body($($arg),*)
                }
                #[target_feature(enable = "avx2")]
                fn avx2<$digit: Digit>($($arg: $kind),*) $(-> $out)? {
                    $body($($arg),*)
                }
                if cpu::level() >= cpu::Level::Avx512 {
                    // SAFETY: this level is reached only where the machine has the instructions.
                    return unsafe { avx512($($arg),*) };
                }
                if cpu::level() >= cpu::Level::Avx2 {
                    // SAFETY: as above.
                    return unsafe { avx2($($arg),*) };
                }
            }
            $body($($arg),*)
        }
    };
}

/// `sum_m planes[l][m] * data[m]` for every limb l.
pub fn dot<T: Digit>(planes: &[&[i32]; LIMBS], data: &[T]) -> [i64; LIMBS] {
    #[cfg(target_arch = "x86_64")]
    if cpu::level() >= cpu::Level::Avx512 {
        // SAFETY: this level is reached only where the machine has the instructions.
        return unsafe { dot_avx512(planes, data) };
    }
    dot_plain(planes, data)
}

/// Eight values at a time, times the same eight places of every plane.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn dot_avx512<T: Digit>(planes: &[&[i32]; LIMBS], data: &[T]) -> [i64; LIMBS] {
    let chunks = planes.map(|plane| plane[..data.len()].as_chunks::<8>());
    let (values, rest) = data.as_chunks::<8>();
    let mut sums = [_mm512_setzero_si512(); LIMBS];
    for (k, values) in values.iter().enumerate() {
        // SAFETY: the arrays have the size of the registers, and any bits are a value.
        let values = _mm512_cvtepi32_epi64(unsafe { transmute::<[i32; 8], __m256i>(values.map(Into::into)) });
        for (sum, (plane, _)) in sums.iter_mut().zip(&chunks) {
            // SAFETY: as above.
            let limbs = _mm512_cvtepi32_epi64(unsafe { transmute::<[i32; 8], __m256i>(plane[k]) });
            *sum = _mm512_add_epi64(*sum, _mm512_mul_epi32(limbs, values));
        }
    }
    let mut out = sums.map(|sum| _mm512_reduce_add_epi64(sum));
    for (out, (_, plane)) in out.iter_mut().zip(&chunks) {
        for (limb, value) in plane.iter().zip(rest) {
            let value: i64 = (*value).into();
            *out += i64::from(*limb) * value;
        }
    }
    out
}

dispatch! {
    /// `sums[l][i] += sum_m limbs[m][l] * data[m * stride + i]` for i below `length`.
    accumulate<T>(sums: &mut [[i64; STRIP]; LIMBS], length: usize, data: &[T], stride: usize, limbs: &[[i32; LIMBS]]) = accumulate_plain
}

#[inline(always)]
fn dot_plain<T: Digit>(planes: &[&[i32]; LIMBS], data: &[T]) -> [i64; LIMBS] {
    // Eight partial sums a limb, as wide as the widest registers.
    let mut sums = [[0i64; 8]; LIMBS];
    let whole = data.len() / 8 * 8;
    for start in (0..whole).step_by(8) {
        let mut values = [0i64; 8];
        for (value, digit) in values.iter_mut().zip(&data[start..start + 8]) {
            *value = (*digit).into();
        }
        for (sums, plane) in sums.iter_mut().zip(planes) {
            let plane = &plane[start..start + 8];
            for lane in 0..8 {
                sums[lane] += i64::from(plane[lane]) * values[lane];
            }
        }
    }
    let mut out = sums.map(|sums| sums.iter().sum::<i64>());
    for index in whole..data.len() {
        let value: i64 = data[index].into();
        for (sum, plane) in out.iter_mut().zip(planes) {
            *sum += i64::from(plane[index]) * value;
        }
    }
    out
}

/// Width of the parts that a short strip is cut into.
const PART: usize = 32;

#[inline(always)]
fn accumulate_plain<T: Digit>(
    sums: &mut [[i64; STRIP]; LIMBS],
    length: usize,
    data: &[T],
    stride: usize,
    limbs: &[[i32; LIMBS]],
) {
    if length == STRIP {
        accumulate_columns(sums, 0, STRIP, data, stride, limbs);
        return;
    }
    // A width that is known when this is compiled costs a third of one that is not.
    let whole = length / PART * PART;
    for start in (0..whole).step_by(PART) {
        accumulate_columns(sums, start, PART, data, stride, limbs);
    }
    if whole < length {
        accumulate_columns(sums, whole, length - whole, data, stride, limbs);
    }
}

/// Columns `start .. start + width`: four rows at a time, so that a sum is loaded and stored once for four products.
#[inline(always)]
fn accumulate_columns<T: Digit>(
    sums: &mut [[i64; STRIP]; LIMBS],
    start: usize,
    width: usize,
    data: &[T],
    stride: usize,
    limbs: &[[i32; LIMBS]],
) {
    let whole = limbs.len() / 4 * 4;
    for first in (0..whole).step_by(4) {
        let rows: [&[T]; 4] = std::array::from_fn(|row| &data[(first + row) * stride + start..][..width]);
        let weights: [[i32; LIMBS]; 4] = std::array::from_fn(|row| limbs[first + row]);
        for (limb, sums) in sums.iter_mut().enumerate() {
            let sums = &mut sums[start..start + width];
            let [w0, w1, w2, w3] = weights.map(|weight| i64::from(weight[limb]));
            for i in 0..width {
                let (d0, d1, d2, d3): (i64, i64, i64, i64) =
                    (rows[0][i].into(), rows[1][i].into(), rows[2][i].into(), rows[3][i].into());
                sums[i] += w0 * d0 + w1 * d1 + w2 * d2 + w3 * d3;
            }
        }
    }
    for (m, weight) in limbs.iter().enumerate().skip(whole) {
        let row = &data[m * stride + start..][..width];
        for (limb, sums) in sums.iter_mut().enumerate() {
            for (sum, digit) in sums[start..start + width].iter_mut().zip(row) {
                let value: i64 = (*digit).into();
                *sum += i64::from(weight[limb]) * value;
            }
        }
    }
}
