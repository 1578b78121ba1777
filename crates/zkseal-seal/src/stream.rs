//! Sections of a sealed model: the STREAM construction over AES-256-GCM, with random access by chunk.
//!
//! ```text
//! nonce = section (7 bytes) || number of the chunk (4) || 1 for the section's last chunk, else 0 (1)
//! aad   = digest of the header (32) || section (4)
//! ```
//!
//! Integers are big-endian. The key is of one file (see [`mod@crate::derive`]) and every chunk of it has a nonce of its
//! own. A chunk that is cut off, moved, repeated or taken from another file does not open. A section without bytes has one
//! empty chunk.

use crate::data_key::DataKey;
use crate::derive::{SALT_BYTES, Use, derive};
use crate::error::{SealError, array};
use crate::tree::{HASH_BYTES, TreeKey};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Bytes that a chunk grows by.
pub const TAG_BYTES: usize = 16;

/// Where a run of chunks lies.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Number of the section.
    pub section: u32,
    /// Number of the first chunk in its section.
    pub first: u32,
    /// The run ends with the section's last chunk, which may be shorter than the others.
    pub ends: bool,
    /// Bytes of plaintext in a whole chunk.
    pub chunk_bytes: usize,
}

/// The cipher and the tree of one sealed model.
pub struct FileKey {
    cipher: Aes256Gcm,
    header_digest: [u8; 32],
    tree: TreeKey,
}

impl FileKey {
    /// The key of the file with this salt and header.
    pub fn new(key: &DataKey, salt: &[u8; SALT_BYTES], header_digest: &[u8; 32]) -> Result<Self, SealError> {
        let cipher = Aes256Gcm::new((&*derive(key, salt, Use::File(header_digest))?).into());
        Ok(Self { cipher, header_digest: *header_digest, tree: TreeKey::new(key, salt)? })
    }

    /// The tree of the file.
    pub fn tree(&self) -> &TreeKey {
        &self.tree
    }

    /// Encrypts a run of chunks.
    pub fn seal(&self, place: Place, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        let chunks = pieces(place, plaintext.len(), place.chunk_bytes)?;
        let mut out = vec![0; plaintext.len() + chunks * TAG_BYTES];
        let mut sealed = out.as_mut_slice();
        for (chunk, piece) in split(plaintext, place.chunk_bytes).enumerate() {
            let (nonce, aad) = self.labels(place, chunk, chunks)?;
            let (body, rest) = sealed.split_at_mut_checked(piece.len()).ok_or_else(misplaced)?;
            let (tag, rest) = rest.split_at_mut_checked(TAG_BYTES).ok_or_else(misplaced)?;
            let buffer = InOutBuf::new(piece, body).map_err(|_| misplaced())?;
            let made = self.cipher.encrypt_inout_detached(&Nonce::from(nonce), &aad, buffer);
            tag.copy_from_slice(&made.map_err(|_| misplaced())?);
            sealed = rest;
        }
        Ok(out)
    }

    /// Decrypts a run of chunks into `out`, which is as long as their plaintext, and compares each with its leaf. Without
    /// leaves that is left to the caller: the table of leaves is checked against the root.
    ///
    /// Nothing of a chunk is written before its tag has been checked; on failure `out` is wiped.
    pub fn open(&self, place: Place, sealed: &[u8], leaves: Option<&[u8]>, out: &mut [u8]) -> Result<(), SealError> {
        let opened = self.open_all(place, sealed, leaves, out);
        if opened.is_err() {
            out.zeroize();
        }
        opened
    }

