//! An access folded over its loops with field weights, keeping some loops: the vectors A~ and B~ of stage 5.2, and inner
//! products of separable coefficients with a tensor.
//!
//! Axes are contracted one at a time. The first contraction runs on the small integers themselves and is the hot loop of
//! linear layers; what is left after it is small.

use crate::data::Data;
use zkseal_field::{Fr, One, Zero};
use zkseal_kernels::vectors::lift;
use zkseal_kernels::{contract, contract_scalars};
use zkseal_relation::expand::{LoopWeight, axis_weights};
use zkseal_relation::types::to_index;
use zkseal_relation::{Access, AxisWeights, Map, PublicValues, Relation, RelationError, Separable};

/// What becomes of one axis.
enum AxisAction {
    /// Contract with each of these vectors; the axis becomes one of as many entries.
    Contract(Vec<Vec<Fr>>),
    /// Pick these indices (-1: zero); the axis becomes as long as the list.
    Select(Vec<i64>),
}

/// Values with axes, integer until the first contraction.
enum Values<'a> {
    Ints(&'a Data),
    Scalars(Vec<Fr>),
}

/// `sum_i r_i D_i` over all axes, times the coefficient.
#[must_use]
pub fn inner_product(term: &Separable, shape: &[u32], data: &Data) -> Fr {
    let actions = term.axes.iter().zip(shape).map(|(axis, size)| AxisAction::Contract(vec![axis.to_dense(*size)]));
    let folded = apply(data, shape, actions.collect());
    term.coefficient * folded.first().copied().unwrap_or_else(Fr::zero)
}

/// The access summed over all loops but `keep`, each with its weight; row-major over `keep` in the given order.
///
/// Loops in `keep` have no weight here.
///
/// # Errors
/// If the access does not fit the relation.
pub fn fold_access(
    relation: &Relation,
    public: &PublicValues,
    access: &Access,
    data: &Data,
    weights: &[(u32, LoopWeight)],
    keep: &[u32],
) -> Result<Vec<Fr>, RelationError> {
    let shape = &relation.tensors[to_index(access.tensor)].shape;
    let (mut actions, mut axis_loops) = (Vec::new(), Vec::new());
    for (map, axis) in access.maps.iter().zip(shape) {
        let kept: Vec<u32> = map.loops().into_iter().filter(|l| keep.contains(l)).collect();
        actions.push(axis_action(relation, public, map, *axis, weights, &kept)?);
        axis_loops.extend(kept);
    }
    let folded = apply(data, shape, actions);
    let sizes: Vec<usize> = axis_loops.iter().map(|l| to_index(relation.loops[to_index(*l)])).collect();
    Ok(transpose(&folded, &axis_loops, &sizes, keep))
}

fn axis_action(
    relation: &Relation,
    public: &PublicValues,
    map: &Map,
    axis: u32,
    weights: &[(u32, LoopWeight)],
    kept: &[u32],
) -> Result<AxisAction, RelationError> {
    if kept.is_empty() {
        return Ok(AxisAction::Contract(vec![axis_weights(relation, public, map, axis, weights)?.to_dense(axis)]));
    }
    let size = |l: &u32| i64::from(relation.loops[to_index(*l)]);
    match map {
        Map::Affine { terms, offset } => {
            let combos = |pick: &dyn Fn(&u32) -> bool| -> Vec<i64> {
                let mut starts = vec![0i64];
                for (stride, l) in terms.iter().filter(|(_, l)| pick(l)) {
                    let steps: Vec<i64> = (0..size(l)).map(|i| i * i64::from(*stride)).collect();
                    starts = starts.iter().flat_map(|start| steps.iter().map(move |step| start + step)).collect();
                }
                starts
            };
            let kept_starts = combos(&|l| kept.contains(l));
            if terms.len() == kept.len() {
                let list = kept_starts.iter().map(|start| start + i64::from(*offset));
                return Ok(AxisAction::Select(
                    list.map(|i| if (0..i64::from(axis)).contains(&i) { i } else { -1 }).collect(),
                ));
            }
            let folded: Vec<(i32, u32)> = terms.iter().filter(|(_, l)| !kept.contains(l)).copied().collect();
            let mut vectors = Vec::with_capacity(kept_starts.len());
            for start in kept_starts {
                let shifted = i64::from(*offset) + start;
                vectors.push(shifted_weights(relation, &folded, shifted, axis, weights));
            }
            Ok(AxisAction::Contract(vectors))
        }
        Map::Gather { list, .. } => {
            Ok(AxisAction::Select(relation.lists[to_index(*list)].iter().map(|i| i64::from(*i)).collect()))
        }
        Map::GatherPublic { tensor, .. } => Ok(AxisAction::Select(public[&to_index(*tensor)].clone())),
    }
}

