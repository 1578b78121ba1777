//! Programs of random relations compute, at random challenges, what the verifier computes, and stay inside a word whatever
//! the challenges are.

mod bounds;
mod comparison;
mod evm;

use proptest::prelude::*;
use std::collections::BTreeSet;
use zkseal_evm::{EvmError, Program};
use zkseal_relation::{
    Access, Column, Expr, Layout, Lookup, LookupArgument, Map, Params, PublicValues, Relation, Scope, Table, Tensor,
    Term, ZeroConstraint, validate::validate,
};
use zkseal_transcript::keccak256;
use zkseal_verifier::{Instance, ProofKind, Statement, VerifyingKey};

/// Choices, first that of proptest, which shrinks them to few and small ones; then zeros.
struct Tape<'t> {
    choices: std::slice::Iter<'t, u16>,
}

impl Tape<'_> {
    /// A number below `count`.
    fn below(&mut self, count: usize) -> usize {
        usize::from(self.choices.next().copied().unwrap_or(0)) % count.max(1)
    }

    fn one_of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    /// Some of a list, in a random order.
    fn some_of(&mut self, list: &[u32], most: usize) -> Vec<u32> {
        let (mut rest, mut out) = (list.to_vec(), Vec::new());
        for _ in 0..self.below(most.min(list.len()) + 1) {
            out.push(rest.swap_remove(self.below(rest.len())));
        }
        out
    }
}

const SIZES: [u32; 12] = [1, 2, 3, 4, 5, 7, 8, 9, 6, 16, 13, 33];
const COLUMNS: [Column; 7] =
    [Column::Witness, Column::Model, Column::Public, Column::Progression, Column::Input, Column::Table, Column::Output];

/// A relation in the making.
struct Maker<'t> {
    tape: Tape<'t>,
    relation: Relation,
    /// Accesses made so far: those that fit are used again, so that terms are merged.
    known: Vec<Access>,
}

impl Maker<'_> {
    fn tensor(&mut self, column: Column, shape: Vec<u32>) -> u32 {
        let (lo, hi) = match column {
            Column::Model => self.tape.one_of(&[(-8, 7), (0, 0), (-3, 0)]),
            Column::Progression => {
                let lo = self.tape.one_of(&[0, 1, -4]);
                (lo, lo + i64::from(shape[0]) - 1)
            }
            _ => self.tape.one_of(&[(-3, 12), (0, 5), (0, 1 << 20)]),
        };
        self.relation.tensors.push(Tensor { column, shape, lo, hi });
        self.relation.tensors.len() as u32 - 1
    }

    fn some_tensor(&mut self, scope: Scope) -> Option<u32> {
        let tensors = (0u32..).zip(&self.relation.tensors);
        let fits = |column| scope == Scope::Proof || matches!(column, Column::Model | Column::Progression);
        let list: Vec<u32> = tensors.filter(|(_, t)| fits(t.column)).map(|(index, _)| index).collect();
        if list.is_empty() { None } else { Some(self.tape.one_of(&list)) }
    }

    fn map(&mut self, free: &mut Vec<u32>, axis: u32, scope: Scope) -> Map {
        let kind = if free.is_empty() { 0 } else { self.tape.below(8) };
        if kind < 6 {
            let most = self.tape.one_of(&[1, 1, 0, 2, 3]);
            let mut terms = Vec::new();
            for _ in 0..most.min(free.len()) {
                let index = free.swap_remove(self.tape.below(free.len()));
                terms.push((self.tape.one_of(&[1, 1, 1, 2, 4, -1, 3, -2, 8, 5, 16]), index));
            }
            return Map::Affine { terms, offset: self.tape.one_of(&[0, 0, 0, 1, -1, 2, -2, 5, -7, 8, 40]) };
        }
        let loop_index = free.swap_remove(self.tape.below(free.len()));
        let size = self.relation.loops[loop_index as usize];
        if kind == 6 || scope == Scope::Model {
            let list = (0..size).map(|_| self.tape.below(axis as usize + 1) as i32 - 1).collect();
            self.relation.lists.push(list);
            return Map::Gather { loop_index, list: self.relation.lists.len() as u32 - 1 };
        }
        let fits = |t: &Tensor| t.column == Column::Public && t.shape == [size] && t.lo <= 0;
        let known: Vec<u32> =
            (0u32..).zip(&self.relation.tensors).filter(|(_, t)| fits(t)).map(|(index, _)| index).collect();
        let fresh = known.is_empty() || self.tape.below(2) == 0;
        let tensor = if fresh { self.tensor(Column::Public, vec![size]) } else { self.tape.one_of(&known) };
        Map::GatherPublic { loop_index, tensor }
    }

    fn access(&mut self, allowed: &[u32], scope: Scope) -> Option<Access> {
        let fits = |access: &&Access| access.loops().iter().all(|l| allowed.contains(l));
        let known: Vec<Access> = self.known.iter().filter(fits).cloned().collect();
        if scope == Scope::Proof && !known.is_empty() && self.tape.below(3) == 1 {
            return Some(self.tape.one_of(&known));
        }
        let tensor = self.some_tensor(scope)?;
        let shape = self.relation.tensors[tensor as usize].shape.clone();
        let mut free = allowed.to_vec();
        let maps = shape.iter().map(|axis| self.map(&mut free, *axis, scope)).collect();
        let access = Access { tensor, maps };
        if scope == Scope::Proof {
            self.known.push(access.clone());
        }
        Some(access)
    }

    fn expr(&mut self, outer: &[u32], scope: Scope) -> Expr {
        let others: Vec<u32> = (0..self.relation.loops.len() as u32).filter(|l| !outer.contains(l)).collect();
        let terms = (0..self.tape.below(7)).map(|_| {
            let mut sum_loops = self.tape.some_of(&others, 2);
            sum_loops.sort_unstable();
            let allowed: Vec<u32> = outer.iter().chain(&sum_loops).copied().collect();
            let count = self.tape.below(3);
            let accesses = (0..count).filter_map(|_| self.access(&allowed, scope)).collect();
            let (num, shift) = (self.tape.one_of(&[1, -1, 2, -3, 1 << 20]), self.tape.one_of(&[0, 0, 3, 20]));
            Term { num, shift, sum_loops, accesses }
        });
        Expr { terms: terms.collect() }
    }

    fn scope(&mut self) -> Scope {
        let has_model = self.relation.tensors.iter().any(|t| t.column == Column::Model);
        if has_model && self.tape.below(6) == 1 { Scope::Model } else { Scope::Proof }
    }

    fn table(&mut self) {
        let (len, id) = (self.tape.one_of(&SIZES), self.relation.tables.len() as u32 * 3);
        let columns = 1 + self.tape.below(3);
        let column = [Column::Progression, Column::Table, Column::Public, Column::Witness, Column::Model];
        let columns = (0..columns).map(|_| {
            let column = self.tape.one_of(&column);
            self.tensor(column, vec![len])
        });
        let columns = columns.collect();
        self.relation.tables.push(Table { id, columns });
    }
}

