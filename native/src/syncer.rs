//! The JavaScript side of the sync threads: one `NativeSyncer` per JavaScript thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi::bindgen_prelude::{Env, Function, Result, Status, sys};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use crate::guard::guarded;
use crate::sync_pool::{self, Listener};

type Waker = ThreadsafeFunction<(), (), Vec<i32>, Status, false, true, 0>;

#[derive(Default)]
struct Finished {
    /// Token and errno by turns.
    pairs: Vec<i32>,
    /// None once the syncer is closed, or its thread ends.
    waker: Option<Waker>,
}

#[derive(Default)]
struct Port {
    finished: Mutex<Finished>,
}

impl Port {
    fn finished(&self) -> MutexGuard<'_, Finished> {
        self.finished.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<i32> {
        std::mem::take(&mut self.finished().pairs)
    }

    /// From here on no sync thread calls into this environment.
    fn close(&self) {
        let waker = self.finished().waker.take();
        drop(waker);
    }
}

impl Listener for Port {
    fn synced(&self, token: i32, errno: i32) {
        let mut finished = self.finished();
        let was_empty = finished.pairs.is_empty();
        finished.pairs.extend([token, errno]);
        // The wake-up that is under way takes everything. The lock is held over the call so that
        // `close` on the JavaScript thread cannot come in between.
        if let (true, Some(waker)) = (was_empty, &finished.waker) {
            waker.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

#[napi]
pub struct NativeSyncer {
    port: Arc<Port>,
}

#[napi]
impl NativeSyncer {
    /// `done` gets an array with token and errno by turns, for all syncs that ended meanwhile.
    #[napi(constructor)]
    pub fn new(env: Env, done: Function<'_, Vec<i32>, ()>) -> Result<Self> {
        let port = Arc::new(Port::default());
        let source = Arc::downgrade(&port);
        let waker = done
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .build_callback(move |_| {
                Ok(source.upgrade().map_or_else(Vec::new, |port| port.take()))
            })?;
        port.finished().waker = Some(waker);
        // Runs before Node ends the waker itself (hooks run last added first), also when a worker
        // is terminated in the middle of a sync.
        env.add_env_cleanup_hook(Arc::clone(&port), |port| port.close())?;
        Ok(Self { port })
    }

    /// Queues `fdatasync(fd)`; `token` comes back with its errno.
    #[napi]
    pub fn sync(&self, fd: i32, token: i32) -> Result<()> {
        guarded(|| {
            let listener: Arc<dyn Listener> = self.port.clone();
            sync_pool::submit(fd, token, listener)?;
            Ok(())
        })
    }

    /// Whether the event loop stays alive for syncs that are under way.
    #[napi]
    pub fn hold(&self, env: Env, alive: bool) -> Result<()> {
        let finished = self.port.finished();
        let Some(waker) = &finished.waker else {
            return Ok(());
        };
        // SAFETY: on the JavaScript thread, for a threadsafe function that the lock keeps alive.
        let status = unsafe {
            if alive {
                sys::napi_ref_threadsafe_function(env.raw(), waker.raw())
            } else {
                sys::napi_unref_threadsafe_function(env.raw(), waker.raw())
            }
        };
        napi::check_status!(status)
    }

    #[napi]
    pub fn close(&self) {
        self.port.close();
    }
}
