//! The public files, whole and damaged.

mod support;

use std::time::Instant;

use support::{AZTEC, EZKL, HERMEZ, aztec_32768, fixture, montgomery_g1, path, ptau_file};
use zkseal_commit::kzg::setup_digest;
use zkseal_field::{AffineRepr, CurveGroup, Fr, G1Affine, One};
use zkseal_srs::{DEFAULT_MAX_POWERS, Format, G2Affine, Origin, Place, SrsError, Trust, load, read};

/// Start of the G1 powers in the files.
const PTAU_G1: usize = 80;
const ARKWORKS_G1: usize = 8;

fn check(bytes: &[u8]) -> Result<(), SrsError> {
    read(bytes, DEFAULT_MAX_POWERS, Trust::Pinned).map(drop)
}

fn power_of(bytes: &mut [u8], start: usize, index: usize) -> &mut [u8] {
    &mut bytes[start + 64 * index..][..64]
}

fn swap_powers(bytes: &mut [u8], start: usize, one: usize, two: usize) {
    let (first, second) = (power_of(bytes, start, one).to_vec(), power_of(bytes, start, two).to_vec());
    power_of(bytes, start, one).copy_from_slice(&second);
    power_of(bytes, start, two).copy_from_slice(&first);
}

#[test]
fn test_public_files_load_with_origin_powers_and_known_digest() {
    for (name, origin, format, powers, known) in [
        (HERMEZ, Origin::Hermez, Format::Ptau, 1_023, HERMEZ),
        (AZTEC, Origin::Aztec, Format::Arkworks, 1_025, AZTEC),
        (EZKL, Origin::Ezkl, Format::Halo2, 2, "kzg1.srs"),
    ] {
        let clock = Instant::now();
        let srs = load(path(name), DEFAULT_MAX_POWERS, Trust::Pinned).unwrap();
        println!("{name}: {:?}", clock.elapsed());
        assert_eq!((srs.origin, srs.format, srs.powers_in_file), (origin, format, powers));
        assert_eq!((srs.g1.len(), srs.known_digest), (powers, Some(known)));
        assert_eq!(srs.g1[0], G1Affine::generator());
        assert_eq!(Some(srs.tau_g2), origin.tau_g2());
    }
}

#[test]
fn test_tau_g1_of_the_ceremonies() {
    let hermez = load(path(HERMEZ), 2, Trust::Pinned).unwrap();
    let aztec = load(path(AZTEC), 2, Trust::Pinned).unwrap();
    assert_eq!(
        hermez.g1[1].to_string(),
        "(20728631459180945195599883126918614737332401693345742211369865915898638258639, \
         16919411746124220790029666305490600509628907081923656367900435673631503372016)"
    );
    assert_eq!(
        aztec.g1[1].to_string(),
        "(20449530420899268687302952649477614135834879920908224423340014304031627405049, \
         17515048112805791705685986509311726821353577104405763528022564402866062101162)"
    );
}

#[test]
fn test_large_file_loads_in_time_and_keeps_what_is_asked_for() {
    let clock = Instant::now();
    let srs = load(aztec_32768(), 1_025, Trust::Pinned).unwrap();
    println!("32769 powers: {:?}", clock.elapsed());
    let small = load(path(AZTEC), DEFAULT_MAX_POWERS, Trust::Pinned).unwrap();
    assert_eq!((srs.powers_in_file, srs.origin), (32_769, Origin::Aztec));
    assert_eq!(srs.known_digest, Some("kzg10-bn254-aztec-srs-32768.bin"));
    assert_eq!(srs.g1, small.g1);

    // The power far behind those that are kept is checked all the same, and found.
    let mut bytes = std::fs::read(aztec_32768()).unwrap();
    swap_powers(&mut bytes, ARKWORKS_G1, 30_000, 32_000);
    let clock = Instant::now();
    assert_eq!(read(&bytes, 1_025, Trust::Pinned).map(drop), Err(SrsError::InconsistentPower { index: 30_000 }));
    println!("32769 powers, search of the bad one: {:?}", clock.elapsed());
}

#[test]
fn test_truncated_files_are_refused() {
    for name in [HERMEZ, AZTEC, EZKL] {
        let bytes = fixture(name);
        assert_eq!(check(&[]), Err(SrsError::Empty));
        for length in [1, 4, 7, 8, 11, 12, 40, 79, 100, 144, 260, 400, bytes.len() / 2, bytes.len() - 1] {
            match check(&bytes[..length.min(bytes.len() - 1)]) {
                Err(SrsError::Truncated { expected, found, .. }) => {
                    assert_eq!(found, length.min(bytes.len() - 1) as u64);
                    assert!(expected > found);
                }
                Err(SrsError::NotSetupData { kind: "a text" }) if length == 4 || length == 1 => {}
                other => panic!("{name} cut to {length} bytes: {other:?}"),
            }
        }
    }
}

