//! Arrays over aligned blocks of padded axes, stored without their padding.
//!
//! A block of axes (d_1 .. d_k) takes 2^(bits d_1 + .. + bits d_k) indices of its domain, but only d_1 * .. * d_k entries
//! exist; all others hold a neutral entry. Binding or merging the least significant index bit halves the innermost
//! axis (n entries leave ceil(n / 2)); an axis that is used up hands over to the next. A block that is down to one
//! entry joins the *tail*, the dense run of entries behind the larger blocks (blocks lie by descending size).

use rayon::prelude::*;
use zeroize::Zeroize;
use zkseal_field::{Fr, Zero};
use zkseal_poly::eq_table;
use zkseal_relation::types::to_index;

/// Below this many entries a loop runs on one thread.
const PARALLEL_FROM: usize = 2048;
const CHUNK: usize = 512;

/// W field elements at each index.
pub type Entry<const W: usize> = [Fr; W];

#[derive(Clone)]
struct Block<const W: usize> {
    /// First index of the block in its domain.
    base: usize,
    /// (size, bits) of the outer axes.
    outer: Vec<(usize, u32)>,
    /// Live size of the innermost axis.
    inner: usize,
    /// Index bits left in it; the tail never runs out.
    inner_vars: u32,
    /// Entries, row-major.
    data: Vec<Entry<W>>,
}

impl<const W: usize> Drop for Block<W> {
    /// Entries derive from a witness.
    fn drop(&mut self) {
        self.data.zeroize();
    }
}

impl<const W: usize> Block<W> {
    /// Hands over from used-up axes to the next.
    fn settle(&mut self) {
        while self.inner_vars == 0 {
            let Some((size, vars)) = self.outer.pop() else { return };
            (self.inner, self.inner_vars) = (size, vars);
        }
    }

    const fn is_single(&self) -> bool {
        self.inner_vars == 0
    }

    /// First domain index of each row of the innermost axis.
    fn row_starts(&self) -> Vec<usize> {
        let mut starts = vec![self.base];
        let mut low = self.inner_vars;
        let mut scales = Vec::new();
        for (size, vars) in self.outer.iter().rev() {
            scales.push((*size, 1usize << low));
            low += vars;
        }
        for (size, scale) in scales.iter().rev() {
            starts = starts.iter().flat_map(|start| (0..*size).map(move |i| start + i * scale)).collect();
        }
        starts
    }
}

/// Vars of the tail: more than any domain has.
const TAIL_VARS: u32 = 60;

/// Entries over a domain.
#[derive(Clone)]
pub struct Ragged<const W: usize> {
    blocks: Vec<Block<W>>,
    tail: Block<W>,
    neutral: Entry<W>,
}

/// eq over a point, split in two tables so that memory is the square root of the domain.
pub struct SplitEq {
    high: Vec<Fr>,
    low: Vec<Fr>,
    low_vars: usize,
}

impl SplitEq {
    /// Tables of `eq(point, .)`.
    #[must_use]
    pub fn new(point: &[Fr]) -> Self {
        let low_vars = point.len() / 2;
        let (front, back) = point.split_at(point.len() - low_vars);
        Self { high: eq_table(front, 1 << front.len()), low: eq_table(back, 1 << low_vars), low_vars }
    }

    fn at(&self, index: usize) -> Fr {
        self.high[index >> self.low_vars] * self.low[index & ((1 << self.low_vars) - 1)]
    }
}

