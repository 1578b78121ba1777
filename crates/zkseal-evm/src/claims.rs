//! Stages 5.2 and 5.3 as a graph (book, chapter 5): the counterpart of `Expansion` and `Combination`.

use crate::error::EvmError;
use crate::graph::{Graph, Id};
use crate::space::{Output, Slice, Space};
use crate::weights::{Axis, LoopWeights, Separable, deal, separable};
use std::collections::BTreeMap;
use zkseal_field::{Fr, inverse_power_of_two, scalar_from_i64};
use zkseal_relation::{Access, BlockKind, Expr, Layout, LookupBlock, MergedTerm, Relation, Scope};

/// What the contract is given, and the nodes that hold it.
pub type Outputs = Vec<(Output, Id)>;

type Claims = (Outputs, Vec<Separable>);

struct Builder<'l> {
    graph: Graph,
    relation: &'l Relation,
    layout: &'l Layout,
    space: &'l Space,
}

/// Products of the coefficients of one stage with the terms of the relation, by merged term.
struct Expansion {
    constant: Vec<(Id, Id)>,
    linear: Vec<Vec<(Id, Id)>>,
    products: Vec<Vec<(Id, Id)>>,
    next_term: usize,
}

/// Everything that the contract has to compute beside transcript, sumchecks and commitments.
pub fn build(relation: &Relation, layout: &Layout, space: &Space) -> Result<(Graph, Outputs), EvmError> {
    let mut builder = Builder { graph: Graph::default(), relation, layout, space };
    let (expansion, mut linear) = builder.expand()?;
    let mut outputs = Vec::new();
    let mut constant = expansion.constant.clone();
    linear.extend(builder.linear_terms(&expansion)?);
    let mut committed = Vec::new();
    for term in linear {
        match term.public_value(&mut builder.graph, relation, space)? {
            Some(value) => constant.push((term.coefficient, value)),
            None => committed.push(term),
        }
    }
    outputs.push((Output::Products, builder.graph.sum(constant)));
    for lane in 0..space.lanes {
        let selector = builder.selector(lane)?;
        outputs.push((Output::Selector(lane), selector));
    }
    let (claims, terms) = builder.claims(&expansion, committed)?;
    outputs.extend(claims);
    outputs.push((Output::Data, builder.data(&terms)?));
    Ok((builder.graph, outputs))
}

impl<'l> Builder<'l> {
    fn pad_complement(&mut self) -> Id {
        let pad = self.graph.cell(self.space.pad());
        self.graph.complement(pad)
    }

    /// eq(base >> nu, r_hi).
    fn place(&mut self, block: &LookupBlock) -> Id {
        let (high, _) = self.block_point(block);
        self.graph.eq_at(high, block.base.checked_shr(block.num_vars).unwrap_or(0))
    }

    fn block_point(&self, block: &LookupBlock) -> (Slice, Slice) {
        self.space.lookup_point().split_last(usize::try_from(block.num_vars).unwrap_or(usize::MAX))
    }

