//! Proof bytes under the layouts of the fixtures.

use super::refused;
use crate::fixture::FIXTURES;
use zkseal_verifier::Proof;

/// Input: which fixture and whether the length is made right (bit 0), then proof bytes.
pub fn run(data: &[u8]) {
    let Some((choice, bytes)) = data.split_first() else { return };
    let fixture = &FIXTURES[usize::from(choice >> 1) % FIXTURES.len()];
    let mut bytes = bytes.to_vec();
    if choice & 1 != 0 {
        bytes.resize(fixture.proof.len(), 0);
    }
    match Proof::decode(fixture.key.layout(), &bytes) {
        Ok(proof) => assert_eq!(proof.encode(), bytes, "proof bytes are canonical"),
        Err(error) => refused(&error),
    }
}
