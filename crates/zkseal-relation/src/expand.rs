//! Constraints at given challenges: a constant, linear claims and products (book, chapter 5, "Expansion").

use crate::layout::{BlockKind, Layout, LookupBlock, MergedTerm};
use crate::separable::{AxisWeights, Separable};
use crate::types::{Access, Column, Expr, Map, PublicValues, Relation, RelationError, Scope, to_index};
use std::collections::BTreeMap;
use zkseal_field::{Fr, One, Zero, inverse_power_of_two, scalar_from_i64};
use zkseal_poly::{bits, eq_at, eq_table, truncated_product};

/// Weight of a loop: the product of the eq's of these points (1 without points).
pub type LoopWeight = Vec<Vec<Fr>>;

/// An access with the weights of its loops.
#[derive(Debug, Clone)]
pub struct WeightedAccess<'l> {
    /// Common factor.
    pub coefficient: Fr,
    /// The access.
    pub access: &'l Access,
    /// Weight of every loop of the access.
    pub weights: Vec<(u32, LoopWeight)>,
}

/// A merged product term: `coefficient * sum_s A[s] B[s]`.
#[derive(Debug, Clone)]
pub struct Product<'l> {
    /// c_t.
    pub coefficient: Fr,
    /// Accesses, loops, slot.
    pub term: &'l MergedTerm,
    /// Weight of every outer loop (sum loops have weight 1).
    pub outer_weights: Vec<(u32, LoopWeight)>,
}

/// Everything that stage 5.2 starts from.
#[derive(Debug, Clone)]
pub struct Expansion<'l> {
    /// const, without public tensors.
    pub constant: Fr,
    /// Linear terms, public tensors included.
    pub linear: Vec<Separable>,
    /// Merged products.
    pub products: Vec<Product<'l>>,
}

/// The points and powers at which constraints are expanded.
#[derive(Debug, Clone)]
pub struct Suffix<'c> {
    /// r, point of the lookup domain.
    pub lookup_point: &'c [Fr],
    /// 1 - r0.
    pub lookup_scale: Fr,
    /// zeta.
    pub zero_point: &'c [Fr],
    /// eta.
    pub eta: Fr,
    /// beta.
    pub beta: Fr,
}

/// Deals the last coordinates of a point to loops, bits(size) each.
fn deal(relation: &Relation, loops: &[u32], point: &[Fr]) -> Result<Vec<(u32, Vec<Fr>)>, RelationError> {
    let total = to_index(relation.loop_vars(loops)?);
    let (_, mut rest) = point.split_at(point.len().saturating_sub(total));
    let mut parts = Vec::with_capacity(loops.len());
    for index in loops {
        let count = to_index(bits(u64::from(relation.loop_size(*index)?)));
        let (part, tail) = rest.split_at(count.min(rest.len()));
        parts.push((*index, part.to_vec()));
        rest = tail;
    }
    Ok(parts)
}

struct Expander<'l> {
    relation: &'l Relation,
    layout: &'l Layout,
    constant: Fr,
    linear: Vec<Fr>,
    products: Vec<Fr>,
    next_term: usize,
}

impl Expander<'_> {
    fn add(&mut self, expr: &Expr, loops: &[(u32, Vec<Fr>)], coefficient: Fr) -> Result<(), RelationError> {
        for term in &expr.terms {
            let mut value = coefficient * scalar_from_i64(term.num);
            if term.shift > 0 {
                value *= inverse_power_of_two(u32::from(term.shift));
            }
            let used: Vec<u32> = term.accesses.iter().flat_map(Access::loops).collect();
            for (index, part) in loops.iter().filter(|(index, _)| !used.contains(index)) {
                value *= truncated_product(&[part], u64::from(self.relation.loop_size(*index)?));
            }
            for index in term.sum_loops.iter().filter(|index| !used.contains(index)) {
                value *= Fr::from(self.relation.loop_size(*index)?);
            }
            if term.accesses.is_empty() {
                self.constant += value;
                continue;
            }
            let slot = self.layout.term_slots.get(self.next_term).copied().unwrap_or(usize::MAX);
            self.next_term = self.next_term.saturating_add(1);
            let list = if term.accesses.len() == 2 { &mut self.products } else { &mut self.linear };
            if let Some(sum) = list.get_mut(slot) {
                *sum += value;
            }
        }
        Ok(())
    }
}

