//! Contraction of 8-bit integers by VNNI: four byte products a lane and instruction.
//!
//! A weight's Montgomery form is cut into 32 signed bytes; a value is `u - 128` for an unsigned byte u. `vpdpbusd` adds
//! four products of an unsigned with a signed byte to a 32-bit sum, which has room for 2^16 of them; what the 128 added
//! is taken away with the sums of the weights' bytes.
//!
//! An output is put together from 32 sums instead of 8, so that short sums are left to [`super::contract`]
//! ([`LEAST_TERMS`]). So are 16-bit values, two bytes each: they took the same time in both ways.

// Register loops name several arrays by one index.
#![allow(clippy::needless_range_loop)]

use std::arch::x86_64::*;

use rayon::prelude::*;
use zeroize::Zeroize;
use zkseal_field::Fr;

use super::contract::{LIMBS, scalar_of};

/// Bytes of a weight.
const BYTES: usize = 32;

/// Weight bytes, or rows, whose sums are held in registers together.
const GROUP: usize = 4;

/// Columns of a tile: four registers of 16 sums.
const TILE: usize = 64;

/// Tiles of a strip at most: rows are read in stretches of so many.
const TILES: usize = 4;

/// Terms of one call.
pub const TERMS: usize = 1 << 15;

/// Terms from which on this is the faster way.
pub const LEAST_TERMS: usize = 96;

/// What the unsigned bytes are too large by.
const OFFSET: i64 = 128;

/// Terms of a strip whose bytes stay in the second-level cache.
const CACHED: usize = 256;

/// Multiplications below which nothing is divided between threads (some 50 microseconds).
const FORK: usize = 1 << 18;

/// Whether this machine has the instructions, and may use them.
pub fn available() -> bool {
    crate::cpu::level() >= crate::cpu::Level::Ifma && is_x86_feature_detected!("avx512vnni")
}

/// 32 signed bytes, `sum_k byte_k 2^(8 k)` = the Montgomery form.
fn bytes_of(weight: &Fr) -> [i8; BYTES] {
    let mut carry = 0i16;
    std::array::from_fn(|index| {
        let value = i16::from((weight.0.0[index / 8] >> (8 * (index % 8))) as u8) + carry;
        // The top byte is below 2^6, so the last carry is absorbed.
        let digit = value as i8;
        carry = (value - i16::from(digit)) >> 8;
        digit
    })
}

/// Memory that is overwritten when it is not needed any more, in one stretch.
struct Wiped<T: Copy + Default>(Vec<T>);

impl<T: Copy + Default> Drop for Wiped<T> {
    fn drop(&mut self) {
        self.0.fill(T::default());
        std::hint::black_box(&mut self.0);
    }
}

/// The weights of a contraction, by byte.
struct Weights {
    bytes: Vec<[i8; BYTES]>,
    /// Sums of the weights' bytes.
    sums: [i64; BYTES],
}

impl Weights {
    fn new(weights: &[Fr]) -> Self {
        let bytes: Vec<[i8; BYTES]> = weights.iter().map(bytes_of).collect();
        let mut sums = [0i64; BYTES];
        for weight in &bytes {
            sums.iter_mut().zip(weight).for_each(|(sum, byte)| *sum += i64::from(*byte));
        }
        Self { bytes, sums }
    }

    /// The scalar of the sums over unsigned bytes of values that are too large by `offset`.
    fn scalar(&self, sums: &[i64; BYTES], offset: i64) -> Fr {
        scalar_of(&self.limbs(&sums.map(|sum| [sum]), offset).map(|[limb]| limb))
    }

    /// The eight limbs of N sums.
    fn limbs<const N: usize>(&self, sums: &[[i64; N]], offset: i64) -> [[i64; N]; LIMBS] {
        let mut limbs = [[0i64; N]; LIMBS];
        for (index, (sums, own)) in sums.iter().zip(&self.sums).enumerate() {
            for (limb, sum) in limbs[index / 4].iter_mut().zip(sums) {
                *limb += (sum - offset * own) << (8 * (index % 4));
            }
        }
        limbs
    }
}

/// `out[o * inner + i] += sum_m weights[m] data[(o * mid + first + m) * inner + i]` for at most [`TERMS`] weights.
pub fn contract(data: &[i8], (mid, inner): (usize, usize), first: usize, weights: &[Fr], out: &mut [Fr]) {
    assert!(weights.len() <= TERMS, "too many terms");
    let weights = Weights::new(weights);
    if inner == 1 { columns(data, mid, first, &weights, out) } else { rows(data, (mid, inner), first, &weights, out) }
}

