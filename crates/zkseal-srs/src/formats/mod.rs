//! The file layouts.

mod arkworks;
mod halo2;
mod ignition;
mod ptau;

use ark_bn254::G2Affine;
use zkseal_field::G1Affine;

use crate::digests::hex;
use crate::error::SrsError;

/// Layout of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// snarkjs `.ptau`.
    Ptau,
    /// The first transcript of Aztec Ignition, `transcript00.dat`.
    Ignition,
    /// halo2 and ezkl parameters, `SerdeFormat::RawBytes`.
    Halo2,
    /// `kzg10::UniversalParams<Bn254>` of arkworks, ark-serialize 0.4, uncompressed.
    Arkworks,
}

impl Format {
    /// Lower-case name, for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ptau => "ptau",
            Self::Ignition => "ignition",
            Self::Halo2 => "halo2",
            Self::Arkworks => "arkworks",
        }
    }
}

/// The points of a file, each on its curve and in its subgroup, no other relation checked.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// Layout.
    pub(crate) format: Format,
    /// Powers in G1, from `tau^0`.
    pub(crate) g1: Vec<G1Affine>,
    /// Powers in G2, from `tau^0`.
    pub(crate) g2: Vec<G2Affine>,
    /// Lagrange points, if the format has them.
    pub(crate) lagrange: Vec<G1Affine>,
}

/// Largest log2 of a number of powers: that of the largest ceremony, and the two-adicity of the scalar field.
const MAX_LOG_POWERS: u32 = 28;

/// Length of a slice, as the errors state it.
fn size(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// A number of a file as a count in memory.
fn count(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// Compares the size of a file with the one that its header dictates.
fn check_size(bytes: &[u8], what: &'static str, expected: u64) -> Result<(), SrsError> {
    let found = size(bytes);
    match found.cmp(&expected) {
        std::cmp::Ordering::Less => Err(SrsError::Truncated { what, expected, found }),
        std::cmp::Ordering::Greater => Err(SrsError::TrailingBytes { expected, found }),
        std::cmp::Ordering::Equal => Ok(()),
    }
}

/// Reads a file from its start.
struct Cursor<'a> {
    whole: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn new(whole: &'a [u8]) -> Self {
        Self { whole, rest: whole }
    }

    fn position(&self) -> u64 {
        size(self.whole).saturating_sub(size(self.rest))
    }

    fn take(&mut self, what: &'static str, length: u64) -> Result<&'a [u8], SrsError> {
        let Some((head, tail)) = self.rest.split_at_checked(count(length)) else {
            let expected = self.position().saturating_add(length);
            return Err(SrsError::Truncated { what, expected, found: size(self.whole) });
        };
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], SrsError> {
        let Some((head, tail)) = self.rest.split_first_chunk::<N>() else {
            let expected = self.position().saturating_add(u64::try_from(N).unwrap_or(u64::MAX));
            return Err(SrsError::Truncated { what, expected, found: size(self.whole) });
        };
        self.rest = tail;
        Ok(*head)
    }

    fn u32_le(&mut self, what: &'static str) -> Result<u32, SrsError> {
        self.array(what).map(u32::from_le_bytes)
    }

    fn u64_le(&mut self, what: &'static str) -> Result<u64, SrsError> {
        self.array(what).map(u64::from_le_bytes)
    }
}

/// What a file is that holds text, if it does.
fn text(bytes: &[u8]) -> Option<&'static str> {
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let start = start.get(..start.len().min(16)).unwrap_or_default();
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace() || *byte >= 0x80;
    if start.is_empty() || !start.iter().all(is_text) {
        return None;
    }
    if start.starts_with(b"version https://") {
        return Some("a Git-LFS pointer");
    }
    match start {
        [b'<', b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z', ..] => Some("an HTML or XML page"),
        _ if start.is_ascii() => Some("a text"),
        _ => None,
    }
}

/// The layout, by the first bytes alone. No two layouts share a start: see the words in the comments.
fn detect(bytes: &[u8]) -> Result<Format, SrsError> {
    if bytes.is_empty() {
        return Err(SrsError::Empty);
    }
    if let Some(kind) = text(bytes) {
        return Err(SrsError::NotSetupData { kind });
    }
    if bytes.starts_with(b"ptau") {
        return Ok(Format::Ptau);
    }
    let Some([first, second]) = bytes.as_chunks::<4>().0.first_chunk::<2>() else {
        return Err(SrsError::Truncated { what: "its first 8 bytes", expected: 8, found: size(bytes) });
    };
    // Arkworks: a 64-bit count below 2^32, so the second word is zero. Ignition: a small transcript number and a small
    // positive number of transcripts, both big-endian. halo2: a small little-endian exponent, then a coordinate.
    let (number, transcripts) = (u32::from_be_bytes(*first), u32::from_be_bytes(*second));
    if *second == [0; 4] {
        return Ok(Format::Arkworks);
    }
    if number < transcripts && transcripts <= 0xffff {
        return Ok(Format::Ignition);
    }
    if u32::from_le_bytes(*first) <= MAX_LOG_POWERS {
        return Ok(Format::Halo2);
    }
    Err(SrsError::UnknownFormat { start: hex(bytes.get(..8).unwrap_or_default()) })
}

/// Reads the points of a file, in whatever layout it has.
pub(crate) fn parse(bytes: &[u8]) -> Result<Parsed, SrsError> {
    let format = detect(bytes)?;
    let (g1, g2, lagrange) = match format {
        Format::Ptau => ptau::parse(bytes)?,
        Format::Ignition => ignition::parse(bytes)?,
        Format::Halo2 => halo2::parse(bytes)?,
        Format::Arkworks => arkworks::parse(bytes)?,
    };
    Ok(Parsed { format, g1, g2, lagrange })
}

/// G1 powers, G2 powers, Lagrange points.
type Tables = (Vec<G1Affine>, Vec<G2Affine>, Vec<G1Affine>);
