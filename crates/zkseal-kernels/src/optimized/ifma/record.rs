//! Affine points as 64-byte records, and eight of them as lanes.

use std::arch::x86_64::*;

use zeroize::Zeroize;
use zkseal_field::{AffineRepr, Fq, G1Affine, PrimeField};

use super::field::{self, Lanes, lanes_of, words_of};

/// x and y, 4 packed words each, R = 2^260, below 2 q: one cache line. All zeros stands for no point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Zeroize)]
#[repr(C, align(64))]
pub struct Record(pub [u64; 8]);

/// Eight affine points.
#[derive(Clone, Copy)]
pub struct Points {
    pub x: Lanes,
    pub y: Lanes,
}

const TWICE_Q: [u64; 4] = {
    let q = Fq::MODULUS.0;
    [q[0] << 1, q[1] << 1 | q[0] >> 63, q[2] << 1 | q[1] >> 63, q[3] << 1 | q[2] >> 63]
};

impl Record {
    pub const EMPTY: Self = Self([0; 8]);

    pub fn is_empty(&self) -> bool {
        *self == Self::EMPTY
    }

    /// The point with the other sign: y becomes 2 q - y.
    pub fn negated(&self) -> Self {
        let mut words = self.0;
        let mut borrow = 0u128;
        for (word, limb) in words[4..].iter_mut().zip(TWICE_Q) {
            let difference = u128::from(limb).wrapping_sub(u128::from(*word)).wrapping_sub(borrow);
            *word = difference as u64;
            borrow = difference >> 127;
        }
        Self(words)
    }
}

/// The lanes of finite points in the field crate's form; missing points repeat the generator of lane 0.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub fn import(points: &[G1Affine]) -> Points {
    let coordinate = |pick: fn(&G1Affine) -> Fq| {
        field::import(&std::array::from_fn(|lane| pick(points.get(lane).unwrap_or(&points[0]))))
    };
    Points { x: coordinate(|point| point.x), y: coordinate(|point| point.y) }
}

/// Records of finite points.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub fn import_records(points: &[G1Affine]) -> Vec<Record> {
    debug_assert!(points.iter().all(|point| !point.is_zero()));
    let mut out = Vec::with_capacity(points.len() + 8);
    for chunk in points.chunks(8) {
        out.extend_from_slice(&store(&import(chunk)));
    }
    out.truncate(points.len());
    out
}

/// Eight records as lanes.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn load(records: [&Record; 8]) -> Points {
    let mut rows = [_mm512_setzero_si512(); 8];
    for (row, record) in rows.iter_mut().zip(records) {
        *row = lanes_of(record.0);
    }
    let [x0, x1, x2, x3, y0, y1, y2, y3] = transpose(rows);
    Points { x: field::unpack([x0, x1, x2, x3]), y: field::unpack([y0, y1, y2, y3]) }
}

/// Inverse of [`load`], for coordinates below 2 q.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn store(points: &Points) -> [Record; 8] {
    let [x0, x1, x2, x3] = field::pack(&points.x);
    let [y0, y1, y2, y3] = field::pack(&points.y);
    let rows = transpose([x0, x1, x2, x3, y0, y1, y2, y3]);
    let mut records = [Record::EMPTY; 8];
    for (record, row) in records.iter_mut().zip(rows) {
        record.0 = words_of(row);
    }
    records
}

/// Negates the y of the lanes whose bit is set: bound 2 q.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn negate_where(bits: u8, y: &Lanes) -> Lanes {
    let zero = Lanes::new([_mm512_setzero_si512(); 5]);
    field::select(bits, y, &field::sub::<2, _>(&zero, y))
}

/// Transposes an 8 x 8 matrix of words.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn transpose(rows: [__m512i; 8]) -> [__m512i; 8] {
    let mut pairs = rows;
    for i in 0..4 {
        pairs[2 * i] = _mm512_unpacklo_epi64(rows[2 * i], rows[2 * i + 1]);
        pairs[2 * i + 1] = _mm512_unpackhi_epi64(rows[2 * i], rows[2 * i + 1]);
    }
    // pairs[2 i + b] has, in its 128-bit lane k, column 2 k + b of rows 2 i and 2 i + 1.
    let mut out = rows;
    for b in 0..2 {
        let low_01 = _mm512_shuffle_i64x2::<0x88>(pairs[b], pairs[2 + b]);
        let high_01 = _mm512_shuffle_i64x2::<0xdd>(pairs[b], pairs[2 + b]);
        let low_23 = _mm512_shuffle_i64x2::<0x88>(pairs[4 + b], pairs[6 + b]);
        let high_23 = _mm512_shuffle_i64x2::<0xdd>(pairs[4 + b], pairs[6 + b]);
        out[b] = _mm512_shuffle_i64x2::<0x88>(low_01, low_23);
        out[4 + b] = _mm512_shuffle_i64x2::<0xdd>(low_01, low_23);
        out[2 + b] = _mm512_shuffle_i64x2::<0x88>(high_01, high_23);
        out[6 + b] = _mm512_shuffle_i64x2::<0xdd>(high_01, high_23);
    }
    out
}
