//! Integer values of expressions over their outer loops: what lookups look up.
//!
//! Accesses become additive offset tables over a zero-padded copy of the tensor, so that no inner loop tests bounds. A
//! product of two accesses becomes a batch of matrix products, in f64 where that is exact (all sums below 2^53).

use crate::data::Data;
use crate::each_width;
use rayon::prelude::*;
use zkseal_relation::types::to_index;
use zkseal_relation::{Access, Expr, Map, Relation, Term};

/// Values of all tensors by index; `None` for progressions, which are synthesised.
pub trait Values: Sync {
    /// Values of a tensor.
    fn tensor(&self, index: usize) -> &Data;
}

/// Values of an expression times 2^shift, row-major over the outer loops.
pub struct ScaledValues {
    /// The numerators.
    pub numerators: Vec<i128>,
    /// Logarithm of the common denominator.
    pub shift: u32,
}

/// An access as offsets: `data[base + sum offsets[l][i_l]]`.
struct Plan<'a> {
    data: std::borrow::Cow<'a, Data>,
    base: usize,
    offsets: Vec<(u32, Vec<usize>)>,
    magnitude: u64,
}

impl Plan<'_> {
    fn offsets_of(&self, index: u32) -> Option<&[usize]> {
        self.offsets.iter().find(|(l, _)| *l == index).map(|(_, table)| table.as_slice())
    }
}

/// Index ranges of a map: (least, largest) index that it reaches, without clipping.
fn reach(relation: &Relation, map: &Map, list: &[i64]) -> (i64, i64) {
    match map {
        Map::Affine { terms, offset } => {
            let (mut least, mut most) = (i64::from(*offset), i64::from(*offset));
            for (stride, l) in terms {
                let span = i64::from(*stride) * (i64::from(relation.loops[to_index(*l)]) - 1);
                least += span.min(0);
                most += span.max(0);
            }
            (least, most)
        }
        Map::Gather { .. } | Map::GatherPublic { .. } => {
            (list.iter().copied().min().unwrap_or(0), list.iter().copied().max().unwrap_or(0))
        }
    }
}

fn gather_list<V: Values>(relation: &Relation, values: &V, map: &Map) -> Vec<i64> {
    match map {
        Map::Gather { list, .. } => relation.lists[to_index(*list)].iter().map(|v| i64::from(*v)).collect(),
        Map::GatherPublic { tensor, .. } => values.tensor(to_index(*tensor)).to_i64(),
        Map::Affine { .. } => Vec::new(),
    }
}

fn plan<'a, V: Values>(relation: &Relation, values: &'a V, access: &Access) -> Plan<'a> {
    let index = to_index(access.tensor);
    let tensor = &relation.tensors[index];
    let source = values.tensor(index);
    let lists: Vec<Vec<i64>> = access.maps.iter().map(|map| gather_list(relation, values, map)).collect();
    // Padding below and above each axis so that every reached index exists.
    let pads: Vec<(usize, usize)> = access
        .maps
        .iter()
        .zip(&lists)
        .zip(&tensor.shape)
        .map(|((map, list), axis)| {
            let (least, most) = reach(relation, map, list);
            let axis = i64::from(*axis);
            ((-least).max(0) as usize, (most - (axis - 1)).max(0) as usize)
        })
        .collect();
    let padded: Vec<usize> =
        tensor.shape.iter().zip(&pads).map(|(axis, (low, high))| to_index(*axis) + low + high).collect();
    let mut strides = vec![1usize; padded.len()];
    for k in (0..padded.len().saturating_sub(1)).rev() {
        strides[k] = strides[k + 1] * padded[k + 1];
    }
    let data = if pads.iter().all(|pad| *pad == (0, 0)) {
        std::borrow::Cow::Borrowed(source)
    } else {
        std::borrow::Cow::Owned(pad_copy(source, &tensor.shape, &pads, &padded, &strides))
    };
    let mut base = 0i64;
    let mut offsets = Vec::new();
    for (((map, list), stride), (low, _)) in access.maps.iter().zip(&lists).zip(&strides).zip(&pads) {
        let stride = *stride as i64;
        base += *low as i64 * stride;
        match map {
            Map::Affine { terms, offset } => {
                base += i64::from(*offset) * stride;
                for (step, l) in terms {
                    let size = i64::from(relation.loops[to_index(*l)]);
                    // A negative stride counts down: start at its far end and move the base there.
                    let step = i64::from(*step) * stride;
                    let start = if step < 0 { -step * (size - 1) } else { 0 };
                    base -= start;
                    offsets.push((*l, (0..size).map(|i| (start + step * i) as usize).collect()));
                }
            }
            Map::Gather { loop_index, .. } | Map::GatherPublic { loop_index, .. } => {
                // Entries may be -1 (the padding below): shift by one so that offsets are not negative.
                base -= stride;
                offsets.push((*loop_index, list.iter().map(|i| ((i + 1) * stride) as usize).collect()));
            }
        }
    }
    shift_negative_base(base, &mut offsets, data, tensor.lo.unsigned_abs().max(tensor.hi.unsigned_abs()))
}

