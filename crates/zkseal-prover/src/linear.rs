//! Prover of stage 5.3: row rounds, blinding, column rounds (book, chapter 5).
//!
//! A tensor that spans several rows starts as *pieces*, (row vector) x (column vector): one fold of its integers for
//! each piece, then the rounds over its own rows run on arrays with one entry a row. When those rounds are over, its rows are
//! folded to one, and it joins the *explicit* rows, which carry a field vector. Tensors inside one row start there.

use crate::data::Data;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;
use zeroize::Zeroizing;
use zkseal_field::{Fr, One, Zero, scalar_from_i64};
use zkseal_kernels::contract;
use zkseal_kernels::vectors::{add_scaled, dot, dot_differences, extend_scaled, interpolate, lift, scale};
use zkseal_poly::{bits, eq_table};
use zkseal_relation::types::to_index;
use zkseal_relation::{AxisWeights, Column, Layout, Separable};

/// Committed data and public coefficients of one row of the (partly bound) row space.
struct ExplicitRow<'d> {
    data: RowData<'d>,
    coefficients: Vec<Fr>,
}

/// The data of a row: integers until its first variable is bound, which take a tenth of the memory.
enum RowData<'d> {
    Integers(Vec<Small<'d>>),
    Scalars(Zeroizing<Vec<Fr>>),
}

/// A tensor inside one row.
struct Small<'d> {
    /// First column.
    start: usize,
    shape: &'d [u32],
    data: &'d Data,
}

impl Small<'_> {
    fn stretches(&self) -> Stretches {
        Stretches::new(&self.shape.iter().map(|axis| to_index(*axis)).collect::<Vec<_>>())
    }
}

impl RowData<'_> {
    /// One scalar for each column.
    fn scalars(&self, row_len: usize) -> Cow<'_, Zeroizing<Vec<Fr>>> {
        match self {
            Self::Scalars(scalars) => Cow::Borrowed(scalars),
            Self::Integers(tensors) => {
                let mut scalars = Zeroizing::new(vec![Fr::zero(); row_len]);
                for tensor in tensors {
                    let stretches = tensor.stretches();
                    for (from, at) in stretches.iter() {
                        let integers = tensor.data.ints().slice(from..from + stretches.length);
                        lift(integers, &mut scalars[tensor.start + at..][..stretches.length]);
                    }
                }
                Cow::Owned(scalars)
            }
        }
    }

    fn into_scalars(self, row_len: usize) -> Zeroizing<Vec<Fr>> {
        match self {
            Self::Scalars(scalars) => scalars,
            Self::Integers(_) => self.scalars(row_len).into_owned(),
        }
    }
}

impl<'d> ExplicitRow<'d> {
    fn zeros(row_len: usize) -> Self {
        let data = RowData::Scalars(Zeroizing::new(vec![Fr::zero(); row_len]));
        Self { data, coefficients: vec![Fr::zero(); row_len] }
    }

    /// The row of some tensors, each with its terms of the claim.
    fn of(row_len: usize, tensors: Vec<(Small<'d>, &[&Separable])>) -> Self {
        let mut coefficients = vec![Fr::zero(); row_len];
        for (tensor, terms) in &tensors {
            let stretches = tensor.stretches();
            for term in *terms {
                let vectors = term.axes.iter().zip(tensor.shape).map(|(axis, size)| axis.to_dense(*size));
                let weights = outer_product(&vectors.collect::<Vec<_>>());
                for (from, at) in stretches.iter() {
                    let place = &mut coefficients[tensor.start + at..][..stretches.length];
                    add_scaled(place, term.coefficient, &weights[from..from + stretches.length]);
                }
            }
        }
        Self { data: RowData::Integers(tensors.into_iter().map(|(tensor, _)| tensor).collect()), coefficients }
    }
}

/// (row vector, inner products of the rows with the column vector), and the factors of the column vector, which is long.
struct Piece {
    rows: Vec<Fr>,
    products: Vec<Fr>,
    factors: [Vec<Fr>; 2],
}

/// A tensor over 2^row_vars rows, with its integers in dense chunks: one chunk for each of its rows.
struct Block<'d> {
    /// Address of its first row, in units of its own size.
    position: u64,
    row_vars: usize,
    chunks: Cow<'d, Data>,
    /// Local row number of each chunk.
    chunk_rows: Vec<usize>,
    /// Entries of a chunk.
    chunk_len: usize,
    /// Where the entries of a chunk lie in a padded row.
    columns: Stretches,
    pieces: Vec<Piece>,
    /// Challenges of its own rounds, last variable first.
    bound: Vec<Fr>,
}

