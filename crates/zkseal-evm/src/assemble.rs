//! A graph as bytes: constants, and one instruction after the other, operands by cell.
//!
//! | code | operands | does |
//! | --- | --- | --- |
//! | 0 | | ends a segment |
//! | 1 | d, u8 k, k pairs a b | d = sum a b |
//! | 2 | d, first, u8 vars, u48 index | d = eq(point, index) |
//! | 3 | d, u8 k, u8 vars, u32 len, k firsts | d = sum_{i < len} prod_k eq(point_k, i) |
//! | 4 | d, u8 k, u8 vars, u32 len, k firsts | d = sum_{i < len} i prod_k eq(point_k, i) |
//! | 5 | d, u8 k, u8 vars, u16 len, k firsts | vector: d_i = prod_k eq(point_k, i) |
//! | 6 | d, u16 len, a, u16 len, b, u16 len, i32 stride, i32 stride, i32 offset | vector: see `Node::Spread` |
//! | 7 | d, u16 len, v, u16 len, i32 for each entry of v | vector: see `Node::Scatter` |
//! | 8 | d, u16 len, v, u16 len, first | vector: see `Node::ScatterPublic` |
//! | 9 | d, u, v, u16 len | d = sum_i u_i v_i |
//! | 10 | d, v, u16 len, i64 lo | d = sum_i (lo + i) v_i |
//! | 11 | d, u16 chunks, v, w, u16 len | vector: d_i = sum_j v_(i len + j) w_j |
//!
//! Operands without a type are cells, u16, counted from the first constant. Numbers are big-endian.

use crate::claims::Segments;
use crate::error::{EvmError, fit};
use crate::graph::{Graph, Id, Node};
use crate::space::{Cell, Slice, Space};
use std::collections::{BTreeMap, HashMap};
use zkseal_field::{Fr, encode_scalar};

/// Codes of the instructions.
pub mod code {
    #![allow(missing_docs)]
    pub const END: u8 = 0;
    pub const SUM: u8 = 1;
    pub const EQ_AT: u8 = 2;
    pub const OVERLAP: u8 = 3;
    pub const RANK: u8 = 4;
    pub const TABLE: u8 = 5;
    pub const SPREAD: u8 = 6;
    pub const SCATTER: u8 = 7;
    pub const SCATTER_PUBLIC: u8 = 8;
    pub const DOT: u8 = 9;
    pub const RAMP: u8 = 10;
    pub const FOLD: u8 = 11;
}

/// Longest sum of one instruction.
const MAX_PAIRS: usize = 255;
/// Largest cell.
const MAX_CELL: u64 = 0xffff;

/// Instructions of the three segments, and the numbers they use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assembled {
    /// The constants, cells 0, 1, ..
    pub constants: Vec<Fr>,
    /// Instructions; each segment ends with code 0.
    pub segments: [Vec<u8>; 3],
    /// Number of cells in all.
    pub cells: usize,
}

struct Assembler<'g> {
    graph: &'g Graph,
    constants: Vec<Fr>,
    constant_cells: HashMap<Fr, usize>,
    number_cells: HashMap<Id, usize>,
    places: HashMap<Id, usize>,
    /// Free registers by length.
    free: BTreeMap<usize, Vec<usize>>,
    next: usize,
    readers: HashMap<Id, usize>,
    out: Vec<u8>,
}

/// Instructions for the outputs of each segment.
///
/// # Errors
/// If there are more cells or longer vectors than operands can name.
pub fn assemble(graph: &Graph, segments: &Segments, space: &Space) -> Result<Assembled, EvmError> {
    let order: Vec<Vec<Id>> = ordered(graph, segments);
    let mut assembler = Assembler {
        graph,
        constants: Vec::new(),
        constant_cells: HashMap::new(),
        number_cells: HashMap::new(),
        places: HashMap::new(),
        free: BTreeMap::new(),
        next: 0,
        readers: HashMap::new(),
        out: Vec::new(),
    };
    assembler.constant(Fr::from(1u64));
    for id in order.iter().flatten() {
        assembler.collect(*id);
    }
    for (_, id) in segments.iter().flatten() {
        *assembler.readers.entry(*id).or_insert(0) += 1;
    }
    assembler.next = assembler.constants.len().saturating_add(space.registers());
    let mut bytes: [Vec<u8>; 3] = [Vec::new(), Vec::new(), Vec::new()];
    for ((ids, outputs), slot) in order.iter().zip(segments).zip(&mut bytes) {
        for id in ids {
            assembler.emit(*id)?;
        }
        for (output, id) in outputs {
            let one = assembler.constant(Fr::from(1u64));
            let target = assembler.absolute(space.output(*output));
            let place = assembler.place(*id);
            assembler.sum(target, &[(one, place)])?;
        }
        assembler.out.push(code::END);
        *slot = std::mem::take(&mut assembler.out);
    }
    let cells = assembler.next;
    fit::<u16>("the number of cells", cells as u64, MAX_CELL)?;
    Ok(Assembled { constants: assembler.constants, segments: bytes, cells })
}