/// The base can be negative while every sum is not: move the excess into one offset table.
fn shift_negative_base<'a>(
    base: i64,
    offsets: &mut Vec<(u32, Vec<usize>)>,
    data: std::borrow::Cow<'a, Data>,
    magnitude: u64,
) -> Plan<'a> {
    let mut rest = base;
    for (_, table) in offsets.iter_mut() {
        if rest >= 0 {
            break;
        }
        let least = table.iter().copied().min().unwrap_or(0) as i64;
        let moved = least.min(-rest);
        table.iter_mut().for_each(|entry| *entry -= moved as usize);
        rest += moved;
    }
    debug_assert!(rest >= 0);
    Plan { data, base: rest.max(0) as usize, offsets: std::mem::take(offsets), magnitude }
}

fn pad_copy(source: &Data, shape: &[u32], pads: &[(usize, usize)], padded: &[usize], strides: &[usize]) -> Data {
    let total: usize = padded.iter().product();
    let mut out = source.zeros_like(total);
    let Some((inner, outer)) = shape.split_last() else { return out };
    let inner = to_index(*inner);
    let mut index = vec![0usize; outer.len()];
    let rows: usize = outer.iter().map(|axis| to_index(*axis)).product();
    for row in 0..rows {
        let start: usize = index.iter().zip(pads).zip(strides).map(|((i, (low, _)), stride)| (i + low) * stride).sum();
        out.copy_from(start + pads[outer.len()].0, source, row * inner, inner);
        for k in (0..index.len()).rev() {
            index[k] += 1;
            if index[k] < to_index(outer[k]) {
                break;
            }
            index[k] = 0;
        }
    }
    out
}

/// All sums of one offset from each table, row-major (first table slowest).
fn sums(tables: &[&[usize]]) -> Vec<usize> {
    let mut out = vec![0usize];
    for table in tables {
        out = out.iter().flat_map(|start| table.iter().map(move |offset| start + offset)).collect();
    }
    out
}

/// Values of an expression over its outer loops.
pub fn evaluate<V: Values>(relation: &Relation, values: &V, loops: &[u32], expr: &Expr) -> ScaledValues {
    let shift = expr.terms.iter().map(|term| u32::from(term.shift)).max().unwrap_or(0);
    let count: usize = loops.iter().map(|l| to_index(relation.loops[to_index(*l)])).product();
    let mut numerators = vec![0i128; count];
    for term in &expr.terms {
        let scale = i128::from(term.num) << (shift - u32::from(term.shift));
        let unused = |l: &&u32| !term.accesses.iter().any(|access| access.loops().contains(l));
        let repeats: i128 =
            term.sum_loops.iter().filter(unused).map(|l| i128::from(relation.loops[to_index(*l)])).product();
        add_term(relation, values, loops, term, scale * repeats, &mut numerators);
    }
    ScaledValues { numerators, shift }
}

fn add_term<V: Values>(relation: &Relation, values: &V, loops: &[u32], term: &Term, scale: i128, out: &mut [i128]) {
    match term.accesses.as_slice() {
        [access] => add_linear(relation, &plan(relation, values, access), loops, &term.sum_loops, scale, out),
        [first, second] => {
            let (first, second) = (plan(relation, values, first), plan(relation, values, second));
            add_product(relation, &first, &second, loops, &term.sum_loops, scale, out);
        }
        _ => out.iter_mut().for_each(|entry| *entry += scale),
    }
}

/// Position of every outer index in an access; loops that it lacks have offset zero.
fn outer_positions(relation: &Relation, plan: &Plan<'_>, loops: &[u32]) -> Vec<usize> {
    let zeros: Vec<Vec<usize>> = loops.iter().map(|l| vec![0; to_index(relation.loops[to_index(*l)])]).collect();
    let tables: Vec<&[usize]> = loops.iter().zip(&zeros).map(|(l, zero)| plan.offsets_of(*l).unwrap_or(zero)).collect();
    sums(&tables)
}

