//! The arithmetic of one model's verification as a graph of sums of products, each made once.

use crate::space::{Cell, Slice};
use std::collections::HashMap;
use zkseal_field::{Fr, One, Zero, power_of_two};

/// A node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub usize);

/// One operation, modulo p.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// A scalar that is there already.
    Cell(Cell),
    /// A number.
    Constant(Fr),
    /// 1 - a cell.
    Complement(Cell),
    /// `sum a b`.
    Sum(Vec<(Id, Id)>),
    /// `eq(point, cell)`; 0 for a value that is no index.
    EqAtCell(Slice, Cell),
    /// Whether a cell holds this number: 1 or 0.
    Is(Cell, u64),
}

/// Nodes in an order in which operands come first.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    known: HashMap<Node, Id>,
}

impl Graph {
    fn add(&mut self, node: Node) -> Id {
        if let Some(id) = self.known.get(&node) {
            return *id;
        }
        let id = Id(self.nodes.len());
        self.nodes.push(node.clone());
        self.known.insert(node, id);
        id
    }

    /// A node.
    #[must_use]
    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id.0]
    }

    /// A number.
    pub fn constant(&mut self, value: Fr) -> Id {
        self.add(Node::Constant(value))
    }

    /// 1.
    pub fn one(&mut self) -> Id {
        self.constant(Fr::one())
    }

    /// 0.
    pub fn zero(&mut self) -> Id {
        self.constant(Fr::zero())
    }

    /// A scalar that is there.
    pub fn cell(&mut self, cell: Cell) -> Id {
        self.add(Node::Cell(cell))
    }

    /// The value of a number.
    #[must_use]
    pub fn value(&self, id: Id) -> Option<Fr> {
        match self.node(id) {
            Node::Constant(value) => Some(*value),
            _ => None,
        }
    }

    /// A product of two scalars.
    pub fn product(&mut self, a: Id, b: Id) -> Id {
        self.sum(vec![(a, b)])
    }

    /// A product of scalars, numbers first.
    pub fn product_of(&mut self, factors: &[Id]) -> Id {
        let number: Fr = factors.iter().filter_map(|id| self.value(*id)).product();
        let mut product = self.constant(number);
        for factor in factors {
            if self.value(*factor).is_none() {
                product = self.product(product, *factor);
            }
        }
        product
    }

    /// `sum a b`. Products of numbers are computed here.
    pub fn sum(&mut self, pairs: Vec<(Id, Id)>) -> Id {
        let mut number = Fr::zero();
        let mut kept: Vec<(Id, Id)> = Vec::with_capacity(pairs.len());
        for (a, b) in pairs {
            match (self.value(a), self.value(b)) {
                (Some(a), Some(b)) => number += a * b,
                (Some(a), None) | (None, Some(a)) if a.is_zero() => {}
                _ => kept.push((a.min(b), a.max(b))),
            }
        }
        if kept.is_empty() {
            return self.constant(number);
        }
        let one = self.one();
        if let ([(a, b)], true) = (kept.as_slice(), number.is_zero()) {
            if *a == one {
                return *b;
            }
            if *b == one {
                return *a;
            }
        }
        if !number.is_zero() {
            let number = self.constant(number);
            kept.push((one.min(number), one.max(number)));
        }
        kept.sort_unstable();
        self.add(Node::Sum(kept))
    }

    /// Terms added up.
    pub fn total(&mut self, terms: &[Id]) -> Id {
        let one = self.one();
        self.sum(terms.iter().map(|term| (one, *term)).collect())
    }

    /// 1 - a.
    pub fn complement(&mut self, a: Id) -> Id {
        if let Node::Cell(cell) = self.node(a) {
            let cell = *cell;
            return self.add(Node::Complement(cell));
        }
        let one = self.one();
        let minus = self.constant(-Fr::one());
        self.sum(vec![(one, one), (minus, a)])
    }

    /// `low + at (high - low)`.
    pub fn between(&mut self, at: Cell, low: Id, high: Id) -> Id {
        let (x, y) = self.ends(at);
        self.sum(vec![(x, low), (y, high)])
    }

    /// 1 - x and x.
    fn ends(&mut self, x: Cell) -> (Id, Id) {
        let x = self.cell(x);
        (self.complement(x), x)
    }

    /// base^0 .. base^count.
    pub fn powers(&mut self, base: Id, count: usize) -> Vec<Id> {
        let mut powers = vec![self.one()];
        for _ in 0..count {
            let last = powers.last().copied().unwrap_or(base);
            powers.push(self.product(last, base));
        }
        powers
    }

    /// `eq(point, index)`.
    pub fn eq_at(&mut self, point: Slice, index: u64) -> Id {
        if shifted(index, point.vars) != 0 {
            return self.zero();
        }
        let mut product = self.one();
        for position in 0..point.vars {
            let (zero, one) = self.ends(point.at(position));
            let bit = shifted(index, point.vars - 1 - position) & 1;
            product = self.product(product, if bit == 1 { one } else { zero });
        }
        product
    }

    /// `eq(point, value of a cell)`.
    pub fn eq_at_cell(&mut self, point: Slice, cell: Cell) -> Id {
        self.add(Node::EqAtCell(point, cell))
    }

    /// Whether a cell holds this number.
    pub fn is(&mut self, cell: Cell, number: u64) -> Id {
        self.add(Node::Is(cell, number))
    }

    /// Products over points of 1 - x and of x at one coordinate.
    fn ends_of(&mut self, points: &[Slice], position: usize) -> (Id, Id) {
        let (mut zero, mut one) = (self.one(), self.one());
        for point in points {
            let (low, high) = self.ends(point.at(position));
            (zero, one) = (self.product(zero, low), self.product(one, high));
        }
        (zero, one)
    }

    /// The sum of both ends at one coordinate: 1 for a single point.
    fn both(&mut self, points: &[Slice], zero: Id, one: Id) -> Id {
        if points.len() == 1 { self.one() } else { self.total(&[zero, one]) }
    }

    /// `sum_{i < len} prod_k eq(point_k, i)`; `len` without points.
    pub fn overlap(&mut self, points: &[Slice], len: u64) -> Id {
        let Some(vars) = points.first().map(|point| point.vars) else { return self.constant(Fr::from(len)) };
        let points = sorted(points);
        if shifted(len, vars) > 0 {
            let mut product = self.one();
            for position in 0..vars {
                let (zero, one) = self.ends_of(&points, position);
                let both = self.both(&points, zero, one);
                product = self.product(product, both);
            }
            return product;
        }
        // From the lowest bit: the sum over indices below the lowest bits of len, and over all.
        let (mut part, mut full) = (self.zero(), self.one());
        for low in 0..vars {
            let (zero, one) = self.ends_of(&points, vars - 1 - low);
            part = if shifted(len, low) & 1 == 1 {
                self.sum(vec![(zero, full), (one, part)])
            } else {
                self.product(zero, part)
            };
            let both = self.both(&points, zero, one);
            full = self.product(full, both);
        }
        part
    }

    /// `sum_{i < len} i prod_k eq(point_k, i)`.
    pub fn rank(&mut self, points: &[Slice], len: u64) -> Id {
        let Some(vars) = points.first().map(|point| point.vars) else {
            return self
                .constant(Fr::from(len) * Fr::from(len.saturating_sub(1)) * zkseal_field::inverse_power_of_two(1));
        };
        let points = sorted(points);
        let all = shifted(len, vars) > 0;
        // Plain and weighted sums, over the lowest bits of len and over all.
        let (mut part, mut full) = (self.zero(), self.one());
        let (mut part_rank, mut full_rank) = (self.zero(), self.zero());
        let unit = self.one();
        for low in 0..vars {
            let (zero, one) = self.ends_of(&points, vars - 1 - low);
            let place = self.constant(power_of_two(u32::try_from(low).unwrap_or(u32::MAX)));
            let lift = |graph: &mut Self, rank: Id, plain: Id| {
                let raised = graph.sum(vec![(unit, rank), (place, plain)]);
                graph.product(one, raised)
            };
            let upper = lift(self, part_rank, part);
            if shifted(len, low) & 1 == 1 {
                part_rank = self.sum(vec![(zero, full_rank), (unit, upper)]);
                part = self.sum(vec![(zero, full), (one, part)]);
            } else {
                part_rank = self.product(zero, part_rank);
                part = self.product(zero, part);
            }
            let upper = lift(self, full_rank, full);
            full_rank = self.sum(vec![(zero, full_rank), (unit, upper)]);
            let both = self.both(&points, zero, one);
            full = self.product(full, both);
        }
        if all { full_rank } else { part_rank }
    }

    /// `sum_{i < len} eq(x, i) eq(y, i + shift)`; no index may leave its cube.
    pub fn shifted_overlap(&mut self, x: Slice, y: Slice, len: u64, shift: u64) -> Id {
        if shift == 0 && x.vars == y.vars {
            return self.overlap(&[x, y], len);
        }
        // From the highest bit: sums over the prefixes of i, by the carry that the lower bits have to bring, of those below
        // len's prefix and of the one that is equal. They depend on no lower bit of the shift, so that shifts share them.
        // Coordinates that a point lacks are 0.
        let vars = x.vars.max(y.vars);
        let (zero, one) = (self.zero(), self.one());
        let all = shifted(len, vars) > 0;
        let (mut less, mut equal) = ([if all { one } else { zero }, zero], [if all { zero } else { one }, zero]);
        for low in (0..vars).rev() {
            let (x0, x1) = self.ends_or_zero(x, low);
            let (y0, y1) = self.ends_or_zero(y, low);
            let own = |i: u64| if i == 0 { x0 } else { x1 };
            let other = |j: u64| if j & 1 == 0 { y0 } else { y1 };
            let (bit, bound) = (shifted(shift, low) & 1, shifted(len, low) & 1);
            let carries = if low == 0 { 0..1u64 } else { 0..2 };
            let (mut next_less, mut next_equal) = ([zero; 2], [zero; 2]);
            for carry in carries {
                let mut pairs = Vec::new();
                for i in 0..2u64 {
                    let sum = i + bit + carry;
                    let weight = self.product(own(i), other(sum));
                    let out = usize::from(sum > 1);
                    pairs.push((weight, less[out]));
                    if i < bound {
                        pairs.push((weight, equal[out]));
                    } else if i == bound {
                        next_equal[usize::from(carry > 0)] = self.product(weight, equal[out]);
                    }
                }
                next_less[usize::from(carry > 0)] = self.sum(pairs);
            }
            (less, equal) = (next_less, next_equal);
        }
        less[0]
    }

    fn ends_or_zero(&mut self, point: Slice, low: usize) -> (Id, Id) {
        match point.vars.checked_sub(low + 1) {
            Some(position) => self.ends(point.at(position)),
            None => (self.one(), self.zero()),
        }
    }

    /// `prod_k eq(point_k, i)` for i < len; ones without points.
    pub fn table(&mut self, points: &[Slice], len: usize) -> Vec<Id> {
        let mut entries = vec![self.one(); len];
        for point in sorted(points) {
            let mut table = vec![self.one()];
            for position in 0..point.vars {
                let (zero, one) = self.ends(point.at(position));
                let needed = (len.saturating_sub(1) >> (point.vars - 1 - position)) + 1;
                let mut next = Vec::with_capacity(2 * table.len());
                for entry in table {
                    next.extend([self.product(entry, zero), self.product(entry, one)]);
                }
                next.truncate(needed);
                table = next;
            }
            for (entry, factor) in entries.iter_mut().zip(table) {
                *entry = self.product(*entry, factor);
            }
        }
        entries
    }

    /// `sum_i u_i v_i`.
    pub fn dot(&mut self, u: &[Id], v: &[Id]) -> Id {
        self.sum(u.iter().copied().zip(v.iter().copied()).collect())
    }

    /// The vector that has at each index the sum of the values that belong there; what lies outside is left out.
    pub fn scatter(&mut self, len: usize, pairs: impl IntoIterator<Item = (i64, Id)>) -> Vec<Id> {
        let mut sums: Vec<Vec<Id>> = vec![Vec::new(); len];
        for (index, value) in pairs {
            if let Some(sum) = usize::try_from(index).ok().and_then(|index| sums.get_mut(index)) {
                sum.push(value);
            }
        }
        sums.iter().map(|terms| self.total(terms)).collect()
    }

    /// What a node reads.
    #[must_use]
    pub fn operands(&self, id: Id) -> Vec<Id> {
        match self.node(id) {
            Node::Sum(pairs) => pairs.iter().flat_map(|(a, b)| [*a, *b]).collect(),
            Node::Cell(_) | Node::Constant(_) | Node::Complement(_) | Node::EqAtCell(..) | Node::Is(..) => Vec::new(),
        }
    }
}

fn sorted(points: &[Slice]) -> Vec<Slice> {
    let mut points = points.to_vec();
    points.sort_unstable();
    points
}

/// `value >> count` for any count.
fn shifted(value: u64, count: usize) -> u64 {
    u32::try_from(count).ok().and_then(|count| value.checked_shr(count)).unwrap_or(0)
}
