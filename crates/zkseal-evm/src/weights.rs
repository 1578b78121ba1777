//! Separable coefficients with nodes for numbers: the counterpart of zkseal-relation's `separable` and `expand`.

use crate::error::{EvmError, fit};
use crate::graph::{Graph, Id};
use crate::space::{Cell, Slice, Space};
use zkseal_field::{Fr, One, Zero};
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
    /// A vector as long as the axis.
    Dense(Id),
    /// Nothing.
    Zero,
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
    graph: &mut Graph,
    relation: &Relation,
    space: &Space,
    access: &Access,
    weights: &LoopWeights,
    coefficient: Id,
) -> Result<Separable, EvmError> {
    let tensor = size_of(u64::from(access.tensor));
    let shape = &relation.tensor(tensor)?.shape;
    let maps = access.maps.iter().zip(shape);
    let axes =
        maps.map(|(map, axis)| axis_of(graph, relation, space, map, *axis, weights)).collect::<Result<_, _>>()?;
    Ok(Separable { coefficient, tensor, axes })
}

fn points_of(weights: &LoopWeights, index: u32) -> Vec<Slice> {
    weights.iter().find(|(l, _)| *l == index).map(|(_, points)| points.clone()).unwrap_or_default()
}

fn loop_table(graph: &mut Graph, relation: &Relation, weights: &LoopWeights, index: u32) -> Result<Id, EvmError> {
    let len = size_of(u64::from(relation.loop_size(index)?));
    Ok(graph.table(&points_of(weights, index), len))
}

fn axis_of(
    graph: &mut Graph,
    relation: &Relation,
    space: &Space,
    map: &Map,
    axis: u32,
    weights: &LoopWeights,
) -> Result<Axis, EvmError> {
    let len = size_of(u64::from(axis));
    match map {
        Map::Affine { terms, offset } => match terms.as_slice() {
            [] => Ok(match u32::try_from(*offset) {
                Ok(index) if index < axis => Axis::Unit(u64::from(index)),
                _ => Axis::Zero,
            }),
            [(1, index)] if *offset == 0 && relation.loop_size(*index)? <= axis => {
                Ok(Axis::Eq(points_of(weights, *index), u64::from(relation.loop_size(*index)?)))
            }
            terms => affine(graph, relation, terms, i64::from(*offset), len, weights).map(Axis::Dense),
        },
        Map::Gather { loop_index, list } => {
            let list = relation.lists.get(size_of(u64::from(*list))).cloned().unwrap_or_default();
            let weights = loop_table(graph, relation, weights, *loop_index)?;
            Ok(Axis::Dense(graph.scatter(list, weights, len)))
        }
        Map::GatherPublic { loop_index, tensor } => {
            let first = public_cell(space, size_of(u64::from(*tensor)));
            let weights = loop_table(graph, relation, weights, *loop_index)?;
            Ok(Axis::Dense(graph.scatter_public(first, weights, len)))
        }
    }
}

fn public_cell(space: &Space, tensor: usize) -> Cell {
    space.public_tensors.iter().find(|(index, _)| *index == tensor).map_or(Cell(0), |(_, cell)| *cell)
}

/// The vector of an affine map of at least one loop: loops are joined two at a time.
fn affine(
    graph: &mut Graph,
    relation: &Relation,
    terms: &[(i32, u32)],
    offset: i64,
    len: usize,
    weights: &LoopWeights,
) -> Result<Id, EvmError> {
    // A vector and its stride: a single 1, then the loops so far.
    let mut joined = (graph.numbers(vec![Fr::one()]), 0i64);
    let mut offset = offset;
    for (position, (stride, index)) in terms.iter().enumerate() {
        let right = (loop_table(graph, relation, weights, *index)?, i64::from(*stride));
        if position.saturating_add(1) == terms.len() {
            return Ok(graph.spread(joined, right, offset, len));
        }
        if position == 0 {
            joined = right;
            continue;
        }
        // All sums of these loops, from the least.
        let reach = |(id, stride): (Id, i64)| {
            let last = i64::try_from(graph.len(id).unwrap_or(1)).unwrap_or(i64::MAX).saturating_sub(1);
            last.saturating_mul(stride)
        };
        let (one, other) = (reach(joined), reach(right));
        let least = one.min(0).saturating_add(other.min(0));
        let span = one.max(0).saturating_add(other.max(0)).saturating_sub(least).saturating_add(1);
        let span = fit::<u64>("the reach of an index", u64::try_from(span).unwrap_or(u64::MAX), MAX_SPAN)?;
        joined = (graph.spread(joined, right, least.saturating_neg(), size_of(span)), 1);
        offset = offset.saturating_add(least);
    }
    Ok(joined.0)
}