/// Weights of the folded loops at `offset + sum stride * loop`.
fn shifted_weights(
    relation: &Relation,
    terms: &[(i32, u32)],
    offset: i64,
    axis: u32,
    weights: &[(u32, LoopWeight)],
) -> Vec<Fr> {
    let mut pairs = vec![(offset, Fr::one())];
    for (stride, l) in terms {
        let size = relation.loops[to_index(*l)];
        let points = weights.iter().find(|(index, _)| index == l).map_or_else(Vec::new, |(_, weight)| weight.clone());
        let vector = AxisWeights::Eq { points, len: u64::from(size) }.to_dense(size);
        pairs = pairs
            .iter()
            .flat_map(|(start, factor)| {
                (0i64..).zip(&vector).map(move |(i, weight)| (start + i * i64::from(*stride), *factor * weight))
            })
            .collect();
    }
    let mut out = vec![Fr::zero(); to_index(axis)];
    for (index, weight) in pairs {
        if let Some(entry) = usize::try_from(index).ok().and_then(|index| out.get_mut(index)) {
            *entry += weight;
        }
    }
    out
}

/// Applies one action to each axis; contractions of one vector first, those that shrink most first of all.
fn apply(data: &Data, shape: &[u32], actions: Vec<AxisAction>) -> Vec<Fr> {
    let mut dims: Vec<usize> = shape.iter().map(|axis| to_index(*axis)).collect();
    let mut order: Vec<usize> = (0..dims.len()).collect();
    // Selection that drops most of an axis first (an embedded token), then the strongest contraction.
    let kept = |k: usize| match &actions[k] {
        AxisAction::Contract(vectors) => vectors.len(),
        AxisAction::Select(list) => list.len(),
    };
    order.sort_by(|a, b| (kept(*a) * dims[*b]).cmp(&(kept(*b) * dims[*a])).then(dims[*b].cmp(&dims[*a])));
    let mut owned: Option<Data> = None;
    let mut scalars: Option<Vec<Fr>> = None;
    for axis in order {
        let (outer, mid): (usize, usize) = (dims[..axis].iter().product(), dims[axis]);
        let inner: usize = dims[axis + 1..].iter().product();
        let current = match &scalars {
            Some(values) => Values::Scalars(values.clone()),
            None => Values::Ints(owned.as_ref().unwrap_or(data)),
        };
        match &actions[axis] {
            AxisAction::Contract(vectors) => {
                scalars = Some(contract_axis(&current, (outer, mid, inner), vectors));
                dims[axis] = vectors.len();
            }
            AxisAction::Select(list) => {
                let identity = list.len() == mid && (0i64..).zip(list).all(|(i, k)| i == *k);
                if !identity {
                    match current {
                        Values::Ints(values) => owned = Some(select_ints(values, (outer, mid, inner), list)),
                        Values::Scalars(values) => scalars = Some(select_scalars(&values, (outer, mid, inner), list)),
                    }
                }
                dims[axis] = list.len();
            }
        }
    }
    match scalars {
        Some(values) => values,
        None => {
            let ints = owned.as_ref().unwrap_or(data).ints();
            let mut scalars = vec![Fr::zero(); ints.len()];
            lift(ints, &mut scalars);
            scalars
        }
    }
}

fn contract_axis(values: &Values<'_>, (outer, mid, inner): (usize, usize, usize), vectors: &[Vec<Fr>]) -> Vec<Fr> {
    let one = |vector: &Vec<Fr>| match values {
        Values::Ints(data) => contract(data.ints(), outer, mid, inner, vector),
        Values::Scalars(scalars) => contract_scalars(scalars, outer, mid, inner, vector),
    };
    if let [vector] = vectors {
        return one(vector);
    }
    let parts: Vec<Vec<Fr>> = vectors.iter().map(one).collect();
    let mut out = Vec::with_capacity(outer * vectors.len() * inner);
    for o in 0..outer {
        for part in &parts {
            out.extend_from_slice(&part[o * inner..(o + 1) * inner]);
        }
    }
    out
}

fn select_ints(data: &Data, (outer, mid, inner): (usize, usize, usize), list: &[i64]) -> Data {
    let mut out = data.zeros_like(outer * list.len() * inner);
    for o in 0..outer {
        for (k, index) in list.iter().enumerate() {
            if let Ok(index) = usize::try_from(*index) {
                out.copy_from((o * list.len() + k) * inner, data, (o * mid + index) * inner, inner);
            }
        }
    }
    out
}

fn select_scalars(data: &[Fr], (outer, mid, inner): (usize, usize, usize), list: &[i64]) -> Vec<Fr> {
    let mut out = vec![Fr::zero(); outer * list.len() * inner];
    for o in 0..outer {
        for (k, index) in list.iter().enumerate() {
            if let Ok(index) = usize::try_from(*index) {
                let (to, from) = ((o * list.len() + k) * inner, (o * mid + index) * inner);
                out[to..to + inner].copy_from_slice(&data[from..from + inner]);
            }
        }
    }
    out
}

/// Reorders axes from `have` to `want` (the same loops).
fn transpose(values: &[Fr], have: &[u32], sizes: &[usize], want: &[u32]) -> Vec<Fr> {
    if have == want {
        return values.to_vec();
    }
    let mut strides = vec![1usize; have.len()];
    for k in (0..have.len().saturating_sub(1)).rev() {
        strides[k] = strides[k + 1] * sizes[k + 1];
    }
    let mut positions = vec![0usize];
    for l in want {
        let k = have.iter().position(|h| h == l).unwrap_or(0);
        positions = positions
            .iter()
            .flat_map(|start| (0..sizes[k]).map(move |i| (start, i)))
            .map(|(s, i)| s + i * strides[k])
            .collect();
    }
    positions.into_iter().map(|position| values[position]).collect()
}
