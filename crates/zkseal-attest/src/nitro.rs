//! AWS Nitro attestation documents: COSE_Sign1 (RFC 9052) with ES384 over a CBOR map that carries its own certificates.
//!
//! Source: github.com/aws/aws-nitro-enclaves-nsm-api, docs/attestation_process.md, sections 3.1 and 3.2.

use crate::certificate::Certificate;
use crate::chain::{Chain, Trust, chain};
use crate::error::AttestError;
use crate::key::Scheme;
use minicbor::Decoder;
use minicbor::data::{Tag, Type};

const WHAT: &str = "Nitro document";
/// More than any document: NSM makes at most 16 KiB.
const MAX_BYTES: usize = 1 << 16;

/// What a document says.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The enclave and the instance under it.
    pub module_id: String,
    /// When it was made, Unix milliseconds.
    pub timestamp_ms: u64,
    /// Platform configuration registers by number.
    pub pcrs: Vec<(u64, Vec<u8>)>,
    /// Leaf certificate.
    pub certificate: Vec<u8>,
    /// Root first.
    pub cabundle: Vec<Vec<u8>>,
    /// Key that the enclave chose.
    pub public_key: Option<Vec<u8>>,
    /// Data that the enclave chose.
    pub user_data: Option<Vec<u8>>,
    /// Nonce that the enclave was given.
    pub nonce: Option<Vec<u8>>,
}

fn fail(rule: impl ToString) -> AttestError {
    AttestError::format(WHAT, rule)
}

/// Length of an array or map that the signature does not cover: indefinite lengths are refused.
fn definite(length: Result<Option<u64>, minicbor::decode::Error>) -> Result<u64, AttestError> {
    length.map_err(fail)?.ok_or_else(|| fail("a length is indefinite"))
}

/// Calls `entry` for each entry of a map or array; inside the payload NSM writes indefinite lengths, too.
fn each<'a>(
    decoder: &mut Decoder<'a>,
    length: Option<u64>,
    mut entry: impl FnMut(&mut Decoder<'a>) -> Result<(), AttestError>,
) -> Result<(), AttestError> {
    let mut done = 0u64;
    loop {
        match length {
            Some(count) if done == count => return Ok(()),
            None if decoder.datatype().map_err(fail)? == Type::Break => {
                decoder.skip().map_err(fail)?;
                return Ok(());
            }
            Some(_) | None => entry(decoder)?,
        }
        done = done.saturating_add(1);
    }
}

fn optional_bytes(decoder: &mut Decoder<'_>) -> Result<Option<Vec<u8>>, AttestError> {
    if decoder.datatype().map_err(fail)? == Type::Null {
        decoder.null().map_err(fail)?;
        return Ok(None);
    }
    Ok(Some(decoder.bytes().map_err(fail)?.to_vec()))
}

impl Document {
    fn decode(payload: &[u8]) -> Result<Self, AttestError> {
        let mut decoder = Decoder::new(payload);
        let mut document = Self::default();
        let mut seen = Vec::new();
        let length = decoder.map().map_err(fail)?;
        each(&mut decoder, length, |decoder| {
            let name = decoder.str().map_err(fail)?;
            if seen.contains(&name) {
                return Err(fail("a field stands twice"));
            }
            seen.push(name);
            document.read(name, decoder)
        })?;
        let needed = ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"];
        if needed.iter().any(|name| !seen.contains(name)) || decoder.position() != payload.len() {
            return Err(fail("a field is missing, or bytes follow"));
        }
        Ok(document)
    }

    /// Reads the value of the field `name`.
    fn read(&mut self, name: &str, decoder: &mut Decoder<'_>) -> Result<(), AttestError> {
        match name {
            "module_id" => self.module_id = decoder.str().map_err(fail)?.to_string(),
            "digest" => {
                if decoder.str().map_err(fail)? != "SHA384" {
                    return Err(fail("the digest is not SHA384"));
                }
            }
            "timestamp" => self.timestamp_ms = decoder.u64().map_err(fail)?,
            "pcrs" => {
                let length = decoder.map().map_err(fail)?;
                each(decoder, length, |decoder| {
                    let number = decoder.u64().map_err(fail)?;
                    let value = decoder.bytes().map_err(fail)?.to_vec();
                    if value.len() != 48 || self.pcrs.iter().any(|(other, _)| *other == number) {
                        return Err(fail("a PCR stands twice or has no 48 bytes"));
                    }
                    self.pcrs.push((number, value));
                    Ok(())
                })?;
            }
            "certificate" => self.certificate = decoder.bytes().map_err(fail)?.to_vec(),
            "cabundle" => {
                let length = decoder.array().map_err(fail)?;
                each(decoder, length, |decoder| {
                    self.cabundle.push(decoder.bytes().map_err(fail)?.to_vec());
                    Ok(())
                })?;
            }
            "public_key" => self.public_key = optional_bytes(decoder)?,
            "user_data" => self.user_data = optional_bytes(decoder)?,
            "nonce" => self.nonce = optional_bytes(decoder)?,
            _ => return Err(fail("a field is not known")),
        }
        Ok(())
    }
}

/// What the signature covers (RFC 9052, 4.4): `["Signature1", protected, h'', payload]`.
fn signed_bytes(protected: &[u8], payload: &[u8]) -> Result<Vec<u8>, AttestError> {
    let mut encoder = minicbor::Encoder::new(Vec::new());
    encoder
        .array(4)
        .and_then(|e| e.str("Signature1"))
        .and_then(|e| e.bytes(protected))
        .and_then(|e| e.bytes(&[]))
        .and_then(|e| e.bytes(payload))
        .map_err(fail)?;
    Ok(encoder.into_writer())
}

/// Verifies a document: format, path, window, revocation, signature.
///
/// # Errors
/// In the order of `AttestError`.
pub fn verify(bytes: &[u8], trust: &Trust<'_>) -> Result<(Document, Chain), AttestError> {
    if bytes.len() > MAX_BYTES {
        return Err(fail("it is too long"));
    }
    let mut decoder = Decoder::new(bytes);
    if decoder.datatype().map_err(fail)? == Type::Tag && decoder.tag().map_err(fail)? != Tag::new(18) {
        return Err(fail("its tag is not COSE_Sign1"));
    }
    if definite(decoder.array())? != 4 {
        return Err(fail("it is no COSE_Sign1"));
    }
    let protected = decoder.bytes().map_err(fail)?;
    // {1: -35}: ES384, and nothing else.
    if protected != [0xa1, 0x01, 0x38, 0x22] {
        return Err(fail("its algorithm is not ES384"));
    }
    if definite(decoder.map())? != 0 {
        return Err(fail("it has unprotected headers"));
    }
    let payload = decoder.bytes().map_err(fail)?;
    let signature = decoder.bytes().map_err(fail)?;
    if decoder.position() != bytes.len() {
        return Err(fail("bytes follow"));
    }
    let document = Document::decode(payload)?;
    let leaf = Certificate::from_der(&document.certificate)?;
    let chain = chain(&leaf, &Certificate::read_all(&document.cabundle)?, trust)?;
    leaf.key().verify(Scheme::EcdsaSha384, &signed_bytes(protected, payload)?, signature, WHAT)?;
    Ok((document, chain))
}
