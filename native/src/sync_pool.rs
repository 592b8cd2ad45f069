//! Threads that call `fdatasync`, one pool for the process. libuv's four threads serve all file
//! reads as well: with 8 partitions syncing there, read p99 rose from 0.11 to 3.05 ms.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Syncs that run at the same time, at most; more wait in line.
const MAX_THREADS: usize = 8;

/// Who is told of a sync's end, on the sync thread.
pub trait Listener: Send + Sync {
    fn synced(&self, token: i32, errno: i32);
}

struct Job {
    fd: i32,
    token: i32,
    listener: Arc<dyn Listener>,
}

struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

static QUEUE: Mutex<Queue> = Mutex::new(Queue { jobs: VecDeque::new(), threads: 0, idle: 0 });
static WORK: Condvar = Condvar::new();

fn queue() -> MutexGuard<'static, Queue> {
    // No code that holds the lock can panic half-way through a change.
    QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Queues a sync; a thread starts if none is idle and the bound allows. An error means that there
/// is no thread at all to run it.
pub fn submit(fd: i32, token: i32, listener: Arc<dyn Listener>) -> std::io::Result<()> {
    let mut queue = queue();
    queue.jobs.push_back(Job { fd, token, listener });
    if queue.jobs.len() > queue.idle && queue.threads < MAX_THREADS {
        match std::thread::Builder::new().name("kopje-sync".into()).spawn(run) {
            Ok(_) => queue.threads += 1,
            Err(error) if queue.threads == 0 => {
                queue.jobs.pop_back();
                return Err(error);
            }
            Err(_) => {}
        }
    }
    WORK.notify_one();
    Ok(())
}

fn run() {
    block_signals();
    loop {
        let job = next_job();
        let errno = sync(job.fd);
        job.listener.synced(job.token, errno);
    }
}

fn next_job() -> Job {
    let mut queue = queue();
    loop {
        if let Some(job) = queue.jobs.pop_front() {
            return job;
        }
        queue.idle += 1;
        queue = WORK.wait(queue).unwrap_or_else(PoisonError::into_inner);
        queue.idle -= 1;
    }
}

/// Leaves signals to Node's threads, whose handlers expect them.
fn block_signals() {
    // SAFETY: `set` is initialised by sigfillset before it is read, and lives for both calls.
    unsafe {
        let mut set = std::mem::zeroed::<libc::sigset_t>();
        libc::sigfillset(&raw mut set);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
    }
}

/// 0, or the errno. Only an interrupted call is repeated: after any other error the page cache
/// may have dropped what could not be written, and a second call would say "ok".
fn sync(fd: i32) -> i32 {
    loop {
        if sync_once(fd) == 0 {
            return 0;
        }
        match std::io::Error::last_os_error().raw_os_error() {
            Some(libc::EINTR) => {}
            errno => return errno.unwrap_or(libc::EIO),
        }
    }
}

#[cfg(not(target_os = "macos"))]
fn sync_once(fd: i32) -> i32 {
    // SAFETY: takes a number; a bad one is an error.
    unsafe { libc::fdatasync(fd) }
}

/// On macOS only F_FULLFSYNC makes the drive write; file systems without it get a plain fsync.
#[cfg(target_os = "macos")]
fn sync_once(fd: i32) -> i32 {
    // SAFETY: both take numbers; bad ones are errors.
    unsafe {
        if libc::fcntl(fd, libc::F_FULLFSYNC) == 0 {
            return 0;
        }
        libc::fsync(fd)
    }
}
