//! Test builds only: challenges that do not depend on the messages, and a log of all absorb and challenge sites.
//!
//! Both are settings of the thread that proves or verifies; the transcript never changes thread.

use std::cell::{Cell, RefCell};

/// Stands in every module that was built with these hooks, so that a test can tell them from a release.
pub const MARKER: &str = "zkseal was built with test-hooks: not for use";

/// One site: `absorb` or `challenge`, its label, and how many bytes were absorbed.
pub type Site = (&'static str, &'static str, usize);

thread_local! {
    static FIXED: Cell<bool> = const { Cell::new(false) };
    static LOG: RefCell<Option<Vec<Site>>> = const { RefCell::new(None) };
}

/// Runs `work` with challenges that depend on their number and label alone.
pub fn with_fixed_challenges<T>(work: impl FnOnce() -> T) -> T {
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            FIXED.set(false);
        }
    }
    FIXED.set(true);
    let _reset = Reset;
    work()
}

/// Runs `work` and returns all sites that it passed.
pub fn with_log<T>(work: impl FnOnce() -> T) -> (T, Vec<Site>) {
    LOG.set(Some(Vec::new()));
    let result = work();
    (result, LOG.take().unwrap_or_default())
}

/// Notes the site; whether a message must be left out, since challenges are fixed.
pub(crate) fn absorbs_nothing(kind: &'static str, label: &'static str, bytes: usize) -> bool {
    std::hint::black_box(MARKER);
    LOG.with_borrow_mut(|log| {
        if let Some(sites) = log {
            sites.push((kind, label, bytes));
        }
    });
    FIXED.get()
}
