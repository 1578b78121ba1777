"""Models on a chain: contracts deployed, models registered, inferences verified, requests answered.

=====================  ======================================================================================
`contracts`            interfaces and creation code of the contracts, from `artifacts/` (make chain-artifacts)
`encoding`             what contracts and provers agree on byte for byte: public values, statement hash, model id
`failures`             every exception of web3.py as an error of zkseal
`connection`           one chain through one JSON-RPC node
`accounts`             accounts from keystore files
`transactions`         signed, sent once, waited for, replaced when they wait too long
`address_book`         which contracts are where, in a JSON file
`deployment`           contracts, each once
`programs`             the two programs that stand for a model on a chain
`registration`         programs, model proof, entry in the registry; what is there compared with a key
`inference`            run and committed to, then proved for a statement
`submission`           an inference of one's own, verified by the InferenceVerifier
`typed_data`           structs that accounts sign (EIP-712)
`attested_keys`        keys of enclaves: signed for by appraisers, registered, revoked
`signed_attestations`  the same on their way, in files of appraisers
`attested_answers`     answers to the oracle that an enclave signs, with or without a proof
`credit`               what a data provider signs for the CreditScore contract
`request`              requests to the InferenceOracle, and their answers
`gas`                  gas of a model, predicted before anything is proved
`oracle`               the node that answers requests
=====================  ======================================================================================

Dependency position: uses `files`, `pipeline`, `proving`; `cli` uses it. Needs the extra `zkseal[chain]` (web3.py).
contracts/README.md says what the contracts do.
"""
