//! Plain versions of [`crate::vectors`].

use zkseal_field::Fr;

/// See [`crate::vectors::dot`].
#[must_use]
pub fn dot(a: &[Fr], b: &[Fr]) -> Fr {
    a.iter().zip(b).map(|(a, b)| *a * b).sum()
}

/// See [`crate::vectors::dot_differences`].
#[must_use]
pub fn dot_differences(a: [&[Fr]; 2], b: [&[Fr]; 2]) -> Fr {
    (0..a[0].len()).map(|i| (a[1][i] - a[0][i]) * (b[1][i] - b[0][i])).sum()
}

/// See [`crate::vectors::add_scaled`].
pub fn add_scaled(out: &mut [Fr], factor: Fr, v: &[Fr]) {
    out.iter_mut().zip(v).for_each(|(out, v)| *out += factor * v);
}

/// See [`crate::vectors::interpolate`].
pub fn interpolate(out: &mut [Fr], x: Fr, v: &[Fr]) {
    out.iter_mut().zip(v).for_each(|(out, v)| *out += x * (*v - *out));
}

/// See [`crate::vectors::multiply`].
pub fn multiply(out: &mut [Fr], v: &[Fr]) {
    out.iter_mut().zip(v).for_each(|(out, v)| *out *= v);
}

/// See [`crate::vectors::scale`].
pub fn scale(out: &mut [Fr], factor: Fr) {
    out.iter_mut().for_each(|out| *out *= factor);
}

/// Integers as scalars.
pub fn lift<T: Copy + Into<i64>>(values: &[T], out: &mut [Fr]) {
    for (value, out) in values.iter().zip(out) {
        *out = zkseal_field::scalar_from_i64((*value).into());
    }
}
