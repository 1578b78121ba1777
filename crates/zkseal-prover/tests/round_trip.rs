//! A relation with every kind of map, several tables and tensors over several rows: proved, verified, and refused when
//! anything public changes.

use zkseal_field::{AffineRepr, CurveGroup, Fr, G1Projective, G2Affine, PrimeGroup, scalar_from_i64};
use zkseal_prover::{
    Data, Powers, ProveError, ProveInput, ProvingKey, Scheme, TensorMap, check_opening, opening_powers, setup,
};
use zkseal_relation::{
    Access, Column, Expr, Lookup, LookupArgument, Map, Relation, Scope, Table, Tensor, Term, ZeroConstraint,
};
use zkseal_verifier::{VerifyError, VerifyingKey, verify};

fn affine(terms: &[(i32, u32)], offset: i32) -> Map {
    Map::Affine { terms: terms.to_vec(), offset }
}

fn on(l: u32) -> Map {
    affine(&[(1, l)], 0)
}

fn access(tensor: u32, maps: &[Map]) -> Access {
    Access { tensor, maps: maps.to_vec() }
}

fn term(num: i64, shift: u8, sums: &[u32], accesses: &[Access]) -> Term {
    Term { num, shift, sum_loops: sums.to_vec(), accesses: accesses.to_vec() }
}

/// Deterministic small integers.
struct Numbers(u64);

impl Numbers {
    fn take(&mut self, count: usize, lo: i64, hi: i64) -> Vec<i64> {
        (0..count)
            .map(|_| {
                self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                lo + ((self.0 >> 33) as i64).rem_euclid(hi - lo + 1)
            })
            .collect()
    }
}

struct Case {
    relation: Relation,
    tensors: TensorMap,
}