#[test]
fn test_one_more_byte_is_refused() {
    for name in [HERMEZ, AZTEC, EZKL] {
        let mut bytes = fixture(name);
        bytes.push(0);
        let found = bytes.len() as u64;
        assert_eq!(check(&bytes), Err(SrsError::TrailingBytes { expected: found - 1, found }));
    }
}

#[test]
fn test_a_changed_power_is_found() {
    let bytes = fixture(HERMEZ);
    for index in [1, 2, 3, 511, 512, 1_000, 1_021, 1_022] {
        let mut bytes = bytes.clone();
        let other: G1Affine = (G1Affine::generator() * Fr::from(77u64)).into_affine();
        power_of(&mut bytes, PTAU_G1, index).copy_from_slice(&montgomery_g1(&other));
        assert_eq!(check(&bytes), Err(SrsError::InconsistentPower { index }));
    }
    let mut bytes = fixture(AZTEC);
    // Its negative is a point of the curve, too; arkworks flags the larger y.
    let y = &mut power_of(&mut bytes, ARKWORKS_G1, 1_024)[63];
    *y ^= 0x80;
    assert_eq!(check(&bytes), Err(SrsError::WrongFlags { place: Place::Power(1_024) }));
}

#[test]
fn test_a_swapped_pair_is_found() {
    for (one, two) in [(1, 2), (5, 900), (1_021, 1_022)] {
        let mut bytes = fixture(HERMEZ);
        swap_powers(&mut bytes, PTAU_G1, one, two);
        assert_eq!(check(&bytes), Err(SrsError::InconsistentPower { index: one }));
        let mut bytes = fixture(AZTEC);
        swap_powers(&mut bytes, ARKWORKS_G1, one, two);
        assert_eq!(check(&bytes), Err(SrsError::InconsistentPower { index: one }));
    }
    let mut bytes = fixture(HERMEZ);
    swap_powers(&mut bytes, PTAU_G1, 0, 9);
    assert_eq!(check(&bytes), Err(SrsError::WrongG1Generator));
}

#[test]
fn test_swapped_g2_powers_are_found() {
    let start = 65_564;
    let mut bytes = fixture(HERMEZ);
    let (left, right) = bytes.split_at_mut(start + 300 * 128);
    left[start + 200 * 128..][..128].swap_with_slice(&mut right[..128]);
    assert_eq!(check(&bytes), Err(SrsError::InconsistentG2Power { index: 200 }));
}

#[test]
fn test_lagrange_points_of_another_polynomial_are_refused() {
    let mut bytes = fixture(EZKL);
    let other = montgomery_g1(&(G1Affine::generator() * Fr::from(3u64)).into_affine());
    bytes[4 + 2 * 64..][..64].copy_from_slice(&other);
    assert_eq!(check(&bytes), Err(SrsError::WrongLagrangeSum));
}

#[test]
fn test_points_off_the_curve_and_large_coordinates_are_located() {
    for (name, start) in [(HERMEZ, PTAU_G1), (AZTEC, ARKWORKS_G1)] {
        let mut bytes = fixture(name);
        power_of(&mut bytes, start, 700)[0] ^= 1;
        power_of(&mut bytes, start, 900)[0] ^= 1;
        assert_eq!(check(&bytes), Err(SrsError::NotOnCurve { place: Place::Power(700) }));
        power_of(&mut bytes, start, 3)[..32].fill(0xff);
        assert_eq!(check(&bytes), Err(SrsError::CoordinateTooLarge { place: Place::Power(3) }));
    }
    let mut bytes = fixture(HERMEZ);
    power_of(&mut bytes, PTAU_G1, 700).fill(0);
    assert_eq!(check(&bytes), Err(SrsError::Identity { place: Place::Power(700) }));
    let mut bytes = fixture(AZTEC);
    power_of(&mut bytes, ARKWORKS_G1, 700).fill(0);
    power_of(&mut bytes, ARKWORKS_G1, 700)[63] = 0x40;
    assert_eq!(check(&bytes), Err(SrsError::Identity { place: Place::Power(700) }));
}

#[test]
fn test_flipped_tau_g2_is_refused_whatever_the_trust() {
    let mut bytes = fixture(EZKL);
    let start = bytes.len() - 128;
    let flipped = -Origin::Ezkl.tau_g2().unwrap();
    bytes[start..].copy_from_slice(&support::montgomery_g2(&flipped));
    for trust in [Trust::Pinned, Trust::Insecure] {
        assert_eq!(read(&bytes, 2, trust).map(drop), Err(SrsError::InconsistentPower { index: 1 }));
    }
    // The pinned tau*G2 of one ceremony does not make the powers of another its own.
    let mut bytes = fixture(EZKL);
    bytes[start..].copy_from_slice(&support::montgomery_g2(&Origin::Hermez.tau_g2().unwrap()));
    assert_eq!(check(&bytes), Err(SrsError::InconsistentPower { index: 1 }));
    // Generator and tau*G2 in exchanged places.
    let mut bytes = fixture(EZKL);
    let (left, right) = bytes.split_at_mut(start);
    left[start - 128..].swap_with_slice(right);
    assert_eq!(check(&bytes), Err(SrsError::WrongG2Generator));
}

