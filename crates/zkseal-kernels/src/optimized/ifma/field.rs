//! Eight elements of F_q, or of F_r, at once: 5 limbs of 52 bits in 64-bit lanes, AVX-512 IFMA.
//!
//! Montgomery form with R = 2^260. In what follows q is the modulus of either field. Because q < 0.0118 R, the product of values below `A q` and `B q` is below
//! `(0.0118 A B + 1) q`: nothing is subtracted after a product. Values are kept non-negative and below 84 q, with limbs
//! normalised to 52 bits (the multiplier reads only those). Each function says what it does to the bound.

// Limb loops name two or three arrays and their neighbours by one index.
#![allow(clippy::needless_range_loop)]

use std::arch::x86_64::*;
use std::marker::PhantomData;

use ark_ff::{Fp, MontBackend, MontConfig, PrimeField};
use zkseal_field::{BigInt, Fq};

const LIMB_BITS: u32 = 52;
const LIMB_MASK: u64 = (1 << LIMB_BITS) - 1;

/// Splits 4 words of 64 bits into 5 limbs of 52.
const fn split(words: [u64; 4]) -> [u64; 5] {
    let [a, b, c, d] = words;
    [
        a & LIMB_MASK,
        (a >> 52 | b << 12) & LIMB_MASK,
        (b >> 40 | c << 24) & LIMB_MASK,
        (c >> 28 | d << 36) & LIMB_MASK,
        d >> 16,
    ]
}

/// One of the two prime fields, as the lanes need it.
pub trait Prime: PrimeField {
    /// The modulus.
    const LIMBS: [u64; 5];
    /// -q^-1 mod 2^52.
    const MINUS_INVERSE: u64;

    /// The four words of the field crate's form, `value * 2^256`.
    fn words(&self) -> [u64; 4];

    /// Inverse of [`Self::words`], for words below the modulus.
    fn from_words(words: [u64; 4]) -> Self;
}

impl<C: MontConfig<4>> Prime for Fp<MontBackend<C, 4>, 4> {
    const LIMBS: [u64; 5] = split(C::MODULUS.0);
    const MINUS_INVERSE: u64 = {
        let mut inverse = 1u64;
        let mut step = 0;
        while step < 6 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(Self::LIMBS[0].wrapping_mul(inverse)));
            step += 1;
        }
        inverse.wrapping_neg() & LIMB_MASK
    };

    #[inline]
    fn words(&self) -> [u64; 4] {
        self.0.0
    }

    #[inline]
    fn from_words(words: [u64; 4]) -> Self {
        Self::new_unchecked(BigInt::new(words))
    }
}

const fn multiple_of(limbs: [u64; 5], k: u64) -> [u64; 5] {
    let mut out = [0; 5];
    let mut carry = 0u128;
    let mut i = 0;
    while i < 5 {
        let sum = limbs[i] as u128 * k as u128 + carry;
        out[i] = sum as u64 & LIMB_MASK;
        carry = sum >> LIMB_BITS;
        i += 1;
    }
    out
}

/// Eight elements.
#[derive(Clone, Copy)]
pub struct Lanes<P = Fq>(pub [__m512i; 5], PhantomData<P>);

impl<P> Lanes<P> {
    /// Lanes of these limbs.
    #[inline]
    pub const fn new(limbs: [__m512i; 5]) -> Self {
        Self(limbs, PhantomData)
    }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn splat<P: Prime>(limbs: [u64; 5]) -> Lanes<P> {
    let mut out = [_mm512_setzero_si512(); 5];
    for (lanes, limb) in out.iter_mut().zip(limbs) {
        *lanes = _mm512_set1_epi64(limb.cast_signed());
    }
    Lanes::new(out)
}

/// The same element in all lanes, from the field crate's form: `value * 2^260`.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub fn splat_element<P: Prime>(value: P) -> Lanes<P> {
    splat(split((value * P::from(16u64)).words()))
}

/// Carries limbs (signed, any size) into 52 bits each; the value must be non-negative.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
fn normalise(mut limbs: [__m512i; 5]) -> [__m512i; 5] {
    let mask = _mm512_set1_epi64(LIMB_MASK.cast_signed());
    for i in 0..4 {
        limbs[i + 1] = _mm512_add_epi64(limbs[i + 1], _mm512_srai_epi64::<52>(limbs[i]));
        limbs[i] = _mm512_and_si512(limbs[i], mask);
    }
    limbs
}

/// Bounds add.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn add<P: Prime>(a: &Lanes<P>, b: &Lanes<P>) -> Lanes<P> {
    let mut out = a.0;
    for i in 0..5 {
        out[i] = _mm512_add_epi64(out[i], b.0[i]);
    }
    Lanes::new(normalise(out))
}