/// y = round((W x + b) / 8) by a fractional range lookup; a strided, padded convolution; a gathered product; a public embedding; a function table
/// whose domain does not start at zero.
fn case(seed: u64) -> Case {
    let mut numbers = Numbers(seed);
    let tensor = |column, shape: &[u32], lo, hi| Tensor { column, shape: shape.to_vec(), lo, hi };
    let tensors = vec![
        tensor(Column::Input, &[3, 5], -8, 7),           // 0 x
        tensor(Column::Model, &[70, 5], -8, 7),          // 1 W, several rows at C = 2^8
        tensor(Column::Model, &[70], -128, 127),         // 2 b
        tensor(Column::Witness, &[3, 70], -64, 63),      // 3 y
        tensor(Column::Progression, &[8], 0, 7),         // 4 range 8
        tensor(Column::Progression, &[128], -64, 63),    // 5 range 128
        tensor(Column::Input, &[2, 6, 5], -8, 7),        // 6 image
        tensor(Column::Model, &[2, 2, 3, 3], -8, 7),     // 7 kernel
        tensor(Column::Output, &[2, 3, 3], -4096, 4095), // 8 convolution
        tensor(Column::Public, &[4], 0, 9),              // 9 tokens
        tensor(Column::Table, &[10, 5], -100, 100),      // 10 embedding, public weights
        tensor(Column::Public, &[4], -100_000, 100_000), // 11 sum of embedding * x
        tensor(Column::Table, &[21], 0, 100),            // 12 squares
        tensor(Column::Progression, &[21], -10, 10),     // 13 their arguments
        tensor(Column::Witness, &[3, 5], 0, 100),        // 14 x squared
    ];
    // Loops: 0 batch 3, 1 out 70, 2 in 5, 3 oc 2, 4 oh 3, 5 ow 3, 6 ic 2, 7 kh 3, 8 kw 3, 9 token 4.
    let loops = vec![3, 70, 5, 2, 3, 3, 2, 3, 3, 4];
    let acc = [
        term(1, 3, &[2], &[access(0, &[on(0), on(2)]), access(1, &[on(1), on(2)])]),
        term(1, 3, &[], &[access(2, &[on(1)])]),
        term(4, 3, &[], &[]),
        term(-1, 0, &[], &[access(3, &[on(0), on(1)])]),
    ];
    // (acc + 4) / 8 - y is in {0, 1/8 .. 7/8}: eight times that is looked up.
    let remainder: Vec<Term> = acc.iter().map(|t| Term { num: t.num * 8, ..t.clone() }).collect();
    let lookup = |table, loops: &[u32], exprs: Vec<Vec<Term>>| Lookup {
        scope: Scope::Proof,
        table,
        loops: loops.to_vec(),
        exprs: exprs.into_iter().map(|terms| Expr { terms }).collect(),
    };
    let conv = vec![
        term(
            1,
            0,
            &[6, 7, 8],
            &[
                access(6, &[on(6), affine(&[(2, 4), (1, 7)], -1), affine(&[(2, 5), (1, 8)], -1)]),
                access(7, &[on(3), on(6), on(7), on(8)]),
            ],
        ),
        term(-1, 0, &[], &[access(8, &[on(3), on(4), on(5)])]),
    ];
    let token = Map::GatherPublic { loop_index: 9, tensor: 9 };
    let embed = vec![
        term(1, 0, &[2], &[access(10, &[token, on(2)]), access(0, &[affine(&[], 1), on(2)])]),
        term(3, 0, &[], &[access(3, &[affine(&[], 2), Map::Gather { loop_index: 9, list: 0 }])]),
        term(-1, 0, &[], &[access(11, &[on(9)])]),
    ];
    let zero =
        |loops: &[u32], terms| ZeroConstraint { scope: Scope::Proof, loops: loops.to_vec(), expr: Expr { terms } };
    let plain = |t: u32, maps: &[Map]| vec![term(1, 0, &[], &[access(t, maps)])];
    let relation = Relation {
        annotation: b"round trip".to_vec(),
        tensors,
        loops,
        lists: vec![vec![60, -1, 0, 69]],
        tables: vec![
            Table { id: 0, columns: vec![4] },
            Table { id: 1, columns: vec![5] },
            Table { id: 9, columns: vec![13, 12] },
        ],
        lookups: vec![
            lookup(0, &[0, 1], vec![remainder]),
            lookup(1, &[0, 1], vec![plain(3, &[on(0), on(1)])]),
            lookup(2, &[0, 2], vec![plain(0, &[on(0), on(2)]), plain(14, &[on(0), on(2)])]),
        ],
        zeros: vec![zero(&[3, 4, 5], conv), zero(&[9], embed)],
    };
    let x = numbers.take(15, -8, 7);
    let w = numbers.take(350, -8, 7);
    let b = numbers.take(70, -128, 127);
    let image = numbers.take(60, -8, 7);
    let kernel = numbers.take(36, -8, 7);
    let embedding = numbers.take(50, -100, 100);
    let tokens = numbers.take(4, 0, 9);
    let y: Vec<i64> = (0..210)
        .map(|k| {
            let (i, o) = (k / 70, k % 70);
            let sum: i64 = (0..5).map(|j| x[i * 5 + j] * w[o * 5 + j]).sum();
            (sum + b[o] + 4).div_euclid(8)
        })
        .collect();
    let pixel = |c: usize, i: i64, j: i64| {
        if (0..6).contains(&i) && (0..5).contains(&j) { image[c * 30 + i as usize * 5 + j as usize] } else { 0 }
    };
    let convolution: Vec<i64> = (0..18)
        .map(|k| {
            let (oc, oh, ow) = (k / 9, (k / 3) % 3, k % 3);
            let mut sum = 0;
            for ic in 0..2 {
                for kh in 0..3 {
                    for kw in 0..3 {
                        let value = pixel(ic, (2 * oh + kh) as i64 - 1, (2 * ow + kw) as i64 - 1);
                        sum += value * kernel[((oc * 2 + ic) * 3 + kh) * 3 + kw];
                    }
                }
            }
            sum
        })
        .collect();
    let gathered = [60i64, -1, 0, 69];
    let embedded: Vec<i64> = (0..4)
        .map(|t| {
            let product: i64 = (0..5).map(|j| embedding[tokens[t] as usize * 5 + j] * x[5 + j]).sum();
            product + if gathered[t] < 0 { 0 } else { 3 * y[140 + gathered[t] as usize] }
        })
        .collect();
    let squares: Vec<i64> = (-10..=10).map(|v| v * v).collect();
    let squared: Vec<i64> = x.iter().map(|v| v * v).collect();
    let values = [
        (0, x),
        (1, w),
        (2, b),
        (3, y),
        (6, image),
        (7, kernel),
        (8, convolution),
        (9, tokens),
        (10, embedding),
        (11, embedded),
        (12, squares),
        (14, squared),
    ];
    let tensors = values
        .into_iter()
        .map(|(t, v)| (t, Data::checked(&relation.tensors[t], t, &v).expect("fixture fits")))
        .collect();
    Case { relation, tensors }
}

