//! Vendors' evidence (fixtures/tee) through the crate's own interface, and totality: no cut of it panics.
//!
//! Verdicts row by row, and every changed byte, are tests/tee in Python.

use std::path::PathBuf;
use zkseal_attest::{AttestError, Certificate, Trust, intel, nitro, snp, spdm};

fn read(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/tee").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Certificates of a PEM file, in DER.
fn pem(name: &str) -> Vec<Vec<u8>> {
    let text = String::from_utf8(read(name)).unwrap();
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    blocks.map(|block| base64(block.split("-----END").next().unwrap())).collect()
}

fn base64(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0u32, 0);
    for c in text.bytes().filter(|c| !c.is_ascii_whitespace() && *c != b'=') {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        bits = bits << 6 | u32::try_from(alphabet.iter().position(|a| *a == c).unwrap()).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    bytes
}

fn certificates(names: &[&str]) -> Vec<Certificate> {
    Certificate::read_all(&names.iter().flat_map(|name| pem(name)).collect::<Vec<_>>()).unwrap()
}

#[test]
fn an_snp_report_verifies_and_no_cut_of_it_does() {
    let (roots, ask) = (certificates(&["amd/ca/milan-ark.pem"]), certificates(&["amd/ca/milan-ask.pem"]));
    let trust = Trust { roots: &roots, revocation_lists: &[], now: 1_782_864_000 };
    let (report, leaf) = (read("amd/milan-virtee-v2/report.bin"), read("amd/milan-virtee-v2/vcek.der"));
    let verified = snp::verify(&report, &leaf, &ask, &trust).unwrap();
    assert_eq!((verified.report.version, verified.chain.path.len()), (2, 3));
    for length in 0..report.len() {
        let error = snp::verify(&report[..length], &leaf, &ask, &trust).unwrap_err();
        assert!(matches!(error, AttestError::Format { .. }));
    }
    for length in 0..leaf.len() {
        assert!(snp::verify(&report, &leaf[..length], &ask, &trust).is_err());
    }
}

#[test]
fn a_report_of_another_chip_is_refused() {
    let (roots, ask) = (certificates(&["amd/ca/milan-ark.pem"]), certificates(&["amd/ca/milan-ask.pem"]));
    let trust = Trust { roots: &roots, revocation_lists: &[], now: 1_782_864_000 };
    let (report, leaf) = (read("amd/milan-virtee-v2/report.bin"), read("amd/neg-milan-wrong-vcek/vcek-good.der"));
    let error = snp::verify(&report, &leaf, &ask, &trust).unwrap_err();
    assert!(matches!(error, AttestError::Signature { .. }));
}

#[test]
fn a_nitro_document_verifies_and_no_cut_of_it_does() {
    let roots = certificates(&["aws-nitro/root-g1.pem"]);
    let trust = Trust { roots: &roots, revocation_lists: &[], now: 1_766_668_537 };
    let bytes = read("aws-nitro/dstack-nsm-2025.cose");
    let (document, chain) = nitro::verify(&bytes, &trust).unwrap();
    assert_eq!((document.pcrs.len(), chain.path.last().unwrap().der()), (16, roots[0].der()));
    for length in 0..bytes.len() {
        assert!(matches!(nitro::verify(&bytes[..length], &trust), Err(AttestError::Format { .. })));
    }
    let late = Trust { now: 1_782_864_000, ..trust };
    assert!(matches!(nitro::verify(&bytes, &late), Err(AttestError::Validity { .. })));
}

#[test]
fn a_gpu_report_verifies_and_no_cut_of_it_does() {
    let roots = certificates(&["nvidia/root/device-root.pem"]);
    let chain = certificates(&["nvidia/blackwell.certs.pem"]);
    let trust = Trust { roots: &roots, revocation_lists: &[], now: 1_782_864_000 };
    let text = String::from_utf8(read("nvidia/blackwell.report.hex")).unwrap();
    let digits = text.trim().as_bytes();
    let bytes: Vec<u8> =
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect();
    let (report, _) = spdm::verify(&bytes, &chain, &trust).unwrap();
    assert_eq!(report.measurements.len(), 64);
    for length in 0..bytes.len() {
        assert!(matches!(spdm::verify(&bytes[..length], &chain, &trust), Err(AttestError::Format { .. })));
    }
    assert!(matches!(spdm::verify(&bytes, &[], &trust), Err(AttestError::Chain { .. })));
}

#[test]
fn a_quote_verifies_and_says_its_status() {
    let root = pem("intel/root/intel-sgx-root-ca.pem").remove(0);
    let collateral = String::from_utf8(read("intel/collateral/tdx-v4-phala.2025-06.json")).unwrap();
    let quote = read("intel/quotes/tdx-v4-phala.bin");
    let verified = intel::verify(&quote, &collateral, &root, 1_750_809_600).unwrap();
    assert_eq!((verified.is_tdx, verified.tcb_status.as_deref()), (true, Some("UpToDate")));
    let late = intel::verify(&quote, &collateral, &root, 1_753_401_600).unwrap_err();
    assert!(matches!(late, AttestError::Collateral { .. }));
    for length in (0..4900).step_by(7) {
        assert!(intel::verify(&quote[..length], &collateral, &root, 1_750_809_600).is_err());
    }
    assert!(matches!(intel::verify(&quote, "{}", &root, 1_750_809_600), Err(AttestError::Format { .. })));
}
