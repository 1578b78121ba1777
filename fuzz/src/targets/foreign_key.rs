//! Keys of a stranger: any relation, under which a well-formed proof of nothing is checked. The equations are reached, and
//! no relation may make them panic, hang or fill the memory.

use super::refused;
use crate::filler;
use crate::schemes::{opening_setup, params};
use zkseal_field::Fr;
use zkseal_relation::{Column, Layout, codec, decode, validate::validate};
use zkseal_verifier::{Instance, ProofKind, VerifyingKey, check_proof};

/// 2^4 to 2^10: longer rows only make the opening slower.
const LOG_ROWS: u8 = 7;

/// Input: logarithm of the row length, the way to prove, the proof's scalar, then relation bytes.
pub fn run(data: &[u8]) {
    let [log_row, choice, scalar, bytes @ ..] = data else { return };
    let scalar = Fr::from(*scalar);
    let Ok(relation) = decode(bytes) else { return };
    let params = params(*log_row % LOG_ROWS, *choice);
    if validate(&relation).is_err() {
        return;
    }
    let Ok(layout) = Layout::new(&relation, params) else { return };
    if !filler::is_small(&layout) {
        return;
    }
    let key = filler::key(&relation, &layout, scalar).and_then(|key| VerifyingKey::decode(&key).ok());
    if let Some(key) = key {
        assert_eq!(key.relation_digest(), &codec::digest(&relation), "a key holds its relation");
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
        setup: opening_setup(&params),
    };
    let verdict = check_proof(&instance, &filler::statement(&relation, &layout), &filler::proof(&layout, scalar));
    refused(&verdict.expect_err("a proof of nothing is refused"));
}