/// The row sumcheck's tables.
pub struct RowSumcheck<'d> {
    blocks: Vec<Block<'d>>,
    explicit: BTreeMap<u64, ExplicitRow<'d>>,
    row_len: usize,
    round: usize,
}

/// How a tensor's axes split at the row boundary.
struct Split {
    /// Axes before the straddling one.
    outer: usize,
    /// Low bits of the straddling axis that lie inside a row.
    low_vars: u32,
}

fn split_axes(shape: &[u32], log_row: u32) -> Split {
    let mut low = 0u32;
    for (axis, size) in shape.iter().enumerate().rev() {
        let vars = bits(u64::from(*size));
        if low + vars > log_row {
            return Split { outer: axis, low_vars: log_row - low };
        }
        low += vars;
    }
    Split { outer: 0, low_vars: 0 }
}

/// Padded positions of the entries of axes, row-major.
pub(crate) fn padded_positions(sizes: &[usize]) -> Vec<usize> {
    let mut positions = vec![0usize];
    for size in sizes {
        let vars = bits(*size as u64);
        positions = positions.iter().flat_map(|start| (0..*size).map(move |i| (start << vars) | i)).collect();
    }
    positions
}

/// Entries of axes that lie next to each other, padded or not.
struct Stretches {
    /// Entries of a stretch.
    length: usize,
    /// Padded position of the first entry of each.
    starts: Vec<usize>,
}

impl Stretches {
    fn new(sizes: &[usize]) -> Self {
        // The innermost axes that fill their padding run together, and with the axis before them.
        let full = sizes.iter().rev().take_while(|size| size.is_power_of_two()).count();
        let (outer, inner) = sizes.split_at(sizes.len() - (full + 1).min(sizes.len()));
        let padding: usize = inner.iter().map(|size| size.next_power_of_two()).product();
        let starts = padded_positions(outer).into_iter().map(|position| position * padding).collect();
        Self { length: inner.iter().product(), starts }
    }

    /// First entry and its padded position, stretch by stretch.
    fn iter(&self) -> impl Iterator<Item = (usize, usize)> {
        self.starts.iter().enumerate().map(|(index, start)| (index * self.length, *start))
    }
}

/// Outer product of vectors, row-major.
fn outer_product(vectors: &[Vec<Fr>]) -> Vec<Fr> {
    vectors.iter().fold(vec![Fr::one()], |acc, vector| {
        let mut next = Vec::with_capacity(acc.len() * vector.len());
        acc.iter().for_each(|factor| extend_scaled(&mut next, vector, *factor));
        next
    })
}

