//! Files of a known tau in every layout, the bytes of `tau*G2`, and arbitrary bytes.

mod support;

use support::{
    arkworks_file, arkworks_g1, halo2_file, ignition_body, montgomery_g2, outside_subgroup, powers, ptau_file,
    ptau_sections, seal,
};
use zkseal_commit::kzg::setup_digest;
use zkseal_field::{AffineRepr, CurveGroup, Fr, G1Affine, One};
use zkseal_srs::{Format, Origin, Place, SrsError, Trust, read, restore};

fn tau() -> Fr {
    Fr::from(0x1234_5678_9abc_def1u64)
}

/// One file of each format, but for halo2 with a tau of one, where all Lagrange points but one are the identity.
fn files(tau: Fr) -> Vec<(Format, usize, Vec<u8>)> {
    let (g1, g2) = powers(tau, 9, 3);
    let mut files = vec![
        (Format::Arkworks, 9, arkworks_file(&g1, &g2)),
        (Format::Ignition, 9, seal(ignition_body(&g1, &g2))),
        (Format::Ptau, 7, ptau_file(&ptau_sections(tau, 2))),
    ];
    if tau != Fr::one() {
        files.push((Format::Halo2, 8, halo2_file(tau, 3)));
    }
    files
}

fn check(bytes: &[u8]) -> Result<(), SrsError> {
    read(bytes, 4, Trust::Insecure).map(drop)
}

#[test]
fn test_unknown_tau_is_refused_unless_trusted() {
    let (g1, g2) = powers(tau(), 9, 2);
    for (format, number, bytes) in files(tau()) {
        let error = read(&bytes, 4, Trust::Pinned).unwrap_err();
        assert!(matches!(error, SrsError::UnknownOrigin { .. }), "{format:?}: {error}");
        let srs = read(&bytes, 4, Trust::Insecure).unwrap();
        assert_eq!((srs.origin, srs.format, srs.powers_in_file), (Origin::Unknown, format, number));
        assert_eq!((srs.known_digest, srs.tau_g2), (None, g2[1]));
        assert_eq!(srs.g1, g1[..4]);
        let all = read(&bytes, 100, Trust::Insecure).unwrap();
        assert_eq!(all.g1, g1[..number]);
    }
}

#[test]
fn test_tau_of_one_and_too_few_powers_are_refused() {
    for (_, _, bytes) in files(Fr::one()) {
        assert_eq!(check(&bytes), Err(SrsError::TauIsOne));
    }
    let (g1, g2) = powers(tau(), 1, 3);
    assert_eq!(check(&arkworks_file(&g1, &g2)), Err(SrsError::TooFewPowers { found: 1 }));
    assert_eq!(check(&arkworks_file(&[], &g2)), Err(SrsError::TooFewPowers { found: 0 }));
    assert_eq!(check(&seal(ignition_body(&g1, &g2))), Err(SrsError::TooFewPowers { found: 1 }));
    assert_eq!(check(&halo2_file(tau(), 0)), Err(SrsError::TooFewPowers { found: 1 }));
    assert_eq!(check(&ptau_file(&ptau_sections(tau(), 0))), Err(SrsError::TooFewPowers { found: 1 }));
}

#[test]
fn test_headers_of_ptau_files() {
    let sections = ptau_sections(tau(), 2);
    let mut reversed = sections.clone();
    reversed.reverse();
    reversed.push((7, vec![1, 2, 3]));
    assert_eq!(check(&ptau_file(&reversed)), Ok(()));
    for missing in 0..3 {
        let mut sections = sections.clone();
        let (section, _) = sections.remove(missing);
        assert_eq!(check(&ptau_file(&sections)), Err(SrsError::MissingSection { section }));
    }
    let mut twice = sections.clone();
    twice.push(sections[1].clone());
    assert_eq!(check(&ptau_file(&twice)), Err(SrsError::RepeatedSection { section: 2 }));
    let mut short = sections.clone();
    short[1].1.truncate(6 * 64);
    let expected = SrsError::WrongSectionSize { section: 2, expected: 448, found: 384 };
    assert_eq!(check(&ptau_file(&short)), Err(expected));
    let mut field = sections.clone();
    field[0].1[4] = 1;
    assert!(matches!(check(&ptau_file(&field)), Err(SrsError::WrongField { bytes: 32, .. })));
    // BLS12-381 has coordinates of 48 bytes.
    let mut field = sections.clone();
    field[0].1 = 48u32.to_le_bytes().into_iter().chain([0xab; 48]).chain([2, 0, 0, 0, 28, 0, 0, 0]).collect();
    assert!(matches!(check(&ptau_file(&field)), Err(SrsError::WrongField { bytes: 48, .. })));
    let mut power = sections.clone();
    power[0].1[36] = 60;
    assert!(matches!(check(&ptau_file(&power)), Err(SrsError::BadHeader { what: "power", found: 60, .. })));
    let mut version = ptau_file(&sections);
    version[4] = 2;
    assert!(matches!(check(&version), Err(SrsError::BadHeader { what: "version", found: 2, .. })));
}

