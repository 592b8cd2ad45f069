//! From a file to a socket without passing through this process: the page cache's own pages go out.

/// Bytes sent, 0 when the socket takes no more now, or a negative errno. Never blocks on the socket.
#[cfg(target_os = "linux")]
pub fn send(socket: i32, file: i32, position: i64, count: usize) -> i64 {
    let mut offset: libc::off_t = position;
    let mut sent = 0usize;
    while sent < count {
        // SAFETY: `offset` outlives the call; bad descriptors are answered with EBADF.
        let n = unsafe { libc::sendfile(socket, file, &raw mut offset, count - sent) };
        if n > 0 {
            sent += n as usize;
            continue;
        }
        // The file is shorter than it was said to be: nothing that is asked for may be missing.
        if n == 0 {
            return -i64::from(libc::EIO);
        }
        match std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO) {
            libc::EINTR => {}
            libc::EAGAIN => break,
            errno => return -i64::from(errno),
        }
    }
    sent as i64
}

/// Sets `SO_SNDBUF`: 0, or a negative errno.
#[cfg(target_os = "linux")]
pub fn set_send_buffer(socket: i32, size: i32) -> i64 {
    // SAFETY: the option is read from `size`, which outlives the call.
    let code = unsafe {
        libc::setsockopt(
            socket,
            libc::SOL_SOCKET,
            libc::SO_SNDBUF,
            (&raw const size).cast(),
            size_of::<i32>() as libc::socklen_t,
        )
    };
    if code == 0 {
        return 0;
    }
    -i64::from(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO))
}

/// Whether every sampled page of a range is in the page cache, so that sending it waits for no disk.
#[cfg(target_os = "linux")]
pub fn is_resident(file: i32, position: i64, size: i64, step: i64) -> bool {
    let mut byte = 0u8;
    let mut at = position;
    let last = position + size - 1;
    loop {
        let vector = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
        // SAFETY: the vector names one byte of this frame, which outlives the call.
        let n = unsafe { libc::preadv2(file, &raw const vector, 1, at, libc::RWF_NOWAIT) };
        if n != 1 {
            return false;
        }
        if at == last {
            return true;
        }
        at = (at + step).min(last);
    }
}

#[cfg(not(target_os = "linux"))]
pub fn send(_socket: i32, _file: i32, _position: i64, _count: usize) -> i64 {
    -i64::from(libc::ENOSYS)
}

#[cfg(not(target_os = "linux"))]
pub fn set_send_buffer(_socket: i32, _size: i32) -> i64 {
    -i64::from(libc::ENOSYS)
}

#[cfg(not(target_os = "linux"))]
pub fn is_resident(_file: i32, _position: i64, _size: i64, _step: i64) -> bool {
    false
}
