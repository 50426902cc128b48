/* Loaded before libc (LD_PRELOAD): while the file named by FAILING_DISK holds an error's number, whatever writes under FAILING_DIR fails with it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int fault(void) {
  const char *path = getenv("FAILING_DISK");
  char text[16] = {0};
  int file = path ? syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return 0;
  if (read(file, text, sizeof text - 1) < 0) text[0] = 0;
  close(file);
  return atoi(text);
}

static int fails(const char *path) {
  const char *dir = getenv("FAILING_DIR");
  int number = dir && path && strncmp(path, dir, strlen(dir)) == 0 ? fault() : 0;
  if (number) errno = number;
  return number;
}

static int failsAt(int file) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return fails(path);
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int f, const void *b, size_t n) { REAL(write); return failsAt(f) ? -1 : real(f, b, n); }
ssize_t pwrite(int f, const void *b, size_t n, off_t o) { REAL(pwrite); return failsAt(f) ? -1 : real(f, b, n, o); }
ssize_t pwrite64(int f, const void *b, size_t n, off64_t o) { REAL(pwrite64); return failsAt(f) ? -1 : real(f, b, n, o); }
ssize_t writev(int f, const struct iovec *v, int n) { REAL(writev); return failsAt(f) ? -1 : real(f, v, n); }
int fsync(int f) { REAL(fsync); return failsAt(f) ? -1 : real(f); }
int fdatasync(int f) { REAL(fdatasync); return failsAt(f) ? -1 : real(f); }
int rename(const char *a, const char *b) { REAL(rename); return fails(b) ? -1 : real(a, b); }
int unlink(const char *a) { REAL(unlink); return fails(a) ? -1 : real(a); }
int mkdir(const char *a, mode_t m) { REAL(mkdir); return fails(a) ? -1 : real(a, m); }

#define OPENS(name) \
  int name(const char *path, int flags, ...) { \
    REAL(name); \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    return (flags & (O_WRONLY | O_RDWR)) && fails(path) ? -1 : real(path, flags, mode); \
  }
OPENS(open)
OPENS(open64)
