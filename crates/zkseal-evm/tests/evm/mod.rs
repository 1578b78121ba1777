//! As much of an EVM as programs use, over big integers.

use num_bigint::BigUint;
use zkseal_evm::emit::op;
use zkseal_field::{Fr, decode_scalar, encode_scalar};

/// PUSH2, JUMP, JUMPDEST.
pub const ENTRY_GAS: u64 = 3 + 8 + 1;

/// What a run leaves.
pub struct Ran {
    /// Scalars that were returned.
    pub outputs: Vec<Fr>,
    /// Gas, without memory.
    pub gas: u64,
}

/// Runs code on these words of calldata.
pub fn run(code: &[u8], calldata: &[Fr]) -> Ran {
    let mut memory: Vec<u8> = calldata.iter().flat_map(encode_scalar).collect();
    let (mut stack, mut gas, mut at) = (Vec::<BigUint>::new(), 0u64, 0usize);
    let word = BigUint::from(1u8) << 256u32;
    loop {
        let code_at = code[at];
        at += 1;
        let mut pop = || stack.pop().expect("an item on the stack");
        gas += match code_at {
            op::PUSH0 => {
                stack.push(BigUint::ZERO);
                2
            }
            op::PUSH1..=op::PUSH32 => {
                let count = usize::from(code_at - op::PUSH0);
                stack.push(BigUint::from_bytes_be(&code[at..at + count]));
                at += count;
                3
            }
            0x80..=0x8f => {
                let from = stack.len() - 1 - usize::from(code_at - op::DUP1);
                stack.push(stack[from].clone());
                3
            }
            0x90..=0x9f => {
                let last = stack.len() - 1;
                stack.swap(last, last - 1 - usize::from(code_at - op::SWAP1));
                3
            }
            op::ADD => {
                let sum = pop() + pop();
                assert!(sum < word, "sums fit a word");
                stack.push(sum);
                3
            }
            op::SUB => {
                let (a, b) = (pop(), pop());
                assert!(a >= b, "differences are not negative");
                stack.push(a - b);
                3
            }
            op::MUL => {
                let product = pop() * pop();
                stack.push(product % &word);
                5
            }
            op::MOD => {
                let (a, b) = (pop(), pop());
                stack.push(a % b);
                5
            }
            op::MULMOD => {
                let (a, b, modulus) = (pop(), pop(), pop());
                assert!(modulus.bits() == 254, "the modulus is p");
                stack.push(a * b % modulus);
                8
            }
            op::LT => {
                let less = pop() < pop();
                stack.push(BigUint::from(u8::from(less)));
                3
            }
            op::EQ => {
                let same = pop() == pop();
                stack.push(BigUint::from(u8::from(same)));
                3
            }
            op::AND => {
                let both = pop() & pop();
                stack.push(both);
                3
            }
            op::XOR => {
                let either = pop() ^ pop();
                stack.push(either);
                3
            }
            op::SHR => {
                let (count, value) = (index(&pop()), pop());
                stack.push(value >> count);
                3
            }
            op::CALLDATASIZE => {
                stack.push(BigUint::from(32 * calldata.len()));
                2
            }
            op::CALLDATACOPY => {
                assert_eq!([pop(), pop(), pop()].map(|item| index(&item)), [0, 0, 32 * calldata.len()]);
                3
            }
            op::MLOAD => {
                let from = index(&pop());
                stack.push(BigUint::from_bytes_be(&memory[from..from + 32]));
                3
            }
            op::MSTORE => {
                let (to, value) = (index(&pop()), pop());
                memory.resize(memory.len().max(to + 32), 0);
                let bytes = value.to_bytes_be();
                memory[to..to + 32].fill(0);
                memory[to + 32 - bytes.len()..to + 32].copy_from_slice(&bytes);
                3
            }
            op::JUMP => {
                at = index(&pop());
                assert_eq!(code[at], op::JUMPDEST, "the entry");
                8
            }
            op::JUMPDEST => 1,
            op::RETURN => {
                let (from, count) = (index(&pop()), index(&pop()));
                let words = memory[from..from + count].chunks_exact(32);
                let outputs = words.map(|w| decode_scalar(w.try_into().expect("32 bytes")).expect("below p")).collect();
                return Ran { outputs, gas };
            }
            other => panic!("instruction {other:#x} at {at}"),
        };
    }
}

fn index(value: &BigUint) -> usize {
    value.try_into().expect("an index")
}
