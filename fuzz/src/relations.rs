//! The relations of the fixtures, small enough that a proof is checked in a millisecond, and values that satisfy them.

use crate::schemes;
use zkseal_prover::{Data, TensorMap};
use zkseal_relation::{Access, Column, Expr, Lookup, Map, Relation, Scope, Table, Tensor, Term, ZeroConstraint};

/// A relation, a row length and a satisfying assignment.
pub struct Case {
    /// Name of its files.
    pub name: &'static str,
    /// Logarithm of the row length.
    pub log_row: u8,
    /// How it is proved.
    pub scheme: u8,
    /// The relation.
    pub relation: Relation,
    /// Values of all its tensors but progressions.
    pub tensors: TensorMap,
}

/// Every case: `full` uses everything that a relation can say, `bare` has neither lookups nor a model, `short` is `full`
/// with a helper column and the kzg opening.
#[must_use]
pub fn cases() -> Vec<Case> {
    vec![full(), bare(), Case { name: "short", scheme: schemes::SHORT, ..full() }]
}

fn affine(terms: &[(i32, u32)], offset: i32) -> Map {
    Map::Affine { terms: terms.to_vec(), offset }
}

fn on(index: u32) -> Map {
    affine(&[(1, index)], 0)
}

fn access(tensor: u32, maps: &[Map]) -> Access {
    Access { tensor, maps: maps.to_vec() }
}

fn term(num: i64, shift: u8, sums: &[u32], accesses: &[Access]) -> Term {
    Term { num, shift, sum_loops: sums.to_vec(), accesses: accesses.to_vec() }
}

fn plain(tensor: u32, maps: &[Map]) -> Vec<Term> {
    vec![term(1, 0, &[], &[access(tensor, maps)])]
}

fn tensor(column: Column, shape: &[u32], lo: i64, hi: i64) -> Tensor {
    Tensor { column, shape: shape.to_vec(), lo, hi }
}

fn lookup(scope: Scope, table: u32, loops: &[u32], exprs: Vec<Vec<Term>>) -> Lookup {
    Lookup { scope, table, loops: loops.to_vec(), exprs: exprs.into_iter().map(|terms| Expr { terms }).collect() }
}

fn zero(scope: Scope, loops: &[u32], terms: Vec<Term>) -> ZeroConstraint {
    ZeroConstraint { scope, loops: loops.to_vec(), expr: Expr { terms } }
}

fn assign(relation: &Relation, values: &[(usize, Vec<i64>)]) -> TensorMap {
    let checked = |index: usize, values: &[i64]| Data::checked(&relation.tensors[index], index, values);
    values.iter().map(|(index, values)| (*index, checked(*index, values).expect("a value in its bounds"))).collect()
}