impl<const W: usize> Ragged<W> {
    /// Blocks in order of their bases, by descending size: (base, axis sizes, entries).
    #[must_use]
    pub fn new(parts: Vec<(usize, Vec<usize>, Vec<Entry<W>>)>, neutral: Entry<W>) -> Self {
        let end = parts.last().map_or(0, |(base, axes, _)| {
            base + (1usize << axes.iter().map(|axis| zkseal_poly::bits(*axis as u64)).sum::<u32>())
        });
        let tail = Block { base: end, outer: Vec::new(), inner: 0, inner_vars: TAIL_VARS, data: Vec::new() };
        let blocks = parts
            .into_iter()
            .map(|(base, axes, data)| {
                let outer = axes.iter().map(|axis| (*axis, zkseal_poly::bits(*axis as u64))).collect();
                Block { base, outer, inner: 1, inner_vars: 0, data }
            })
            .collect();
        let mut out = Self { blocks, tail, neutral };
        out.settle();
        out
    }

    /// Number of stored entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.blocks.iter().map(|block| block.data.len()).sum::<usize>() + self.tail.data.len()
    }

    /// Whether nothing is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn settle(&mut self) {
        for block in &mut self.blocks {
            block.settle();
        }
        let first = self.blocks.iter().position(Block::is_single).unwrap_or(self.blocks.len());
        if first == self.blocks.len() {
            return;
        }
        let singles = self.blocks.split_off(first);
        let base = singles[0].base;
        let mut data: Vec<Entry<W>> = singles.iter().map(|block| block.data[0]).collect();
        data.append(&mut self.tail.data);
        self.tail.base = base;
        self.tail.inner = data.len();
        self.tail.data = data;
    }

    /// Merges neighbours: entry y of the result comes from entries 2y and 2y + 1.
    #[must_use]
    pub fn halve<const V: usize>(
        &self,
        neutral: Entry<V>,
        merge: impl Fn(&Entry<W>, &Entry<W>) -> Entry<V> + Sync,
    ) -> Ragged<V> {
        let halve_block = |block: &Block<W>| -> Block<V> {
            let half = block.inner.div_ceil(2);
            let rows = block.data.len().checked_div(block.inner).unwrap_or(0);
            let entry = |position: usize| {
                let (row, i) = (position / half.max(1), position % half.max(1));
                let first = row * block.inner + 2 * i;
                let partner = if 2 * i + 1 < block.inner { &block.data[first + 1] } else { &self.neutral };
                merge(&block.data[first], partner)
            };
            let count = rows * half;
            let data = if count < PARALLEL_FROM {
                (0..count).map(entry).collect()
            } else {
                (0..count).into_par_iter().with_min_len(CHUNK).map(entry).collect()
            };
            let vars = block.inner_vars - 1;
            let inner_vars = if block.inner_vars == TAIL_VARS { TAIL_VARS } else { vars };
            Block { base: block.base / 2, outer: block.outer.clone(), inner: half, inner_vars, data }
        };
        let mut out =
            Ragged { blocks: self.blocks.iter().map(halve_block).collect(), tail: halve_block(&self.tail), neutral };
        out.settle();
        out
    }

    /// `sum over stored pairs of eq(pair) * term(first, second)`, and the sum of eq over stored pairs.
    ///
    /// `eq` is over the pair index; `None` counts every pair once.
    pub fn sum_pairs<const V: usize>(
        &self,
        eq: Option<&SplitEq>,
        term: impl Fn(&Entry<W>, &Entry<W>) -> Entry<V> + Sync,
    ) -> (Entry<V>, Fr) {
        let zero = || ([Fr::zero(); V], Fr::zero());
        let add = |mut a: (Entry<V>, Fr), b: (Entry<V>, Fr)| {
            a.0.iter_mut().zip(&b.0).for_each(|(x, y)| *x += y);
            a.1 += b.1;
            a
        };
        let mut total = zero();
        for block in self.blocks.iter().chain(std::iter::once(&self.tail)).filter(|block| !block.data.is_empty()) {
            let starts = block.row_starts();
            let sum_rows = |rows: std::ops::Range<usize>| {
                rows.map(|row| self.sum_row(block, row, starts[row], eq, &term)).fold(zero(), add)
            };
            let rows = starts.len();
            let part = if block.data.len() < PARALLEL_FROM {
                sum_rows(0..rows)
            } else if rows >= 8 {
                let each = (CHUNK / block.inner).max(1);
                (0..rows.div_ceil(each))
                    .into_par_iter()
                    .map(|k| sum_rows(k * each..((k + 1) * each).min(rows)))
                    .reduce(zero, add)
            } else {
                (0..rows)
                    .into_par_iter()
                    .map(|row| {
                        let pairs = block.inner.div_ceil(2);
                        (0..pairs.div_ceil(CHUNK))
                            .into_par_iter()
                            .map(|k| {
                                let span = k * CHUNK..((k + 1) * CHUNK).min(pairs);
                                self.sum_span(block, row, starts[row], span, eq, &term)
                            })
                            .reduce(zero, add)
                    })
                    .reduce(zero, add)
            };
            total = add(total, part);
        }
        total
    }

    fn sum_row<const V: usize>(
        &self,
        block: &Block<W>,
        row: usize,
        start: usize,
        eq: Option<&SplitEq>,
        term: &(impl Fn(&Entry<W>, &Entry<W>) -> Entry<V> + Sync),
    ) -> (Entry<V>, Fr) {
        self.sum_span(block, row, start, 0..block.inner.div_ceil(2), eq, term)
    }

    /// Pairs `span` of one row, whose first domain index is `start`.
    fn sum_span<const V: usize>(
        &self,
        block: &Block<W>,
        row: usize,
        start: usize,
        span: std::ops::Range<usize>,
        eq: Option<&SplitEq>,
        term: &(impl Fn(&Entry<W>, &Entry<W>) -> Entry<V> + Sync),
    ) -> (Entry<V>, Fr) {
        let entries = &block.data[row * block.inner..(row + 1) * block.inner];
        let pair = |i: usize| term(&entries[2 * i], entries.get(2 * i + 1).unwrap_or(&self.neutral));
        let mut sums = [Fr::zero(); V];
        let mut weight = Fr::zero();
        let Some(eq) = eq else {
            for i in span {
                sums.iter_mut().zip(&pair(i)).for_each(|(sum, value)| *sum += value);
            }
            return (sums, weight);
        };
        let first = start / 2;
        let low_size = 1usize << eq.low_vars;
        let mut i = span.start;
        while i < span.end {
            // A run that shares one entry of the high table.
            let index = first + i;
            let run = (low_size - (index & (low_size - 1))).min(span.end - i);
            if run < 3 {
                for k in i..i + run {
                    let e = eq.at(first + k);
                    weight += e;
                    sums.iter_mut().zip(&pair(k)).for_each(|(sum, value)| *sum += e * value);
                }
            } else {
                let lows = &eq.low[index & (low_size - 1)..];
                let (mut run_sums, mut run_weight) = ([Fr::zero(); V], Fr::zero());
                for (k, e) in (i..i + run).zip(lows) {
                    run_weight += e;
                    run_sums.iter_mut().zip(&pair(k)).for_each(|(sum, value)| *sum += *e * value);
                }
                let high = eq.high[index >> eq.low_vars];
                weight += high * run_weight;
                sums.iter_mut().zip(&run_sums).for_each(|(sum, value)| *sum += high * value);
            }
            i += run;
        }
        (sums, weight)
    }

    /// Sets the least significant variable to `x`.
    #[must_use]
    pub fn bind(&self, x: Fr) -> Self {
        self.halve(self.neutral, |a, b| std::array::from_fn(|k| a[k] + x * (b[k] - a[k])))
    }

    /// The one entry that is left when all variables are bound.
    #[must_use]
    pub fn last(&self) -> Entry<W> {
        self.tail.data.first().copied().unwrap_or(self.neutral)
    }

    /// All 2^num_vars entries, neutral ones included (test builds lie through this).
    #[cfg(feature = "test-hooks")]
    #[must_use]
    pub fn to_dense(&self, num_vars: usize) -> Vec<Entry<W>> {
        let mut out = vec![self.neutral; 1 << num_vars];
        for block in self.blocks.iter().chain(std::iter::once(&self.tail)).filter(|block| !block.data.is_empty()) {
            for (row, start) in block.data.chunks_exact(block.inner).zip(block.row_starts()) {
                out[start..start + block.inner].copy_from_slice(row);
            }
        }
        out
    }

    /// Inverse of [`Self::to_dense`]: from now on every entry is stored.
    #[cfg(feature = "test-hooks")]
    #[must_use]
    pub fn from_dense(entries: Vec<Entry<W>>, neutral: Entry<W>) -> Self {
        Self::new(vec![(0, vec![entries.len()], entries)], neutral)
    }
}

