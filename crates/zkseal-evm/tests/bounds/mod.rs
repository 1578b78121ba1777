//! A program on intervals: whatever the cells hold, no sum leaves a word, no difference is negative, every output is below p.

use num_bigint::BigUint;
use std::collections::HashMap;
use zkseal_evm::emit::op;

/// Least and greatest value.
type Interval = (BigUint, BigUint);

fn number(value: u64) -> BigUint {
    BigUint::from(value)
}

fn exact(item: &Interval) -> usize {
    assert_eq!(item.0, item.1, "an address or a length is a constant");
    usize::try_from(&item.0).expect("an index")
}

/// Panics unless the program keeps the bounds for all cells below p. Returns the most items on its stack.
pub fn check(code: &[u8], inputs: usize) -> usize {
    let p: BigUint = BigUint::from_bytes_be(&zkseal_field::encode_scalar(&-zkseal_field::Fr::from(1u64))) + 1u8;
    let word = BigUint::from(1u8) << 256u32;
    let below = |end: &BigUint| (BigUint::ZERO, end - 1u8);
    let mut memory: HashMap<usize, Interval> = HashMap::new();
    let (mut stack, mut deepest, mut at) = (Vec::<Interval>::new(), 0, 0);
    loop {
        let code_at = code[at];
        at += 1;
        deepest = deepest.max(stack.len());
        let mut pop = || stack.pop().expect("an item on the stack");
        let pushed = match code_at {
            op::PUSH0..=op::PUSH32 => {
                let count = usize::from(code_at - op::PUSH0);
                let value = BigUint::from_bytes_be(&code[at..at + count]);
                at += count;
                Some((value.clone(), value))
            }
            0x80..=0x8f => Some(stack[stack.len() - 1 - usize::from(code_at - op::DUP1)].clone()),
            0x90..=0x9f => {
                let last = stack.len() - 1;
                stack.swap(last, last - 1 - usize::from(code_at - op::SWAP1));
                None
            }
            op::ADD => {
                let (a, b) = (pop(), pop());
                let most = a.1 + b.1;
                assert!(most < word, "a sum at {at} may leave a word");
                Some((a.0 + b.0, most))
            }
            op::SUB => {
                let (a, b) = (pop(), pop());
                assert!(a.0 >= b.1, "a difference at {at} may be negative");
                Some((&a.0 - &b.1, a.1 - b.0))
            }
            op::MUL => {
                let (a, b) = (pop(), pop());
                let most = a.1 * b.1;
                assert!(most < word, "a product at {at} may leave a word");
                Some((a.0 * b.0, most))
            }
            op::MOD => {
                let (_, modulus) = (pop(), pop());
                assert_eq!(modulus, (p.clone(), p.clone()));
                Some(below(&p))
            }
            op::MULMOD => {
                let (_, _, modulus) = (pop(), pop(), pop());
                assert_eq!(modulus, (p.clone(), p.clone()));
                Some(below(&p))
            }
            op::LT | op::EQ => {
                let _ = (pop(), pop());
                Some(below(&number(2)))
            }
            op::AND => Some((BigUint::ZERO, pop().1.min(pop().1))),
            op::XOR => {
                let bits = pop().1.bits().max(pop().1.bits());
                Some(below(&(BigUint::from(1u8) << bits)))
            }
            op::SHR => {
                let (count, value) = (exact(&pop()), pop());
                Some((value.0 >> count, value.1 >> count))
            }
            op::CALLDATASIZE => Some((number(32 * inputs as u64), number(32 * inputs as u64))),
            op::CALLDATACOPY => {
                assert_eq!([exact(&pop()), exact(&pop()), exact(&pop())], [0, 0, 32 * inputs]);
                memory.extend((0..inputs).map(|cell| (32 * cell, below(&p))));
                None
            }
            op::MLOAD => Some(memory.get(&exact(&pop())).expect("what was written").clone()),
            op::MSTORE => {
                let (to, value) = (exact(&pop()), pop());
                assert_eq!(to % 32, 0);
                memory.insert(to, value);
                None
            }
            op::JUMP => {
                at = exact(&pop());
                assert_eq!(code[at], op::JUMPDEST, "the entry");
                None
            }
            op::JUMPDEST => None,
            op::RETURN => {
                let (from, count) = (exact(&pop()), exact(&pop()));
                for place in (from..from + count).step_by(32) {
                    assert!(memory.get(&place).expect("an output").1 < p, "an output may be p or more");
                }
                assert_eq!(stack, [(p.clone(), p)], "p alone is left on the stack");
                return deepest;
            }
            other => panic!("instruction {other:#x} at {at}"),
        };
        stack.extend(pushed);
    }
}