    fn open_all(
        &self,
        place: Place,
        sealed: &[u8],
        leaves: Option<&[u8]>,
        mut out: &mut [u8],
    ) -> Result<(), SealError> {
        let whole = place.chunk_bytes.checked_add(TAG_BYTES).ok_or_else(misplaced)?;
        let chunks = pieces(place, sealed.len(), whole)?;
        let length = sealed.len().checked_sub(chunks * TAG_BYTES).ok_or_else(truncated)?;
        if out.len() != length {
            return Err(SealError::Length { what: "run of chunks", expected: length, got: out.len() });
        }
        let mut expected = match leaves {
            None => None,
            Some(leaves) if leaves.len() == chunks * HASH_BYTES => Some(leaves.chunks_exact(HASH_BYTES)),
            Some(_) => return Err(SealError::Encoding { what: "table of leaves" }),
        };
        for (chunk, piece) in split(sealed, whole).enumerate() {
            let (nonce, aad) = self.labels(place, chunk, chunks)?;
            let length = piece.len().checked_sub(TAG_BYTES).ok_or_else(truncated)?;
            let (body, tag) = piece.split_at_checked(length).ok_or_else(truncated)?;
            let (plain, rest) = out.split_at_mut_checked(length).ok_or_else(misplaced)?;
            let tag: [u8; TAG_BYTES] = array("tag", tag)?;
            let buffer = InOutBuf::new(body, &mut *plain).map_err(|_| misplaced())?;
            self.cipher
                .decrypt_inout_detached(&Nonce::from(nonce), &aad, buffer, &tag.into())
                .map_err(|_| SealError::Open { what: "chunk" })?;
            if let Some(leaf) = expected.as_mut().and_then(Iterator::next) {
                let same: bool = self.tree.leaf(plain).as_slice().ct_eq(leaf).into();
                if !same {
                    let chunk = number(place, chunk)?;
                    return Err(SealError::Leaf { section: place.section, chunk });
                }
            }
            out = rest;
        }
        Ok(())
    }

    /// Nonce and associated data of the `chunk`-th of `chunks` chunks of a run.
    fn labels(&self, place: Place, chunk: usize, chunks: usize) -> Result<([u8; 12], [u8; 36]), SealError> {
        let last = place.ends && chunk + 1 == chunks;
        let section = place.section.to_be_bytes();
        let (mut nonce, mut aad) = ([0; 12], [0; 36]);
        for (into, from) in nonce
            .iter_mut()
            .zip([0; 3].into_iter().chain(section).chain(number(place, chunk)?.to_be_bytes()).chain([u8::from(last)]))
        {
            *into = from;
        }
        for (into, from) in aad.iter_mut().zip(self.header_digest.into_iter().chain(section)) {
            *into = from;
        }
        Ok((nonce, aad))
    }
}

/// Number of a chunk in its section.
fn number(place: Place, chunk: usize) -> Result<u32, SealError> {
    let index = u32::try_from(chunk).ok().and_then(|chunk| place.first.checked_add(chunk));
    index.ok_or(SealError::TooLong { what: "a section, in chunks,", limit: 1 << 32 })
}

/// Chunks of a run of `length` bytes; only a run that ends its section has a short one.
fn pieces(place: Place, length: usize, whole: usize) -> Result<usize, SealError> {
    if place.chunk_bytes == 0 || (!place.ends && !length.is_multiple_of(whole)) || (!place.ends && length == 0) {
        return Err(misplaced());
    }
    Ok(length.div_ceil(whole).max(1))
}

/// `bytes` in pieces of `whole`; no bytes are one empty piece.
fn split(bytes: &[u8], whole: usize) -> impl Iterator<Item = &[u8]> {
    let empty: &[u8] = &[];
    bytes.chunks(whole).chain(bytes.is_empty().then_some(empty))
}

fn misplaced() -> SealError {
    SealError::Encoding { what: "run of chunks" }
}

fn truncated() -> SealError {
    SealError::Open { what: "chunk" }
}