fn part(case: &Case, wanted: impl Fn(Column) -> bool) -> TensorMap {
    case.tensors
        .iter()
        .filter(|(t, _)| wanted(case.relation.tensors[**t].column))
        .map(|(t, data)| (*t, data.clone()))
        .collect()
}

fn is_key(column: Column) -> bool {
    matches!(column, Column::Model | Column::Table)
}

fn keys(case: &Case, log_row: u8) -> ProvingKey {
    keys_by(case, &Scheme::transparent(log_row))
}

/// Powers of a tau that everybody knows.
fn powers(log_row: u8) -> (Powers, G2Affine) {
    let tau = Fr::from(0x5eed_u64);
    let scalars = std::iter::successors(Some(Fr::from(1u64)), |last| Some(*last * tau)).take(1 << log_row);
    let points: Vec<G1Projective> = scalars.map(|scalar| G1Projective::generator() * scalar).collect();
    (Powers::new(G1Projective::normalize_batch(&points)), (G2Affine::generator() * tau).into_affine())
}

/// Both lookup arguments under both openings.
fn schemes(log_row: u8) -> Vec<Scheme> {
    let lanes = [1, 2, 4].map(|lanes| LookupArgument::Helper { lanes });
    let arguments = std::iter::once(LookupArgument::Tree).chain(lanes);
    let scheme = |argument| [None, Some(powers(log_row))].map(|powers| Scheme { log_row, argument, powers });
    arguments.flat_map(scheme).collect()
}

fn keys_by(case: &Case, scheme: &Scheme) -> ProvingKey {
    let made = setup(case.relation.clone(), scheme, &part(case, is_key), &mut |_, _| true).expect("setup");
    let bytes = made.verifying_key.encode();
    let key = VerifyingKey::decode(&bytes).expect("key decodes");
    assert_eq!(key.model_id(), made.verifying_key.model_id());
    let blindings = zkseal_prover::columns::encode_blindings(&made.model_blindings);
    let powers = scheme.powers.as_ref().map(|(powers, _)| powers.clone());
    ProvingKey::new(key, &blindings, part(case, is_key), powers).expect("proving key")
}

fn input(case: &Case) -> ProveInput {
    ProveInput {
        context: b"context".to_vec(),
        tensors: part(case, |column| !is_key(column)),
        input_blindings: None,
        output_blindings: None,
    }
}

#[test]
fn test_honest_proofs_verify_at_several_row_lengths() {
    for log_row in [8, 9, 11] {
        let case = case(7);
        let key = keys(&case, log_row);
        let made = key.prove(&input(&case), &mut |_, _| true).expect("proof");
        assert_eq!(made.proof.len(), key.verifying_key().layout().proof_bytes());
        verify(key.verifying_key(), &made.statement, &made.proof).unwrap_or_else(|e| panic!("c = {log_row}: {e}"));
    }
}

#[test]
fn test_every_scheme_proves_and_binds_every_word() {
    let case = case(7);
    for scheme in schemes(9) {
        let key = keys_by(&case, &scheme);
        let params = key.verifying_key().layout().params;
        let made = key.prove(&input(&case), &mut |_, _| true).expect("proof");
        assert_eq!(made.proof.len(), key.verifying_key().layout().proof_bytes());
        verify(key.verifying_key(), &made.statement, &made.proof).unwrap_or_else(|e| panic!("{params:?}: {e}"));
        let mut statement = made.statement.clone();
        statement.context.push(0);
        assert!(verify(key.verifying_key(), &statement, &made.proof).is_err());
        for word in 0..made.proof.len() / 32 {
            let mut changed = made.proof.clone();
            changed[word * 32 + 31] ^= 1;
            assert!(verify(key.verifying_key(), &made.statement, &changed).is_err(), "{params:?}: word {word}");
        }
    }
}