fn add_linear(relation: &Relation, plan: &Plan<'_>, loops: &[u32], sum_loops: &[u32], scale: i128, out: &mut [i128]) {
    let inner_tables: Vec<&[usize]> = sum_loops.iter().filter_map(|l| plan.offsets_of(*l)).collect();
    let inner = sums(&inner_tables);
    let positions = outer_positions(relation, plan, loops);
    each_width!(plan.data.as_ref(), data => {
        for (entry, position) in out.iter_mut().zip(&positions) {
            let sum: i128 = inner.iter().map(|offset| i128::from(data[plan.base + position + offset])).sum();
            *entry += scale * sum;
        }
    });
}

/// Loops of a product by role.
struct Roles {
    batch: Vec<u32>,
    first_only: Vec<u32>,
    second_only: Vec<u32>,
    neither: Vec<u32>,
    contracted: Vec<u32>,
    first_sum: Vec<u32>,
    second_sum: Vec<u32>,
}

fn roles(first: &Plan<'_>, second: &Plan<'_>, loops: &[u32], sum_loops: &[u32]) -> Roles {
    let in_first = |l: &u32| first.offsets_of(*l).is_some();
    let in_second = |l: &u32| second.offsets_of(*l).is_some();
    let pick = |from: &[u32], a: bool, b: bool| -> Vec<u32> {
        from.iter().filter(|l| in_first(l) == a && in_second(l) == b).copied().collect()
    };
    Roles {
        batch: pick(loops, true, true),
        first_only: pick(loops, true, false),
        second_only: pick(loops, false, true),
        neither: pick(loops, false, false),
        contracted: pick(sum_loops, true, true),
        first_sum: pick(sum_loops, true, false),
        second_sum: pick(sum_loops, false, true),
    }
}

fn add_product(
    relation: &Relation,
    first: &Plan<'_>,
    second: &Plan<'_>,
    loops: &[u32],
    sum_loops: &[u32],
    scale: i128,
    out: &mut [i128],
) {
    let roles = roles(first, second, loops, sum_loops);
    let table = |plan: &Plan<'_>, list: &[u32]| -> Vec<usize> {
        let tables: Vec<&[usize]> = list.iter().filter_map(|l| plan.offsets_of(*l)).collect();
        sums(&tables)
    };
    let (first_batch, second_batch) = (table(first, &roles.batch), table(second, &roles.batch));
    let (rows, columns) = (table(first, &roles.first_only), table(second, &roles.second_only));
    let (first_inner, second_inner) = (table(first, &roles.contracted), table(second, &roles.contracted));
    let (first_extra, second_extra) = (table(first, &roles.first_sum), table(second, &roles.second_sum));
    // Where (batch, row, column, repeated) lies in the output.
    let out_table = |list: &[u32]| -> Vec<usize> {
        let tables: Vec<Vec<usize>> = list
            .iter()
            .map(|l| {
                let at = loops.iter().position(|o| o == l).unwrap_or(0);
                let stride: usize = loops[at + 1..].iter().map(|o| to_index(relation.loops[to_index(*o)])).product();
                (0..to_index(relation.loops[to_index(*l)])).map(|i| i * stride).collect()
            })
            .collect();
        sums(&tables.iter().map(Vec::as_slice).collect::<Vec<_>>())
    };
    let (out_batch, out_rows) = (out_table(&roles.batch), out_table(&roles.first_only));
    let (out_columns, out_repeat) = (out_table(&roles.second_only), out_table(&roles.neither));
    let terms = (first_inner.len() * first_extra.len() * second_extra.len()) as u128;
    let bound = u128::from(first.magnitude) * u128::from(second.magnitude) * terms;
    let exact = bound < 1 << 53;
    let shape = (rows.len(), first_inner.len(), columns.len());
    if rows.len() * columns.len() * first_inner.len() * first_extra.len() * second_extra.len() == 1 {
        // Elementwise: one factor each.
        let inner = (first_inner[0] + rows[0] + first_extra[0], second_inner[0] + columns[0] + second_extra[0]);
        for ((a, b), place) in first_batch.iter().zip(&second_batch).zip(&out_batch) {
            let left = first.data.get(first.base + a + inner.0);
            let right = second.data.get(second.base + b + inner.1);
            let value = scale * i128::from(left) * i128::from(right);
            out_repeat.iter().for_each(|repeat| out[place + out_rows[0] + out_columns[0] + repeat] += value);
        }
        return;
    }
    let gather = |plan: &Plan<'_>, start: usize, major: &[usize], inner: &[usize], extra: &[usize]| -> Vec<i64> {
        each_width!(plan.data.as_ref(), data => major
            .iter()
            .flat_map(|m| inner.iter().map(move |k| m + k))
            .map(|p| extra.iter().map(|e| i64::from(data[plan.base + start + p + e])).sum())
            .collect())
    };
    let products: Vec<Vec<i128>> = first_batch
        .par_iter()
        .zip(&second_batch)
        .map(|(a, b)| {
            if exact && rows.len() == 1 && second_extra.len() == 1 {
                let vector = gather(first, *a, &rows, &first_inner, &first_extra);
                return rows_times_vector(second, b + second_extra[0], &columns, &second_inner, &vector);
            }
            if exact && columns.len() == 1 && first_extra.len() == 1 {
                let vector = gather(second, *b, &columns, &second_inner, &second_extra);
                return rows_times_vector(first, a + first_extra[0], &rows, &first_inner, &vector);
            }
            let left = gather(first, *a, &rows, &first_inner, &first_extra);
            let right = gather(second, *b, &columns, &second_inner, &second_extra);
            multiply(&left, &right, shape, exact)
        })
        .collect();
    for (batch, product) in out_batch.iter().zip(&products) {
        for (m, row) in out_rows.iter().enumerate() {
            for (n, column) in out_columns.iter().enumerate() {
                let value = scale * product[m * columns.len() + n];
                for repeat in &out_repeat {
                    out[batch + row + column + repeat] += value;
                }
            }
        }
    }
}

