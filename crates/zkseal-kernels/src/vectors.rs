//! Long vectors of scalars, entry by entry. In parallel where that pays.

use rayon::prelude::*;
use zkseal_field::{AdditiveGroup, Fr};

use crate::{Ints, optimized};

/// Entries of a task: its sums of products are reduced once.
pub(crate) const TASK: usize = 512;

/// Below this many entries one thread does the work.
const PARALLEL_FROM: usize = 4096;

macro_rules! fastest {
    ($call:ident($($arg:expr),*)) => {{
        #[cfg(target_arch = "x86_64")]
        if optimized::ifma::available() {
            return optimized::ifma::vectors::$call($($arg),*);
        }
        crate::reference::vectors::$call($($arg),*)
    }};
}

/// `sum a[i] b[i]`.
///
/// # Panics
/// If the lengths differ.
#[must_use]
pub fn dot(a: &[Fr], b: &[Fr]) -> Fr {
    assert_eq!(a.len(), b.len(), "an inner product takes vectors of one length");
    let part = |(a, b): (&[Fr], &[Fr])| -> Fr { fastest!(dot(a, b)) };
    if a.len() < PARALLEL_FROM {
        return a.chunks(TASK).zip(b.chunks(TASK)).map(part).sum();
    }
    a.par_chunks(TASK).zip(b.par_chunks(TASK)).map(part).reduce(|| Fr::ZERO, |x, y| x + y)
}

/// `sum (a[1][i] - a[0][i]) (b[1][i] - b[0][i])`.
///
/// # Panics
/// If the lengths differ.
#[must_use]
pub fn dot_differences(a: [&[Fr]; 2], b: [&[Fr]; 2]) -> Fr {
    let length = a[0].len();
    assert!(a[1].len() == length && b.iter().all(|b| b.len() == length), "vectors of one length");
    let part = |start: usize| -> Fr {
        let range = start..length.min(start + TASK);
        let (a, b) = (a.map(|a| &a[range.clone()]), b.map(|b| &b[range.clone()]));
        fastest!(dot_differences(a, b))
    };
    if length < PARALLEL_FROM {
        return (0..length).step_by(TASK).map(part).sum();
    }
    (0..length.div_ceil(TASK)).into_par_iter().map(|k| part(k * TASK)).reduce(|| Fr::ZERO, |x, y| x + y)
}

/// `out[i] += factor v[i]`.
///
/// # Panics
/// If the lengths differ.
pub fn add_scaled(out: &mut [Fr], factor: Fr, v: &[Fr]) {
    each(out, v, |out, v| fastest!(add_scaled(out, factor, v)));
}

/// `out[i] += x (v[i] - out[i])`.
///
/// # Panics
/// If the lengths differ.
pub fn interpolate(out: &mut [Fr], x: Fr, v: &[Fr]) {
    each(out, v, |out, v| fastest!(interpolate(out, x, v)));
}

/// `out[i] *= v[i]`.
///
/// # Panics
/// If the lengths differ.
pub fn multiply(out: &mut [Fr], v: &[Fr]) {
    each(out, v, |out, v| fastest!(multiply(out, v)));
}

/// `out[i] *= factor`.
pub fn scale(out: &mut [Fr], factor: Fr) {
    let part = |out: &mut [Fr]| fastest!(scale(out, factor));
    if out.len() < PARALLEL_FROM {
        return part(out);
    }
    out.par_chunks_mut(TASK).for_each(part);
}

/// `out[i] = values[i] factor`, appended.
pub fn extend_scaled(out: &mut Vec<Fr>, values: &[Fr], factor: Fr) {
    let start = out.len();
    out.extend_from_slice(values);
    scale(&mut out[start..], factor);
}

/// Integers as scalars.
///
/// # Panics
/// If the lengths differ.
pub fn lift(values: Ints<'_>, out: &mut [Fr]) {
    assert_eq!(values.len(), out.len(), "one scalar comes of each integer");
    match values {
        Ints::I8(values) => lift_small(values, out),
        Ints::I16(values) => lift_small(values, out),
        Ints::I32(values) => lift_small(values, out),
        Ints::I64(values) => crate::reference::vectors::lift(values, out),
    }
}

fn lift_small<T: Copy + Into<i64> + Sync>(values: &[T], out: &mut [Fr]) {
    let part = |values: &[T], out: &mut [Fr]| fastest!(lift(values, out));
    if out.len() < PARALLEL_FROM {
        return part(values, out);
    }
    out.par_chunks_mut(TASK).zip(values.par_chunks(TASK)).for_each(|(out, values)| part(values, out));
}

fn each(out: &mut [Fr], v: &[Fr], part: impl Fn(&mut [Fr], &[Fr]) + Sync) {
    assert_eq!(out.len(), v.len(), "vectors of one length");
    if out.len() < PARALLEL_FROM {
        return part(out, v);
    }
    out.par_chunks_mut(TASK).zip(v.par_chunks(TASK)).for_each(|(out, v)| part(out, v));
}
