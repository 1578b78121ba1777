//! halo2 and ezkl parameters: u32 k, `2^k` powers in G1, `2^k` Lagrange points, G2, `tau*G2`.

use super::{Cursor, MAX_LOG_POWERS, Tables, check_size, size};
use crate::error::{Place, SrsError};
use crate::points::{Coding, g1_table, g2_table};

pub(super) fn parse(bytes: &[u8]) -> Result<Tables, SrsError> {
    let mut cursor = Cursor::new(bytes);
    let k = cursor.u32_le("the exponent")?;
    if k > MAX_LOG_POWERS {
        return Err(SrsError::BadHeader { what: "k", expected: "0 to 28", found: k.into() });
    }
    let table = 64u64 << k;
    // The generator is (1, 2): compressed, it starts with 1; in Montgomery form it does not.
    if size(bytes) == 4 + table + 128 && cursor.rest.starts_with(&1u64.to_le_bytes()) {
        return Err(SrsError::Unsupported {
            what: "a halo2 file of compressed points",
            remedy: "write it with SerdeFormat::RawBytes",
        });
    }
    check_size(bytes, "the powers, the Lagrange points or the G2 points", 4 + 2 * table + 256)?;
    let powers = cursor.take("the G1 powers", table)?;
    let lagrange = cursor.take("the Lagrange points", table)?;
    let g2 = cursor.take("the G2 points", 256)?;
    Ok((
        g1_table(Coding::Montgomery, powers, Place::Power)?,
        g2_table(Coding::Montgomery, g2, Place::G2Power)?,
        g1_table(Coding::Montgomery, lagrange, Place::Lagrange)?,
    ))
}
