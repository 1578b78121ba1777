//! Random bytes of the operating system, and of nothing else.

use crate::error::SealError;
use zeroize::Zeroizing;

/// Fresh random bytes, wiped when they are dropped.
pub fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, SealError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| SealError::Randomness)?;
    Ok(bytes)
}
