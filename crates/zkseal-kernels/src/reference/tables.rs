//! Plain versions of [`crate::tables`].

use zkseal_field::{AdditiveGroup, Field, Fr};

use crate::tables::{Entry, EqTables, Pairs};

/// See [`crate::tables::bind`].
pub fn bind<const W: usize>(of: Pairs<'_, W>, x: Fr, out: &mut [Entry<W>]) {
    for (out, pair) in out.iter_mut().zip(of.pairs) {
        let [a, b] = of.of(pair);
        *out = std::array::from_fn(|k| a[k] + x * (b[k] - a[k]));
    }
}

/// See [`crate::tables::add_fractions`].
pub fn add_fractions(of: Pairs<'_, 2>, out: &mut [Entry<2>]) {
    for (out, pair) in out.iter_mut().zip(of.pairs) {
        let [a, b] = of.of(pair);
        *out = [a[0] * b[1] + b[0] * a[1], a[1] * b[1]];
    }
}

/// See [`crate::tables::children`].
pub fn children(of: Pairs<'_, 2>, lambda: Fr, out: &mut [Entry<4>]) {
    for (out, pair) in out.iter_mut().zip(of.pairs) {
        let [a, b] = of.of(pair);
        *out = [a[0] + lambda * a[1], b[0], a[1], b[1]];
    }
}

/// See [`crate::tables::layer_sums`].
#[must_use]
pub fn layer_sums(of: Pairs<'_, 4>, eq: EqTables<'_>) -> (Entry<2>, Fr) {
    weighted(of, eq, |a, b| {
        let d: Entry<4> = std::array::from_fn(|k| b[k] - a[k]);
        [a[0] * a[3] + a[1] * a[2], d[0] * d[3] + d[1] * d[2]]
    })
}

/// See [`crate::tables::unit_sums`].
#[must_use]
pub fn unit_sums(of: Pairs<'_, 2>, eq: EqTables<'_>) -> (Entry<3>, Fr) {
    weighted(of, eq, |a, b| [a[0] + a[1], a[0] * a[1], (b[0] - a[0]) * (b[1] - a[1])])
}

/// `sum eq(pair) term(pair)` and `sum eq(pair)`.
fn weighted<const W: usize, const N: usize>(
    of: Pairs<'_, W>,
    eq: EqTables<'_>,
    term: impl Fn(&Entry<W>, &Entry<W>) -> Entry<N>,
) -> (Entry<N>, Fr) {
    let (mut sums, mut weight) = ([Fr::ZERO; N], Fr::ZERO);
    for pair in of.pairs {
        let (high, low) = (pair.at >> eq.low_vars, pair.at & ((1 << eq.low_vars) - 1));
        let e = eq.high[high as usize] * eq.low[low as usize];
        let [a, b] = of.of(pair);
        sums.iter_mut().zip(term(a, b)).for_each(|(sum, term)| *sum += e * term);
        weight += e;
    }
    (sums, weight)
}

/// See [`crate::tables::product_sums`].
#[must_use]
pub fn product_sums(of: Pairs<'_, 2>) -> Entry<2> {
    let mut sums = [Fr::ZERO; 2];
    for pair in of.pairs {
        let [a, b] = of.of(pair);
        sums[0] += a[0] * a[1];
        sums[1] += (b[0] - a[0]) * (b[1] - a[1]);
    }
    sums
}

/// See [`crate::tables::add_units`].
pub fn add_units(of: &[Entry<2>], out: &mut [Entry<2>]) {
    for (out, [a, b]) in out.iter_mut().zip(of) {
        *out = [*a + b, *a * b];
    }
}

/// See [`crate::tables::unit_children`].
pub fn unit_children(of: &[Entry<2>], lambda: Fr, out: &mut [Entry<4>]) {
    for (out, [a, b]) in out.iter_mut().zip(of) {
        *out = [Fr::ONE + lambda * a, Fr::ONE, *a, *b];
    }
}
