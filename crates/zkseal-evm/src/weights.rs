//! Separable coefficients with nodes for numbers: the counterpart of zkseal-relation's `separable` and `expand`.

use crate::error::{EvmError, fit};
use crate::graph::{Graph, Id};
use crate::space::{Cell, Slice, Space};
use zkseal_field::{Fr, One, scalar_from_i64};
use zkseal_poly::bits;
use zkseal_relation::{Access, Column, Map, Relation};

/// Weight of each loop: the product of the eq's of these points; 1 for loops that are not named.
pub type LoopWeights = Vec<(u32, Vec<Slice>)>;

/// Coefficients along one axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Axis {
    /// `prod_k eq(points_k, i)` for i < len.
    Eq(Vec<Slice>, u64),
    /// 1 at one index.
    Unit(u64),
    /// At `offset + sum stride i`, the sum of the products of the loops' weights.
    Affine(Vec<Strided>, i64),
    /// The same at `list_i`, for one loop.
    Listed(Vec<Slice>, Vec<i32>),
    /// The same at the values of these cells.
    Gathered(Vec<Slice>, Vec<Cell>),
    /// Nothing.
    Zero,
}

/// A loop in an affine map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strided {
    stride: i64,
    points: Vec<Slice>,
    len: u64,
}

/// `coefficient * prod over axes` as coefficients of a tensor's entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Separable {
    /// Common factor.
    pub coefficient: Id,
    /// Index of the tensor.
    pub tensor: usize,
    /// One for each axis.
    pub axes: Vec<Axis>,
}

/// Number of index bits.
pub fn vars(size: u64) -> usize {
    usize::try_from(bits(size)).unwrap_or(usize::MAX)
}

