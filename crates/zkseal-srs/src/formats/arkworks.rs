//! `kzg10::UniversalParams<Bn254>` of arkworks, uncompressed: u64 count and the G1 powers, an empty map of powers times
//! gamma, G2, `tau*G2`, an empty map of negative powers. A map is a u64 count and its entries.

use super::{Cursor, Tables, check_size, size};
use crate::error::{Place, SrsError};
use crate::points::{Coding, g1_table, g2_table};

pub(super) fn parse(bytes: &[u8]) -> Result<Tables, SrsError> {
    let mut cursor = Cursor::new(bytes);
    let number = cursor.u64_le("the number of powers")?;
    let rest = 8 + 256 + 8;
    // The generator is (1, 2): its y follows its x, unless points are compressed.
    let has_y = cursor.rest.get(32..64).is_some_and(|y| y.starts_with(&2u64.to_le_bytes()));
    if size(bytes) == number.saturating_mul(32).saturating_add(8 + 8 + 128 + 8) && !has_y {
        return Err(SrsError::Unsupported {
            what: "an arkworks file of compressed points",
            remedy: "write it with serialize_uncompressed",
        });
    }
    let powers = cursor.take("the G1 powers", number.saturating_mul(64))?;
    let gamma = cursor.u64_le("the number of powers times gamma")?;
    if gamma != 0 {
        return Err(SrsError::BadHeader { what: "powers times gamma", expected: "0", found: gamma });
    }
    check_size(bytes, "the G2 points", number.saturating_mul(64).saturating_add(8 + rest))?;
    let g2 = cursor.take("the G2 points", 256)?;
    let negative = cursor.u64_le("the number of negative powers")?;
    if negative != 0 {
        return Err(SrsError::BadHeader { what: "negative powers", expected: "0", found: negative });
    }
    Ok((g1_table(Coding::Arkworks, powers, Place::Power)?, g2_table(Coding::Arkworks, g2, Place::G2Power)?, Vec::new()))
}
