//! Digests of the published files.

use blake2::Blake2b512;
use sha2::{Digest, Sha256};

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// BLAKE2b-512.
pub(crate) fn blake2b(bytes: &[u8]) -> [u8; 64] {
    Blake2b512::digest(bytes).into()
}

/// The published name of the file with one of these digests.
pub(crate) fn known(sha256: &[u8; 32], blake2b: &[u8; 64]) -> Option<&'static str> {
    let (sha256, blake2b) = (hex(sha256), hex(blake2b));
    let digests = BLAKE2B.iter().chain(SHA256);
    digests.into_iter().find(|(_, digest)| *digest == sha256 || *digest == blake2b).map(|(name, _)| *name)
}

/// BLAKE2b-512 of the Hermez files, from the table in the README of snarkjs.
const BLAKE2B: &[(&str, &str)] = &[
    (
        "powersOfTau28_hez_final_09.ptau",
        concat!(
            "94f108a80e81b5d932d8e8c9e8fd7f46cf32457e31462deeeef37af1b71c2c1b",
            "3c71fb0d9b59c654ec266b042735f50311f9fd1d4cadce47ab234ad163157cb5",
        ),
    ),
    (
        "powersOfTau28_hez_final_10.ptau",
        concat!(
            "6cfeb8cda92453099d20120bdd0e8a5c4e7706c2da9a8f09ccc157ed2464d921",
            "fd0437fb70db42104769efd7d6f3c1f964bcf448c455eab6f6c7d863e88a5849",
        ),
    ),
    (
        "powersOfTau28_hez_final_11.ptau",
        concat!(
            "47c282116b892e5ac92ca238578006e31a47e7c7e70f0baa8b687f0a5203e28e",
            "a07bbbec765a98dcd654bad618475d4661bfaec3bd9ad2ed12e7abc251d94d33",
        ),
    ),
    (
        "powersOfTau28_hez_final_12.ptau",
        concat!(
            "ded2694169b7b08e898f736d5de95af87c3f1a64594013351b1a796dbee393bd",
            "825f88f9468c84505ddd11eb0b1465ac9b43b9064aa8ec97f2b73e04758b8a4a",
        ),
    ),
    (
        "powersOfTau28_hez_final_13.ptau",
        concat!(
            "58efc8bf2834d04768a3d7ffcd8e1e23d461561729beaac4e3e7a47829a1c906",
            "6d5320241e124a1a8e8aa6c75be0ba66f65bc8239a0542ed38e11276f6fdb4d9",
        ),
    ),
    (
        "powersOfTau28_hez_final_14.ptau",
        concat!(
            "eeefbcf7c3803b523c94112023c7ff89558f9b8e0cf5d6cdcba3ade60f168af4",
            "a181c9c21774b94fbae6c90411995f7d854d02ebd93fb66043dbb06f17a831c1",
        ),
    ),
    (
        "powersOfTau28_hez_final_15.ptau",
        concat!(
            "982372c867d229c236091f767e703253249a9b432c1710b4f326306bfa2428a1",
            "7b06240359606cfe4d580b10a5a1f63fbed499527069c18ae17060472969ae6e",
        ),
    ),
    (
        "powersOfTau28_hez_final_16.ptau",
        concat!(
            "6a6277a2f74e1073601b4f9fed6e1e55226917efb0f0db8a07d98ab01df1ccf4",
            "3eb0e8c3159432acd4960e2f29fe84a4198501fa54c8dad9e43297453efec125",
        ),
    ),
    (
        "powersOfTau28_hez_final_17.ptau",
        concat!(
            "6247a3433948b35fbfae414fa5a9355bfb45f56efa7ab4929e669264a0258976",
            "741dfbe3288bfb49828e5df02c2e633df38d2245e30162ae7e3bcca5b8b49345",
        ),
    ),
    (
        "powersOfTau28_hez_final_18.ptau",
        concat!(
            "7e6a9c2e5f05179ddfc923f38f917c9e6831d16922a902b0b4758b8e79c2ab8a",
            "81bb5f29952e16ee6c5067ed044d7857b5de120a90704c1d3b637fd94b95b13e",
        ),
    ),
    (
        "powersOfTau28_hez_final_19.ptau",
        concat!(
            "bca9d8b04242f175189872c42ceaa21e2951e0f0f272a0cc54fc37193ff66486",
            "00eaf1c555c70cdedfaf9fb74927de7aa1d33dc1e2a7f1a50619484989da0887",
        ),
    ),
];

/// SHA-256 of the Aztec files of ark-srs and of the smallest file of ezkl.
const SHA256: &[(&str, &str)] = &[
    ("kzg10-bn254-aztec-srs-1024.bin", "0e2a5fb1d9102ee5b06723472b23f4f29f938712251a7b5b75eed4df4049871c"),
    ("kzg10-bn254-aztec-srs-32768.bin", "adfc7e882e487656ce92f4a0542a74c4c92022497fd6e29d70d22e74f5a229fe"),
    ("kzg1.srs", "cafb2aa72c200ddc4e28aacabb8066e829207e2484b8d17059a566232f8a297b"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_digests_of_the_list_have_their_sizes_and_are_distinct() {
        assert!(BLAKE2B.iter().all(|(_, digest)| digest.len() == 128));
        assert!(SHA256.iter().all(|(_, digest)| digest.len() == 64));
        let mut all: Vec<&str> = BLAKE2B.iter().chain(SHA256).map(|(_, digest)| *digest).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), BLAKE2B.len() + SHA256.len());
    }

    #[test]
    fn test_digests_of_known_strings() {
        assert_eq!(hex(&sha256(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(hex(&blake2b(b"abc")).starts_with("ba80a53f981c4d0d6a2797b69f12f6e9"));
    }
}
