//! What the host calls. It writes a request of `length` bytes where `attest_request(length)` says, calls
//! `attest_call()`, which returns the length of the reply, and reads the reply where `attest_reply()` says.
//!
//! Both buffers belong to the module, so nothing here reads a pointer of the host: the attribute that keeps the names of
//! the exports is all that is `unsafe`.

use crate::calls::reply;
use std::cell::RefCell;

thread_local! {
    static REQUEST: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static REPLY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// More than any evidence with its collateral has.
const MAX_REQUEST_BYTES: usize = 1 << 24;

/// Makes room for a request and returns where it is; null if `length` is beyond 16 MiB.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn attest_request(length: usize) -> *mut u8 {
    if length > MAX_REQUEST_BYTES {
        return std::ptr::null_mut();
    }
    REQUEST.with_borrow_mut(|request| {
        *request = vec![0; length];
        request.as_mut_ptr()
    })
}

/// Answers the request and returns how many bytes the reply has.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn attest_call() -> usize {
    let request = REQUEST.take();
    let made = reply(&request);
    let length = made.len();
    REPLY.set(made);
    length
}

/// Where the reply is, until the next call.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn attest_reply() -> *const u8 {
    REPLY.with_borrow(|reply| reply.as_ptr())
}
