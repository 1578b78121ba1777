//! What a request of `verify` holds, in CBOR:
//!
//! ```text
//! [key, context, [[tensor, values], ..], [input commitment, ..], [output commitment, ..], proof]
//! ```
//!
//! Values are 8 bytes each, big-endian, two's complement; commitments are compressed points of 32 bytes.

use crate::replies::Refusal;
use minicbor::Decoder;
use zkseal_field::{G1Affine, decompress};
use zkseal_relation::PublicValues;
use zkseal_verifier::{Statement, VerifyError};

/// A statement, its proof, and the number of the key to check them under.
#[derive(Debug)]
pub struct Request<'a> {
    /// What `load_key` answered.
    pub key: u32,
    /// Context, public values, commitments.
    pub statement: Statement,
    /// The bytes of the proof.
    pub proof: &'a [u8],
}

impl<'a> Request<'a> {
    /// Reads a request of `verify`.
    ///
    /// # Errors
    /// A commitment that is no point, as the verifier refuses it; `InternalError` for a request that no host makes.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let mut decoder = Decoder::new(bytes);
        require(decoder.array()?, 6)?;
        let key = decoder.u32()?;
        let context = decoder.bytes()?.to_vec();
        let public = public_values(&mut decoder)?;
        let input = commitments(&mut decoder)?;
        let output = commitments(&mut decoder)?;
        let proof = decoder.bytes()?;
        if decoder.position() != bytes.len() {
            return Err(Refusal::internal("a request has a tail"));
        }
        Ok(Self { key, statement: Statement { context, public, input, output }, proof })
    }
}

/// Reads a request that holds the number of a key and nothing else.
///
/// # Errors
/// `InternalError`.
pub fn read_key_number(bytes: &[u8]) -> Result<u32, Refusal> {
    let mut decoder = Decoder::new(bytes);
    require(decoder.array()?, 1)?;
    Ok(decoder.u32()?)
}

fn require(count: Option<u64>, expected: u64) -> Result<(), Refusal> {
    if count == Some(expected) { Ok(()) } else { Err(Refusal::internal("a request has another number of parts")) }
}

fn public_values(decoder: &mut Decoder<'_>) -> Result<PublicValues, Refusal> {
    let mut values = PublicValues::new();
    for _ in 0..counted(decoder.array()?)? {
        require(decoder.array()?, 2)?;
        let tensor = usize::try_from(decoder.u32()?).unwrap_or(usize::MAX);
        let (words, rest) = decoder.bytes()?.as_chunks();
        if !rest.is_empty() || values.insert(tensor, words.iter().map(|w| i64::from_be_bytes(*w)).collect()).is_some() {
            return Err(Refusal::internal("a request has public values that are cut, or a tensor twice"));
        }
    }
    Ok(values)
}

fn commitments(decoder: &mut Decoder<'_>) -> Result<Vec<G1Affine>, Refusal> {
    (0..counted(decoder.array()?)?)
        .map(|index| {
            let bytes = decoder.bytes()?;
            let what = "commitment";
            let short = || VerifyError::WrongLength { what, expected: 32, got: bytes.len() };
            let word = bytes.try_into().map_err(|_| Refusal::from(&short()))?;
            let at = index.saturating_mul(32);
            decompress(word).map_err(|cause| Refusal::from(&VerifyError::Encoding { what, at, cause }))
        })
        .collect()
}

fn counted(count: Option<u64>) -> Result<usize, Refusal> {
    let count = count.and_then(|count| usize::try_from(count).ok());
    count.ok_or_else(|| Refusal::internal("a request has a list without a length"))
}