impl<'l> Expansion<'l> {
    /// Expands all constraints of scope proof.
    ///
    /// # Errors
    /// Only for a relation that is not valid or another relation's layout.
    pub fn new(
        relation: &'l Relation,
        layout: &'l Layout,
        public: &PublicValues,
        at: &Suffix<'_>,
    ) -> Result<Self, RelationError> {
        let mut expander = Expander {
            relation,
            layout,
            constant: Fr::zero(),
            linear: vec![Fr::zero(); layout.linear.len()],
            products: vec![Fr::zero(); layout.products.len()],
            next_term: 0,
        };
        // eta^lane: each lane is a claim of its own.
        let lanes = usize::from(layout.params.argument.lanes());
        let powers: Vec<Fr> = std::iter::successors(Some(Fr::one()), |power| Some(*power * at.eta))
            .take(lanes.saturating_add(1))
            .collect();
        let power = |lane: usize| powers.get(lane).copied().unwrap_or_else(Fr::zero);
        let block_scale = |block: &LookupBlock| {
            let split = at.lookup_point.len().saturating_sub(to_index(block.num_vars));
            let (high, _) = at.lookup_point.split_at(split.min(at.lookup_point.len()));
            power(block.lane) * at.lookup_scale * eq_at(high, block.base.checked_shr(block.num_vars).unwrap_or(0))
        };
        let mut id_power = Fr::one();
        for _ in 0..layout.max_arity {
            id_power *= at.beta;
        }
        let mut tables = Vec::new();
        let places: BTreeMap<usize, &LookupBlock> = layout
            .blocks
            .iter()
            .filter_map(|block| match block.kind {
                BlockKind::Lookup(index) => Some((index, block)),
                BlockKind::Table(_) => None,
            })
            .collect();
        // Lookup blocks in order of declaration, because term slots are counted in that order.
        for (index, lookup) in relation.lookups.iter().enumerate().filter(|(_, l)| l.scope == Scope::Proof) {
            let Some(block) = places.get(&index) else { continue };
            let parts = deal(relation, &lookup.loops, at.lookup_point)?;
            let mut scale = block_scale(block);
            let mut inside = Fr::one();
            for (loop_index, part) in &parts {
                inside *= truncated_product(&[part], u64::from(relation.loop_size(*loop_index)?));
            }
            let id = Fr::from(relation.table(lookup.table)?.id);
            expander.constant += scale * id_power * id * inside;
            for expr in &lookup.exprs {
                expander.add(expr, &parts, scale)?;
                scale *= at.beta;
            }
        }
        for block in &layout.blocks {
            let BlockKind::Table(index) = block.kind else { continue };
            let Some(table) = relation.tables.get(index) else { continue };
            let len = u64::from(relation.table_len(table)?);
            let split = at.lookup_point.len().saturating_sub(to_index(block.num_vars));
            let (_, low) = at.lookup_point.split_at(split.min(at.lookup_point.len()));
            let mut scale = block_scale(block);
            expander.constant += scale * id_power * Fr::from(table.id) * truncated_product(&[low], len);
            for column in &table.columns {
                let axes = vec![AxisWeights::Eq { points: vec![low.to_vec()], len }];
                tables.push(Separable { coefficient: scale, tensor: to_index(*column), axes });
                scale *= at.beta;
            }
        }
        let mut scale = power(lanes);
        for zero in relation.zeros.iter().filter(|zero| zero.scope == Scope::Proof) {
            let parts = deal(relation, &zero.loops, at.zero_point)?;
            expander.add(&zero.expr, &parts, scale)?;
            scale *= at.eta;
        }
        let Expander { constant, linear: coefficients, products: product_coefficients, .. } = expander;
        let point_of = |term: &MergedTerm| if term.of_lookup { at.lookup_point } else { at.zero_point };
        let mut linear = tables;
        for (term, coefficient) in layout.linear.iter().zip(coefficients) {
            let Some(access) = term.accesses.first() else { continue };
            let weights = outer_weights(relation, term, point_of(term))?;
            linear.push(separable(relation, public, &WeightedAccess { coefficient, access, weights })?);
        }
        let mut products = Vec::new();
        for (term, coefficient) in layout.products.iter().zip(product_coefficients) {
            let outer_weights = outer_weights(relation, term, point_of(term))?;
            products.push(Product { coefficient, term, outer_weights });
        }
        Ok(Self { constant, linear, products })
    }
}

