//! Keys of a stranger: any relation, under which a well-formed proof of nothing is checked. The equations are reached, and
//! no relation may make them panic, hang or fill the memory.

use crate::filler;
use zkseal_commit::generators::setup_digest;
use zkseal_field::Fr;
use zkseal_relation::{Column, Layout, Params, codec, decode, validate::validate};
use zkseal_verifier::{Instance, ProofKind, VerifyingKey, check_proof};

/// Longer rows only make the opening slower.
const MAX_LOG_ROW: u8 = 10;

/// Input: logarithm of the row length, the proof's scalar, then relation bytes.
pub fn run(data: &[u8]) {
    let [log_row, scalar, bytes @ ..] = data else { return };
    let scalar = Fr::from(*scalar);
    let Ok(relation) = decode(bytes) else { return };
    let Ok(params) = Params::new((log_row % 13 + 4).min(MAX_LOG_ROW), setup_digest()) else { return };
    if validate(&relation).is_err() {
        return;
    }
    let Ok(layout) = Layout::new(&relation, params) else { return };
    if !filler::is_small(&layout) {
        return;
    }
    if let Some(key) = filler::key(&relation, &layout, scalar) {
        if let Ok(key) = VerifyingKey::decode(&key) {
            assert_eq!(key.relation_digest(), &codec::digest(&relation), "a key holds its relation");
        }
    }
    let digest = codec::digest(&relation);
    let rows = |column| filler::commitments(layout.num_rows(column));
    let (model, table) = (rows(Column::Model), rows(Column::Table));
    let instance = Instance {
        kind: ProofKind::Inference,
        relation: &relation,
        relation_digest: &digest,
        layout: &layout,
        model: &model,
        table: &table,
    };
    let verdict = check_proof(&instance, &filler::statement(&relation, &layout), &filler::proof(&layout, scalar));
    assert!(verdict.is_err(), "a proof of nothing is accepted");
}
