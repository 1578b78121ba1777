//! Bytes of a verifying key.

use super::refused;
use zkseal_relation::{encode, params::PARAMS_BYTES};
use zkseal_verifier::{Verified, VerifyingKey, model_id};

/// Input: key bytes.
pub fn run(data: &[u8]) {
    let key = match VerifyingKey::decode(data) {
        Ok(key) => key,
        Err(error) => return refused(&error),
    };
    assert_eq!(key.encode(), data, "key bytes are canonical");
    let proof = model_proof(&key, data);
    let again = assembled(&key, 0, proof).expect("the parts of a key are a key");
    assert_eq!(again.encode(), data, "a key of the same parts has the same bytes");
    assert_eq!(again.model_id(), key.model_id(), "the name of a model is a function of its parts");
    let parts = key.instance();
    assert_eq!(
        key.model_id(),
        model_id(&key.layout().params, key.relation_digest(), parts.model, parts.table),
        "the name of a model can be computed without its key"
    );
    for dropped in 1..=parts.model.len().min(2) {
        assert!(assembled(&key, dropped, proof).is_err(), "a key without some of its commitments is refused");
    }
    assert!(assembled(&key, 0, &[proof, &[0]].concat()).is_err(), "a longer model proof is refused");
}

/// The key's parts put together again, without the last `dropped` commitments of the model.
fn assembled(key: &VerifyingKey, dropped: usize, proof: &[u8]) -> Verified<VerifyingKey> {
    let parts = key.instance();
    let model = parts.model[..parts.model.len() - dropped].to_vec();
    let setup = key.setup().cloned();
    VerifyingKey::new(key.relation().clone(), key.layout().params, model, parts.table.to_vec(), proof.to_vec(), setup)
}

/// The model proof is what lies behind everything else.
fn model_proof<'a>(key: &VerifyingKey, data: &'a [u8]) -> &'a [u8] {
    let points = key.instance().model.len() + key.instance().table.len();
    let heads = 4 + 2 + PARAMS_BYTES + key.setup().map_or(0, |_| 128) + 4 * 4;
    &data[heads + encode(key.relation()).len() + 64 * points..]
}