fn outer_weights(
    relation: &Relation,
    term: &MergedTerm,
    point: &[Fr],
) -> Result<Vec<(u32, LoopWeight)>, RelationError> {
    Ok(deal(relation, &term.outer, point)?.into_iter().map(|(index, part)| (index, vec![part])).collect())
}

impl Product<'_> {
    /// The claims that U and V leave on the two factors at rho (book, chapter 5).
    ///
    /// # Errors
    /// Only for a relation that is not valid.
    pub fn claims(
        &self,
        relation: &Relation,
        public: &PublicValues,
        rho: &[Fr],
    ) -> Result<Option<(Separable, Separable)>, RelationError> {
        let [first, second] = self.term.accesses.as_slice() else { return Ok(None) };
        let (high, _) = rho.split_at(rho.len().saturating_sub(to_index(self.term.num_vars)));
        let place = eq_at(high, self.term.base.checked_shr(self.term.num_vars).unwrap_or(0));
        let shared = deal(relation, &self.term.shared, rho)?;
        let mut first_weights = self.outer_weights.clone();
        let mut second_weights = self.outer_weights.clone();
        for (index, part) in shared {
            match first_weights.iter_mut().find(|(l, _)| *l == index) {
                Some((_, weight)) => weight.push(part.clone()),
                None => first_weights.push((index, vec![part.clone()])),
            }
            match second_weights.iter_mut().find(|(l, _)| *l == index) {
                Some((_, weight)) => *weight = vec![part],
                None => second_weights.push((index, vec![part])),
            }
        }
        let first = WeightedAccess { coefficient: place * self.coefficient, access: first, weights: first_weights };
        let second = WeightedAccess { coefficient: place, access: second, weights: second_weights };
        Ok(Some((separable(relation, public, &first)?, separable(relation, public, &second)?)))
    }
}

/// One vector for each axis from the weights of the loops.
///
/// # Errors
/// If the access does not fit the relation.
pub fn separable(
    relation: &Relation,
    public: &PublicValues,
    weighted: &WeightedAccess<'_>,
) -> Result<Separable, RelationError> {
    let tensor = to_index(weighted.access.tensor);
    let shape = &relation.tensor(tensor)?.shape;
    let mut axes = Vec::with_capacity(shape.len());
    for (map, axis) in weighted.access.maps.iter().zip(shape) {
        axes.push(axis_weights(relation, public, map, *axis, &weighted.weights)?);
    }
    Ok(Separable { coefficient: weighted.coefficient, tensor, axes })
}

fn weight_of(weights: &[(u32, LoopWeight)], index: u32) -> LoopWeight {
    weights.iter().find(|(l, _)| *l == index).map_or_else(Vec::new, |(_, weight)| weight.clone())
}

fn weight_vector(relation: &Relation, weights: &[(u32, LoopWeight)], index: u32) -> Result<Vec<Fr>, RelationError> {
    let size = relation.loop_size(index)?;
    let points = weight_of(weights, index);
    Ok(AxisWeights::Eq { points, len: u64::from(size) }.to_dense(size))
}