/// `a + K q - b` for b at most K q: bound of a plus K.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn sub<const K: u64, P: Prime>(a: &Lanes<P>, b: &Lanes<P>) -> Lanes<P> {
    let shift = const { multiple_of(P::LIMBS, K) };
    let mut out = a.0;
    for i in 0..5 {
        out[i] = _mm512_sub_epi64(_mm512_add_epi64(out[i], _mm512_set1_epi64(shift[i].cast_signed())), b.0[i]);
    }
    Lanes::new(normalise(out))
}

/// `F a` for a factor of the bits 1, 2, 8 and 16: bound times F.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn scale<const F: u64, P: Prime>(a: &Lanes<P>) -> Lanes<P> {
    const { assert!(F & !0b11011 == 0) };
    let mut out = a.0;
    for limb in &mut out {
        let mut sum = _mm512_setzero_si512();
        if F & 1 != 0 {
            sum = *limb;
        }
        if F & 2 != 0 {
            sum = _mm512_add_epi64(sum, _mm512_slli_epi64::<1>(*limb));
        }
        if F & 8 != 0 {
            sum = _mm512_add_epi64(sum, _mm512_slli_epi64::<3>(*limb));
        }
        if F & 16 != 0 {
            sum = _mm512_add_epi64(sum, _mm512_slli_epi64::<4>(*limb));
        }
        *limb = sum;
    }
    Lanes::new(normalise(out))
}

/// Subtracts K q where that leaves nothing negative: a bound of 2 K becomes K.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn reduce<const K: u64, P: Prime>(a: &Lanes<P>) -> Lanes<P> {
    let multiple = const { multiple_of(P::LIMBS, K) };
    let mut less = a.0;
    for i in 0..5 {
        less[i] = _mm512_sub_epi64(less[i], _mm512_set1_epi64(multiple[i].cast_signed()));
    }
    let less = normalise(less);
    let negative = _mm512_movepi64_mask(less[4]);
    let mut out = less;
    for i in 0..5 {
        out[i] = _mm512_mask_blend_epi64(negative, less[i], a.0[i]);
    }
    Lanes::new(out)
}

/// `a` where the lane's bit is clear, `b` where it is set.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn select<P: Prime>(bits: u8, a: &Lanes<P>, b: &Lanes<P>) -> Lanes<P> {
    let mut out = a.0;
    for i in 0..5 {
        out[i] = _mm512_mask_blend_epi64(bits, a.0[i], b.0[i]);
    }
    Lanes::new(out)
}

/// A sum of products that is not reduced yet: ten columns of 52 bits, of at most some hundred products.
#[derive(Clone, Copy)]
pub struct Columns([__m512i; 10]);

impl Columns {
    /// The empty sum.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    #[inline]
    pub fn zero() -> Self {
        Self([_mm512_setzero_si512(); 10])
    }

    /// `a R`: what adds a to the reduced sum.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    #[inline]
    pub fn shifted<P>(a: &Lanes<P>) -> Self {
        let mut sum = Self::zero();
        sum.0[5..].copy_from_slice(&a.0);
        sum
    }

    /// Adds a product.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    #[inline]
    pub fn add_product<P>(&mut self, a: &Lanes<P>, b: &Lanes<P>) {
        let sum = &mut self.0;
        for i in 0..5 {
            for j in 0..5 {
                sum[i + j] = _mm512_madd52lo_epu64(sum[i + j], a.0[i], b.0[j]);
                sum[i + j + 1] = _mm512_madd52hi_epu64(sum[i + j + 1], a.0[i], b.0[j]);
            }
        }
    }

    /// Montgomery reduction: the sum divided by R, plus at most q.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    #[inline]
    pub fn reduced<P: Prime>(self) -> Lanes<P> {
        let mut sum = self.0;
        let q = splat::<P>(P::LIMBS).0;
        let inverse = _mm512_set1_epi64(P::MINUS_INVERSE.cast_signed());
        let round_up = _mm512_set1_epi64(LIMB_MASK.cast_signed());
        for i in 0..5 {
            let m = _mm512_madd52lo_epu64(_mm512_setzero_si512(), sum[i], inverse);
            // m q cancels the low 52 bits of this column: what is carried is the column rounded up.
            let carry = _mm512_srli_epi64::<52>(_mm512_add_epi64(sum[i], round_up));
            sum[i + 1] = _mm512_add_epi64(sum[i + 1], carry);
            sum[i + 1] = _mm512_madd52hi_epu64(sum[i + 1], m, q[0]);
            for j in 1..5 {
                sum[i + j] = _mm512_madd52lo_epu64(sum[i + j], m, q[j]);
                sum[i + j + 1] = _mm512_madd52hi_epu64(sum[i + j + 1], m, q[j]);
            }
        }
        Lanes::new(normalise([sum[5], sum[6], sum[7], sum[8], sum[9]]))
    }
}

