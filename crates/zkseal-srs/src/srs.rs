//! Reading, checking and judging in one call.

use std::path::Path;

use ark_bn254::G2Affine;
use zkseal_commit::kzg::{Origin, encode_g2, setup_digest};
use zkseal_field::{AffineRepr, G1Affine};
use zkseal_transcript::keccak256;

use crate::check::{check_lagrange, check_powers};
use crate::digests::{blake2b, hex, known, sha256};
use crate::error::{Place, SrsError};
use crate::formats::{Format, parse};
use crate::points::{Coding, g1_table};

/// Powers to keep where a caller has no wish: enough for 2^16 coefficients and one more.
pub const DEFAULT_MAX_POWERS: usize = (1 << 16) + 1;

/// Whether a setup of unknown origin is acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Only the published ceremonies.
    Pinned,
    /// Any consistent setup; for tests, since its maker may know tau.
    Insecure,
}

/// A checked setup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Srs {
    /// `tau^0 G1, tau^1 G1, ..`: as many as were asked for, or as the file has.
    pub g1: Vec<G1Affine>,
    /// `tau*G2`, for the standard generator of G2.
    pub tau_g2: G2Affine,
    /// The ceremony that it comes from.
    pub origin: Origin,
    /// Layout of the file.
    pub format: Format,
    /// Powers in the file, all of them checked; `tau^0` is counted, though an Ignition transcript leaves it out.
    pub powers_in_file: usize,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
    /// BLAKE2b-512 of the file.
    pub blake2b: [u8; 64],
    /// Published name of the file, if its digest is that of a published one.
    pub known_digest: Option<&'static str>,
}

/// Reads a setup from the bytes of a file, checks all of it, and keeps the first `max_powers` powers.
///
/// # Errors
/// What is wrong, and where; [`SrsError::UnknownOrigin`] for a sound file of no published ceremony, under
/// [`Trust::Pinned`].
pub fn read(bytes: &[u8], max_powers: usize, trust: Trust) -> Result<Srs, SrsError> {
    let parsed = parse(bytes)?;
    let (sha256, blake2b) = rayon::join(|| sha256(bytes), || blake2b(bytes));
    let tau_g2 = check_powers(&parsed.g1, &parsed.g2, &keccak256(&[b"zkseal srs check v1", &sha256, &blake2b]))?;
    check_lagrange(&parsed.lagrange)?;
    let origin = Origin::of(&tau_g2);
    if origin == Origin::Unknown && trust == Trust::Pinned {
        return Err(SrsError::UnknownOrigin { setup_digest: hex(&setup_digest(&tau_g2)) });
    }
    let (format, powers_in_file, mut g1) = (parsed.format, parsed.g1.len(), parsed.g1);
    g1.truncate(max_powers);
    g1.shrink_to_fit();
    let known_digest = known(&sha256, &blake2b);
    Ok(Srs { g1, tau_g2, origin, format, powers_in_file, sha256, blake2b, known_digest })
}

/// Powers in G1 that came from a checked setup and were kept without the file: 64 bytes each, x and y big-endian.
/// They are checked again, as powers of the tau of this `tau*G2`. The origin is for the caller to judge.
///
/// # Errors
/// Where a power was changed; [`SrsError::TooFewPowers`] for less than two.
pub fn restore(bytes: &[u8], tau_g2: &G2Affine) -> Result<Vec<G1Affine>, SrsError> {
    if !bytes.len().is_multiple_of(64) {
        let expected = u64::try_from(bytes.len().next_multiple_of(64)).unwrap_or(u64::MAX);
        let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        return Err(SrsError::Truncated { what: "the last power", expected, found });
    }
    let g1 = g1_table(Coding::BigEndian, bytes, Place::Power)?;
    let seed = keccak256(&[b"zkseal srs restore v1", bytes, &encode_g2(tau_g2)]);
    check_powers(&g1, &[G2Affine::generator(), *tau_g2], &seed).map(|_| g1)
}

/// [`read`] for a file.
///
/// # Errors
/// Those of [`read`], and [`SrsError::Io`].
pub fn load(path: impl AsRef<Path>, max_powers: usize, trust: Trust) -> Result<Srs, SrsError> {
    let path = path.as_ref();
    let bytes = std::fs::read(path)
        .map_err(|error| SrsError::Io { path: path.display().to_string(), reason: error.to_string() })?;
    read(&bytes, max_powers, trust)
}