/// inner = 1: every output is a dot product with the contiguous row of its index.
fn columns(data: &[i8], mid: usize, first: usize, weights: &Weights, out: &mut [Fr]) {
    let terms = weights.bytes.len();
    let length = terms.next_multiple_of(TILE);
    // Byte k of every weight, one after the other; zeros behind the last.
    let mut planes = vec![0i8; BYTES * length];
    for (m, bytes) in weights.bytes.iter().enumerate() {
        bytes.iter().enumerate().for_each(|(k, byte)| planes[k * length + m] = *byte);
    }
    let task = |rows: usize, out: &mut [Fr]| {
        let mut scratch = Wiped(vec![0u8; GROUP * length]);
        for (group, out) in out.chunks_mut(GROUP).enumerate() {
            let row = |index: usize| &data[(rows + group * GROUP + index) * mid + first..][..terms];
            for index in 0..out.len() {
                // SAFETY: reached only where `available`.
                unsafe { spread(row(index), &mut scratch.0[index * length..]) };
            }
            // SAFETY: as above.
            let sums = unsafe { dots(&scratch.0, &planes, length) };
            for (value, sums) in out.iter_mut().zip(&sums) {
                *value += weights.scalar(sums, OFFSET);
            }
        }
    };
    let work = out.len() * terms;
    if work <= FORK {
        return task(0, out);
    }
    let rows_a_task = (FORK / 2).div_ceil(terms).next_multiple_of(GROUP);
    out.par_chunks_mut(rows_a_task).enumerate().for_each(|(index, out)| task(index * rows_a_task, out));
}

/// The unsigned bytes of a row.
#[target_feature(enable = "avx512f,avx512bw")]
fn spread(row: &[i8], out: &mut [u8]) {
    let mut last = [0i8; TILE];
    let (chunks, rest) = row.as_chunks::<TILE>();
    last[..rest.len()].copy_from_slice(rest);
    let tail = if rest.is_empty() { &[][..] } else { std::slice::from_ref(&last) };
    let (places, _) = out.as_chunks_mut::<TILE>();
    for (chunk, place) in chunks.iter().chain(tail).zip(places) {
        store(place, unsigned(chunk));
    }
    last.zeroize();
}

/// The unsigned bytes of 64 values.
#[target_feature(enable = "avx512f")]
#[inline]
fn unsigned(values: &[i8; TILE]) -> __m512i {
    _mm512_xor_si512(load(values), _mm512_set1_epi32(0x8080_8080_u32.cast_signed()))
}

/// For each of four rows and each weight byte the sum over all terms.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn dots(rows: &[u8], planes: &[i8], length: usize) -> [[i64; BYTES]; GROUP] {
    let mut out = [[0i64; BYTES]; GROUP];
    let row = |index: usize| rows[index * length..][..length].as_chunks::<TILE>().0;
    let rows = [row(0), row(1), row(2), row(3)];
    for first in (0..BYTES).step_by(GROUP) {
        let byte = |k: usize| planes[(first + k) * length..][..length].as_chunks::<TILE>().0;
        let weights = [byte(0), byte(1), byte(2), byte(3)];
        let mut sums = [_mm512_setzero_si512(); GROUP * GROUP];
        for chunk in 0..length / TILE {
            let mut values = [_mm512_setzero_si512(); GROUP];
            for r in 0..GROUP {
                values[r] = load(&rows[r][chunk]);
            }
            for k in 0..GROUP {
                let weight = load(&weights[k][chunk]);
                for r in 0..GROUP {
                    sums[r * GROUP + k] = _mm512_dpbusd_epi32(sums[r * GROUP + k], values[r], weight);
                }
            }
        }
        let sums = add_across(sums);
        for r in 0..GROUP {
            for k in 0..GROUP {
                out[r][first + k] = i64::from(sums[r * GROUP + k]);
            }
        }
    }
    out
}

/// 64 bytes.
#[target_feature(enable = "avx512f")]
#[inline]
fn load<B>(bytes: &[B; TILE]) -> __m512i {
    const { assert!(size_of::<B>() == 1) };
    // SAFETY: they are as many as a register has.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// Puts a register where 64 bytes are.
#[target_feature(enable = "avx512f")]
#[inline]
fn store(bytes: &mut [u8; TILE], register: __m512i) {
    // SAFETY: as above.
    unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), register) }
}