/// A relation, which may be none of the valid ones.
fn relation(choices: &[u16]) -> Relation {
    let mut maker = Maker { tape: Tape { choices: choices.iter() }, relation: Relation::default(), known: Vec::new() };
    for _ in 0..1 + maker.tape.below(6) {
        let size = maker.tape.one_of(&SIZES);
        maker.relation.loops.push(size);
    }
    for _ in 0..1 + maker.tape.below(6) {
        let column = maker.tape.one_of(&COLUMNS);
        let axes = if column == Column::Progression { 1 } else { 1 + maker.tape.below(3) };
        let shape = (0..axes).map(|_| maker.tape.one_of(&SIZES)).collect();
        maker.tensor(column, shape);
    }
    for _ in 0..maker.tape.below(4) {
        maker.table();
    }
    let all: Vec<u32> = (0..maker.relation.loops.len() as u32).collect();
    for _ in 0..if maker.relation.tables.is_empty() { 0 } else { maker.tape.below(7) } {
        let table = maker.tape.below(maker.relation.tables.len());
        let columns = maker.relation.tables[table].columns.clone();
        let known = columns.iter().all(|c| maker.relation.tensors[*c as usize].column == Column::Progression);
        let scope = if known { maker.scope() } else { Scope::Proof };
        let loops = maker.tape.some_of(&all, 3);
        let exprs = columns.iter().map(|_| maker.expr(&loops, scope)).collect();
        maker.relation.lookups.push(Lookup { scope, table: table as u32, loops, exprs });
    }
    for _ in 0..maker.tape.below(5) {
        let (scope, loops) = (maker.scope(), maker.tape.some_of(&all, 3));
        let expr = maker.expr(&loops, scope);
        maker.relation.zeros.push(ZeroConstraint { scope, loops, expr });
    }
    maker.relation
}

/// Bounds of each public tensor, as the program has them.
fn bounds_of(program: &Program) -> Vec<(usize, i64, i64)> {
    let short = |at: usize| usize::from(u16::from_be_bytes([program.bytes[at], program.bytes[at + 1]]));
    let list = program.bytes[short(32)..short(34)].chunks_exact(24);
    let number = |bytes: &[u8]| i64::from_be_bytes(bytes.try_into().expect("eight bytes"));
    list.map(|entry| (entry[3].into(), number(&entry[8..16]), number(&entry[16..]))).collect()
}

