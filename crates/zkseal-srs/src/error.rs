//! Why a file is no usable setup.

use std::fmt;

/// Which point of a file an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `tau^index * G1`.
    Power(usize),
    /// `tau^index * G2`.
    G2Power(usize),
    /// Lagrange point `index` of a halo2 file.
    Lagrange(usize),
    /// The second G2 point of an Ignition transcript, the last participant's own.
    ContributionG2,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Power(index) => write!(f, "G1 power {index}"),
            Self::G2Power(index) => write!(f, "G2 power {index}"),
            Self::Lagrange(index) => write!(f, "Lagrange point {index}"),
            Self::ContributionG2 => write!(f, "the last participant's G2 point"),
        }
    }
}

/// Errors of reading and checking a setup file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SrsError {
    /// The file could not be read.
    #[error("cannot read {path}: {reason}")]
    Io {
        /// Path as given.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The file has no bytes.
    #[error("the file is empty; download it again")]
    Empty,
    /// Something else was saved under the file's name.
    #[error("the file is {kind}, not setup data; download the data itself")]
    NotSetupData {
        /// What it is, with its article.
        kind: &'static str,
    },
    /// No supported format starts like this.
    #[error("no supported format (.ptau, Ignition transcript, halo2 RawBytes, arkworks) starts with bytes {start}")]
    UnknownFormat {
        /// First bytes, in hexadecimal.
        start: String,
    },
    /// A known format in a variant that is not supported.
    #[error("{what} is not supported; {remedy}")]
    Unsupported {
        /// The variant.
        what: &'static str,
        /// What to use in its place.
        remedy: &'static str,
    },
    /// The file ends too early.
    #[error("the file ends inside {what}: it has {found} bytes, at least {expected} are needed; download it again")]
    Truncated {
        /// Part of the file that is incomplete.
        what: &'static str,
        /// Bytes that the file must have for this part to be complete.
        expected: u64,
        /// Bytes that the file has.
        found: u64,
    },
    /// The file goes on after its end.
    #[error("the file has {found} bytes, its contents end after {expected}; download it again")]
    TrailingBytes {
        /// Bytes that the contents take.
        expected: u64,
        /// Bytes that the file has.
        found: u64,
    },
    /// A number of a header is out of range.
    #[error("the header says {what} = {found}, expected {expected}; take another file")]
    BadHeader {
        /// Name of the number.
        what: &'static str,
        /// Values that are supported.
        expected: &'static str,
        /// Value found.
        found: u64,
    },
    /// A `.ptau` file of another field or curve.
    #[error("the file is over the field of {bytes}-byte order 0x{prime}, not BN254; take a file over BN254 (bn128)")]
    WrongField {
        /// Size of a coordinate.
        bytes: u32,
        /// Order in hexadecimal, big-endian.
        prime: String,
    },
    /// A `.ptau` file lacks a section.
    #[error("section {section} of the .ptau file is missing; download it again")]
    MissingSection {
        /// Number of the section.
        section: u32,
    },
    /// A `.ptau` file has a section twice.
    #[error("section {section} occurs twice in the .ptau file; download it again")]
    RepeatedSection {
        /// Number of the section.
        section: u32,
    },
    /// A section of a `.ptau` file has not the size that the header dictates.
    #[error("section {section} of the .ptau file has {found} bytes, the header dictates {expected}; download it again")]
    WrongSectionSize {
        /// Number of the section.
        section: u32,
        /// Size by the header.
        expected: u64,
        /// Size found.
        found: u64,
    },
    /// The checksum at the end of an Ignition transcript is not that of its contents.
    #[error("the BLAKE2b checksum at the end of the transcript does not match its contents; download it again")]
    WrongChecksum,
    /// Fewer than two powers.
    #[error("the file has {found} powers of tau, at least 2 are needed; take a larger one")]
    TooFewPowers {
        /// Powers in the file, `tau^0` counted.
        found: usize,
    },
    /// A coordinate at or above the base field order.
    #[error("{place} has a coordinate that is not below the field order; download the file again")]
    CoordinateTooLarge {
        /// The point.
        place: Place,
    },
    /// Flag bits that no arkworks writer sets for these coordinates.
    #[error("{place} has flag bits that do not belong to its coordinates; download the file again")]
    WrongFlags {
        /// The point.
        place: Place,
    },
    /// The identity, which is no power of a nonzero tau.
    #[error("{place} is the identity; download the file again")]
    Identity {
        /// The point.
        place: Place,
    },
    /// Coordinates of no point of the curve.
    #[error("{place} is not on the curve; download the file again")]
    NotOnCurve {
        /// The point.
        place: Place,
    },
    /// A point of the twist outside the subgroup of order p.
    #[error("{place} is not in the subgroup of order p; download the file again")]
    NotInSubgroup {
        /// The point.
        place: Place,
    },
    /// Power 0 is not (1, 2).
    #[error("G1 power 0 is not the generator (1, 2); download the file again")]
    WrongG1Generator,
    /// G2 power 0 is not the generator of EIP-197.
    #[error("G2 power 0 is not the generator of EIP-197; download the file again")]
    WrongG2Generator,
    /// All powers are the generator: a file without any contribution.
    #[error("tau is 1: the file was made before any contribution; take a later one")]
    TauIsOne,
    /// A power that does not follow from the one before it. Index 1 is also reported if `tau*G2` is wrong.
    #[error(
        "G1 power {index} is not tau times G1 power {}, for the tau of tau*G2; download the file again",
        index.saturating_sub(1)
    )]
    InconsistentPower {
        /// Smallest exponent at which the powers go wrong.
        index: usize,
    },
    /// The same for the G2 powers of a `.ptau` file.
    #[error(
        "G2 power {index} is not tau times G2 power {}, for the tau of tau*G1; download the file again",
        index.saturating_sub(1)
    )]
    InconsistentG2Power {
        /// Smallest exponent at which the powers go wrong.
        index: usize,
    },
    /// The Lagrange points of a halo2 file do not belong to the constant 1.
    #[error("the Lagrange points do not add up to the generator (1, 2); download the file again")]
    WrongLagrangeSum,
    /// The file is consistent, but of no published ceremony.
    #[error(
        "tau*G2 of the file (setup digest 0x{setup_digest}) is that of no published ceremony: whoever made it may know \
         tau and forge proofs; take a published file, or pass --insecure-srs (insecure_srs=True) for tests"
    )]
    UnknownOrigin {
        /// Setup digest (book, chapter 6) of the file, in hexadecimal.
        setup_digest: String,
    },
}
