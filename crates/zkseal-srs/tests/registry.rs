//! The contract that registers models accepts the published ceremonies.

use zkseal_commit::kzg::encode_g2;
use zkseal_srs::Origin;
use zkseal_transcript::keccak256;

#[test]
fn test_the_registry_names_every_published_ceremony() {
    let source = include_str!("../../../contracts/src/ModelRegistry.sol");
    for origin in Origin::PUBLISHED {
        let hash = keccak256(&[&encode_g2(&origin.tau_g2().unwrap())]);
        let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let name = origin.name().to_uppercase();
        assert!(source.contains(&format!("bytes32 private constant {name} = 0x{digits};")), "{name} = 0x{digits}");
    }
}