#[test]
fn test_powers_of_tau_go_with_their_key_alone() {
    let case = case(7);
    let scheme = Scheme { log_row: 9, argument: LookupArgument::Tree, powers: Some(powers(9)) };
    let key = keys_by(&case, &scheme).verifying_key().clone();
    let refused = |powers| ProvingKey::new(key.clone(), &[], part(&case, is_key), powers).err().map(|e| e.to_string());
    assert!(refused(None).is_some_and(|message| !message.is_empty()));
    let short = Scheme { powers: Some(powers(8)), ..scheme.clone() };
    let failure = setup(case.relation.clone(), &short, &part(&case, is_key), &mut |_, _| true).err();
    assert_eq!(failure.map(|e| e.to_string()).as_deref(), Some("a row has more entries than there are powers"));
    // Another tau*G2 under the same digest, and the digest of another.
    let mut bytes = key.encode();
    let other = (G2Affine::generator() * Fr::from(77u64)).into_affine();
    bytes[43..171].copy_from_slice(&zkseal_commit::kzg::encode_g2(&other));
    assert!(VerifyingKey::decode(&bytes).is_err());
    bytes[11..43].copy_from_slice(&zkseal_commit::kzg::setup_digest(&other));
    assert!(matches!(VerifyingKey::decode(&bytes), Err(VerifyError::ModelProofRejected { .. })));
}

#[test]
fn test_inputs_open_with_the_powers_of_their_entries() {
    let case = case(7);
    // Rows of the input end inside a row of 2^9, and take all of one of 2^7.
    for (log_row, expected) in [(9, 160), (8, 160), (7, 128)] {
        let (all, tau_g2) = powers(log_row);
        let argument = LookupArgument::Helper { lanes: 4 };
        let key = keys_by(&case, &Scheme { log_row, argument, powers: Some((all.clone(), tau_g2)) });
        let made = key.prove(&input(&case), &mut |_, _| true).expect("proof");
        let needed = opening_powers(key.verifying_key().layout());
        assert_eq!(needed, expected);
        let opens = |powers: Option<Powers>, column: Column| {
            let (blindings, commitments) = match column {
                Column::Input => (&made.input_blindings, &made.statement.input),
                _ => (&made.output_blindings, &made.statement.output),
            };
            let tensors = part(&case, |c| c == column);
            check_opening(key.verifying_key(), powers.as_ref(), column, &tensors, blindings, commitments)
        };
        for column in [Column::Input, Column::Output] {
            for count in [needed, 1 << log_row] {
                assert_eq!(opens(Some(Powers::new(all.g1()[..count].to_vec())), column), Ok(true));
            }
            let mut other = all.g1()[..needed].to_vec();
            other[0] = other[1];
            assert_eq!(opens(Some(Powers::new(other)), column), Ok(false));
            for few in [None, Some(Powers::new(all.g1()[..needed - 1].to_vec()))] {
                assert!(matches!(opens(few, column), Err(ProveError::Powers { .. })));
            }
        }
    }
}

#[test]
fn test_everything_public_is_bound() {
    let case = case(3);
    let key = keys(&case, 8);
    let made = key.prove(&input(&case), &mut |_, _| true).expect("proof");
    let check = |statement, proof: &[u8]| verify(key.verifying_key(), statement, proof);
    let mut statement = made.statement.clone();
    statement.context.push(0);
    assert_eq!(check(&statement, &made.proof), Err(VerifyError::LinearClaimRejected));
    let mut statement = made.statement.clone();
    if let Some(values) = statement.public.get_mut(&11) {
        values[2] += 1;
    }
    assert_eq!(check(&statement, &made.proof), Err(VerifyError::LinearClaimRejected));
    let mut statement = made.statement.clone();
    statement.input[0] = statement.output[0];
    assert!(check(&statement, &made.proof).is_err());
    let other = keys(&case, 8);
    assert_ne!(other.verifying_key().model_id(), key.verifying_key().model_id(), "fresh blindings, another key");
    assert!(verify(other.verifying_key(), &made.statement, &made.proof).is_err());
}

#[test]
fn test_every_word_of_a_proof_is_bound() {
    let case = case(5);
    let key = keys(&case, 8);
    let made = key.prove(&input(&case), &mut |_, _| true).expect("proof");
    for word in 0..made.proof.len() / 32 {
        let mut changed = made.proof.clone();
        changed[word * 32 + 31] ^= 1;
        assert!(verify(key.verifying_key(), &made.statement, &changed).is_err(), "word {word}");
    }
    for len in [0, 31, made.proof.len() - 1] {
        let cut = verify(key.verifying_key(), &made.statement, &made.proof[..len]);
        assert!(matches!(cut, Err(VerifyError::WrongLength { .. })));
    }
}

#[test]
fn test_unsatisfied_lookup_is_named_before_proving() {
    let mut case = case(9);
    let key = keys(&case, 8);
    let mut y = case.tensors[&3].to_i64();
    y[71] = if y[71] == 63 { 62 } else { y[71] + 1 };
    case.tensors.insert(3, Data::narrow(&y, -64, 63));
    let failure = key.prove(&input(&case), &mut |_, _| true).err().map(|e| e.to_string());
    assert_eq!(failure.as_deref(), Some("lookup 0 is not satisfied at index [1, 1]"));
}

