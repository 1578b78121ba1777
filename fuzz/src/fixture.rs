//! Real keys and accepted proofs. They lie in `fixture/`, so that a finding means the same on every machine; the program
//! `corpus fixture` writes them again when the protocol changes.

use crate::relations::{Case, cases};
use crate::schemes::scheme;
use std::path::PathBuf;
use std::sync::LazyLock;
use zkseal_field::{G1Affine, compress, decompress};
use zkseal_prover::columns::encode_blindings;
use zkseal_prover::{ProveInput, ProvingKey, TensorMap, setup};
use zkseal_relation::Column;
use zkseal_verifier::{Statement, VerifyingKey, verify};

/// Context of the proofs.
pub const CONTEXT: &[u8] = b"fuzz";

/// A key with a statement and a proof that it accepts.
pub struct Fixture {
    /// Bytes of the key.
    pub key_bytes: Vec<u8>,
    /// The key.
    pub key: VerifyingKey,
    /// What is proved.
    pub statement: Statement,
    /// The proof.
    pub proof: Vec<u8>,
}

/// The fixtures, in the order of [`cases`].
pub static FIXTURES: LazyLock<Vec<Fixture>> = LazyLock::new(|| cases().iter().map(load).collect());

fn file(case: &Case, suffix: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixture")).join(format!("{}.{suffix}", case.name))
}

fn load(case: &Case) -> Fixture {
    let read = |suffix| std::fs::read(file(case, suffix)).expect("a fixture file; `corpus fixture` writes it");
    let (key_bytes, proof) = (read("key"), read("proof"));
    let key = VerifyingKey::decode(&key_bytes).expect("a key of this protocol; `corpus fixture` writes it again");
    let commitments = read("commitments");
    let points: Vec<G1Affine> = commitments
        .chunks_exact(32)
        .map(|chunk| decompress(chunk.try_into().expect("32 bytes")).expect("a point"))
        .collect();
    let (input, output) = points.split_at(key.layout().num_rows(Column::Input));
    let statement = Statement {
        context: CONTEXT.to_vec(),
        public: part(case, |column| column == Column::Public).iter().map(|(t, data)| (*t, data.to_i64())).collect(),
        input: input.to_vec(),
        output: output.to_vec(),
    };
    verify(&key, &statement, &proof).expect("a proof of this protocol; `corpus fixture` writes it again");
    Fixture { key_bytes, key, statement, proof }
}

fn part(case: &Case, wanted: impl Fn(Column) -> bool) -> TensorMap {
    let tensors = case.tensors.iter().filter(|(t, _)| wanted(case.relation.tensors[**t].column));
    tensors.map(|(t, data)| (*t, data.clone())).collect()
}

/// Makes keys and proofs with the real prover and writes them to `fixture/`.
pub fn write() {
    for case in cases() {
        let is_key = |column| matches!(column, Column::Model | Column::Table);
        let committed = part(&case, is_key);
        let scheme = scheme(case.log_row, case.scheme);
        let made = setup(case.relation.clone(), &scheme, &committed, &mut |_, _| true).expect("setup");
        let key_bytes = made.verifying_key.encode();
        let blindings = encode_blindings(&made.model_blindings);
        let key = ProvingKey::new(made.verifying_key, &blindings, committed, scheme.powers.map(|(powers, _)| powers))
            .expect("a proving key");
        let input = ProveInput {
            context: CONTEXT.to_vec(),
            tensors: part(&case, |column| !is_key(column)),
            input_blindings: None,
            output_blindings: None,
        };
        let proved = key.prove(&input, &mut |_, _| true).expect("a proof");
        let points = proved.statement.input.iter().chain(&proved.statement.output);
        let commitments: Vec<u8> = points.flat_map(compress).collect();
        for (suffix, bytes) in [("key", &key_bytes), ("proof", &proved.proof), ("commitments", &commitments)] {
            std::fs::write(file(&case, suffix), bytes).expect("fixture/ can be written");
        }
    }
}
