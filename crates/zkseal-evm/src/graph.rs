//! The arithmetic of one model's verification as a graph of operations, each made once.

use crate::space::{Cell, Slice};
use std::collections::HashMap;
use zkseal_field::{Fr, One, Zero};

/// A node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub usize);

/// One operation. Vectors have a length, scalars have none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// A scalar that is there already.
    Cell(Cell),
    /// A number of the program.
    Constant(Fr),
    /// `sum a b`.
    Sum(Vec<(Id, Id)>),
    /// `eq(point, index)`.
    EqAt(Slice, u64),
    /// `sum_{i < len} prod_k eq(point_k, i)`.
    Overlap(Vec<Slice>, u64),
    /// `sum_{i < len} i prod_k eq(point_k, i)`.
    Rank(Vec<Slice>, u64),
    /// `sum_i u_i v_i`.
    Dot(Id, Id),
    /// `sum_i (lo + i) v_i`.
    Ramp(Id, i64),
    /// Vector: `prod_k eq(point_k, i)` for i < len; ones without points.
    Table(Vec<Slice>, usize),
    /// Vector: at `left.1 i + right.1 j + offset`, if there is such an entry, the sum of `left_i right_j`.
    Spread {
        /// A vector and its stride.
        left: (Id, i64),
        /// Another.
        right: (Id, i64),
        /// Of the first pair.
        offset: i64,
        /// Entries.
        len: usize,
    },
    /// Vector: entry `list_i` is the sum of `weights_i`; other values of the list than 0 .. len-1 are left out.
    Scatter {
        /// The list.
        list: Vec<i32>,
        /// As long as the list.
        weights: Id,
        /// Entries.
        len: usize,
    },
    /// The same with public values as the list.
    ScatterPublic {
        /// The first public value.
        first: Cell,
        /// As long as the list.
        weights: Id,
        /// Entries.
        len: usize,
    },
    /// Vector: `sum_j values[i w + j] weights[j]`, w the number of weights.
    Fold {
        /// Its length is a multiple of that of the weights.
        values: Id,
        /// The weights.
        weights: Id,
    },
    /// Vector of public values.
    Publics(Cell, usize),
    /// Vector of numbers.
    Numbers(Vec<Fr>),
}

/// Nodes in an order in which operands come first.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    lens: Vec<Option<usize>>,
    known: HashMap<Node, Id>,
}

impl Graph {
    fn add(&mut self, node: Node, len: Option<usize>) -> Id {
        if let Some(id) = self.known.get(&node) {
            return *id;
        }
        let id = Id(self.nodes.len());
        self.nodes.push(node.clone());
        self.lens.push(len);
        self.known.insert(node, id);
        id
    }