/// Longest vector of sums of loops.
const MAX_SPAN: u64 = 1 << 14;

impl Axis {
    /// The multilinear extension at a point of bits(axis) coordinates.
    fn evaluate(&self, graph: &mut Graph, point: Slice, axis: u32) -> Id {
        match self {
            Self::Eq(points, len) => {
                let (high, low) = point.split_last(vars(*len));
                let mut all = points.clone();
                all.push(low);
                let (prefix, sum) = (graph.eq_at(high, 0), graph.overlap(&all, *len));
                graph.product(prefix, sum)
            }
            Self::Unit(index) => graph.eq_at(point, *index),
            Self::Dense(vector) => {
                let table = graph.table(&[point], size_of(u64::from(axis)));
                graph.dot(*vector, table)
            }
            Self::Zero => graph.zero(),
        }
    }

    /// The vector.
    fn dense(&self, graph: &mut Graph, axis: u32) -> Id {
        let size = size_of(u64::from(axis));
        match self {
            Self::Eq(points, len) if *len == u64::from(axis) => graph.table(points, size),
            Self::Eq(points, len) => {
                let table = graph.table(points, size_of(*len));
                let unit = graph.numbers(vec![Fr::one()]);
                graph.spread((unit, 0), (table, 1), 0, size)
            }
            Self::Unit(index) => {
                let entry = |i: usize| if size_of(*index) == i { Fr::one() } else { Fr::zero() };
                graph.numbers((0..size).map(entry).collect())
            }
            Self::Dense(vector) => *vector,
            Self::Zero => graph.numbers(vec![Fr::zero(); size]),
        }
    }

    /// `sum (lo + i) weight_i`.
    fn of_progression(&self, graph: &mut Graph, lo: i64) -> Id {
        let start = graph.constant(zkseal_field::scalar_from_i64(lo));
        match self {
            Self::Eq(points, len) => {
                let (sum, ranks, one) = (graph.overlap(points, *len), graph.rank(points, *len), graph.one());
                graph.sum(vec![(start, sum), (one, ranks)])
            }
            Self::Unit(index) => {
                let (index, one) = (graph.constant(Fr::from(*index)), graph.one());
                graph.sum(vec![(one, start), (one, index)])
            }
            Self::Dense(vector) => graph.ramp(*vector, lo),
            Self::Zero => graph.zero(),
        }
    }
}

impl Separable {
    /// The product of the axes' multilinear extensions at a point of the tensor's block; the coefficient is left out.
    pub fn axes_at(&self, graph: &mut Graph, shape: &[u32], point: Slice) -> Id {
        let mut rest = point;
        let mut factors = Vec::with_capacity(shape.len());
        for (axis, size) in self.axes.iter().zip(shape) {
            let (part, tail) = rest.split_first(vars(u64::from(*size)));
            factors.push(axis.evaluate(graph, part, *size));
            rest = tail;
        }
        graph.product_of(&factors)
    }

    /// The value without the coefficient if the tensor is public; `None` for a committed one.
    pub fn public_value(&self, graph: &mut Graph, relation: &Relation, space: &Space) -> Option<Id> {
        let tensor = relation.tensors.get(self.tensor)?;
        match tensor.column {
            Column::Progression => self.axes.first().map(|axis| axis.of_progression(graph, tensor.lo)),
            Column::Public => {
                let mut values = graph.publics(public_cell(space, self.tensor), size_of(tensor.len()));
                for (position, (axis, size)) in self.axes.iter().zip(&tensor.shape).enumerate().rev() {
                    let weights = axis.dense(graph, *size);
                    if position == 0 {
                        return Some(graph.dot(values, weights));
                    }
                    values = graph.fold(values, weights);
                }
                // A tensor without axes holds one value.
                let one = graph.numbers(vec![Fr::one()]);
                Some(graph.dot(values, one))
            }
            _ => None,
        }
    }
}
