//! Keys of one sealed model, derived from its data key and the salt of its header.
//!
//! HKDF-SHA256 with one `info` for each use. Those of the tree and of the commitment do not depend on the header, as the
//! header holds the root and the commitment.

use crate::data_key::DataKey;
use crate::error::SealError;
use hkdf::Hkdf;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Bytes of a salt.
pub const SALT_BYTES: usize = 32;

const FILE: &[u8] = b"zkseal/sealed/v1";
const COMMITMENT: &[u8] = b"zkseal/sealed/v1/commitment";
const LEAF: &[u8] = b"zkseal/sealed/v1/leaf";
const NODE: &[u8] = b"zkseal/sealed/v1/node";

/// Which key is derived.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Use<'a> {
    /// The cipher's, of the file with this header digest.
    File(&'a [u8; 32]),
    /// None: a public value that stands for the data key.
    Commitment,
    /// The hash of chunks.
    Leaf,
    /// The hash of two subtrees.
    Node,
}

pub(crate) fn derive(
    key: &DataKey,
    salt: &[u8; SALT_BYTES],
    purpose: Use<'_>,
) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let info: [&[u8]; 2] = match purpose {
        Use::File(header) => [FILE, header],
        Use::Commitment => [COMMITMENT, &[]],
        Use::Leaf => [LEAF, &[]],
        Use::Node => [NODE, &[]],
    };
    let mut out = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(salt), key.bytes())
        .expand_multi_info(&info, out.as_mut_slice())
        .map_err(|_| SealError::Encoding { what: "derivation" })?;
    Ok(out)
}

impl DataKey {
    /// A public value that stands for this key. AES-GCM alone does not: one ciphertext may open under two keys.
    pub fn commitment(&self, salt: &[u8; SALT_BYTES]) -> Result<[u8; 32], SealError> {
        Ok(*derive(self, salt, Use::Commitment)?)
    }

    /// Refuses every key but the one that the commitment stands for, in constant time, before anything is decrypted.
    pub fn check(&self, salt: &[u8; SALT_BYTES], commitment: &[u8; 32]) -> Result<(), SealError> {
        let same: bool = self.commitment(salt)?.as_slice().ct_eq(commitment.as_slice()).into();
        if same { Ok(()) } else { Err(SealError::WrongKey) }
    }
}
