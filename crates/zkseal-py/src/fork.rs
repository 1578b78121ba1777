//! Threads in forked processes.
//!
//! The threads of rayon's global pool stay behind in the parent, so that a child would wait for them for ever. A child
//! works in a pool of its own.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::process;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The process that imported the module.
static HOME: OnceLock<u32> = OnceLock::new();

/// The pool of the last child that asked, with its process.
static CHILD: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);

/// Remembers this process as the one that the global pool belongs to.
pub fn remember() {
    HOME.get_or_init(process::id);
}

/// Runs `work` where its parallel parts find threads. Panics go on; without threads it runs on this one alone.
pub fn run<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let own = process::id();
    if HOME.get().is_none_or(|home| *home == own) {
        return work();
    }
    match pool(own) {
        Some(pool) => pool.install(work),
        None => work(),
    }
}

fn pool(own: u32) -> Option<Arc<ThreadPool>> {
    let mut child = CHILD.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((process, pool)) = child.as_ref()
        && *process == own
    {
        return Some(pool.clone());
    }
    // What a grandparent left behind has no threads to end: it is forgotten, not dropped.
    std::mem::forget(child.take());
    let pool = Arc::new(ThreadPoolBuilder::new().build().ok()?);
    *child = Some((own, pool.clone()));
    Some(pool)
}
