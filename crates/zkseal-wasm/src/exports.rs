//! What the host calls. It writes a request of `length` bytes where `zkseal_request(length)` says, calls one of the three
//! operations, which returns the length of the reply, and reads the reply where `zkseal_reply()` says.
//!
//! Both buffers belong to the module, so nothing here reads a pointer of the host: the attribute that keeps the names of
//! the exports is all that is `unsafe`.

use crate::replies::Reply;
use crate::verifier::Keys;
use std::cell::RefCell;

thread_local! {
    static REQUEST: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static REPLY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static KEYS: RefCell<Keys> = const { RefCell::new(Keys::new()) };
}

/// Makes room for a request and returns where it is; null if there is not that much memory.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn zkseal_request(length: usize) -> *mut u8 {
    let mut buffer = Vec::new();
    if buffer.try_reserve_exact(length.max(1)).is_err() {
        return std::ptr::null_mut();
    }
    buffer.resize(length, 0);
    REQUEST.set(buffer);
    REQUEST.with_borrow_mut(|request| request.as_mut_ptr())
}

/// Where the reply is, until the next call.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn zkseal_reply() -> *const u8 {
    REPLY.with_borrow(|reply| reply.as_ptr())
}

/// Reads a key and checks its model proof; the reply holds its number, and what people are told of it.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn zkseal_load_key() -> usize {
    answer(Keys::load)
}

/// Forgets the key with a number.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn zkseal_drop_key() -> usize {
    answer(Keys::drop_key)
}

/// Checks a proof of a statement under a key.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn zkseal_verify() -> usize {
    answer(Keys::verify)
}

/// Answers a shared vector; in tests alone.
#[cfg(feature = "vectors")]
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn zkseal_vector() -> usize {
    answer(|_, request| crate::vectors::answer(request))
}

fn answer(operation: impl FnOnce(&mut Keys, &[u8]) -> Reply) -> usize {
    let request = REQUEST.take();
    let reply = KEYS.with_borrow_mut(|keys| operation(keys, &request)).into_bytes();
    let length = reply.len();
    REPLY.set(reply);
    length
}