fn size_of(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// Deals the last coordinates of a point to loops, bits(size) each.
pub fn deal(relation: &Relation, loops: &[u32], point: Slice) -> Result<Vec<(u32, Slice)>, EvmError> {
    let total = usize::try_from(relation.loop_vars(loops)?).unwrap_or(usize::MAX);
    let (_, mut rest) = point.split_last(total);
    let mut parts = Vec::with_capacity(loops.len());
    for index in loops {
        let (part, tail) = rest.split_first(vars(u64::from(relation.loop_size(*index)?)));
        parts.push((*index, part));
        rest = tail;
    }
    Ok(parts)
}

/// The coefficients that an access leaves, given the weights of its loops.
pub fn separable(
    relation: &Relation,
    space: &Space,
    access: &Access,
    weights: &LoopWeights,
    coefficient: Id,
) -> Result<Separable, EvmError> {
    let tensor = size_of(u64::from(access.tensor));
    let shape = &relation.tensor(tensor)?.shape;
    let maps = access.maps.iter().zip(shape);
    let axes = maps.map(|(map, axis)| axis_of(relation, space, map, *axis, weights)).collect::<Result<_, _>>()?;
    Ok(Separable { coefficient, tensor, axes })
}

fn points_of(weights: &LoopWeights, index: u32) -> Vec<Slice> {
    weights.iter().find(|(l, _)| *l == index).map(|(_, points)| points.clone()).unwrap_or_default()
}

fn axis_of(relation: &Relation, space: &Space, map: &Map, axis: u32, weights: &LoopWeights) -> Result<Axis, EvmError> {
    let len_of = |index: u32| relation.loop_size(index).map(u64::from);
    match map {
        Map::Affine { terms, offset } => match terms.as_slice() {
            [] => Ok(match u32::try_from(*offset) {
                Ok(index) if index < axis => Axis::Unit(u64::from(index)),
                _ => Axis::Zero,
            }),
            [(1, index)] if *offset == 0 && len_of(*index)? <= u64::from(axis) => {
                Ok(Axis::Eq(points_of(weights, *index), len_of(*index)?))
            }
            terms => {
                let strided = |(stride, index): &(i32, u32)| -> Result<Strided, EvmError> {
                    Ok(Strided { stride: i64::from(*stride), points: points_of(weights, *index), len: len_of(*index)? })
                };
                Ok(Axis::Affine(terms.iter().map(strided).collect::<Result<_, _>>()?, i64::from(*offset)))
            }
        },
        Map::Gather { loop_index, list } => {
            let list = relation.lists.get(size_of(u64::from(*list))).cloned().unwrap_or_default();
            Ok(Axis::Listed(points_of(weights, *loop_index), list))
        }
        Map::GatherPublic { loop_index, tensor } => {
            let first = public_cell(space, size_of(u64::from(*tensor)));
            let cells = (0..size_of(len_of(*loop_index)?)).map(|i| Cell(first.0.saturating_add(i))).collect();
            Ok(Axis::Gathered(points_of(weights, *loop_index), cells))
        }
    }
}

fn public_cell(space: &Space, tensor: usize) -> Cell {
    space.public_tensors.iter().find(|(index, _)| *index == tensor).map_or(Cell(0), |(_, cell)| *cell)
}

/// Every sum of the loops' indices with its weight.
fn spread(graph: &mut Graph, loops: &[Strided], offset: i64) -> Result<Vec<(i64, Id)>, EvmError> {
    let mut pairs = vec![(offset, graph.one())];
    for own in loops {
        let count = (pairs.len() as u64).saturating_mul(own.len);
        fit::<u64>("the number of index combinations of an access", count, MAX_COMBINATIONS)?;
        let table = graph.table(&own.points, size_of(own.len));
        let mut next = Vec::with_capacity(pairs.len().saturating_mul(table.len()));
        for (start, factor) in &pairs {
            for (step, weight) in (0i64..).zip(&table) {
                next.push((start.saturating_add(step.saturating_mul(own.stride)), graph.product(*factor, *weight)));
            }
        }
        pairs = next;
    }
    Ok(pairs)
}

/// Most combinations of loop indices that are written out.
const MAX_COMBINATIONS: u64 = 1 << 12;

/// `sum over i and the other loops of weights times eq(point, stride i + others)`, the long loop i by its bits: for every
/// sum of the others, its low bits are those of the index and the rest shifts i. `None` if no loop allows it.
fn by_shifts(
    graph: &mut Graph,
    loops: &[Strided],
    offset: i64,
    point: Slice,
    axis: u32,
) -> Result<Option<Id>, EvmError> {
    let fits = |own: &&Strided| own.stride > 0 && own.stride.count_ones() == 1 && own.points.len() <= 1;
    let Some(long) = loops.iter().filter(fits).max_by_key(|own| own.len) else { return Ok(None) };
    let bits = size_of(u64::from(long.stride.trailing_zeros()));
    if bits > point.vars {
        return Ok(None);
    }
    let others: Vec<Strided> = loops.iter().filter(|own| *own != long).cloned().collect();
    if others.len() + 1 != loops.len() {
        return Ok(None);
    }
    let (high, low) = point.split_last(bits);
    let mut terms = Vec::new();
    for (start, weight) in spread(graph, &others, offset)? {
        let (shift, rest) = (start.div_euclid(long.stride), start.rem_euclid(long.stride));
        // Indices below the end of the axis.
        let room = i64::from(axis).saturating_sub(start).saturating_add(long.stride - 1).div_euclid(long.stride);
        let end = u64::try_from(room).unwrap_or(0).min(long.len);
        let begin = shift.min(0).unsigned_abs();
        if end <= begin {
            continue;
        }
        let up = shift.max(0).unsigned_abs();
        let inside = match long.points.as_slice() {
            [] => {
                let (first, last) = (begin.saturating_add_signed(shift), end.saturating_add_signed(shift));
                let (whole, front) = (graph.overlap(&[high], last), graph.overlap(&[high], first));
                let minus = graph.constant(-Fr::one());
                let one = graph.one();
                let front = if first == 0 { graph.zero() } else { front };
                graph.sum(vec![(one, whole), (minus, front)])
            }
            [own, ..] if begin == 0 => graph.shifted_overlap(*own, high, end, up),
            [own, ..] => graph.shifted_overlap(high, *own, end - begin, begin),
        };
        let place = graph.eq_at(low, rest.unsigned_abs());
        let factor = graph.product(place, inside);
        terms.push((weight, factor));
    }
    Ok(Some(graph.sum(terms)))
}

impl Axis {
    /// The multilinear extension at a point of bits(axis) coordinates.
    fn evaluate(&self, graph: &mut Graph, point: Slice, axis: u32) -> Result<Id, EvmError> {
        Ok(match self {
            Self::Eq(points, len) => {
                let (high, low) = point.split_last(vars(*len));
                let mut all = points.clone();
                all.push(low);
                let (prefix, sum) = (graph.eq_at(high, 0), graph.overlap(&all, *len));
                graph.product(prefix, sum)
            }
            Self::Unit(index) => graph.eq_at(point, *index),
            Self::Affine(loops, offset) => match by_shifts(graph, loops, *offset, point, axis)? {
                Some(value) => value,
                None => {
                    let (own, table) = (self.dense(graph, axis)?, graph.table(&[point], size_of(u64::from(axis))));
                    graph.dot(&own, &table)
                }
            },
            Self::Listed(points, list) => {
                let weights = graph.table(points, list.len());
                let inside = list.iter().zip(weights).filter_map(|(entry, weight)| {
                    let index = u64::try_from(*entry).ok().filter(|index| *index < u64::from(axis))?;
                    Some((index, weight))
                });
                let pairs: Vec<(u64, Id)> = inside.collect();
                let terms = pairs.into_iter().map(|(index, weight)| (graph.eq_at(point, index), weight)).collect();
                graph.sum(terms)
            }
            Self::Gathered(points, cells) => {
                let weights = graph.table(points, cells.len());
                let terms = cells.iter().zip(weights).map(|(cell, weight)| (graph.eq_at_cell(point, *cell), weight));
                let terms = terms.collect();
                graph.sum(terms)
            }
            Self::Zero => graph.zero(),
        })
    }

    /// The vector.
    fn dense(&self, graph: &mut Graph, axis: u32) -> Result<Vec<Id>, EvmError> {
        let size = size_of(u64::from(axis));
        fit::<u64>("the length of a public axis", u64::from(axis), MAX_COMBINATIONS)?;
        Ok(match self {
            Self::Eq(points, len) => {
                let mut table = graph.table(points, size_of(*len));
                let zero = graph.zero();
                table.resize(size, zero);
                table
            }
            Self::Unit(index) => {
                let one = graph.one();
                graph.scatter(size, [(i64::try_from(*index).unwrap_or(-1), one)])
            }
            Self::Affine(loops, offset) => {
                let pairs = spread(graph, loops, *offset)?;
                graph.scatter(size, pairs)
            }
            Self::Listed(points, list) => {
                let weights = graph.table(points, list.len());
                graph.scatter(size, list.iter().map(|entry| i64::from(*entry)).zip(weights))
            }
            Self::Gathered(points, cells) => {
                let weights = graph.table(points, cells.len());
                let mut out = Vec::with_capacity(size);
                for index in 0..u64::from(axis) {
                    let pairs = cells.iter().zip(&weights).map(|(cell, weight)| (graph.is(*cell, index), *weight));
                    let pairs = pairs.collect();
                    out.push(graph.sum(pairs));
                }
                out
            }
            Self::Zero => vec![graph.zero(); size],
        })
    }

    /// `sum (lo + i) weight_i`.
    fn of_progression(&self, graph: &mut Graph, lo: i64, axis: u32) -> Result<Id, EvmError> {
        let start = graph.constant(scalar_from_i64(lo));
        let one = graph.one();
        Ok(match self {
            Self::Eq(points, len) => {
                let (sum, ranks) = (graph.overlap(points, *len), graph.rank(points, *len));
                graph.sum(vec![(start, sum), (one, ranks)])
            }
            Self::Unit(index) => graph.constant(scalar_from_i64(lo) + Fr::from(*index)),
            Self::Zero => graph.zero(),
            _ => {
                let weights = self.dense(graph, axis)?;
                let numbers = (0u64..).zip(weights);
                let terms = numbers.map(|(i, w)| (graph.constant(scalar_from_i64(lo) + Fr::from(i)), w)).collect();
                graph.sum(terms)
            }
        })
    }
}

impl Separable {
    /// The product of the axes' multilinear extensions at a point of the tensor's block; the coefficient is left out.
    pub fn axes_at(&self, graph: &mut Graph, shape: &[u32], point: Slice) -> Result<Id, EvmError> {
        let mut rest = point;
        let mut factors = Vec::with_capacity(shape.len());
        for (axis, size) in self.axes.iter().zip(shape) {
            let (part, tail) = rest.split_first(vars(u64::from(*size)));
            factors.push(axis.evaluate(graph, part, *size)?);
            rest = tail;
        }
        Ok(graph.product_of(&factors))
    }

    /// The value without the coefficient if the tensor is public; `None` for a committed one.
    pub fn public_value(&self, graph: &mut Graph, relation: &Relation, space: &Space) -> Result<Option<Id>, EvmError> {
        let Some(tensor) = relation.tensors.get(self.tensor) else { return Ok(None) };
        match tensor.column {
            Column::Progression => match (self.axes.first(), tensor.shape.first()) {
                (Some(axis), Some(size)) => axis.of_progression(graph, tensor.lo, *size).map(Some),
                _ => Ok(None),
            },
            Column::Public => {
                let first = public_cell(space, self.tensor);
                let count = size_of(tensor.len());
                let mut values: Vec<Id> = (0..count).map(|i| graph.cell(Cell(first.0.saturating_add(i)))).collect();
                for (axis, size) in self.axes.iter().zip(&tensor.shape).rev() {
                    let weights = axis.dense(graph, *size)?;
                    values = values.chunks(weights.len().max(1)).map(|chunk| graph.dot(chunk, &weights)).collect();
                }
                Ok(values.first().copied())
            }
            _ => Ok(None),
        }
    }
}