/// Inner products of rows with a vector, straight from the narrow storage: a matrix-vector product reads each weight once.
fn rows_times_vector(plan: &Plan<'_>, start: usize, rows: &[usize], inner: &[usize], vector: &[i64]) -> Vec<i128> {
    let contiguous = inner.windows(2).all(|pair| pair[1] == pair[0] + 1);
    let first = plan.base + start + inner.first().copied().unwrap_or(0);
    each_width!(plan.data.as_ref(), data => rows
        .par_iter()
        .with_min_len(16)
        .map(|row| {
            let sum: i64 = if contiguous {
                let entries = &data[first + row..first + row + inner.len()];
                entries.iter().zip(vector).map(|(entry, v)| i64::from(*entry) * v).sum()
            } else {
                let entry = |offset: &usize| i64::from(data[plan.base + start + row + offset]);
                inner.iter().zip(vector).map(|(offset, v)| entry(offset) * v).sum()
            };
            i128::from(sum)
        })
        .collect())
}

/// `left` is m x k, `right` is n x k, both row-major; the result is m x n.
fn multiply(left: &[i64], right: &[i64], (m, k, n): (usize, usize, usize), exact: bool) -> Vec<i128> {
    if !exact || m.min(n) < 2 || k < 4 {
        let dot = |a: &[i64], b: &[i64]| -> i128 {
            if exact {
                i128::from(a.iter().zip(b).map(|(x, y)| x * y).sum::<i64>())
            } else {
                a.iter().zip(b).map(|(x, y)| i128::from(*x) * i128::from(*y)).sum()
            }
        };
        return left
            .chunks_exact(k.max(1))
            .flat_map(|a| right.chunks_exact(k.max(1)).map(move |b| dot(a, b)))
            .collect();
    }
    let left: Vec<f64> = left.iter().map(|v| *v as f64).collect();
    let right: Vec<f64> = right.iter().map(|v| *v as f64).collect();
    let mut product = vec![0f64; m * n];
    let (ki, ni) = (k as isize, n as isize);
    let rows_each = m.div_ceil(rayon::current_num_threads()).max(8);
    product.par_chunks_mut(rows_each * n).zip(left.par_chunks(rows_each * k)).for_each(|(c, a)| {
        // SAFETY: the strides describe `a` (rows x k), `right` (n x k, read transposed) and `c` (rows x n), all inside their slices.
        unsafe {
            matrixmultiply::dgemm(
                a.len() / k,
                k,
                n,
                1.0,
                a.as_ptr(),
                ki,
                1,
                right.as_ptr(),
                1,
                ki,
                0.0,
                c.as_mut_ptr(),
                ni,
                1,
            );
        }
    });
    product.iter().map(|v| *v as i128).collect()
}