/// The sum of the 16 entries of each of 16 registers.
#[target_feature(enable = "avx512f")]
#[inline]
fn add_across(sums: [__m512i; 16]) -> [i32; 16] {
    let zero = _mm512_setzero_si512();
    let (mut pairs, mut fours, mut eights) = ([zero; 8], [zero; 4], [zero; 2]);
    for k in 0..8 {
        let (a, b) = (sums[2 * k], sums[2 * k + 1]);
        pairs[k] = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    }
    for k in 0..4 {
        let (a, b) = (pairs[2 * k], pairs[2 * k + 1]);
        fours[k] = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
    }
    // Entry e of each quarter of `fours[k]` is a part of the sum of register 4 k + e.
    for k in 0..2 {
        let (a, b) = (fours[2 * k], fours[2 * k + 1]);
        eights[k] = _mm512_add_epi32(_mm512_shuffle_i64x2::<0x88>(a, b), _mm512_shuffle_i64x2::<0xdd>(a, b));
    }
    let (a, b) = (eights[0], eights[1]);
    let all = _mm512_add_epi32(_mm512_shuffle_i64x2::<0x88>(a, b), _mm512_shuffle_i64x2::<0xdd>(a, b));
    // SAFETY: both types are 64 bytes of plain integers.
    unsafe { std::mem::transmute::<__m512i, [i32; 16]>(all) }
}

/// inner > 1: strips of neighbouring outputs, of one or of several outer indices.
fn rows(data: &[i8], (mid, inner): (usize, usize), first: usize, weights: &Weights, out: &mut [Fr]) {
    let terms = weights.bytes.len();
    // The bytes of four neighbouring weights, as an instruction takes them; zeros behind the last.
    let quads = terms.div_ceil(4);
    let mut broadcast = vec![0i32; BYTES * quads];
    for (m, bytes) in weights.bytes.iter().enumerate() {
        for (k, byte) in bytes.iter().enumerate() {
            broadcast[k * quads + m / 4] |= (i32::from(*byte) & 0xff) << (8 * (m % 4));
        }
    }
    // A narrow strip takes several outer indices; a wide one is a stretch of one.
    let (width, outers) = if inner >= TILE { (TILES * TILE, 1) } else { (inner, TILE / inner) };
    let mut strips = Vec::new();
    for (index, block) in out.chunks_mut(outers * inner).enumerate() {
        for (part, out) in block.chunks_mut(width * outers).enumerate() {
            let from = (index * outers * mid + first) * inner + part * width;
            strips.push((Strip { data, from, step: mid * inner, stride: inner, width, count: out.len() }, out));
        }
    }
    let tiles = width.div_ceil(TILE);
    let scratch = || Scratch {
        bytes: Wiped(vec![0; tiles * CACHED.min(4 * quads) * TILE]),
        sums: Wiped(vec![0; tiles * BYTES * TILE]),
    };
    let task = |scratch: &mut Scratch, (strip, out): (Strip<'_>, &mut [Fr])| {
        // SAFETY: reached only where `available`.
        let sums = unsafe { strip.sums(terms, &broadcast, quads, scratch) };
        for (sums, out) in sums.chunks_exact(BYTES).zip(out.chunks_mut(TILE)) {
            let limbs = weights.limbs(sums, OFFSET);
            for (column, value) in out.iter_mut().enumerate() {
                let place = place_of(column);
                *value += scalar_of(&std::array::from_fn(|k| limbs[k][place]));
            }
        }
    };
    if strips.len() * width * outers * terms <= FORK {
        let mut scratch = scratch();
        strips.into_iter().for_each(|strip| task(&mut scratch, strip));
    } else {
        strips.into_par_iter().for_each_init(scratch, task);
    }
}

/// What one thread works with.
struct Scratch {
    bytes: Wiped<u8>,
    sums: Wiped<i64>,
}

/// Columns that are folded together: `count` of them, in parts of `width` neighbours.
struct Strip<'a> {
    data: &'a [i8],
    /// Where the first row of the first part begins.
    from: usize,
    /// From a part to the next.
    step: usize,
    /// From a row to the next.
    stride: usize,
    width: usize,
    count: usize,
}

