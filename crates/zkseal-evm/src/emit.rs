//! A graph as EVM code: straight from calldata to the outputs, without a jump, a call, or a look at state.
//!
//! p lies at the bottom of the stack all the time. A node that is read once is computed where it is read; one that is read
//! more often is computed once and kept in a register. The first instructions copy the calldata to memory, so that cell i
//! lies at 32 i.

use crate::claims::Outputs;
use crate::graph::{Graph, Id, Node};
use crate::space::{Cell, Space};
use std::collections::{HashMap, HashSet};
use zkseal_field::{Fr, Zero, encode_scalar};

/// The instructions that are used.
pub mod op {
    #![allow(missing_docs)]
    pub const ADD: u8 = 0x01;
    pub const MUL: u8 = 0x02;
    pub const SUB: u8 = 0x03;
    pub const MOD: u8 = 0x06;
    pub const MULMOD: u8 = 0x09;
    pub const LT: u8 = 0x10;
    pub const EQ: u8 = 0x14;
    pub const AND: u8 = 0x16;
    pub const XOR: u8 = 0x18;
    pub const SHR: u8 = 0x1c;
    pub const CALLDATASIZE: u8 = 0x36;
    pub const CALLDATACOPY: u8 = 0x37;
    pub const MLOAD: u8 = 0x51;
    pub const MSTORE: u8 = 0x52;
    pub const JUMP: u8 = 0x56;
    pub const JUMPDEST: u8 = 0x5b;
    pub const PUSH0: u8 = 0x5f;
    pub const PUSH1: u8 = 0x60;
    pub const PUSH2: u8 = 0x61;
    pub const PUSH32: u8 = 0x7f;
    pub const DUP1: u8 = 0x80;
    pub const SWAP1: u8 = 0x90;
    pub const RETURN: u8 = 0xf3;
}

/// How often p fits a word.
const ROOM: u64 = 5;
/// A value that has been reduced counts once; 1 - x, as p + 1 - x, twice.
const UNREDUCED: u64 = 2;
/// Items on the stack from which on p may get out of reach.
const DEEP: usize = 6;
/// Bytes of a number that is pushed wherever it is used.
const SHORT_CONSTANT: usize = 4;

/// Code, and how many cells it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The instructions.
    pub bytes: Vec<u8>,
    /// Number of cells, registers included.
    pub cells: usize,
    /// Gas without memory: every instruction runs exactly once.
    pub gas: u64,
}

struct Emitter<'g> {
    graph: &'g Graph,
    readers: HashMap<Id, usize>,
    /// Bounds of values, in multiples of p.
    sizes: HashMap<Id, u64>,
    /// Where shared nodes are kept.
    places: HashMap<Id, usize>,
    free: Vec<usize>,
    next: usize,
    /// Items on the stack, p included.
    depth: usize,
    out: Vec<u8>,
    gas: u64,
}

/// Code that returns the outputs in the order of their cells.
#[must_use]
pub fn emit(graph: &Graph, outputs: &Outputs, space: &Space) -> Code {
    let mut emitter = Emitter {
        graph,
        readers: HashMap::new(),
        sizes: HashMap::new(),
        places: HashMap::new(),
        free: Vec::new(),
        next: space.registers(),
        depth: 0,
        out: Vec::new(),
        gas: 0,
    };
    let order = ordered(graph, outputs);
    for id in &order {
        let size = emitter.size_of(*id);
        emitter.sizes.insert(*id, size);
        for operand in graph.operands(*id) {
            *emitter.readers.entry(operand).or_insert(0) += 1;
        }
    }
    for (_, id) in outputs {
        *emitter.readers.entry(*id).or_insert(0) += 1;
    }
    emitter.start();
    for id in order {
        if emitter.is_kept(id) {
            emitter.compute(id);
            emitter.keep(id);
        }
    }
    for (output, id) in outputs {
        emitter.read(*id);
        if emitter.size(*id) > 1 {
            emitter.reduce();
        }
        emitter.store(space.output(*output).0);
    }
    emitter.push(32 * outputs.len() as u64);
    emitter.push(32 * space.inputs() as u64);
    emitter.plain(op::RETURN, 0, 2, 0);
    Code { bytes: emitter.out, cells: emitter.next, gas: emitter.gas }
}

/// Nodes that are needed, operands first.
fn ordered(graph: &Graph, outputs: &Outputs) -> Vec<Id> {
    let mut done = HashSet::new();
    let mut order = Vec::new();
    let mut stack: Vec<(Id, bool)> = outputs.iter().rev().map(|(_, id)| (*id, false)).collect();
    while let Some((id, expanded)) = stack.pop() {
        if expanded {
            order.push(id);
        } else if done.insert(id) {
            stack.push((id, true));
            stack.extend(graph.operands(id).into_iter().rev().map(|operand| (operand, false)));
        }
    }
    order
}

