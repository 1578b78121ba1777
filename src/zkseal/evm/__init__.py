"""What those who prove or sign for a contract of an EVM chain agree on with it, byte for byte.

=============  =====================================================================================
`abi`          as much of the contract ABI as is hashed here
`typed_data`   `Domain`, `Struct`: what EIP-712 signs
`statement`    `Statement`: what an inference says on a chain, and for whom; public values
`programs`     the two programs that stand for a model on a chain, and its id there
`answers`      `OracleQuestion`, `AttestedAnswer`: what an enclave is asked, and the digest that it signs
=============  =====================================================================================

No chain is asked here and no transaction made: that is `zkseal.chain`. Enclaves import this package, and nothing of a
chain's libraries.

Dependency position: imports `errors`, `proving`, `receipts` and `_native`; `chain` and `enclave` use it.
"""
