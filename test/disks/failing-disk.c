/*
 * Preloaded into a broker's process: makes system calls on chosen files fail, as a disk that dies would. The rules
 * lie in a file that the test shares through memory (failing-disk.ts writes it), so that they change while the
 * broker runs. It stands below everything: Node's own file calls, LMDB's and the addon's.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { RULES = 15, PATH_BYTES = 224 };
enum { OPEN = 1, READ = 2, WRITE = 4, SYNC = 8, TRUNCATE = 16, RENAME = 32 };

/* 256 bytes each; the first place of the file holds `ops` of all rules together. */
struct rule {
  int32_t ops;
  int32_t error; /* 0: calls are only counted */
  int32_t skip;  /* matching calls that pass before the first that fails */
  int32_t count; /* calls that fail; -1: all */
  int32_t hits;  /* matching calls so far, written here */
  int32_t order; /* place of the last of them among the hits of all rules, written here */
  char reserved[8];
  char path[PATH_BYTES]; /* part of the file's path */
};

struct board {
  int32_t ops;
  int32_t order;
  char reserved[248];
  struct rule rules[RULES];
};

static struct board *board;

__attribute__((constructor)) static void map_board(void) {
  const char *path = getenv("FAILING_DISK_BOARD");
  if (path == NULL) return;
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR);
  if (fd == -1) return;
  void *mapped = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED) board = mapped;
  close(fd);
}

/* The error that a call has to fail with; 0: it goes on. */
static int verdict(int op, const char *path) {
  int error = 0;
  for (int i = 0; i < RULES; i++) {
    struct rule *rule = &board->rules[i];
    if ((rule->ops & op) == 0 || strstr(path, rule->path) == NULL) continue;
    int hit = __atomic_fetch_add(&rule->hits, 1, __ATOMIC_SEQ_CST);
    rule->order = __atomic_add_fetch(&board->order, 1, __ATOMIC_SEQ_CST);
    if (hit < rule->skip || (rule->count >= 0 && hit >= rule->skip + rule->count)) continue;
    if (rule->error != 0) error = rule->error;
  }
  return error;
}

static int fails(int op, const char *path) {
  if (board == NULL || (board->ops & op) == 0) return 0;
  int error = verdict(op, path);
  if (error != 0) errno = error;
  return error != 0;
}

static int fails_at(int op, int fd) {
  if (board == NULL || (board->ops & op) == 0) return 0;
  char link[32];
  char path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0 || path[0] != '/') return 0;
  path[length] = 0;
  return fails(op, path);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define OPENING(name)                                     \
  int name(const char *path, int flags, ...) {            \
    va_list rest;                                         \
    va_start(rest, flags);                                \
    mode_t mode = va_arg(rest, mode_t);                   \
    va_end(rest);                                         \
    return fails(OPEN, path) ? -1 : NEXT(name)(path, flags, mode); \
  }

OPENING(open)
OPENING(open64)

#define ON_FILE(result, op, name, parameters, arguments) \
  result name parameters { return fails_at(op, fd) ? -1 : NEXT(name) arguments; }

ON_FILE(ssize_t, READ, read, (int fd, void *to, size_t size), (fd, to, size))
ON_FILE(ssize_t, READ, pread, (int fd, void *to, size_t size, off_t at), (fd, to, size, at))
ON_FILE(ssize_t, READ, pread64, (int fd, void *to, size_t size, off64_t at), (fd, to, size, at))
ON_FILE(ssize_t, READ, preadv, (int fd, const struct iovec *to, int n, off_t at), (fd, to, n, at))
ON_FILE(ssize_t, READ, preadv64, (int fd, const struct iovec *to, int n, off64_t at), (fd, to, n, at))
ON_FILE(ssize_t, WRITE, write, (int fd, const void *from, size_t size), (fd, from, size))
ON_FILE(ssize_t, WRITE, pwrite, (int fd, const void *from, size_t size, off_t at), (fd, from, size, at))
ON_FILE(ssize_t, WRITE, pwrite64, (int fd, const void *from, size_t size, off64_t at), (fd, from, size, at))
ON_FILE(ssize_t, WRITE, writev, (int fd, const struct iovec *from, int n), (fd, from, n))
ON_FILE(ssize_t, WRITE, pwritev, (int fd, const struct iovec *from, int n, off_t at), (fd, from, n, at))
ON_FILE(ssize_t, WRITE, pwritev64, (int fd, const struct iovec *from, int n, off64_t at), (fd, from, n, at))
ON_FILE(int, SYNC, fsync, (int fd), (fd))
ON_FILE(int, SYNC, fdatasync, (int fd), (fd))
ON_FILE(int, TRUNCATE, ftruncate, (int fd, off_t size), (fd, size))
ON_FILE(int, TRUNCATE, ftruncate64, (int fd, off64_t size), (fd, size))

/* From a file to a socket: a read of the file. */
ssize_t sendfile(int out, int fd, off_t *at, size_t size) {
  return fails_at(READ, fd) ? -1 : NEXT(sendfile)(out, fd, at, size);
}

ssize_t sendfile64(int out, int fd, off64_t *at, size_t size) {
  return fails_at(READ, fd) ? -1 : NEXT(sendfile64)(out, fd, at, size);
}

int rename(const char *from, const char *to) {
  return fails(RENAME, to) || fails(RENAME, from) ? -1 : NEXT(rename)(from, to);
}

/* libuv makes some of its calls by number. */
long syscall(long number, ...) {
  long a[6];
  va_list rest;
  va_start(rest, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_preadv && fails_at(READ, (int)a[0])) return -1;
  if (number == SYS_pwritev && fails_at(WRITE, (int)a[0])) return -1;
  return NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