#[test]
fn test_two_proofs_of_one_input_share_nothing() {
    let case = case(11);
    let key = keys(&case, 8);
    let first = key.prove(&input(&case), &mut |_, _| true).expect("proof");
    let second = key.prove(&input(&case), &mut |_, _| true).expect("proof");
    assert!(first.statement.input.iter().all(|point| !second.statement.input.contains(point)));
    let words =
        |proof: &[u8]| -> std::collections::BTreeSet<Vec<u8>> { proof.chunks(32).map(<[u8]>::to_vec).collect() };
    assert!(words(&first.proof).is_disjoint(&words(&second.proof)));
}

#[test]
fn test_commitments_made_before_a_proof_are_its_own() {
    let case = case(7);
    for scheme in schemes(9) {
        let key = keys_by(&case, &scheme);
        let private = part(&case, |c| matches!(c, Column::Input | Column::Output));
        let made = key.commit(&private).expect("commitments");
        let again = ProveInput {
            input_blindings: Some(made.input_blindings.clone()),
            output_blindings: Some(made.output_blindings.clone()),
            ..input(&case)
        };
        let proved = key.prove(&again, &mut |_, _| true).expect("proof");
        assert_eq!((&proved.statement.input, &proved.statement.output), (&made.input, &made.output));
        verify(key.verifying_key(), &proved.statement, &proved.proof).expect("verifies");
        let other = key.commit(&private).expect("commitments");
        assert!(made.input.iter().all(|point| !other.input.contains(point)), "fresh blindings");
        let blindings = (Some(&made.input_blindings[..]), Some(&made.output_blindings[..]));
        let repeated = key.commit_again(&private, blindings.0, blindings.1).expect("commitments");
        assert_eq!((repeated.input, repeated.output), (made.input.clone(), made.output.clone()));
        let short = key.commit_again(&private, Some(&made.input_blindings[1..]), None);
        assert!(matches!(short, Err(ProveError::WrongBlindings { .. })));
        let mut missing = private;
        let first = *missing.keys().next().expect("a tensor");
        missing.remove(&first);
        assert!(matches!(key.commit(&missing), Err(ProveError::MissingTensor { .. })));
    }
}

#[test]
fn test_other_weights_or_blindings_do_not_open_the_commitments() {
    let case = case(7);
    for scheme in schemes(9) {
        let made = setup(case.relation.clone(), &scheme, &part(&case, is_key), &mut |_, _| true).expect("setup");
        let key = std::sync::Arc::new(VerifyingKey::decode(&made.verifying_key.encode()).expect("key"));
        let powers = || scheme.powers.as_ref().map(|(powers, _)| powers.clone());
        let joined = |blindings: &[u8], tensors: TensorMap| {
            ProvingKey::new(key.clone(), blindings, tensors, powers()).expect("proving key")
        };
        let blindings = zkseal_prover::columns::encode_blindings(&made.model_blindings);
        assert_eq!(joined(&blindings, part(&case, is_key)).opens_commitments(), Ok(true));
        let mut tensors = part(&case, is_key);
        let (_, weight) = tensors.iter_mut().next().expect("a weight");
        let mut values = weight.to_i64();
        values[0] = if values[0] == 0 { 1 } else { 0 };
        *weight = Data::narrow(&values, -128, 127);
        assert_eq!(joined(&blindings, tensors).opens_commitments(), Ok(false));
        let mut others = blindings.clone();
        others[31] ^= 1;
        assert_eq!(joined(&others, part(&case, is_key)).opens_commitments(), Ok(false));
    }
}

#[test]
fn test_weight_outside_its_bounds_is_refused() {
    let case = case(13);
    let mut tensors = part(&case, is_key);
    let mut w = tensors[&1].to_i64();
    w[17] = 8;
    tensors.insert(1, Data::narrow(&w, -128, 127));
    let refused =
        setup(case.relation.clone(), &Scheme::transparent(8), &tensors, &mut |_, _| true).err().map(|e| e.to_string());
    assert_eq!(refused.as_deref(), Some("tensor 1 has a value outside its bounds at position 17"));
    assert_eq!(scalar_from_i64(-1) + Fr::from(1u64), Fr::from(0u64));
}