impl Emitter<'_> {
    /// An instruction that takes and leaves so many items.
    fn plain(&mut self, code: u8, gas: u64, takes: usize, leaves: usize) {
        self.out.push(code);
        self.gas += gas;
        self.depth = self.depth.saturating_sub(takes) + leaves;
    }

    fn push_bytes(&mut self, bytes: &[u8]) {
        let short = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
        let code = op::PUSH0 + u8::try_from(short.len()).unwrap_or(32);
        self.plain(code, if short.is_empty() { 2 } else { 3 }, 0, 1);
        self.out.extend(short);
    }

    fn push(&mut self, number: u64) {
        self.push_bytes(&number.to_be_bytes());
    }

    /// p, from the bottom of the stack if it can be reached there.
    fn modulus(&mut self) {
        if (1..=16).contains(&self.depth) {
            let code = op::DUP1 + u8::try_from(self.depth - 1).unwrap_or(0);
            self.plain(code, 3, 0, 1);
        } else {
            let minus_one = encode_scalar(&-Fr::from(1u64));
            let mut bytes = minus_one;
            bytes[31] |= 1;
            self.push_bytes(&bytes);
        }
    }

    fn start(&mut self) {
        self.plain(op::CALLDATASIZE, 2, 0, 1);
        self.push(0);
        self.push(0);
        self.plain(op::CALLDATACOPY, 3, 3, 0);
        self.modulus();
    }

    fn load(&mut self, cell: usize) {
        self.push(32 * cell as u64);
        self.plain(op::MLOAD, 3, 1, 1);
    }

    fn store(&mut self, cell: usize) {
        self.push(32 * cell as u64);
        self.plain(op::MSTORE, 3, 2, 0);
    }

    /// Whether a node gets a register.
    fn is_kept(&self, id: Id) -> bool {
        let readers = self.readers.get(&id).copied().unwrap_or(0);
        match self.graph.node(id) {
            Node::Cell(_) => false,
            Node::Constant(value) => readers > 1 && significant(value) > SHORT_CONSTANT,
            Node::Complement(_) | Node::Sum(_) | Node::EqAtCell(..) | Node::Is(..) => readers > 1,
        }
    }

    fn keep(&mut self, id: Id) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        });
        self.store(place);
        self.places.insert(id, place);
    }

    /// Leaves the value of a node on the stack.
    fn read(&mut self, id: Id) {
        let Some(place) = self.places.get(&id).copied() else { return self.compute(id) };
        self.load(place);
        // The last reader frees the register.
        if let Some(readers) = self.readers.get_mut(&id) {
            *readers = readers.saturating_sub(1);
            if *readers == 0 {
                self.places.remove(&id);
                self.free.push(place);
            }
        }
    }

    fn compute(&mut self, id: Id) {
        let graph = self.graph;
        match graph.node(id) {
            Node::Cell(cell) => self.load(cell.0),
            Node::Constant(value) => self.push_bytes(&encode_scalar(value)),
            Node::Complement(cell) => {
                // p + 1 - x
                self.load(cell.0);
                self.push(1);
                self.modulus();
                self.plain(op::ADD, 3, 2, 1);
                self.plain(op::SUB, 3, 2, 1);
            }
            Node::Sum(pairs) => self.sum(pairs),
            Node::EqAtCell(point, cell) => self.eq_at_cell(*point, *cell),
            Node::Is(cell, number) => {
                self.load(cell.0);
                self.push(*number);
                self.plain(op::EQ, 3, 2, 1);
            }
        }
    }

    fn size(&self, id: Id) -> u64 {
        self.sizes.get(&id).copied().unwrap_or(1)
    }

    /// The most that a node's value is, in multiples of p.
    fn size_of(&self, id: Id) -> u64 {
        match self.graph.node(id) {
            Node::Complement(_) => UNREDUCED,
            Node::Sum(pairs) => pairs.iter().fold(0, |size, (a, b)| size_after(size, self.term_size(*a, *b)).2),
            Node::Cell(_) | Node::Constant(_) | Node::EqAtCell(..) | Node::Is(..) => 1,
        }
    }

    /// `sum a b`: products are added as they are while they fit a word.
    fn sum(&mut self, pairs: &[(Id, Id)]) {
        let mut size = 0;
        for (a, b) in pairs {
            let (full, large, next) = size_after(size, self.term_size(*a, *b));
            if full {
                self.reduce();
            }
            self.term(*a, *b);
            if large {
                self.reduce();
            }
            if size > 0 {
                self.plain(op::ADD, 3, 2, 1);
            }
            size = next;
        }
    }

    /// s mod p.
    fn reduce(&mut self) {
        self.modulus();
        self.plain(op::SWAP1, 3, 2, 2);
        self.plain(op::MOD, 5, 2, 1);
    }

    /// 1 or -1 and the other factor, if one is such a number.
    fn signed(&self, a: Id, b: Id) -> Option<(bool, Id)> {
        let one = Fr::from(1u64);
        [(a, b), (b, a)].into_iter().find_map(|(number, value)| match self.graph.value(number) {
            Some(number) if number == one => Some((true, value)),
            Some(number) if number == -one => Some((false, value)),
            _ => None,
        })
    }

    fn term_size(&self, a: Id, b: Id) -> u64 {
        match self.signed(a, b) {
            Some((true, value)) => self.size(value),
            // p - 0 = p
            Some((false, _)) => UNREDUCED,
            None => 1,
        }
    }

    fn term(&mut self, a: Id, b: Id) {
        match self.signed(a, b) {
            Some((true, value)) => self.read(value),
            Some((false, value)) => {
                self.read(value);
                if self.size(value) > 1 {
                    self.reduce();
                }
                self.modulus();
                self.plain(op::SUB, 3, 2, 1);
            }
            // Factors that are computed here may need many items: beyond this depth, p goes under them afterwards.
            None if self.depth > DEEP && (self.is_computed(a) || self.is_computed(b)) => {
                let (first, second) = if self.is_computed(a) { (a, b) } else { (b, a) };
                self.read(first);
                self.modulus();
                self.plain(op::SWAP1, 3, 2, 2);
                self.read(second);
                self.plain(op::MULMOD, 8, 3, 1);
            }
            None => {
                self.modulus();
                self.read(a);
                self.read(b);
                self.plain(op::MULMOD, 8, 3, 1);
            }
        }
    }

    /// Whether reading a node means computing it, of several operands.
    fn is_computed(&self, id: Id) -> bool {
        !self.places.contains_key(&id) && matches!(self.graph.node(id), Node::Sum(_))
    }

    /// The product over bits of the cell's value: x where the bit is 1, p + 1 - x where it is 0. A value beyond has a bit
    /// that no coordinate stands for; then the product is 0.
    fn eq_at_cell(&mut self, point: crate::space::Slice, cell: Cell) {
        // 1 if value < 2^vars
        self.push(1u64 << point.vars.min(63));
        self.load(cell.0);
        self.plain(op::LT, 3, 2, 1);
        for position in 0..point.vars {
            // product, P | x or p + 1 - x = z xor (bit ? x xor z : 0), with z = p + 1 - x
            self.modulus();
            self.plain(op::SWAP1, 3, 2, 2);
            self.load(point.at(position).0);
            self.complement_of_top();
            let low = point.vars - 1 - position;
            self.load(cell.0);
            self.push(low as u64);
            self.plain(op::SHR, 3, 2, 1);
            self.push(1);
            self.plain(op::AND, 3, 2, 1);
            // stack: P product x z bit
            self.select();
            self.plain(op::MULMOD, 8, 3, 1);
        }
    }

    /// x becomes x, p + 1 - x.
    fn complement_of_top(&mut self) {
        self.plain(op::DUP1, 3, 0, 1);
        self.push(1);
        self.modulus();
        self.plain(op::ADD, 3, 2, 1);
        self.plain(op::SUB, 3, 2, 1);
    }

    /// x, z, bit becomes x if the bit is 1, z if it is 0: z xor bit (x xor z).
    fn select(&mut self) {
        // x z bit -> bit z x
        self.plain(op::SWAP1 + 1, 3, 3, 3);
        // bit z x -> bit z (x xor z)
        self.plain(op::DUP1 + 1, 3, 0, 1);
        self.plain(op::XOR, 3, 2, 1);
        // bit z d -> d z bit -> d bit z .. : bring bit to the top and multiply
        self.plain(op::SWAP1 + 1, 3, 3, 3);
        self.plain(op::SWAP1, 3, 2, 2);
        // d bit z -> z bit d
        self.plain(op::SWAP1 + 1, 3, 3, 3);
        self.plain(op::MUL, 5, 2, 1);
        self.plain(op::XOR, 3, 2, 1);
    }
}

/// Whether the sum so far is reduced before the next term is added, whether that term is (for a term as large as a word no
/// reduced sum leaves room), and the size of both together, at most `ROOM`.
fn size_after(size: u64, own: u64) -> (bool, bool, u64) {
    let large = size > 0 && own >= ROOM;
    let own = if large { 1 } else { own };
    let full = size + own > ROOM;
    (full, large, own + if full { 1 } else { size })
}

/// Bytes of a number without leading zeros.
fn significant(value: &Fr) -> usize {
    if value.is_zero() {
        return 0;
    }
    let bytes = encode_scalar(value);
    bytes.len() - bytes.iter().take_while(|byte| **byte == 0).count()
}