/// Nodes that each segment computes, operands first; a node belongs to the first segment that needs it.
fn ordered(graph: &Graph, segments: &Segments) -> Vec<Vec<Id>> {
    let mut done = std::collections::HashSet::new();
    let mut orders = Vec::new();
    for outputs in segments {
        let mut order = Vec::new();
        let mut stack: Vec<(Id, bool)> = outputs.iter().rev().map(|(_, id)| (*id, false)).collect();
        while let Some((id, expanded)) = stack.pop() {
            if expanded {
                order.push(id);
                continue;
            }
            if !done.insert(id) {
                continue;
            }
            stack.push((id, true));
            stack.extend(graph.operands(id).into_iter().rev().map(|operand| (operand, false)));
        }
        orders.push(order);
    }
    orders
}

impl Assembler<'_> {
    fn constant(&mut self, value: Fr) -> usize {
        if let Some(cell) = self.constant_cells.get(&value) {
            return *cell;
        }
        let cell = self.constants.len();
        self.constants.push(value);
        self.constant_cells.insert(value, cell);
        cell
    }

    /// Constants are placed, readers counted.
    fn collect(&mut self, id: Id) {
        match self.graph.node(id) {
            Node::Constant(value) => {
                self.constant(*value);
            }
            Node::Numbers(values) => {
                self.number_cells.insert(id, self.constants.len());
                self.constants.extend(values);
            }
            _ => {}
        }
        for operand in self.graph.operands(id) {
            *self.readers.entry(operand).or_insert(0) += 1;
        }
    }

    fn absolute(&self, cell: Cell) -> usize {
        self.constants.len().saturating_add(cell.0)
    }

    /// Where a node's value is.
    fn place(&self, id: Id) -> usize {
        match self.graph.node(id) {
            Node::Constant(value) => self.constant_cells.get(value).copied().unwrap_or(0),
            Node::Numbers(_) => self.number_cells.get(&id).copied().unwrap_or(0),
            Node::Cell(cell) | Node::Publics(cell, _) => self.absolute(*cell),
            _ => self.places.get(&id).copied().unwrap_or(0),
        }
    }

    fn len(&self, id: Id) -> usize {
        self.graph.len(id).unwrap_or(1)
    }

    /// A register, or as many as a vector has entries.
    fn allocate(&mut self, len: usize) -> usize {
        if let Some(place) = self.free.get_mut(&len).and_then(Vec::pop) {
            return place;
        }
        let place = self.next;
        self.next = self.next.saturating_add(len);
        place
    }

    /// Operands that nobody reads any more leave their registers.
    fn release(&mut self, id: Id) {
        let Some(readers) = self.readers.get_mut(&id) else { return };
        *readers = readers.saturating_sub(1);
        if *readers == 0
            && let Some(place) = self.places.remove(&id)
        {
            let len = self.len(id);
            self.free.entry(len).or_default().push(place);
        }
    }

    fn byte(&mut self, value: u8) {
        self.out.push(value);
    }

    fn short(&mut self, what: &'static str, value: usize) -> Result<(), EvmError> {
        let value: u16 = fit(what, value as u64, MAX_CELL)?;
        self.out.extend(value.to_be_bytes());
        Ok(())
    }

    fn cell(&mut self, cell: usize) -> Result<(), EvmError> {
        self.short("the number of cells", cell)
    }

    fn vector(&mut self, id: Id) -> Result<(), EvmError> {
        self.cell(self.place(id))?;
        self.short("the length of a vector", self.len(id))
    }

    fn signed(&mut self, value: i64) -> Result<(), EvmError> {
        let most = i32::MAX.unsigned_abs();
        let value = i32::try_from(value).map_err(|_| EvmError::TooLarge {
            what: "a stride or an offset",
            got: value.unsigned_abs(),
            most: u64::from(most),
        })?;
        self.out.extend(value.to_be_bytes());
        Ok(())
    }

    fn sum(&mut self, target: usize, pairs: &[(usize, usize)]) -> Result<(), EvmError> {
        // A long sum takes several instructions; the later ones begin with what is there.
        let one = self.constant_cells.get(&Fr::from(1u64)).copied().unwrap_or(0);
        let mut rest = pairs;
        let mut first = true;
        while first || !rest.is_empty() {
            let room = if first { MAX_PAIRS } else { MAX_PAIRS - 1 };
            let (now, later) = rest.split_at(room.min(rest.len()));
            let carried = (!first).then_some((one, target));
            self.byte(code::SUM);
            self.cell(target)?;
            self.byte(u8::try_from(now.len() + usize::from(carried.is_some())).unwrap_or(u8::MAX));
            for (a, b) in carried.iter().chain(now) {
                self.cell(*a)?;
                self.cell(*b)?;
            }
            rest = later;
            first = false;
        }
        Ok(())
    }

    /// `u8 k, u8 vars`, then the length by `len`, then the points.
    fn points(
        &mut self,
        points: &[Slice],
        len: impl FnOnce(&mut Self) -> Result<(), EvmError>,
    ) -> Result<(), EvmError> {
        self.byte(fit("the number of points", points.len() as u64, 255)?);
        self.byte(fit("the number of coordinates", points.first().map_or(0, |p| p.vars) as u64, 63)?);
        len(self)?;
        for point in points {
            let first = self.absolute(point.first);
            self.cell(first)?;
        }
        Ok(())
    }

    fn emit(&mut self, id: Id) -> Result<(), EvmError> {
        let graph = self.graph;
        let node = graph.node(id);
        if matches!(node, Node::Constant(_) | Node::Numbers(_) | Node::Cell(_) | Node::Publics(..)) {
            return Ok(());
        }
        // The target is none of the operands' registers: some instructions write before they have read everything.
        let target = self.allocate(self.len(id));
        match node {
            Node::Sum(pairs) => {
                let pairs: Vec<(usize, usize)> = pairs.iter().map(|(a, b)| (self.place(*a), self.place(*b))).collect();
                self.sum(target, &pairs)?;
            }
            Node::EqAt(point, index) => {
                self.byte(code::EQ_AT);
                self.cell(target)?;
                self.cell(self.absolute(point.first))?;
                self.byte(fit("the number of coordinates", point.vars as u64, 63)?);
                let index: u64 = fit("an index", *index, (1 << 48) - 1)?;
                self.out.extend(&index.to_be_bytes()[2..]);
            }
            Node::Overlap(points, len) | Node::Rank(points, len) => {
                self.byte(if matches!(node, Node::Rank(..)) { code::RANK } else { code::OVERLAP });
                self.cell(target)?;
                let len: u32 = fit("the length of a loop", *len, u64::from(u32::MAX))?;
                self.points(points, |own| {
                    own.out.extend(len.to_be_bytes());
                    Ok(())
                })?;
            }
            Node::Table(points, len) => {
                self.byte(code::TABLE);
                self.cell(target)?;
                self.points(points, |own| own.short("the length of a vector", *len))?;
            }
            Node::Spread { left, right, offset, len } => {
                self.byte(code::SPREAD);
                self.cell(target)?;
                self.short("the length of a vector", *len)?;
                self.vector(left.0)?;
                self.vector(right.0)?;
                for value in [left.1, right.1, *offset] {
                    self.signed(value)?;
                }
            }
            Node::Scatter { list, weights, len } => {
                self.byte(code::SCATTER);
                self.cell(target)?;
                self.short("the length of a vector", *len)?;
                self.vector(*weights)?;
                list.iter().for_each(|entry| self.out.extend(entry.to_be_bytes()));
            }
            Node::ScatterPublic { first, weights, len } => {
                self.byte(code::SCATTER_PUBLIC);
                self.cell(target)?;
                self.short("the length of a vector", *len)?;
                self.vector(*weights)?;
                self.cell(self.absolute(*first))?;
            }
            Node::Dot(u, v) => {
                self.byte(code::DOT);
                self.cell(target)?;
                self.cell(self.place(*u))?;
                self.vector(*v)?;
            }
            Node::Ramp(v, lo) => {
                self.byte(code::RAMP);
                self.cell(target)?;
                self.vector(*v)?;
                self.out.extend(lo.to_be_bytes());
            }
            Node::Fold { values, weights } => {
                self.byte(code::FOLD);
                self.cell(target)?;
                self.short("the length of a vector", self.len(id))?;
                self.cell(self.place(*values))?;
                self.vector(*weights)?;
            }
            Node::Constant(_) | Node::Numbers(_) | Node::Cell(_) | Node::Publics(..) => {}
        }
        self.places.insert(id, target);
        for operand in graph.operands(id) {
            self.release(operand);
        }
        Ok(())
    }
}

impl Assembled {
    /// The constants as bytes.
    #[must_use]
    pub fn constant_bytes(&self) -> Vec<u8> {
        self.constants.iter().flat_map(encode_scalar).collect()
    }
}
