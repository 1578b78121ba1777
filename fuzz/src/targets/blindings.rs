//! Blindings of model, input and output rows.

use crate::fixture::FIXTURES;
use zkseal_prover::columns::{decode_blindings, encode_blindings};
use zkseal_relation::Column;

/// Input: blinding bytes, read for every column of every fixture.
pub fn run(data: &[u8]) {
    for fixture in FIXTURES.iter() {
        for column in Column::COMMITTED {
            if let Ok(blindings) = decode_blindings(fixture.key.layout(), column, data) {
                assert_eq!(encode_blindings(&blindings), data, "blindings are canonical");
            }
        }
    }
}