    fn blocks(&self) -> &'l [LookupBlock] {
        if self.space.lanes == 0 { &[] } else { &self.layout.blocks }
    }

    /// sel of one lane at r.
    fn selector(&mut self, lane: usize) -> Result<Id, EvmError> {
        let one = self.graph.one();
        let mut sum = Vec::new();
        for block in self.blocks().iter().filter(|block| block.lane == lane) {
            let BlockKind::Lookup(index) = block.kind else { continue };
            let Some(lookup) = self.relation.lookups.get(index) else { continue };
            let mut factors = vec![self.place(block)];
            for (index, part) in deal(self.relation, &lookup.loops, self.space.lookup_point())? {
                factors.push(self.graph.overlap(&[part], u64::from(self.relation.loop_size(index)?)));
            }
            sum.push((one, self.graph.product_of(&factors)));
        }
        Ok(self.graph.sum(sum))
    }

    /// All constraints of scope proof; terms of table columns are returned as they are.
    fn expand(&mut self) -> Result<(Expansion, Vec<Separable>), EvmError> {
        let (relation, space) = (self.relation, self.space);
        let (beta, eta) = (self.graph.cell(space.beta()), self.graph.cell(space.eta()));
        let zeros: Vec<_> = relation.zeros.iter().filter(|zero| zero.scope == Scope::Proof).collect();
        let lanes = usize::from(self.layout.params.argument.lanes());
        let etas = self.graph.powers(eta, lanes.saturating_add(zeros.len()));
        let betas = self.graph.powers(beta, self.layout.max_arity);
        let id_power = betas.last().copied().unwrap_or(beta);
        let mut expansion = Expansion {
            constant: Vec::new(),
            linear: vec![Vec::new(); self.layout.linear.len()],
            products: vec![Vec::new(); self.layout.products.len()],
            next_term: 0,
        };
        let front = if space.lanes == 0 { self.graph.one() } else { self.pad_complement() };
        let mut tables = Vec::new();
        let mut scales = BTreeMap::new();
        for block in self.blocks() {
            let place = self.place(block);
            let scale = self.graph.product_of(&[etas[block.lane], front, place]);
            match block.kind {
                BlockKind::Lookup(index) => {
                    scales.insert(index, scale);
                }
                BlockKind::Table(index) => {
                    let Some(table) = relation.tables.get(index) else { continue };
                    let len = u64::from(relation.table_len(table)?);
                    let (_, low) = self.block_point(block);
                    let id = self.graph.constant(Fr::from(table.id));
                    let inside = self.graph.overlap(&[low], len);
                    let head = self.graph.product_of(&[id, id_power, scale]);
                    expansion.constant.push((head, inside));
                    for (column, power) in table.columns.iter().zip(&betas) {
                        let coefficient = self.graph.product(scale, *power);
                        let tensor = usize::try_from(*column).unwrap_or(usize::MAX);
                        tables.push(Separable { coefficient, tensor, axes: vec![Axis::Eq(vec![low], len)] });
                    }
                }
            }
        }
        for (index, lookup) in relation.lookups.iter().enumerate() {
            let Some(scale) = scales.get(&index).copied() else { continue };
            let parts = deal(relation, &lookup.loops, space.lookup_point())?;
            let mut factors = vec![self.graph.constant(Fr::from(relation.table(lookup.table)?.id)), id_power];
            for (index, part) in &parts {
                factors.push(self.graph.overlap(&[*part], u64::from(relation.loop_size(*index)?)));
            }
            let inside = self.graph.product_of(&factors);
            expansion.constant.push((scale, inside));
            for (expr, power) in lookup.exprs.iter().zip(&betas) {
                let coefficient = self.graph.product(scale, *power);
                self.add(&mut expansion, expr, &parts, coefficient)?;
            }
        }
        for (zero, power) in zeros.iter().zip(etas.iter().skip(lanes)) {
            let parts = deal(relation, &zero.loops, space.zero_point())?;
            self.add(&mut expansion, &zero.expr, &parts, *power)?;
        }
        Ok((expansion, tables))
    }

    fn add(
        &mut self,
        expansion: &mut Expansion,
        expr: &Expr,
        loops: &[(u32, Slice)],
        coefficient: Id,
    ) -> Result<(), EvmError> {
        for term in &expr.terms {
            let used: Vec<u32> = term.accesses.iter().flat_map(Access::loops).collect();
            let mut number = scalar_from_i64(term.num) * inverse_power_of_two(u32::from(term.shift));
            for index in term.sum_loops.iter().filter(|index| !used.contains(index)) {
                number *= Fr::from(self.relation.loop_size(*index)?);
            }
            let mut factors = vec![self.graph.constant(number)];
            for (index, part) in loops.iter().filter(|(index, _)| !used.contains(index)) {
                factors.push(self.graph.overlap(&[*part], u64::from(self.relation.loop_size(*index)?)));
            }
            let value = self.graph.product_of(&factors);
            if term.accesses.is_empty() {
                expansion.constant.push((coefficient, value));
                continue;
            }
            let slot = self.layout.term_slots.get(expansion.next_term).copied().unwrap_or(usize::MAX);
            expansion.next_term = expansion.next_term.saturating_add(1);
            let list = if term.accesses.len() == 2 { &mut expansion.products } else { &mut expansion.linear };
            if let Some(sum) = list.get_mut(slot) {
                sum.push((coefficient, value));
            }
        }
        Ok(())
    }

    fn outer_weights(&self, term: &MergedTerm) -> Result<LoopWeights, EvmError> {
        let point = if term.of_lookup { self.space.lookup_point() } else { self.space.zero_point() };
        let parts = deal(self.relation, &term.outer, point)?;
        Ok(parts.into_iter().map(|(index, part)| (index, vec![part])).collect())
    }

    fn linear_terms(&mut self, expansion: &Expansion) -> Result<Vec<Separable>, EvmError> {
        let mut out = Vec::new();
        for (term, pairs) in self.layout.linear.iter().zip(&expansion.linear) {
            let Some(access) = term.accesses.first() else { continue };
            let weights = self.outer_weights(term)?;
            let coefficient = self.graph.sum(pairs.clone());
            out.push(separable(self.relation, self.space, access, &weights, coefficient)?);
        }
        Ok(out)
    }

    /// The claims M, U, V and, with lookups, H: terms on committed tensors, and the outputs of the second segment.
    fn claims(&mut self, expansion: &Expansion, linear: Vec<Separable>) -> Result<Claims, EvmError> {
        let (relation, layout, space) = (self.relation, self.layout, self.space);
        let delta = self.graph.cell(space.delta());
        let deltas = self.graph.powers(delta, 3);
        let rho = space.product_point();
        let [lin, pad_u, pad_v] = [0, 1, 2].map(|slot| self.graph.eq_at(rho, layout.lin_slot.saturating_add(slot)));
        let (mut constant, mut terms) = (Vec::new(), Vec::new());
        // (scale of U, scale of V); M takes the first power if there are lookups.
        let first = usize::from(space.lanes > 0);
        let (scale_u, scale_v) = (deltas[first], deltas[first + 1]);
        if space.lanes > 0 {
            let front = self.pad_complement();
            for block in self.blocks() {
                let BlockKind::Table(index) = block.kind else { continue };
                let Some(table) = relation.tables.get(index) else { continue };
                let (_, low) = self.block_point(block);
                let place = self.place(block);
                let coefficient = self.graph.product(front, place);
                let axes = vec![Axis::Eq(vec![low], u64::from(relation.table_len(table)?))];
                terms.push(Separable { coefficient, tensor: layout.first_multiplicity.saturating_add(index), axes });
            }
            if let Some(tensor) = layout.helper_tensor() {
                let coefficient = self.graph.product(deltas[3], front);
                let len = layout.tensors.get(tensor).map_or(0, zkseal_relation::Tensor::len);
                terms.push(Separable { coefficient, tensor, axes: vec![Axis::Eq(vec![space.lookup_point()], len)] });
            }
        }
        for (term, pairs) in layout.products.iter().zip(&expansion.products) {
            let [first, second] = term.accesses.as_slice() else { continue };
            let (high, _) = rho.split_last(usize::try_from(term.num_vars).unwrap_or(usize::MAX));
            let place = self.graph.eq_at(high, term.base.checked_shr(term.num_vars).unwrap_or(0));
            let own = self.graph.sum(pairs.clone());
            let (first_weights, second_weights) = self.product_weights(term, rho)?;
            for (access, weights, factors) in
                [(first, first_weights, [scale_u, own]), (second, second_weights, [scale_v, self.graph.one()])]
            {
                let coefficient = self.graph.product_of(&[place, factors[0], factors[1]]);
                let term = separable(relation, space, access, &weights, coefficient)?;
                match term.public_value(&mut self.graph, relation, space)? {
                    Some(value) => constant.push((coefficient, value)),
                    None => terms.push(term),
                }
            }
        }
        let scale = self.graph.product(scale_u, lin);
        for term in linear {
            let coefficient = self.graph.product(term.coefficient, scale);
            terms.push(Separable { coefficient, ..term });
        }
        constant.push((scale_v, lin));
        let constant = self.graph.sum(constant);
        let outputs =
            vec![(Output::Claims, constant), (Output::Lin, lin), (Output::PadU, pad_u), (Output::PadV, pad_v)];
        Ok((outputs, terms))
    }

    fn product_weights(&self, term: &MergedTerm, rho: Slice) -> Result<(LoopWeights, LoopWeights), EvmError> {
        let mut first = self.outer_weights(term)?;
        let mut second = first.clone();
        for (index, part) in deal(self.relation, &term.shared, rho)? {
            match first.iter_mut().find(|(l, _)| *l == index) {
                Some((_, points)) => points.push(part),
                None => first.push((index, vec![part])),
            }
            match second.iter_mut().find(|(l, _)| *l == index) {
                Some((_, points)) => *points = vec![part],
                None => second.push((index, vec![part])),
            }
        }
        Ok((first, second))
    }

    /// a(r_hi, r_lo): the values of the tensors' blocks, joined along the bits of their addresses.
    fn data(&mut self, terms: &[Separable]) -> Result<Id, EvmError> {
        let address = self.space.address();
        let mut by_tensor: BTreeMap<usize, Vec<&Separable>> = BTreeMap::new();
        for term in terms {
            by_tensor.entry(term.tensor).or_default().push(term);
        }
        let mut blocks = Vec::new();
        for (tensor, terms) in by_tensor {
            let (Some(shape), Some(Some(place))) =
                (self.layout.tensors.get(tensor).map(|t| &t.shape), self.layout.placements.get(tensor))
            else {
                continue;
            };
            let vars = usize::try_from(place.num_vars).unwrap_or(usize::MAX);
            let (_, low) = address.split_last(vars);
            let mut sum = Vec::with_capacity(terms.len());
            for term in terms {
                let axes = term.axes_at(&mut self.graph, shape, low)?;
                sum.push((term.coefficient, axes));
            }
            blocks.push(Block { first: place.address, vars, value: self.graph.sum(sum) });
        }
        blocks.sort_by_key(|block| block.first);
        Ok(self.join(&blocks, address))
    }

    /// `sum over blocks of eq(base, first coordinates) value`: blocks that begin alike share these coordinates.
    fn join(&mut self, blocks: &[Block], point: Slice) -> Id {
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return self.graph.zero() };
        // Bits of the address that all blocks have in common.
        let differing = u64::BITS - (first.first ^ last.first).leading_zeros();
        let below = usize::try_from(differing).unwrap_or(usize::MAX).max(first.vars).min(point.vars);
        let (shared, rest) = point.split_last(below);
        let own = u32::try_from(below).unwrap_or(u32::MAX);
        let index = first.first.checked_shr(own).unwrap_or(0) & low_bits(shared.vars);
        let prefix = self.graph.eq_at(shared, index);
        let inside = if blocks.len() == 1 {
            first.value
        } else {
            let (bit, lower) = rest.split_first(1);
            let split = blocks.partition_point(|block| block.first >> (below - 1) & 1 == 0);
            let (low, high) = blocks.split_at(split);
            let (low, high) = (self.join(low, lower), self.join(high, lower));
            self.graph.between(bit.first, low, high)
        };
        self.graph.product(prefix, inside)
    }
}

/// A tensor's place among the addresses, and the value of its coefficients there.
struct Block {
    first: u64,
    vars: usize,
    value: Id,
}

fn low_bits(count: usize) -> u64 {
    u32::try_from(count).ok().and_then(|count| 1u64.checked_shl(count)).map_or(u64::MAX, |bit| bit - 1)
}