/// The key lends its points and its powers of tau.
fn compare(
    key: &VerifyingKey,
    relation: &Relation,
    params: Params,
    kind: ProofKind,
    seed: u64,
) -> Result<(), EvmError> {
    let layout = Layout::new(relation, params)?;
    let digest = zkseal_relation::digest(relation);
    let instance = Instance { kind, relation, relation_digest: &digest, layout: &layout, ..key.instance() };
    let program = Program::new(&instance)?;
    let space = &program.space;
    let deepest = bounds::check(&program.bytes, space.inputs());
    assert!(deepest < 1000, "the stack holds 1024 items");

    // Values inside the program's bounds, which are those that a statement has to keep.
    let mut public = PublicValues::new();
    for (number, (index, lo, hi)) in (0u64..).zip(bounds_of(&program)) {
        let count = relation.tensors[index].len() as usize;
        let span = u64::try_from(hi - lo).expect("bounds that 0 keeps") + 1;
        let value = |i: u64| {
            lo + (keccak256(&[&seed.to_be_bytes(), &[number as u8], &i.to_be_bytes()])[31] as u64 % span) as i64
        };
        public.insert(index, (0..count as u64).map(value).collect());
    }
    let statement = |public: &PublicValues| Statement {
        public: public.clone(),
        input: vec![key.instance().model[0]; layout.num_rows(Column::Input)],
        output: vec![key.instance().model[0]; layout.num_rows(Column::Output)],
        ..Statement::default()
    };
    assert_eq!(statement(&public).check(relation, &layout), Ok(()));
    for (index, lo, hi) in bounds_of(&program) {
        for (value, fits) in [(lo - 1, false), (lo, true), (hi, true), (hi + 1, false)] {
            let mut other = public.clone();
            other.get_mut(&index).expect("values")[0] = value;
            assert_eq!(statement(&other).check(relation, &layout).is_ok(), fits, "{value} in public tensor {index}");
        }
    }

    comparison::compare(&program, relation, &layout, &public, seed)
}

/// Whether there was something to compare.
fn compare_all(key: &VerifyingKey, relation: &Relation, lanes: u8, log_row: u8, seed: u64) -> bool {
    if validate(relation).is_err() {
        return false;
    }
    let own = key.layout().params;
    let params =
        Params::new(log_row, LookupArgument::Helper { lanes }, own.opening, own.setup_digest).expect("parameters");
    let model = zkseal_relation::model_relation(relation).expect("a model relation");
    let kinds = [(Some(relation.clone()), ProofKind::Inference), (model, ProofKind::Model)];
    let mut compared = false;
    for (relation, kind) in kinds {
        let Some(relation) = relation else { continue };
        match compare(key, &relation, params, kind, seed) {
            Ok(()) => compared = true,
            // Too long a mask vector for the rows, or too large a program.
            Err(EvmError::Relation(_) | EvmError::TooLarge { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    compared
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_global_rejects: 1 << 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn test_programs_of_random_relations(
        choices in prop::collection::vec(any::<u16>(), 0..400),
        lanes in 1u8..=8,
        log_row in prop::sample::select(vec![6u8, 7, 8, 9, 13]),
        seed in any::<u64>(),
    ) {
        let key = VerifyingKey::decode(include_bytes!("../../../fuzz/fixture/short.key")).expect("a key");
        prop_assume!(compare_all(&key, &relation(&choices), lanes, log_row, seed));
    }
}

/// `ZKSEAL_CASES` or a few.
fn cases() -> u32 {
    std::env::var("ZKSEAL_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(64)
}

#[test]
fn test_random_relations_cover_the_relation() {
    let mut seen = BTreeSet::new();
    for seed in 0..400u64 {
        let stream = (0u64..400).map(|i| keccak256(&[&seed.to_be_bytes(), &i.to_be_bytes()]));
        let choices: Vec<u16> = stream.map(|digest| u16::from_be_bytes([digest[0], digest[1]])).collect();
        let relation = relation(&choices);
        if validate(&relation).is_err() {
            continue;
        }
        seen.insert("valid");
        let exprs = relation.lookups.iter().flat_map(|l| &l.exprs).chain(relation.zeros.iter().map(|z| &z.expr));
        for access in exprs.flat_map(|e| &e.terms).flat_map(|t| &t.accesses) {
            for map in &access.maps {
                seen.insert(match map {
                    Map::Gather { .. } => "gather",
                    Map::GatherPublic { .. } => "gather public",
                    Map::Affine { terms, .. } if terms.len() > 2 => "many strides",
                    Map::Affine { terms, .. } if terms.iter().any(|(stride, _)| *stride < 0) => "downwards",
                    Map::Affine { terms, offset } if *offset < 0 && !terms.is_empty() => "padding",
                    Map::Affine { .. } => "affine",
                });
            }
            seen.insert(match relation.tensors[access.tensor as usize].column {
                Column::Public => "public",
                Column::Progression => "progression",
                _ => "committed",
            });
        }
        seen.extend(relation.lookups.iter().map(|l| if l.scope == Scope::Model { "model lookup" } else { "lookup" }));
        seen.extend(relation.zeros.iter().map(|_| "zero"));
    }
    assert_eq!(seen.len(), 13, "{seen:?}");
}
