//! The first transcript of Aztec Ignition: seven big-endian words (transcript number, number of transcripts, G1 points
//! of all, G2 points of all, G1 points here, G2 points here, first index), G1 powers from `tau^1`, `tau*G2`, the last
//! participant's own G2 point, BLAKE2b-512 of all that.

use ark_bn254::G2Affine;
use zkseal_field::{AffineRepr, G1Affine};

use super::{Cursor, Tables, check_size};
use crate::digests::blake2b;
use crate::error::{Place, SrsError};
use crate::points::{Coding, g1_table, g2_table};

pub(super) fn parse(bytes: &[u8]) -> Result<Tables, SrsError> {
    let mut cursor = Cursor::new(bytes);
    let mut words = [0u32; 7];
    for word in &mut words {
        *word = u32::from_be_bytes(cursor.array("the manifest")?);
    }
    let [number, _, total_g1, _, g1_points, g2_points, start] = words;
    if number != 0 {
        return Err(SrsError::Unsupported {
            what: "an Ignition transcript without tau*G2",
            remedy: "use the first one, transcript00.dat",
        });
    }
    if start != 0 {
        return Err(SrsError::BadHeader { what: "first index", expected: "0", found: start.into() });
    }
    if !(1..=2).contains(&g2_points) {
        return Err(SrsError::BadHeader { what: "G2 points", expected: "1 or 2", found: g2_points.into() });
    }
    if g1_points > total_g1 {
        return Err(SrsError::BadHeader {
            what: "G1 points of this transcript",
            expected: "at most those of all transcripts",
            found: g1_points.into(),
        });
    }
    // Counts of 32 bits: no overflow.
    let (g1_bytes, g2_bytes) = (u64::from(g1_points) * 64, u64::from(g2_points) * 128);
    check_size(bytes, "the points or the checksum", 28 + g1_bytes + g2_bytes + 64)?;
    let g1_bytes = cursor.take("the G1 powers", g1_bytes)?;
    let g2_bytes = cursor.take("the G2 points", g2_bytes)?;
    let checksum: [u8; 64] = cursor.array("the checksum")?;
    let contents = bytes.strip_suffix(&checksum).unwrap_or_default();
    if blake2b(contents) != checksum {
        return Err(SrsError::WrongChecksum);
    }
    let mut g1 = g1_table(Coding::Ignition, g1_bytes, |index| Place::Power(index.saturating_add(1)))?;
    g1.insert(0, G1Affine::generator());
    let place = |index| if index == 0 { Place::G2Power(1) } else { Place::ContributionG2 };
    let points = g2_table(Coding::Ignition, g2_bytes, place)?;
    let g2 = std::iter::once(G2Affine::generator()).chain(points.into_iter().take(1)).collect();
    Ok((g1, g2, Vec::new()))
}