/// The product; see the module for its bound.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn mul<P: Prime>(a: &Lanes<P>, b: &Lanes<P>) -> Lanes<P> {
    let mut sum = Columns::zero();
    sum.add_product(a, b);
    sum.reduced()
}

/// `a b + c d` with one reduction: bound `0.0118 (A B + C D) + 1`.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn mul_add_mul<P: Prime>(a: &Lanes<P>, b: &Lanes<P>, c: &Lanes<P>, d: &Lanes<P>) -> Lanes<P> {
    let mut sum = Columns::zero();
    sum.add_product(a, b);
    sum.add_product(c, d);
    sum.reduced()
}

/// The square.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn square<P: Prime>(a: &Lanes<P>) -> Lanes<P> {
    let mut sum = [_mm512_setzero_si512(); 10];
    for i in 0..5 {
        for j in i + 1..5 {
            sum[i + j] = _mm512_madd52lo_epu64(sum[i + j], a.0[i], a.0[j]);
            sum[i + j + 1] = _mm512_madd52hi_epu64(sum[i + j + 1], a.0[i], a.0[j]);
        }
    }
    for column in &mut sum {
        *column = _mm512_slli_epi64::<1>(*column);
    }
    for i in 0..5 {
        sum[2 * i] = _mm512_madd52lo_epu64(sum[2 * i], a.0[i], a.0[i]);
        sum[2 * i + 1] = _mm512_madd52hi_epu64(sum[2 * i + 1], a.0[i], a.0[i]);
    }
    Columns(sum).reduced()
}

/// Limbs from 4 packed words a lane.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn unpack<P: Prime>(words: [__m512i; 4]) -> Lanes<P> {
    let mask = _mm512_set1_epi64(LIMB_MASK.cast_signed());
    let [a, b, c, d] = words;
    Lanes::new([
        _mm512_and_si512(a, mask),
        _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64::<52>(a), _mm512_slli_epi64::<12>(b)), mask),
        _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64::<40>(b), _mm512_slli_epi64::<24>(c)), mask),
        _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64::<28>(c), _mm512_slli_epi64::<36>(d)), mask),
        _mm512_srli_epi64::<16>(d),
    ])
}

/// Inverse of [`unpack`], for values below 2^256 (5 q).
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn pack<P: Prime>(a: &Lanes<P>) -> [__m512i; 4] {
    let [l0, l1, l2, l3, l4] = a.0;
    [
        _mm512_or_si512(l0, _mm512_slli_epi64::<52>(l1)),
        _mm512_or_si512(_mm512_srli_epi64::<12>(l1), _mm512_slli_epi64::<40>(l2)),
        _mm512_or_si512(_mm512_srli_epi64::<24>(l2), _mm512_slli_epi64::<28>(l3)),
        _mm512_or_si512(_mm512_srli_epi64::<36>(l3), _mm512_slli_epi64::<16>(l4)),
    ]
}

/// The field crate's elements in our form (below 2 q).
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub fn import<P: Prime>(elements: &[P; 8]) -> Lanes<P> {
    // raw 2^256 form times 2^264, divided by R.
    let mut words = [[0u64; 8]; 4];
    for (lane, element) in elements.iter().enumerate() {
        for (word, limb) in words.iter_mut().zip(element.words()) {
            word[lane] = limb;
        }
    }
    mul(&unpack(words.map(|words| lanes_of(words))), &splat(split(P::from(256u64).words())))
}

/// Inverse of [`import`] (any bound below 80 q).
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub fn export<P: Prime>(a: &Lanes<P>) -> [P; 8] {
    let raw = mul(a, &splat(split(P::ONE.words())));
    raw_elements(&raw)
}

/// The lanes, read as raw values of the field crate's form: `value * 2^260 = (16 value) * 2^256`.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub fn raw_elements<P: Prime>(a: &Lanes<P>) -> [P; 8] {
    let words = pack(&reduce::<1, _>(a)).map(|lanes| words_of(lanes));
    std::array::from_fn(|lane| P::from_words([words[0][lane], words[1][lane], words[2][lane], words[3][lane]]))
}

/// Inverse of [`raw_elements`].
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub fn from_raw_elements<P: Prime>(elements: &[P; 8]) -> Lanes<P> {
    let words = std::array::from_fn(|word| lanes_of(std::array::from_fn(|lane| elements[lane].words()[word])));
    unpack(words)
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn lanes_of(words: [u64; 8]) -> __m512i {
    // SAFETY: both types are 64 bytes of plain integers.
    unsafe { std::mem::transmute(words) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
pub fn words_of(lanes: __m512i) -> [u64; 8] {
    // SAFETY: both types are 64 bytes of plain integers.
    unsafe { std::mem::transmute(lanes) }
}
