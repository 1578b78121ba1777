//! A program computes, at any challenges, what the verifier computes.

mod evm;

use zkseal_evm::graph::Graph;
use zkseal_evm::space::Slice;
use zkseal_evm::{Output, Program, Space, encode_proof};
use zkseal_field::{Fr, One, scalar_from_i64};
use zkseal_poly::eq_at;
use zkseal_relation::{Column, Expansion, Layout, LookupArgument, Params, PublicValues, Relation, Suffix};
use zkseal_verifier::claims::{Combination, evaluate_tensors, linear_part};
use zkseal_verifier::{Instance, ProofKind, VerifyingKey, helper, lookups};

/// A key with a strided convolution, gathers by list and by public values, function tables and constraints of scope model.
fn key() -> VerifyingKey {
    VerifyingKey::decode(include_bytes!("../../../fuzz/fixture/short.key")).expect("a key")
}

/// Deterministic scalars.
fn scalars(seed: u64) -> impl Iterator<Item = Fr> {
    let mut state = Fr::from(seed | 1);
    std::iter::repeat_with(move || {
        state = state * state + Fr::from(0x9e37_79b9_7f4a_7c15u64);
        state
    })
}

fn values(cells: &[Fr], slice: Slice) -> Vec<Fr> {
    cells[slice.first.0..slice.first.0 + slice.vars].to_vec()
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
    let space = &program.space;
    let public = public_values(relation, seed as i64);
    let mut cells: Vec<Fr> = scalars(seed).take(space.inputs()).collect();
    let listed = public.values().flatten().map(|value| scalar_from_i64(*value));
    cells[..space.publics].iter_mut().zip(listed).for_each(|(cell, value)| *cell = value);
    let named = |cell: zkseal_evm::space::Cell| cells[cell.0];
    let (beta, eta, delta, pad) = (named(space.beta()), named(space.eta()), named(space.delta()), named(space.pad()));
    let point = values(&cells, space.lookup_point());
    let zeta = values(&cells, space.zero_point());
    let rho = values(&cells, space.product_point());
    let address = values(&cells, space.address());
    let ran = evm::run(&program.bytes, &cells);
    assert_eq!(ran.gas, program.code.gas + evm::ENTRY_GAS, "every instruction runs once");
    let output = |output| ran.outputs[space.output(output).0 - space.inputs()];

    let whole: Vec<Fr> = point.iter().copied().chain([pad]).collect();
    let forms = (space.lanes > 0).then(|| helper::forms(layout, &whole));
    let suffix = Suffix {
        lookup_point: if space.lanes > 0 { &point } else { &[] },
        lookup_scale: if space.lanes > 0 { Fr::one() - pad } else { Fr::from(0u64) },
        zero_point: &zeta,
        eta,
        beta,
    };
    let expansion = Expansion::new(relation, layout, &public, &suffix).expect("expansion");
    let linear =
        linear_part(relation, &public, &expansion, forms.as_ref(), eta, layout.mask.len()).expect("linear part");
    assert_eq!(output(Output::Products), linear.constant, "the constant of T2");
    let combination = Combination {
        relation,
        layout,
        public: &public,
        expansion: &expansion,
        linear: &linear,
        lookups: forms.as_ref(),
        rho: &rho,
        delta,
    };
    let coefficients = combination.coefficients().expect("coefficients");
    // Without lookups the verifier's U has the scale 1, as in the program.
    assert_eq!(output(Output::Claims), coefficients.constant, "public parts of the claims");
    assert_eq!(output(Output::Data), evaluate_tensors(layout, &coefficients.tensors, &address), "a(r_hi, r_lo)");
    for (slot, name) in [Output::Lin, Output::PadU, Output::PadV].into_iter().enumerate() {
        assert_eq!(output(name), eq_at(&rho, layout.lin_slot + slot as u64));
    }
    for lane in 0..space.lanes {
        let lookups = layout.blocks.iter().filter(|block| block.lane == lane);
        let own = lookups.filter(|block| matches!(block.kind, zkseal_relation::BlockKind::Lookup(_)));
        let sum: Fr = own.map(|block| lookups::indicator(relation, block, &point).expect("a block")).sum();
        assert_eq!(output(Output::Selector(lane)), sum, "the indicator of lane {lane}");
    }
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