/// Leaves of a run of chunks, one after the other.
pub fn leaves(tree: &TreeKey, place: Place, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    pieces(place, plaintext.len(), place.chunk_bytes)?;
    Ok(split(plaintext, place.chunk_bytes).flat_map(|chunk| tree.leaf(chunk)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: [u8; 32] = [3; 32];
    const HEADER: [u8; 32] = [4; 32];

    fn place(first: u32, ends: bool) -> Place {
        Place { section: 1, first, ends, chunk_bytes: 64 }
    }

    fn key() -> (DataKey, FileKey) {
        let key = DataKey::generate().unwrap();
        let file = FileKey::new(&key, &SALT, &HEADER).unwrap();
        (key, file)
    }

    fn text(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at * 7 % 251) as u8).collect()
    }

    #[test]
    fn what_is_sealed_opens_at_every_length_and_in_every_run() {
        let (_, file) = key();
        for length in [0, 1, 63, 64, 65, 128, 200] {
            let plain = text(length);
            let sealed = file.seal(place(0, true), &plain).unwrap();
            let table = leaves(file.tree(), place(0, true), &plain).unwrap();
            let mut out = vec![0; length];
            file.open(place(0, true), &sealed, Some(&table), &mut out).unwrap();
            assert_eq!(out, plain);
        }
        let plain = text(200);
        let sealed = file.seal(place(0, true), &plain).unwrap();
        let mut out = vec![0; 64];
        file.open(place(1, false), &sealed[80..160], None, &mut out).unwrap();
        assert_eq!(out, plain[64..128]);
    }

    #[test]
    fn a_chunk_opens_nowhere_else() {
        let (key, file) = key();
        let sealed = file.seal(place(0, true), &text(200)).unwrap();
        let mut out = vec![9; 64];
        let chunk = &sealed[80..160];
        let refused = Err(SealError::Open { what: "chunk" });
        assert_eq!(file.open(place(0, false), chunk, None, &mut out), refused);
        assert_eq!(out, [0; 64], "nothing of a refused chunk is left");
        assert_eq!(file.open(place(1, true), chunk, None, &mut out), refused);
        assert_eq!(file.open(Place { section: 2, ..place(1, false) }, chunk, None, &mut out), refused);
        let other = FileKey::new(&key, &SALT, &[5; 32]).unwrap();
        assert_eq!(other.open(place(1, false), chunk, None, &mut out), refused);
        let other = FileKey::new(&key, &[5; 32], &HEADER).unwrap();
        assert_eq!(other.open(place(1, false), chunk, None, &mut out), refused);
    }

    #[test]
    fn a_holder_of_the_key_cannot_replace_a_chunk() {
        let (_, file) = key();
        let table = leaves(file.tree(), place(0, true), &text(200)).unwrap();
        let forged = file.seal(place(0, true), &[0; 200]).unwrap();
        let refused = Err(SealError::Leaf { section: 1, chunk: 0 });
        assert_eq!(file.open(place(0, true), &forged, Some(&table), &mut [0; 200]), refused);
    }

    #[test]
    fn runs_have_whole_chunks_and_the_right_size() {
        let (_, file) = key();
        let sealed = file.seal(place(0, true), &text(200)).unwrap();
        assert!(file.seal(place(0, false), &text(65)).is_err());
        assert!(file.seal(place(0, false), &[]).is_err());
        assert!(file.seal(place(u32::MAX, true), &text(65)).is_err());
        assert!(file.open(place(0, false), &sealed[..79], None, &mut [0; 63]).is_err());
        assert!(file.open(place(0, true), &sealed[..15], None, &mut []).is_err());
        assert!(file.open(place(0, true), &[], None, &mut []).is_err());
        assert!(file.open(place(0, true), &sealed, None, &mut [0; 199]).is_err());
        assert!(file.open(place(0, true), &sealed, Some(&[0; 32]), &mut [0; 200]).is_err());
    }

    #[test]
    fn a_commitment_stands_for_one_key() {
        let (key, _) = key();
        let commitment = key.commitment(&SALT).unwrap();
        key.check(&SALT, &commitment).unwrap();
        assert_eq!(DataKey::generate().unwrap().check(&SALT, &commitment), Err(SealError::WrongKey));
        assert_eq!(key.check(&[0; 32], &commitment), Err(SealError::WrongKey));
    }
}