/// y = round((W x + b) / 16) by a lookup of remainders, x^2 by a function table, a strided and padded convolution, a public
/// embedding, a gather list, and constraints of scope model.
fn full() -> Case {
    // Loops: 0 output 2, 1 input 3, 2 token 2, 3 position 2, 4 kernel 3.
    let tensors = vec![
        tensor(Column::Input, &[3], -8, 7),          // 0 x
        tensor(Column::Model, &[2, 3], -8, 7),       // 1 W
        tensor(Column::Model, &[2], -128, 127),      // 2 b, two limbs
        tensor(Column::Witness, &[2], -32, 31),      // 3 y
        tensor(Column::Progression, &[16], 0, 15),   // 4 remainders
        tensor(Column::Progression, &[64], -32, 31), // 5 range of y
        tensor(Column::Public, &[2], 0, 2),          // 6 tokens
        tensor(Column::Table, &[3], -100, 100),      // 7 embedding
        tensor(Column::Public, &[2], -9999, 9999),   // 8 embedding * x + gathered y
        tensor(Column::Table, &[16], 0, 64),         // 9 squares
        tensor(Column::Progression, &[16], -8, 7),   // 10 their arguments
        tensor(Column::Witness, &[3], 0, 64),        // 11 x squared
        tensor(Column::Output, &[2], -512, 511),     // 12 convolution
    ];
    let sum = [
        term(1, 4, &[1], &[access(0, &[on(1)]), access(1, &[on(0), on(1)])]),
        term(1, 4, &[], &[access(2, &[on(0)])]),
        term(8, 4, &[], &[]),
        term(-1, 0, &[], &[access(3, &[on(0)])]),
    ];
    let remainder = sum.iter().map(|t| Term { num: t.num * 16, ..t.clone() }).collect();
    let window = affine(&[(2, 3), (1, 4)], -1);
    let convolution = vec![
        term(1, 0, &[4], &[access(0, &[window]), access(1, &[affine(&[], 0), on(4)])]),
        term(-1, 0, &[], &[access(12, &[on(3)])]),
    ];
    let token = Map::GatherPublic { loop_index: 2, tensor: 6 };
    let mixed = vec![
        term(1, 0, &[], &[access(7, &[token]), access(0, &[affine(&[], 1)])]),
        term(3, 0, &[], &[access(3, &[Map::Gather { loop_index: 2, list: 0 }])]),
        term(-1, 0, &[], &[access(8, &[on(2)])]),
    ];
    let nothing = vec![term(2, 0, &[], &[access(2, &[on(0)])]), term(-2, 0, &[], &[access(2, &[on(0)])])];
    let relation = Relation {
        annotation: b"fuzz fixture: full".to_vec(),
        tensors,
        loops: vec![2, 3, 2, 2, 3],
        lists: vec![vec![1, -1]],
        tables: vec![
            Table { id: 0, columns: vec![4] },
            Table { id: 1, columns: vec![5] },
            Table { id: 9, columns: vec![10, 9] },
            Table { id: 20, columns: vec![10] },
        ],
        lookups: vec![
            lookup(Scope::Proof, 0, &[0], vec![remainder]),
            lookup(Scope::Proof, 1, &[0], vec![plain(3, &[on(0)])]),
            lookup(Scope::Proof, 2, &[1], vec![plain(0, &[on(1)]), plain(11, &[on(1)])]),
            lookup(Scope::Model, 3, &[0, 1], vec![plain(1, &[on(0), on(1)])]),
        ],
        zeros: vec![
            zero(Scope::Proof, &[3], convolution),
            zero(Scope::Proof, &[2], mixed),
            zero(Scope::Model, &[0], nothing),
        ],
    };
    // W x = (-23, 36): y = ((-23 + 101 + 8) >> 4, (36 - 61 + 8) >> 4).
    let values = [
        (0, vec![3, -8, 5]),
        (1, vec![-4, 2, 1, 7, 0, 3]),
        (2, vec![101, -61]),
        (3, vec![5, -2]),
        (6, vec![2, 0]),
        (7, vec![-100, 7, 33]),
        (8, vec![33 * -8 + 3 * -2, 800]),
        (9, (-8..8).map(|v: i64| v * v).collect()),
        (11, vec![9, 64, 25]),
        (12, vec![2 * 3 - 8, 4 * 8 + 2 * 5]),
    ];
    let tensors = assign(&relation, &values);
    Case { name: "full", log_row: 7, scheme: schemes::TRANSPARENT, relation, tensors }
}

/// A public product of two private inputs.
fn bare() -> Case {
    let tensors = vec![
        tensor(Column::Input, &[2], -8, 7),
        tensor(Column::Public, &[2], -128, 127),
        tensor(Column::Progression, &[2], 1, 2),
    ];
    let terms = vec![
        term(1, 0, &[], &[access(0, &[on(0)]), access(0, &[affine(&[], 0)])]),
        term(2, 1, &[1], &[access(2, &[on(1)])]),
        term(-1, 0, &[], &[access(1, &[on(0)])]),
    ];
    let relation = Relation {
        annotation: Vec::new(),
        tensors,
        loops: vec![2, 2],
        zeros: vec![zero(Scope::Proof, &[0], terms)],
        ..Relation::default()
    };
    // The second term is 1 + 2.
    let tensors = assign(&relation, &[(0, vec![-3, 5]), (1, vec![9 + 3, -15 + 3])]);
    Case { name: "bare", log_row: 4, scheme: schemes::TRANSPARENT, relation, tensors }
}
