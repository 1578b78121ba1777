//! Scalars and both encodings of points.

use crate::program::Program;
use zkseal_field::{compress, decode_scalar, decode_uncompressed, decompress, encode_scalar, encode_uncompressed};

/// Input: 64 bytes, read as a scalar, a compressed and an uncompressed point.
pub fn run(data: &[u8]) {
    let mut program = Program::new(data);
    let (front, back) = (program.word(), program.word());
    if let Ok(scalar) = decode_scalar(&front) {
        assert_eq!(encode_scalar(&scalar), front, "scalars are canonical");
    }
    if let Ok(point) = decompress(&front) {
        assert_eq!(compress(&point), front, "compressed points are canonical");
        assert_eq!(decode_uncompressed(&encode_uncompressed(&point)), Ok(point), "encodings agree");
    }
    let mut both = [0u8; 64];
    both[..32].copy_from_slice(&front);
    both[32..].copy_from_slice(&back);
    if let Ok(point) = decode_uncompressed(&both) {
        assert_eq!(encode_uncompressed(&point), both, "uncompressed points are canonical");
        assert_eq!(decompress(&compress(&point)), Ok(point), "encodings agree");
    }
}
