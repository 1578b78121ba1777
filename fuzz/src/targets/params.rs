//! The 37 bytes of the parameters.

use super::refused;
use zkseal_relation::Params;

/// Input: parameter bytes.
pub fn run(data: &[u8]) {
    match Params::decode(data) {
        Ok(params) => {
            assert_eq!(params.encode(), data, "bytes are canonical");
            assert!((16..=65536).contains(&params.row_len()), "the row length is in its range");
        }
        Err(error) => refused(&error.into()),
    }
}
