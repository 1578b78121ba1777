//! A program computes, at any challenges, what the verifier computes.

mod comparison;
mod evm;

use zkseal_evm::graph::Graph;
use zkseal_evm::{Program, Space, encode_proof};
use zkseal_field::Fr;
use zkseal_relation::{Column, Layout, LookupArgument, Params, PublicValues, Relation};
use zkseal_verifier::{Instance, ProofKind, VerifyingKey};

/// A key with a strided convolution, gathers by list and by public values, function tables and constraints of scope model.
fn key() -> VerifyingKey {
    VerifyingKey::decode(include_bytes!("../../../fuzz/fixture/short.key")).expect("a key")
}

/// Public values inside the bounds that a statement must keep: what is gathered with is below 3.
fn public_values(relation: &Relation, seed: i64) -> PublicValues {
    let tensors = relation.tensors.iter().enumerate().filter(|(_, t)| t.column == Column::Public);
    let value = |t: &zkseal_relation::Tensor, i: i64| t.lo.max((seed * 7 + i * 5).rem_euclid(3)).min(t.hi);
    tensors.map(|(index, t)| (index, (0..t.len() as i64).map(|i| value(t, i)).collect())).collect()
}

fn compare(key: &VerifyingKey, relation: &Relation, layout: &Layout, kind: ProofKind, seed: u64) {
    let digest = zkseal_relation::digest(relation);
    let parts = key.instance();
    let instance = Instance { kind, relation, relation_digest: &digest, layout, ..parts };
    let program = Program::new(&instance).expect("a program");
    let public = public_values(relation, seed as i64);
    comparison::compare(&program, relation, layout, &public, seed).expect("a comparison");
}

#[test]
fn test_programs_compute_what_the_verifier_computes() {
    let key = key();
    let own = key.layout().params;
    for (seed, (lanes, log_row)) in (1u64..).zip([(1, 7), (2, 7), (3, 8), (8, 9), (1, 13)]) {
        let params =
            Params::new(log_row, LookupArgument::Helper { lanes }, own.opening, own.setup_digest).expect("parameters");
        let layout = Layout::new(key.relation(), params).expect("a layout");
        compare(&key, key.relation(), &layout, ProofKind::Inference, seed);
        // Without lookups.
        let bare = Relation { lookups: Vec::new(), tables: Vec::new(), ..key.relation().clone() };
        let layout = Layout::new(&bare, params).expect("a layout");
        compare(&key, &bare, &layout, ProofKind::Inference, seed);
        let model = zkseal_relation::model_relation(key.relation()).expect("a model relation").expect("a model");
        let layout = Layout::new(&model, params).expect("a layout");
        compare(&key, &model, &layout, ProofKind::Model, seed);
    }
}

#[test]
fn test_proofs_keep_their_messages() {
    let key = key();
    let proof = include_bytes!("../../../fuzz/fixture/short.proof");
    let points = key.layout().num_rows(Column::Witness) + key.layout().num_rows(Column::Helper) + 3 + 7;
    let encoded = encode_proof(key.layout(), proof).expect("a proof");
    assert_eq!(encoded.len(), proof.len() + 32 * points);
    assert!(encode_proof(key.layout(), &proof[1..]).is_err());
}

#[test]
fn test_keys_of_other_schemes_are_refused() {
    for bytes in
        [&include_bytes!("../../../fuzz/fixture/full.key")[..], include_bytes!("../../../fuzz/fixture/bare.key")]
    {
        let key = VerifyingKey::decode(bytes).expect("a key");
        assert_eq!(Program::new(&key.instance()).err(), Some(zkseal_evm::EvmError::Scheme));
    }
}

#[test]
fn test_equal_operations_are_made_once() {
    let mut graph = Graph::default();
    let space = Space::new(key().relation(), key().layout());
    let (a, b) = (graph.cell(space.beta()), graph.cell(space.eta()));
    assert_eq!(graph.product(a, b), graph.product(b, a));
    let one = graph.one();
    assert_eq!(graph.product(a, one), a);
    let zero = graph.zero();
    assert_eq!(graph.product(a, zero), zero);
    let (two, three) = (graph.constant(Fr::from(2u64)), graph.constant(Fr::from(3u64)));
    let six = graph.constant(Fr::from(6u64));
    assert_eq!(graph.product(two, three), six);
}
