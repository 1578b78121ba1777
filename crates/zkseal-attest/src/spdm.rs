//! Reports of NVIDIA GPUs and switches: an SPDM 1.1 GET_MEASUREMENTS request and its signed response (DMTF DSP0274, 10.11).
//!
//! Request: 37 bytes with the nonce. Response: header, measurement blocks, nonce, opaque data, and ECDSA P-384 over
//! everything before it. The opaque data is a list of (type, length, value), as in NVIDIA/nvtrust,
//! `local_gpu_verifier/src/verifier/attestation/spdm_msrt_resp_msg.py`.

use crate::certificate::Certificate;
use crate::chain::{Chain, Trust, chain};
use crate::error::AttestError;
use crate::key::Scheme;
use crate::reader::Reader;

const WHAT: &str = "SPDM report";
const SIGNATURE_BYTES: usize = 96;
const SPDM_1_1: u8 = 0x11;
const GET_MEASUREMENTS: u8 = 0xe0;
const MEASUREMENTS: u8 = 0x60;

/// What a report says.
#[derive(Debug, Clone)]
pub struct Report {
    /// Nonce of the request.
    pub nonce: [u8; 32],
    /// (index, value) of each measurement.
    pub measurements: Vec<(u8, Vec<u8>)>,
    /// (type, value) of each field of the opaque data.
    pub opaque: Vec<(u16, Vec<u8>)>,
}

fn fail(rule: impl ToString) -> AttestError {
    AttestError::format(WHAT, rule)
}

fn measurements(record: &[u8], blocks: u8) -> Result<Vec<(u8, Vec<u8>)>, AttestError> {
    let mut reader = Reader::new(record, WHAT);
    let mut found = Vec::new();
    for _ in 0..blocks {
        let index = reader.u8()?;
        if reader.u8()? != 1 {
            return Err(fail("a measurement does not follow DMTF"));
        }
        let mut block = Reader::new(reader_block(&mut reader)?, WHAT);
        block.u8()?; // what is measured
        let size = usize::from(block.u16_le()?);
        found.push((index, block.take(size)?.to_vec()));
        if !block.is_empty() || found.iter().filter(|(other, _)| *other == index).count() > 1 {
            return Err(fail("a measurement is longer than it says, or stands twice"));
        }
    }
    if !reader.is_empty() {
        return Err(fail("there are more measurements than it says"));
    }
    Ok(found)
}

fn reader_block<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], AttestError> {
    let size = usize::from(reader.u16_le()?);
    reader.take(size)
}

fn opaque_fields(data: &[u8]) -> Result<Vec<(u16, Vec<u8>)>, AttestError> {
    let mut reader = Reader::new(data, WHAT);
    let mut fields = Vec::new();
    while !reader.is_empty() {
        let kind = reader.u16_le()?;
        fields.push((kind, reader_block(&mut reader)?.to_vec()));
    }
    Ok(fields)
}

impl Report {
    /// Reads a request and its response.
    ///
    /// # Errors
    /// `Format`.
    pub fn decode(bytes: &[u8]) -> Result<Self, AttestError> {
        let mut reader = Reader::new(bytes, WHAT);
        let [version, code, _, _] = reader.array()?;
        if (version, code) != (SPDM_1_1, GET_MEASUREMENTS) {
            return Err(fail("it does not begin with GET_MEASUREMENTS of SPDM 1.1"));
        }
        let nonce = reader.array()?;
        reader.u8()?; // slot of the certificate chain
        let [version, code, _, _, blocks] = reader.array()?;
        if (version, code) != (SPDM_1_1, MEASUREMENTS) {
            return Err(fail("no MEASUREMENTS of SPDM 1.1 follow the request"));
        }
        let [l0, l1, l2] = reader.array()?;
        let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, 0])).map_err(fail)?;
        let measurements = measurements(reader.take(length)?, blocks)?;
        reader.take(32)?; // nonce of the device
        let opaque = opaque_fields(reader_block(&mut reader)?)?;
        reader.take(SIGNATURE_BYTES)?;
        if !reader.is_empty() {
            return Err(fail("bytes follow the signature"));
        }
        Ok(Self { nonce, measurements, opaque })
    }
}

/// Verifies a report under its certificates, leaf first: format, path, window, revocation, signature.
///
/// # Errors
/// In the order of `AttestError`.
pub fn verify(bytes: &[u8], certificates: &[Certificate], trust: &Trust<'_>) -> Result<(Report, Chain), AttestError> {
    let report = Report::decode(bytes)?;
    let (leaf, others) = certificates
        .split_first()
        .ok_or_else(|| AttestError::Chain { rule: "no certificates were given".to_string() })?;
    let chain = chain(leaf, others, trust)?;
    let (signed, signature) = bytes.split_at(bytes.len().saturating_sub(SIGNATURE_BYTES));
    leaf.key().verify(Scheme::EcdsaSha384, signed, signature, WHAT)?;
    Ok((report, chain))
}