impl<'d> RowSumcheck<'d> {
    /// Tables from the data of all committed tensors, the helper column, and the terms of the claim.
    #[must_use]
    pub fn new(
        layout: &'d Layout,
        data: impl Fn(usize) -> &'d Data + Sync,
        helper: &[Fr],
        terms: &[Separable],
        padding: &[(u64, i64)],
    ) -> Self {
        let log_row = u32::from(layout.params.log_row);
        let row_len = layout.params.row_len();
        let mut by_tensor: BTreeMap<usize, Vec<&Separable>> = BTreeMap::new();
        for term in terms {
            by_tensor.entry(term.tensor).or_default().push(term);
        }
        let (mut large, mut small) = (Vec::new(), BTreeMap::<u64, Vec<(Small<'d>, &[&Separable])>>::new());
        for (index, place) in layout.placements.iter().enumerate() {
            let Some(place) = place else { continue };
            let terms = by_tensor.get(&index).map(Vec::as_slice).unwrap_or_default();
            let shape = layout.tensors[index].shape.as_slice();
            if place.column == Column::Helper {
                continue;
            }
            if place.num_vars > log_row {
                large.push((place.address, shape, data(index), terms));
            } else {
                let start = (place.address % row_len as u64) as usize;
                let tensor = Small { start, shape, data: data(index) };
                small.entry(place.address / row_len as u64).or_default().push((tensor, terms));
            }
        }
        let block = |(address, shape, data, terms)| Block::new(address, shape, data, terms, log_row);
        let row = |(row, tensors): (u64, Vec<(Small<'d>, &[&Separable])>)| (row, ExplicitRow::of(row_len, tensors));
        let (blocks, explicit) =
            rayon::join(|| large.into_par_iter().map(block).collect(), || small.into_par_iter().map(row).collect());
        let mut out = Self { blocks, explicit, row_len, round: 0 };
        out.add_helper(layout, helper, terms);
        for (address, value) in padding {
            if let Some(row) = out.explicit.get_mut(&(address / row_len as u64)) {
                let mut scalars = row.data.scalars(row_len).into_owned();
                scalars[(address % row_len as u64) as usize] = scalar_from_i64(*value);
                row.data = RowData::Scalars(scalars);
            }
        }
        out
    }

    /// The rows of the helper column, which holds scalars.
    fn add_helper(&mut self, layout: &Layout, helper: &[Fr], terms: &[Separable]) {
        let Some(tensor) = layout.helper_tensor() else { return };
        let Some(place) = layout.placements[tensor] else { return };
        let mut coefficients = vec![Fr::zero(); helper.len()];
        for term in terms.iter().filter(|term| term.tensor == tensor) {
            for axis in &term.axes {
                add_scaled(&mut coefficients, term.coefficient, &axis.to_dense(layout.tensors[tensor].shape[0]));
            }
        }
        let row_len = self.row_len;
        // A column of less than a row starts at a row of its own.
        let first = place.address / row_len as u64;
        for (row, (data, weights)) in (first..).zip(helper.chunks(row_len).zip(coefficients.chunks(row_len))) {
            let padded = |values: &[Fr]| {
                let mut out = values.to_vec();
                out.resize(row_len, Fr::zero());
                out
            };
            let data = RowData::Scalars(Zeroizing::new(padded(data)));
            self.explicit.insert(row, ExplicitRow { data, coefficients: padded(weights) });
        }
    }

    /// Moves blocks whose own rounds are over to the explicit rows.
    fn settle(&mut self) {
        let (done, rest): (Vec<Block<'d>>, Vec<Block<'d>>) =
            std::mem::take(&mut self.blocks).into_iter().partition(|block| block.row_vars == self.round);
        self.blocks = rest;
        let row_len = self.row_len;
        self.explicit.par_extend(done.into_par_iter().map(|block| (block.position, block.into_row(row_len))));
    }

    /// s_0 and s_2 of `sum <D, A>` in the next variable.
    pub fn round(&mut self) -> [Fr; 2] {
        self.settle();
        let (mut constant, mut square) = (Fr::zero(), Fr::zero());
        for piece in self.blocks.iter().flat_map(|block| &block.pieces) {
            for (rows, products) in piece.rows.chunks_exact(2).zip(piece.products.chunks_exact(2)) {
                constant += rows[0] * products[0];
                square += (rows[1] - rows[0]) * (products[1] - products[0]);
            }
        }
        let row_len = self.row_len;
        let pairs = self.explicit.par_iter().map(|(index, row)| {
            let next = self.explicit.get(&(index ^ 1));
            if index % 2 == 1 && next.is_some() {
                // The even partner counts both.
                return (Fr::zero(), Fr::zero());
            }
            let data = row.data.scalars(row_len);
            let own = dot(&data, &row.coefficients);
            match (index % 2 == 0, next) {
                (true, Some(next)) => {
                    let later = next.data.scalars(row_len);
                    (own, dot_differences([&data, &later], [&row.coefficients, &next.coefficients]))
                }
                (true, None) => (own, own),
                (false, _) => (Fr::zero(), own),
            }
        });
        let sums = pairs.reduce(|| (Fr::zero(), Fr::zero()), |a, b| (a.0 + b.0, a.1 + b.1));
        (constant, square) = (constant + sums.0, square + sums.1);
        [constant, square]
    }

    /// Binds the variable of the last round.
    pub fn bind(&mut self, x: Fr) {
        for block in &mut self.blocks {
            block.bound.push(x);
            for piece in &mut block.pieces {
                fold_pairs(&mut piece.rows, x);
                fold_pairs(&mut piece.products, x);
            }
        }
        let mut pairs: Vec<(u64, ExplicitRow<'d>, Option<ExplicitRow<'d>>)> = Vec::with_capacity(self.explicit.len());
        let mut rows = std::mem::take(&mut self.explicit).into_iter().peekable();
        while let Some((index, row)) = rows.next() {
            let odd = rows.next_if(|(other, _)| index % 2 == 0 && *other == index + 1);
            pairs.push((index, row, odd.map(|(_, row)| row)));
        }
        let row_len = self.row_len;
        let bind = |(index, row, odd): (u64, ExplicitRow<'d>, Option<ExplicitRow<'d>>)| {
            let (mut data, mut coefficients) = (row.data.into_scalars(row_len), row.coefficients);
            if let Some(odd) = odd {
                interpolate(&mut data, x, &odd.data.scalars(row_len));
                interpolate(&mut coefficients, x, &odd.coefficients);
            } else {
                let weight = if index % 2 == 0 { Fr::one() - x } else { x };
                scale(&mut data, weight);
                scale(&mut coefficients, weight);
            }
            (index / 2, ExplicitRow { data: RowData::Scalars(data), coefficients })
        };
        self.explicit = pairs.into_par_iter().map(bind).collect();
        self.round += 1;
    }

    /// f and a, when all row variables are bound.
    #[must_use]
    pub fn finish(mut self) -> (Zeroizing<Vec<Fr>>, Vec<Fr>) {
        self.settle();
        let row = self.explicit.remove(&0).unwrap_or_else(|| ExplicitRow::zeros(self.row_len));
        (row.data.into_scalars(self.row_len), row.coefficients)
    }
}

fn fold_pairs(values: &mut Vec<Fr>, x: Fr) {
    let folded = values.chunks_exact(2).map(|pair| pair[0] + x * (pair[1] - pair[0])).collect();
    *values = folded;
}

impl<'d> Block<'d> {
    fn new(address: u64, shape: &[u32], data: &'d Data, terms: &[&Separable], log_row: u32) -> Self {
        let sizes: Vec<usize> = shape.iter().map(|axis| to_index(*axis)).collect();
        let num_vars: u32 = shape.iter().map(|axis| bits(u64::from(*axis))).sum();
        let split = split_axes(shape, log_row);
        let low = 1usize << split.low_vars;
        let (straddling, inner_sizes) = (sizes[split.outer], &sizes[split.outer + 1..]);
        let inner: usize = inner_sizes.iter().product();
        let steps = straddling.div_ceil(low);
        let outer: usize = sizes[..split.outer].iter().product();
        let chunk_len = low * inner;
        // Rows of the block: outer axes and the high part of the straddling axis.
        let mut row_sizes = sizes[..split.outer].to_vec();
        let high_vars = bits(straddling as u64) - split.low_vars;
        let chunk_rows: Vec<usize> = padded_positions(&row_sizes)
            .into_iter()
            .flat_map(|start| (0..steps).map(move |h| (start << high_vars) | h))
            .collect();
        row_sizes.push(steps);
        let mut column_sizes = vec![low];
        column_sizes.extend_from_slice(inner_sizes);
        let chunks = if straddling % low == 0 {
            Cow::Borrowed(data)
        } else {
            let mut chunks = data.zeros_like(outer * steps * chunk_len);
            for o in 0..outer {
                chunks.copy_from(o * steps * chunk_len, data, o * straddling * inner, straddling * inner);
            }
            Cow::Owned(chunks)
        };
        let mut block = Self {
            position: address >> num_vars,
            row_vars: (num_vars - log_row) as usize,
            chunks,
            chunk_rows,
            chunk_len,
            columns: Stretches::new(&column_sizes),
            pieces: Vec::new(),
            bound: Vec::new(),
        };
        for term in terms {
            block.add_term(term, shape, &split, steps);
        }
        block
    }

    fn add_term(&mut self, term: &Separable, shape: &[u32], split: &Split, steps: usize) {
        let dense = |axis: usize| term.axes[axis].to_dense(shape[axis]);
        let outer_vectors: Vec<Vec<Fr>> = (0..split.outer).map(dense).collect();
        let outer = outer_product(&outer_vectors);
        let inner_vectors: Vec<Vec<Fr>> = (split.outer + 1..shape.len()).map(dense).collect();
        let inner = outer_product(&inner_vectors);
        let low = 1usize << split.low_vars;
        for (high, low_part) in straddling_parts(&term.axes[split.outer], shape[split.outer], low, steps) {
            let mut rows = vec![Fr::zero(); 1 << self.row_vars];
            let weights = outer.iter().flat_map(|o| high.iter().map(move |h| *o * h));
            for (row, weight) in self.chunk_rows.iter().zip(weights) {
                rows[*row] = term.coefficient * weight;
            }
            let factors = [low_part, inner.clone()];
            let count = self.chunk_rows.len();
            let folded = contract(self.chunks.ints(), count, self.chunk_len, 1, &outer_product(&factors));
            let mut products = vec![Fr::zero(); 1 << self.row_vars];
            for (row, value) in self.chunk_rows.iter().zip(folded) {
                products[*row] = value;
            }
            self.pieces.push(Piece { rows, products, factors });
        }
    }

    /// The block's rows folded to one by the challenges of its rounds.
    fn into_row(self, row_len: usize) -> ExplicitRow<'d> {
        let point: Vec<Fr> = self.bound.iter().rev().copied().collect();
        let table = eq_table(&point, 1 << self.row_vars);
        let weights: Vec<Fr> = self.chunk_rows.iter().map(|row| table[*row]).collect();
        let folded = contract(self.chunks.ints(), 1, weights.len(), self.chunk_len, &weights);
        let mut data = Zeroizing::new(vec![Fr::zero(); row_len]);
        let mut coefficients = vec![Fr::zero(); row_len];
        let length = self.columns.length;
        for (from, at) in self.columns.iter() {
            data[at..at + length].copy_from_slice(&folded[from..from + length]);
        }
        for piece in &self.pieces {
            let column = outer_product(&piece.factors);
            for (from, at) in self.columns.iter() {
                add_scaled(&mut coefficients[at..at + length], piece.rows[0], &column[from..from + length]);
            }
        }
        ExplicitRow { data: RowData::Scalars(data), coefficients }
    }
}

/// The straddling axis as a sum of (high part) x (low part) vectors.
///
/// eq weights split into one such product, and a second one that takes away what truncation cuts off the last step. Others split by high
/// or by low index, whichever has fewer values, one product for each.
fn straddling_parts(axis: &AxisWeights, size: u32, low: usize, steps: usize) -> Vec<(Vec<Fr>, Vec<Fr>)> {
    let low_vars = low.trailing_zeros() as usize;
    if let AxisWeights::Eq { points, len } = axis
        && *len == u64::from(size)
        && low_vars > 0
    {
        return split_eq(points, to_index(size), low, steps);
    }
    let mut vector = axis.to_dense(size);
    vector.resize(steps * low, Fr::zero());
    if steps <= low {
        return (0..steps)
            .map(|h| {
                let mut high = vec![Fr::zero(); steps];
                high[h] = Fr::one();
                (high, vector[h * low..(h + 1) * low].to_vec())
            })
            .filter(|(_, low_part)| low_part.iter().any(|v| !v.is_zero()))
            .collect();
    }
    (0..low)
        .map(|b| {
            let high = (0..steps).map(|h| vector[h * low + b]).collect();
            (high, (0..low).map(|k| if k == b { Fr::one() } else { Fr::zero() }).collect())
        })
        .filter(|(high, _): &(Vec<Fr>, Vec<Fr>)| high.iter().any(|v| !v.is_zero()))
        .collect()
}

fn split_eq(points: &[Vec<Fr>], size: usize, low: usize, steps: usize) -> Vec<(Vec<Fr>, Vec<Fr>)> {
    let low_vars = low.trailing_zeros() as usize;
    let (mut high_part, mut low_part) = (vec![Fr::one(); steps], vec![Fr::one(); low]);
    for point in points {
        let (front, back) = point.split_at(point.len() - low_vars);
        high_part.iter_mut().zip(eq_table(front, steps)).for_each(|(p, t)| *p *= t);
        low_part.iter_mut().zip(eq_table(back, low)).for_each(|(p, t)| *p *= t);
    }
    let in_last = size - (steps - 1) * low;
    if in_last == low {
        return vec![(high_part, low_part)];
    }
    let mut last = vec![Fr::zero(); steps];
    last[steps - 1] = -high_part[steps - 1];
    let cut = low_part.iter().enumerate().map(|(k, v)| if k < in_last { Fr::zero() } else { *v }).collect();
    vec![(high_part, low_part), (last, cut)]
}
