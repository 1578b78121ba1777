//! snarkjs `.ptau`: `"ptau"`, version, number of sections, then sections (u32 type, u64 size, contents) in any order.
//!
//! | section | contents |
//! | --- | --- |
//! | 1 | u32 bytes of a coordinate, field order, u32 power, u32 power of the ceremony |
//! | 2 | `2^(power+1) - 1` powers in G1 |
//! | 3 | `2^power` powers in G2 |
//!
//! The other sections (powers times alpha and beta, contributions, Lagrange tables) are not read.

use std::collections::BTreeMap;

use zkseal_field::{Fq, PrimeField};

use super::{Cursor, MAX_LOG_POWERS, Tables, check_size, size};
use crate::digests::hex;
use crate::error::{Place, SrsError};
use crate::points::{Coding, g1_table, g2_table};

const HEADER: u32 = 1;
const TAU_G1: u32 = 2;
const TAU_G2: u32 = 3;

fn sections(bytes: &[u8]) -> Result<BTreeMap<u32, &[u8]>, SrsError> {
    let mut cursor = Cursor::new(bytes);
    cursor.take("the magic", 4)?;
    let version = cursor.u32_le("the version")?;
    if version != 1 {
        return Err(SrsError::BadHeader { what: "version", expected: "1", found: version.into() });
    }
    let number = cursor.u32_le("the number of sections")?;
    let mut sections = BTreeMap::new();
    for _ in 0..number {
        let section = cursor.u32_le("the head of a section")?;
        let length = cursor.u64_le("the head of a section")?;
        let what = match section {
            HEADER => "section 1, the header",
            TAU_G1 => "section 2, the G1 powers",
            TAU_G2 => "section 3, the G2 powers",
            _ => "a section after the powers",
        };
        if sections.insert(section, cursor.take(what, length)?).is_some() {
            return Err(SrsError::RepeatedSection { section });
        }
    }
    check_size(bytes, "the sections", cursor.position())?;
    Ok(sections)
}

/// The power that the header states.
fn header(contents: &[u8]) -> Result<u32, SrsError> {
    let mut cursor = Cursor::new(contents);
    let bytes = cursor.u32_le("the header")?;
    let prime = cursor.take("the header", bytes.into())?;
    let order = Fq::MODULUS.0.iter().flat_map(|limb| limb.to_le_bytes());
    if !prime.iter().copied().eq(order) {
        let prime: Vec<u8> = prime.iter().rev().copied().take(64).collect();
        return Err(SrsError::WrongField { bytes, prime: hex(&prime) });
    }
    let power = cursor.u32_le("the header")?;
    let ceremony = cursor.u32_le("the header")?;
    for (what, value) in [("power", power), ("power of the ceremony", ceremony)] {
        if value > MAX_LOG_POWERS {
            return Err(SrsError::BadHeader { what, expected: "0 to 28", found: value.into() });
        }
    }
    let (expected, found) = (cursor.position(), size(contents));
    if found != expected {
        return Err(SrsError::WrongSectionSize { section: HEADER, expected, found });
    }
    Ok(power)
}

pub(super) fn parse(bytes: &[u8]) -> Result<Tables, SrsError> {
    let sections = sections(bytes)?;
    let find = |section| sections.get(&section).copied().ok_or(SrsError::MissingSection { section });
    let power = header(find(HEADER)?)?;
    let table = |section, expected: u64| {
        let contents = find(section)?;
        let found = size(contents);
        if found == expected { Ok(contents) } else { Err(SrsError::WrongSectionSize { section, expected, found }) }
    };
    // At most 2^29 points: no overflow.
    let tau_g1 = table(TAU_G1, ((2u64 << power) - 1) * 64)?;
    let tau_g2 = table(TAU_G2, (1u64 << power) * 128)?;
    let g1 = g1_table(Coding::Montgomery, tau_g1, Place::Power)?;
    let g2 = g2_table(Coding::Montgomery, tau_g2, Place::G2Power)?;
    Ok((g1, g2, Vec::new()))
}