#[test]
fn test_g2_points_off_the_curve_and_outside_the_subgroup_are_located() {
    let sections = ptau_sections(tau(), 2);
    let mut outside = sections.clone();
    outside[2].1[2 * 128..3 * 128].copy_from_slice(&montgomery_g2(&outside_subgroup()));
    assert_eq!(check(&ptau_file(&outside)), Err(SrsError::NotInSubgroup { place: Place::G2Power(2) }));
    let mut off = sections.clone();
    off[2].1[3 * 128] ^= 1;
    assert_eq!(check(&ptau_file(&off)), Err(SrsError::NotOnCurve { place: Place::G2Power(3) }));
    let mut zero = sections;
    zero[2].1[128..256].fill(0);
    assert_eq!(check(&ptau_file(&zero)), Err(SrsError::Identity { place: Place::G2Power(1) }));
}

#[test]
fn test_ignition_transcripts() {
    let (g1, g2) = powers(tau(), 9, 3);
    let body = ignition_body(&g1, &g2);
    let mut wrong = seal(body.clone());
    wrong[28 + 8 * 64 + 128] ^= 1;
    assert_eq!(check(&wrong), Err(SrsError::WrongChecksum));
    let mut later = body.clone();
    later[3] = 5;
    assert!(matches!(check(&seal(later)), Err(SrsError::Unsupported { .. })));
    for (byte, what) in [(27, "first index"), (23, "G2 points"), (16, "G1 points of this transcript")] {
        let mut header = body.clone();
        header[byte] = 7;
        assert!(matches!(check(&seal(header)), Err(SrsError::BadHeader { what: got, .. }) if got == what));
    }
    // Points are counted from tau^1.
    let mut swapped = g1.clone();
    swapped.swap(4, 5);
    assert_eq!(check(&seal(ignition_body(&swapped, &g2))), Err(SrsError::InconsistentPower { index: 4 }));
    let mut off = body.clone();
    off[28 + 3 * 64] ^= 1;
    assert_eq!(check(&seal(off)), Err(SrsError::NotOnCurve { place: Place::Power(4) }));
    let outside = [g2[0], g2[1], outside_subgroup()];
    assert_eq!(
        check(&seal(ignition_body(&g1, &outside))),
        Err(SrsError::NotInSubgroup { place: Place::ContributionG2 })
    );
    let flipped = [g2[0], -g2[1], g2[2]];
    assert_eq!(check(&seal(ignition_body(&g1, &flipped))), Err(SrsError::InconsistentPower { index: 1 }));
    let mut long = seal(body);
    long.push(1);
    assert!(matches!(check(&long), Err(SrsError::TrailingBytes { .. })));
}

#[test]
fn test_compressed_files_and_filled_maps_are_named() {
    let (g1, g2) = powers(tau(), 8, 2);
    let compressed = [&8u64.to_le_bytes()[..], &[3; 8 * 32 + 8 + 128 + 8]].concat();
    assert!(matches!(check(&compressed), Err(SrsError::Unsupported { .. })));
    let compressed = [&3u32.to_le_bytes()[..], &1u64.to_le_bytes(), &[0; 2 * 8 * 32 + 120]].concat();
    assert!(matches!(check(&compressed), Err(SrsError::Unsupported { .. })));
    let mut gamma = arkworks_file(&g1, &g2);
    gamma[8 + 8 * 64] = 2;
    assert!(matches!(check(&gamma), Err(SrsError::BadHeader { what: "powers times gamma", found: 2, .. })));
    let mut negative = arkworks_file(&g1, &g2);
    *negative.last_mut().unwrap() = 1;
    assert!(matches!(check(&negative), Err(SrsError::BadHeader { what: "negative powers", .. })));
}

#[test]
fn test_a_pair_of_wrong_powers_does_not_cancel() {
    // sum_i P_i is the same before and after; the weights are not.
    let (mut g1, g2) = powers(tau(), 9, 2);
    let shift = G1Affine::generator();
    g1[3] = (g1[3] + shift).into_affine();
    g1[6] = (g1[6] - shift).into_affine();
    assert_eq!(check(&arkworks_file(&g1, &g2)), Err(SrsError::InconsistentPower { index: 3 }));
}

/// xorshift: a number below the bound.
fn next(state: &mut u64, bound: usize) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state % bound.max(1) as u64) as usize
}

/// A few bytes changed, or some removed, doubled or appended.
fn mutate(bytes: &[u8], state: &mut u64) -> Vec<u8> {
    let mut out = bytes.to_vec();
    match next(state, 4) {
        0 => out.truncate(next(state, bytes.len() + 1)),
        1 => {
            let (from, count) = (next(state, bytes.len()), next(state, 64));
            let copied: Vec<u8> = out.iter().skip(from).take(count).copied().collect();
            out.splice(from..from, copied);
        }
        2 => out.extend(std::iter::repeat_n(0xa5, next(state, 40) + 1)),
        _ => {
            for _ in 0..=next(state, 4) {
                let at = next(state, out.len());
                if let Some(byte) = out.get_mut(at) {
                    *byte = next(state, 256) as u8;
                }
            }
        }
    }
    out
}