impl Strip<'_> {
    /// Row m of a tile; zeros behind its last column.
    #[inline]
    fn row<'b>(&'b self, m: usize, tile: usize, buffer: &'b mut [i8; TILE]) -> &'b [i8; TILE] {
        let start = self.from + m * self.stride + tile * TILE;
        let count = (self.count - tile * TILE).min(TILE);
        if count == TILE && self.width >= TILE {
            // The compiler does not know that this is always so.
            return self.data[start..].first_chunk().unwrap_or(buffer);
        }
        for (k, part) in buffer[..count].chunks_mut(self.width).enumerate() {
            part.copy_from_slice(&self.data[start + k * self.step..][..part.len()]);
        }
        buffer
    }

    /// For each tile, each weight byte and each of 64 columns, at [`place_of`] it, the sum over all terms.
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn sums<'s>(&self, terms: usize, broadcast: &[i32], quads: usize, scratch: &'s mut Scratch) -> &'s [[i64; TILE]] {
        let tiles = self.count.div_ceil(TILE);
        let (sums, _) = scratch.sums.0.as_chunks_mut::<TILE>();
        let sums = &mut sums[..tiles * BYTES];
        sums.fill([0; TILE]);
        // Four columns of each quarter of a tile a register, four rows a column, four registers for all columns.
        let (registers, _) = scratch.bytes.0.as_chunks_mut::<TILE>();
        let cached = registers.len() / tiles / 4 * 4;
        let mut buffer = [0i8; TILE];
        for start in (0..terms).step_by(cached) {
            let count = (terms - start).min(cached).div_ceil(4);
            for quad in 0..count {
                let m = start + 4 * quad;
                for tile in 0..tiles {
                    let mut bytes = [_mm512_setzero_si512(); 4];
                    for (index, bytes) in bytes.iter_mut().take(terms - m).enumerate() {
                        *bytes = unsigned(self.row(m + index, tile, &mut buffer));
                    }
                    let woven = weave(bytes);
                    for q in 0..4 {
                        store(&mut registers[tile * cached + 4 * quad + q], woven[q]);
                    }
                }
            }
            for (tile, sums) in sums.chunks_exact_mut(BYTES).enumerate() {
                let (values, _) = registers[tile * cached..][..4 * count].as_chunks::<4>();
                for (group, sums) in sums.chunks_exact_mut(GROUP).enumerate() {
                    let weights = |k: usize| &broadcast[(group * GROUP + k) * quads + start / 4..][..count];
                    accumulate(values, [weights(0), weights(1), weights(2), weights(3)], sums);
                }
            }
        }
        buffer.zeroize();
        sums
    }
}

/// Four rows of 64 bytes, woven so that the four bytes of a column are neighbours.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn weave([r0, r1, r2, r3]: [__m512i; 4]) -> [__m512i; 4] {
    let (low, high) = (_mm512_unpacklo_epi8(r0, r1), _mm512_unpackhi_epi8(r0, r1));
    let (later_low, later_high) = (_mm512_unpacklo_epi8(r2, r3), _mm512_unpackhi_epi8(r2, r3));
    [
        _mm512_unpacklo_epi16(low, later_low),
        _mm512_unpackhi_epi16(low, later_low),
        _mm512_unpacklo_epi16(high, later_high),
        _mm512_unpackhi_epi16(high, later_high),
    ]
}

/// Where a tile has the sum of a column: four neighbours of each quarter lie in one register.
const fn place_of(column: usize) -> usize {
    column % 16 / 4 * 16 + column / 16 * 4 + column % 4
}

/// Adds the sums of four weight bytes over some rows.
#[target_feature(enable = "avx512f,avx512vnni")]
#[inline]
fn accumulate(values: &[[[u8; TILE]; 4]], weights: [&[i32]; GROUP], out: &mut [[i64; TILE]]) {
    let mut sums = [[_mm512_setzero_si512(); 4]; GROUP];
    for (quad, values) in values.iter().enumerate() {
        let mut registers = [_mm512_setzero_si512(); 4];
        for q in 0..4 {
            registers[q] = load(&values[q]);
        }
        for k in 0..GROUP {
            let weight = _mm512_set1_epi32(weights[k][quad]);
            for q in 0..4 {
                sums[k][q] = _mm512_dpbusd_epi32(sums[k][q], registers[q], weight);
            }
        }
    }
    for (sums, out) in sums.iter().zip(out) {
        let (places, _) = out.as_chunks_mut::<8>();
        for q in 0..4 {
            for (half, sums) in
                [_mm512_castsi512_si256(sums[q]), _mm512_extracti64x4_epi64::<1>(sums[q])].into_iter().enumerate()
            {
                let place = &mut places[2 * q + half];
                // SAFETY: eight integers are 64 bytes.
                unsafe {
                    let sum = _mm512_loadu_si512(place.as_ptr().cast());
                    let sum = _mm512_add_epi64(sum, _mm512_cvtepi32_epi64(sums));
                    _mm512_storeu_si512(place.as_mut_ptr().cast(), sum);
                }
            }
        }
    }
}
