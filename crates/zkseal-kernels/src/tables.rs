//! Tables of a sumcheck: W scalars at each index, taken pair by pair.
//!
//! The least significant index bit is bound first, so that a round reads neighbours. Tables are ragged: a pair is
//! named by the positions of its entries, and an entry that is not stored is the table's `neutral`.

use zkseal_field::Fr;

use crate::optimized;

/// W scalars at one index.
pub type Entry<const W: usize> = [Fr; W];

/// Two neighbours.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// Position of the entry at X = 0.
    pub left: u32,
    /// Position of the entry at X = 1, or [`Self::NEUTRAL`].
    pub right: u32,
    /// Index of the pair in its domain.
    pub at: u64,
}

impl Pair {
    /// The position of an entry that is not stored.
    pub const NEUTRAL: u32 = u32::MAX;
}

/// A table and the pairs of it that a call works on.
#[derive(Clone, Copy)]
pub struct Pairs<'a, const W: usize> {
    /// Stored entries.
    pub entries: &'a [Entry<W>],
    /// Every other entry.
    pub neutral: &'a Entry<W>,
    /// At most [`MAX_PAIRS`].
    pub pairs: &'a [Pair],
}

impl<'a, const W: usize> Pairs<'a, W> {
    /// Both entries of a pair.
    #[inline]
    pub(crate) fn of(&self, pair: &Pair) -> [&'a Entry<W>; 2] {
        [&self.entries[pair.left as usize], self.entries.get(pair.right as usize).unwrap_or(self.neutral)]
    }
}

/// Pairs a call: sums of so many products are reduced once.
pub const MAX_PAIRS: usize = 512;

/// eq over a point as the product of a high and a low table: `eq(index) = high[index >> low_vars] low[index mod 2^low_vars]`.
#[derive(Clone, Copy)]
pub struct EqTables<'a> {
    /// eq over the first variables.
    pub high: &'a [Fr],
    /// eq over the last `low_vars` variables.
    pub low: &'a [Fr],
    /// log2 of the length of `low`.
    pub low_vars: usize,
}

/// Runs a kernel of the best engine of this machine.
macro_rules! fastest {
    ($call:ident($($arg:expr),*)) => {{
        #[cfg(target_arch = "x86_64")]
        if optimized::ifma::available() {
            return optimized::ifma::tables::$call($($arg),*);
        }
        optimized::tables::$call($($arg),*)
    }};
}

/// `out[k] = left + x (right - left)` for pair k.
///
/// # Panics
/// If `out` has not one entry for each pair.
pub fn bind<const W: usize>(of: Pairs<'_, W>, x: Fr, out: &mut [Entry<W>]) {
    check(of, out);
    fastest!(bind(of, x, out))
}

/// Sums of fractions: `out[k] = [p0 q1 + p1 q0, q0 q1]` for the pair (p0, q0), (p1, q1).
///
/// # Panics
/// As [`bind`].
pub fn add_fractions(of: Pairs<'_, 2>, out: &mut [Entry<2>]) {
    check(of, out);
    fastest!(add_fractions(of, out))
}

/// Children of the nodes of a layer: `out[k] = [p0 + lambda q0, p1, q0, q1]` for the pair (p0, q0), (p1, q1).
///
/// # Panics
/// As [`bind`].
pub fn children(of: Pairs<'_, 2>, lambda: Fr, out: &mut [Entry<4>]) {
    check(of, out);
    fastest!(children(of, lambda, out))
}

/// `sum eq(pair) [a0 a3 + a1 a2, d0 d3 + d1 d2]` for a = left and d = right - left, and `sum eq(pair)`.
///
/// # Panics
/// If there are more than [`MAX_PAIRS`] pairs.
#[must_use]
pub fn layer_sums(of: Pairs<'_, 4>, eq: EqTables<'_>) -> (Entry<2>, Fr) {
    assert!(of.pairs.len() <= MAX_PAIRS, "too many pairs");
    fastest!(layer_sums(of, eq))
}

/// Sums of two unit fractions each, 1 / q0 + 1 / q1: `out[k] = [q0 + q1, q0 q1]` for the entry (q0, q1).
///
/// # Panics
/// If `out` has not one entry for each.
pub fn add_units(of: &[Entry<2>], out: &mut [Entry<2>]) {
    assert_eq!(of.len(), out.len(), "one entry comes out of each");
    fastest!(add_units(of, out))
}

/// [`children`] of nodes whose children are 1 / q0 and 1 / q1: `out[k] = [1 + lambda q0, 1, q0, q1]`.
///
/// # Panics
/// As [`add_units`].
pub fn unit_children(of: &[Entry<2>], lambda: Fr, out: &mut [Entry<4>]) {
    assert_eq!(of.len(), out.len(), "one entry comes out of each");
    fastest!(unit_children(of, lambda, out))
}

/// What [`layer_sums`] needs of unit fractions: `sum eq(pair) [a0 + a1, a0 a1, d0 d1]`, and `sum eq(pair)`.
///
/// # Panics
/// As [`layer_sums`].
#[must_use]
pub fn unit_sums(of: Pairs<'_, 2>, eq: EqTables<'_>) -> (Entry<3>, Fr) {
    assert!(of.pairs.len() <= MAX_PAIRS, "too many pairs");
    fastest!(unit_sums(of, eq))
}

/// `sum [a0 a1, d0 d1]` for a = left and d = right - left.
///
/// # Panics
/// As [`layer_sums`].
#[must_use]
pub fn product_sums(of: Pairs<'_, 2>) -> Entry<2> {
    assert!(of.pairs.len() <= MAX_PAIRS, "too many pairs");
    fastest!(product_sums(of))
}

fn check<const W: usize, const V: usize>(of: Pairs<'_, W>, out: &[Entry<V>]) {
    assert_eq!(of.pairs.len(), out.len(), "one entry comes out of each pair");
}