    /// A node.
    #[must_use]
    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id.0]
    }

    /// The length of a vector; `None` for a scalar.
    #[must_use]
    pub fn len(&self, id: Id) -> Option<usize> {
        self.lens[id.0]
    }

    fn vector_len(&self, id: Id) -> usize {
        self.len(id).unwrap_or(0)
    }

    /// A number.
    pub fn constant(&mut self, value: Fr) -> Id {
        self.add(Node::Constant(value), None)
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
        self.add(Node::Cell(cell), None)
    }

    fn value(&self, id: Id) -> Option<Fr> {
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
            kept.push((one, number));
        }
        kept.sort_unstable();
        self.add(Node::Sum(kept), None)
    }

    /// 1 - a.
    pub fn complement(&mut self, a: Id) -> Id {
        let one = self.one();
        let minus = self.constant(-Fr::one());
        self.sum(vec![(one, one), (minus, a)])
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
        match point.vars {
            0 => {
                if index == 0 {
                    self.one()
                } else {
                    self.zero()
                }
            }
            _ => self.add(Node::EqAt(point, index), None),
        }
    }

    /// `sum_{i < len} prod_k eq(point_k, i)`; `len` without points.
    pub fn overlap(&mut self, points: &[Slice], len: u64) -> Id {
        match points {
            [] => self.constant(Fr::from(len)),
            [point] if len.checked_shr(u32::try_from(point.vars).unwrap_or(u32::MAX)).unwrap_or(0) > 0 => self.one(),
            [point, ..] if point.vars == 0 => self.one(),
            _ => {
                let mut points = points.to_vec();
                points.sort_unstable();
                self.add(Node::Overlap(points, len), None)
            }
        }
    }

    /// `sum_{i < len} i prod_k eq(point_k, i)`.
    pub fn rank(&mut self, points: &[Slice], len: u64) -> Id {
        match points {
            [] => {
                self.constant(Fr::from(len) * Fr::from(len.saturating_sub(1)) * zkseal_field::inverse_power_of_two(1))
            }
            [point, ..] if point.vars == 0 => self.zero(),
            _ => {
                let mut points = points.to_vec();
                points.sort_unstable();
                self.add(Node::Rank(points, len), None)
            }
        }
    }

    /// `sum_i u_i v_i`.
    pub fn dot(&mut self, u: Id, v: Id) -> Id {
        self.add(Node::Dot(u.min(v), u.max(v)), None)
    }

    /// `sum_i (lo + i) v_i`.
    pub fn ramp(&mut self, v: Id, lo: i64) -> Id {
        self.add(Node::Ramp(v, lo), None)
    }

    /// The vector `prod_k eq(point_k, i)`, i < len.
    pub fn table(&mut self, points: &[Slice], len: usize) -> Id {
        let mut points = points.to_vec();
        points.sort_unstable();
        self.add(Node::Table(points, len), Some(len))
    }

    /// See [`Node::Spread`].
    pub fn spread(&mut self, left: (Id, i64), right: (Id, i64), offset: i64, len: usize) -> Id {
        self.add(Node::Spread { left, right, offset, len }, Some(len))
    }

    /// See [`Node::Scatter`].
    pub fn scatter(&mut self, list: Vec<i32>, weights: Id, len: usize) -> Id {
        self.add(Node::Scatter { list, weights, len }, Some(len))
    }

    /// See [`Node::ScatterPublic`].
    pub fn scatter_public(&mut self, first: Cell, weights: Id, len: usize) -> Id {
        self.add(Node::ScatterPublic { first, weights, len }, Some(len))
    }

    /// See [`Node::Fold`].
    pub fn fold(&mut self, values: Id, weights: Id) -> Id {
        let chunks = self.vector_len(values).checked_div(self.vector_len(weights)).unwrap_or(0);
        self.add(Node::Fold { values, weights }, Some(chunks))
    }

    /// Public values.
    pub fn publics(&mut self, first: Cell, len: usize) -> Id {
        self.add(Node::Publics(first, len), Some(len))
    }

    /// Numbers.
    pub fn numbers(&mut self, values: Vec<Fr>) -> Id {
        let len = values.len();
        self.add(Node::Numbers(values), Some(len))
    }

    /// What a node reads.
    #[must_use]
    pub fn operands(&self, id: Id) -> Vec<Id> {
        match self.node(id) {
            Node::Sum(pairs) => pairs.iter().flat_map(|(a, b)| [*a, *b]).collect(),
            Node::Dot(u, v) => vec![*u, *v],
            Node::Ramp(v, _) => vec![*v],
            Node::Spread { left, right, .. } => vec![left.0, right.0],
            Node::Scatter { weights, .. } | Node::ScatterPublic { weights, .. } => vec![*weights],
            Node::Fold { values, weights } => vec![*values, *weights],
            Node::Cell(_)
            | Node::Constant(_)
            | Node::EqAt(..)
            | Node::Overlap(..)
            | Node::Rank(..)
            | Node::Table(..)
            | Node::Publics(..)
            | Node::Numbers(_) => Vec::new(),
        }
    }
}
