//! The key of one sealed model. Nothing reads its bytes out: it leaves only sealed to somebody's public key.

use crate::error::{SealError, array};
use crate::hpke::hpke_seal;
use crate::random::random;
use zeroize::Zeroizing;

/// 32 random bytes from which the keys of a sealed model are derived.
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// A fresh key.
    pub fn generate() -> Result<Self, SealError> {
        random().map(Self)
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        Ok(Self(Zeroizing::new(array("data key", bytes)?)))
    }

    /// The key, sealed to a public key under `info` and `aad`.
    pub fn seal_to(&self, public_key: &[u8], info: &[u8], aad: &[u8]) -> Result<Vec<u8>, SealError> {
        hpke_seal(public_key, info, aad, self.0.as_slice())
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}
