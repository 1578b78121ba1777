//! Bytes of a verifying key.

use zkseal_verifier::VerifyingKey;

/// Input: key bytes.
pub fn run(data: &[u8]) {
    if let Ok(key) = VerifyingKey::decode(data) {
        assert_eq!(key.encode(), data, "key bytes are canonical");
    }
}