#[test]
fn test_mutated_files_are_refused_without_a_panic() {
    let mut state = 0x9e37_79b9_7f4a_7c15;
    for (format, _, bytes) in files(tau()) {
        for _ in 0..1_000 {
            let mutated = mutate(&bytes, &mut state);
            if mutated == bytes || check(&mutated).is_err() {
                continue;
            }
            // The power of the ceremony in the header of a .ptau file is bounded only.
            assert_eq!((format, mutated.len()), (Format::Ptau, bytes.len()));
            let differing: Vec<_> = (0..bytes.len()).filter(|index| mutated[*index] != bytes[*index]).collect();
            assert!(differing.iter().all(|index| (64..68).contains(index)), "accepted with changes at {differing:?}");
        }
    }
    let (g1, g2) = powers(tau(), 9, 3);
    let body = ignition_body(&g1, &g2);
    for _ in 0..1_000 {
        let mutated = mutate(&body, &mut state);
        // The checksum is right: the points decide. Numbers of the manifest about other transcripts stay unread.
        if check(&seal(mutated.clone())).is_ok() {
            assert_eq!((&mutated[16..28], &mutated[28..][..9 * 64]), (&body[16..28], &body[28..][..9 * 64]));
        }
    }
}

#[test]
fn test_arbitrary_bytes_are_refused_without_a_panic() {
    let mut state = 0x2545_f491_4f6c_dd1d;
    for length in 0..400 {
        let bytes: Vec<u8> = (0..length).map(|_| next(&mut state, 256) as u8).collect();
        assert!(check(&bytes).is_err());
        let mut bytes = vec![0; length];
        bytes.iter_mut().take(12).for_each(|byte| *byte = next(&mut state, 3) as u8);
        assert!(check(&bytes).is_err());
    }
}

#[test]
fn test_equal_files_get_equal_answers() {
    let (mut g1, g2) = powers(tau(), 9, 2);
    let good = arkworks_file(&g1, &g2);
    assert_eq!(read(&good, 4, Trust::Insecure), read(&good, 4, Trust::Insecure));
    g1[8] = g1[7];
    let bad = arkworks_file(&g1, &g2);
    assert_eq!(bad[8 + 8 * 64..][..64], arkworks_g1(&g1[7])[..]);
    for _ in 0..3 {
        assert_eq!(check(&bad), Err(SrsError::InconsistentPower { index: 8 }));
    }
}

/// 64 bytes each, as a proving key keeps them.
fn kept(points: &[G1Affine]) -> Vec<u8> {
    points.iter().flat_map(zkseal_field::encode_uncompressed).collect()
}

#[test]
fn test_kept_powers_are_restored() {
    let (g1, g2) = powers(tau(), 9, 2);
    for count in [2, 3, 9] {
        assert_eq!(restore(&kept(&g1[..count]), &g2[1]).as_deref(), Ok(&g1[..count]));
    }
}

#[test]
fn test_kept_powers_that_were_changed_are_refused() {
    let (g1, g2) = powers(tau(), 9, 2);
    let other = (G1Affine::generator() * Fr::from(5u64)).into_affine();
    for index in 1..9 {
        let mut changed = g1.clone();
        changed[index] = other;
        assert_eq!(restore(&kept(&changed), &g2[1]), Err(SrsError::InconsistentPower { index }));
        let mut bytes = kept(&g1);
        bytes[64 * index + 63] ^= 1;
        assert_eq!(restore(&bytes, &g2[1]), Err(SrsError::NotOnCurve { place: Place::Power(index) }));
        bytes[64 * index..][..64].fill(0);
        assert_eq!(restore(&bytes, &g2[1]), Err(SrsError::Identity { place: Place::Power(index) }));
        bytes[64 * index..][..64].fill(0xff);
        assert_eq!(restore(&bytes, &g2[1]), Err(SrsError::CoordinateTooLarge { place: Place::Power(index) }));
    }
    let (_, other_g2) = powers(tau() + Fr::one(), 2, 2);
    assert_eq!(restore(&kept(&g1), &other_g2[1]), Err(SrsError::InconsistentPower { index: 1 }));
}

#[test]
fn test_kept_powers_of_another_length_are_refused() {
    let (g1, g2) = powers(tau(), 3, 2);
    let bytes = kept(&g1);
    let expected = Err(SrsError::Truncated { what: "the last power", expected: 192, found: 191 });
    assert_eq!(restore(&bytes[..191], &g2[1]), expected);
    for count in [0, 1] {
        assert_eq!(restore(&bytes[..64 * count], &g2[1]), Err(SrsError::TooFewPowers { found: count }));
    }
}

#[test]
fn test_origins_are_found_by_digest_as_by_point() {
    for origin in Origin::PUBLISHED {
        let tau_g2 = origin.tau_g2().unwrap();
        assert_eq!(Origin::of_digest(&setup_digest(&tau_g2)), origin);
    }
    let (_, g2) = powers(tau(), 2, 2);
    assert_eq!(Origin::of_digest(&setup_digest(&g2[1])), Origin::Unknown);
}