/// The vector of one axis: at every index the sum over the map's loop values with that index of their weights.
///
/// # Errors
/// If the map does not fit the relation.
pub fn axis_weights(
    relation: &Relation,
    public: &PublicValues,
    map: &Map,
    axis: u32,
    weights: &[(u32, LoopWeight)],
) -> Result<AxisWeights, RelationError> {
    match map {
        Map::Affine { terms, offset } => match terms.as_slice() {
            [] => Ok(match u32::try_from(*offset) {
                Ok(index) if index < axis => AxisWeights::Unit { index: u64::from(index) },
                _ => AxisWeights::Dense(vec![Fr::zero(); to_index(axis)]),
            }),
            [(1, index)] if *offset == 0 && relation.loop_size(*index)? <= axis => {
                let len = u64::from(relation.loop_size(*index)?);
                Ok(AxisWeights::Eq { points: weight_of(weights, *index), len })
            }
            _ => affine_weights(relation, terms, *offset, axis, weights),
        },
        Map::Gather { loop_index, list } => {
            let list = relation.lists.get(to_index(*list)).map(Vec::as_slice).unwrap_or_default();
            let weight = weight_vector(relation, weights, *loop_index)?;
            Ok(scatter(axis, list.iter().map(|entry| i64::from(*entry)).zip(weight)))
        }
        Map::GatherPublic { loop_index, tensor } => {
            let list = public.get(&to_index(*tensor)).map(Vec::as_slice).unwrap_or_default();
            let weight = weight_vector(relation, weights, *loop_index)?;
            Ok(scatter(axis, list.iter().copied().zip(weight)))
        }
    }
}

fn affine_weights(
    relation: &Relation,
    terms: &[(i32, u32)],
    offset: i32,
    axis: u32,
    weights: &[(u32, LoopWeight)],
) -> Result<AxisWeights, RelationError> {
    // All (index, weight) pairs, loop by loop; validation has bounded their number.
    let mut pairs = vec![(i64::from(offset), Fr::one())];
    for (stride, index) in terms {
        let vector = weight_vector(relation, weights, *index)?;
        let plain = weight_of(weights, *index).is_empty();
        let mut next = Vec::with_capacity(pairs.len().saturating_mul(vector.len()));
        for (start, factor) in &pairs {
            let mut at = *start;
            for weight in &vector {
                next.push((at, if plain { *factor } else { *factor * weight }));
                at = at.saturating_add(i64::from(*stride));
            }
        }
        pairs = next;
    }
    Ok(scatter(axis, pairs.into_iter()))
}

fn scatter(axis: u32, pairs: impl Iterator<Item = (i64, Fr)>) -> AxisWeights {
    let mut vector = vec![Fr::zero(); to_index(axis)];
    for (index, weight) in pairs {
        if let Some(entry) = usize::try_from(index).ok().and_then(|index| vector.get_mut(index)) {
            *entry += weight;
        }
    }
    AxisWeights::Dense(vector)
}

impl Separable {
    /// The value if the tensor is public; `None` for a committed one.
    ///
    /// # Errors
    /// If values are missing or have a wrong size.
    pub fn public_value(&self, relation: &Relation, public: &PublicValues) -> Result<Option<Fr>, RelationError> {
        let Some(tensor) = relation.tensors.get(self.tensor) else { return Ok(None) };
        match tensor.column {
            Column::Progression => Ok(Some(self.apply_progression(tensor.lo))),
            Column::Public => {
                let values = public.get(&self.tensor).map(Vec::as_slice).unwrap_or_default();
                self.apply_values(&tensor.shape, values).map(Some)
            }
            Column::Model | Column::Table | Column::Input | Column::Output | Column::Witness | Column::Helper => {
                Ok(None)
            }
        }
    }
}

/// Values of the vector `eq(point, .)` of a block: re-exported for the multiplicity claims.
#[must_use]
pub fn block_weights(point: &[Fr], num_vars: u32, len: usize) -> Vec<Fr> {
    let (_, low) = point.split_at(point.len().saturating_sub(to_index(num_vars)));
    eq_table(low, len)
}