/// Axis sizes of loops as usize.
#[must_use]
pub fn axes_of(sizes: &[u32]) -> Vec<usize> {
    sizes.iter().map(|size| to_index(*size)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use zkseal_field::One;

    fn dense(parts: &[(usize, Vec<usize>, Vec<Entry<1>>)], vars: u32, neutral: Fr) -> Vec<Fr> {
        let mut out = vec![neutral; 1 << vars];
        for (base, axes, data) in parts {
            for (position, entry) in data.iter().enumerate() {
                let (mut rest, mut index, mut low) = (position, 0usize, 0u32);
                for axis in axes.iter().rev() {
                    index |= (rest % axis) << low;
                    rest /= axis;
                    low += zkseal_poly::bits(*axis as u64);
                }
                out[base + index] = entry[0];
            }
        }
        out
    }

    fn blocks(shapes: &[Vec<usize>], seed: u64) -> (Vec<(usize, Vec<usize>, Vec<Entry<1>>)>, u32) {
        let vars = |axes: &[usize]| axes.iter().map(|a| zkseal_poly::bits(*a as u64)).sum::<u32>();
        let mut shapes = shapes.to_vec();
        shapes.sort_by_key(|axes| std::cmp::Reverse(vars(axes)));
        let (mut base, mut parts, mut next) = (0usize, Vec::new(), seed);
        for axes in shapes {
            let count: usize = axes.iter().product();
            let data = (0..count)
                .map(|_| {
                    next = next.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    [Fr::from(next >> 3)]
                })
                .collect();
            parts.push((base, axes.clone(), data));
            base += 1 << vars(&axes);
        }
        let total = zkseal_poly::bits(base as u64);
        (parts, total)
    }

    proptest! {
        #[test]
        fn test_ragged_binding_equals_dense_binding(
            shapes in prop::collection::vec(prop::collection::vec(1usize..6, 0..4), 1..5), seed in 1u64..,
        ) {
            let (parts, vars) = blocks(&shapes, seed);
            let mut plain = dense(&parts, vars, Fr::one());
            let mut ragged = Ragged::new(parts, [Fr::one()]);
            for round in 0..vars {
                let point: Vec<Fr> = (0..u64::from(vars - round - 1)).map(|k| Fr::from(seed ^ (k + 99))).collect();
                let table = eq_table(&point, 1 << point.len());
                // Pairs outside the stored entries are (1, 1): their term is 3, their weight is what is left of 1.
                let term = |a: &Entry<1>, b: &Entry<1>| [a[0] + b[0] + b[0]];
                let (sums, weight) = ragged.sum_pairs(Some(&SplitEq::new(&point)), term);
                let expected: Fr = table.iter().enumerate()
                    .map(|(i, e)| *e * (plain[2 * i] + plain[2 * i + 1] + plain[2 * i + 1])).sum();
                prop_assert_eq!(sums[0] + (Fr::one() - weight) * Fr::from(3u64), expected);
                let x = Fr::from(seed.rotate_left(round) | 1);
                ragged = ragged.bind(x);
                plain = (0..plain.len() / 2).map(|i| plain[2 * i] + x * (plain[2 * i + 1] - plain[2 * i])).collect();
            }
            prop_assert_eq!(ragged.last()[0], plain[0]);
        }
    }
}