#[test]
fn test_hermez_file_of_another_tau_is_of_unknown_origin() {
    let bytes = fixture(HERMEZ);
    let srs = read(&bytes, DEFAULT_MAX_POWERS, Trust::Pinned).unwrap();
    let factor = Fr::from(1_234_567u64);
    let mut scale = Fr::one();
    let mut g1 = Vec::new();
    for point in &srs.g1 {
        g1.extend(montgomery_g1(&(*point * scale).into_affine()));
        scale *= factor;
    }
    let header = bytes[24..68].to_vec();
    // 512 G2 powers cannot be had from tau*G2 alone: read them from the file.
    let mut g2 = Vec::new();
    scale = Fr::one();
    for chunk in bytes[65_564..][..512 * 128].as_chunks::<128>().0 {
        g2.extend(support::montgomery_g2(&(support::g2_of_montgomery(chunk) * scale).into_affine()));
        scale *= factor;
    }
    let forged = ptau_file(&[(1, header), (2, g1), (3, g2)]);
    let tau_g2 = (srs.tau_g2 * factor).into_affine();
    let digest: String = setup_digest(&tau_g2).iter().map(|byte| format!("{byte:02x}")).collect();
    let error = read(&forged, 2, Trust::Pinned).unwrap_err();
    assert_eq!(error, SrsError::UnknownOrigin { setup_digest: digest });
    assert!(error.to_string().contains("--insecure-srs"));
    let accepted = read(&forged, 2, Trust::Insecure).unwrap();
    assert_eq!((accepted.origin, accepted.tau_g2, accepted.known_digest), (Origin::Unknown, tau_g2, None));
}

#[test]
fn test_a_shorter_file_of_a_known_ceremony_is_accepted_without_known_digest() {
    let srs = load(path(AZTEC), 10, Trust::Pinned).unwrap();
    let short = support::arkworks_file(&srs.g1, &[G2Affine::generator(), srs.tau_g2]);
    let got = read(&short, DEFAULT_MAX_POWERS, Trust::Pinned).unwrap();
    assert_eq!((got.origin, got.powers_in_file, got.known_digest), (Origin::Aztec, 10, None));
    // The same points in the layout of the ceremony.
    let contribution = G2Affine::generator();
    let body = support::ignition_body(&srs.g1, &[G2Affine::generator(), srs.tau_g2, contribution]);
    let got = read(&support::seal(body), DEFAULT_MAX_POWERS, Trust::Pinned).unwrap();
    assert_eq!((got.origin, got.format, got.g1), (Origin::Aztec, Format::Ignition, srs.g1));
}

#[test]
fn test_what_is_no_setup_is_named() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 672920\n";
    assert_eq!(check(pointer), Err(SrsError::NotSetupData { kind: "a Git-LFS pointer" }));
    for page in
        ["<!DOCTYPE html>\n<html>", "\u{feff}  <?xml version=\"1.0\"?><Error/>", "\n<Error>AccessDenied</Error>"]
    {
        assert_eq!(check(page.as_bytes()), Err(SrsError::NotSetupData { kind: "an HTML or XML page" }));
    }
    assert_eq!(check(b"{\"message\": \"Not Found\"}"), Err(SrsError::NotSetupData { kind: "a text" }));
    let mut bytes = fixture(HERMEZ);
    bytes[..4].copy_from_slice(b"ptax");
    assert_eq!(check(&bytes), Err(SrsError::UnknownFormat { start: "7074617801000000".into() }));
    assert!(matches!(load(path("none.ptau"), 2, Trust::Pinned), Err(SrsError::Io { .. })));
}

#[test]
fn test_pinned_constants_are_points_of_the_subgroup_with_distinct_digests() {
    let origins = [Origin::Hermez, Origin::Aztec, Origin::Ezkl];
    for origin in origins {
        let point = origin.tau_g2().unwrap();
        assert!(point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve());
        assert_eq!(Origin::of(&point), origin);
        assert_eq!(Origin::of(&-point), Origin::Unknown);
    }
    let mut digests: Vec<_> = origins.iter().map(|origin| setup_digest(&origin.tau_g2().unwrap())).collect();
    digests.dedup();
    assert_eq!(digests.len(), 3);
    assert_eq!(Origin::Unknown.tau_g2(), None);
}
