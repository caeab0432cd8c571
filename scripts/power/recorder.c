// SPDX-License-Identifier: Apache-2.0
//
// Preloaded into a process: records every change of files below POWER_ROOT, in order, with the data and with every
// synchronisation, into POWER_LOG; scripts/power/crash_model.py makes from it what a power failure may leave behind.
// Lines on standard output are recorded as well, so that it is known what was acknowledged before a point.
//
// Nothing is really synchronised: the model, not the disk, says what is durable.
//
// POWER_FULL_AT=n POWER_FULL_FOR=m: from the n-th write on, m writes fail with ENOSPC; the first of them writes half.
// POWER_FULL_SYNC=1: synchronisations fail with ENOSPC as well while the disk is full.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, TRUNCATE, SYNC, SYNC_FOLDER, RENAME, UNLINK, MKDIR, SAID };
enum { DESCRIPTORS = 4096 };

struct file {
    int used, folder, append;
    uint64_t node;
    char path[PATH_MAX];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files;
static int journal = -1;
static char root[PATH_MAX];
static long writes, full_at = -1, full_for;
static int full_sync;

static void fail(const char *what) {
    dprintf(2, "recorder: %s\n", what);
    syscall(SYS_exit_group, 70);
}

__attribute__((constructor)) static void start(void) {
    const char *log = getenv("POWER_LOG"), *folder = getenv("POWER_ROOT"), *value;
    if (!log || !folder || !realpath(folder, root)) return;
    files = calloc(DESCRIPTORS, sizeof *files);
    journal = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0 || !files) fail("can't write POWER_LOG");
    if ((value = getenv("POWER_FULL_AT"))) full_at = atol(value);
    if ((value = getenv("POWER_FULL_FOR"))) full_for = atol(value);
    if ((value = getenv("POWER_FULL_SYNC"))) full_sync = atoi(value);
}

static void put(const void *bytes, size_t count) {
    const char *next = bytes;
    while (count) {
        long done = syscall(SYS_write, journal, next, count);
        if (done <= 0) fail("POWER_LOG is full");
        next += done;
        count -= (size_t)done;
    }
}

static void record(uint32_t kind, uint64_t node, int64_t offset, const char *path, const char *other,
                   const void *data, size_t count) {
    struct { uint32_t mark, kind; uint64_t node; int64_t offset; uint32_t path, other; uint64_t count; } head = {
        0x52574f50, kind, node, offset, path ? (uint32_t)strlen(path) : 0, other ? (uint32_t)strlen(other) : 0, count};
    if (journal < 0) return;
    put(&head, sizeof head);
    if (path) put(path, head.path);
    if (other) put(other, head.other);
    if (count) put(data, count);
}

// The absolute path, if it is below the root.
static const char *below(int folder, const char *path, char *buffer) {
    if (journal < 0 || !path) return NULL;
    if (path[0] == '/') {
        snprintf(buffer, PATH_MAX, "%s", path);
    } else {
        if (folder != AT_FDCWD) return NULL;
        char here[PATH_MAX];
        if (!getcwd(here, sizeof here)) return NULL;
        if (snprintf(buffer, PATH_MAX, "%s/%s", here, path) >= PATH_MAX) return NULL;
    }
    size_t count = strlen(root);
    return strncmp(buffer, root, count) == 0 && (buffer[count] == '/' || buffer[count] == 0) ? buffer : NULL;
}

static struct file *known(int descriptor) {
    if (journal < 0 || descriptor < 0 || descriptor >= DESCRIPTORS || !files[descriptor].used) return NULL;
    return &files[descriptor];
}

// Whether this write meets a full disk; `*count` becomes what still fits.
static int is_full(size_t *count) {
    long number = writes++;
    if (full_at < 0 || number < full_at || number >= full_at + full_for) return 0;
    if (number == full_at && *count > 1) {
        *count /= 2;
        return 0;
    }
    errno = ENOSPC;
    return 1;
}

static int in_full(void) { return full_at >= 0 && writes > full_at && writes < full_at + full_for; }

static int opened(int folder, const char *path, int flags, mode_t mode) {
    char buffer[PATH_MAX];
    const char *full = below(folder, path, buffer);
    if (!full) return (int)syscall(SYS_openat, folder, path, flags, mode);
    pthread_mutex_lock(&lock);
    struct stat status;
    int missing = (flags & O_CREAT) && lstat(full, &status) != 0;
    size_t one = 1;
    int result = -1;
    if (!missing || !is_full(&one)) result = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (result >= 0) {
        if (result >= DESCRIPTORS || fstat(result, &status) != 0) fail("too many descriptors");
        struct file *file = &files[result];
        *file = (struct file){1, S_ISDIR(status.st_mode), flags & O_APPEND, status.st_ino, {0}};
        snprintf(file->path, sizeof file->path, "%s", full);
        if (missing) record(CREATE, file->node, 0, full, NULL, NULL, 0);
        if (!missing && (flags & O_TRUNC)) record(TRUNCATE, file->node, 0, full, NULL, NULL, 0);
    }
    int number = errno;
    pthread_mutex_unlock(&lock);
    errno = number;
    return result;
}

#define OPEN(name)                                                        \
    int name(const char *path, int flags, ...) {                          \
        va_list more;                                                     \
        va_start(more, flags);                                            \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0; \
        va_end(more);                                                     \
        return opened(AT_FDCWD, path, flags, mode);                       \
    }
#define OPENAT(name)                                                      \
    int name(int folder, const char *path, int flags, ...) {              \
        va_list more;                                                     \
        va_start(more, flags);                                            \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0; \
        va_end(more);                                                     \
        return opened(folder, path, flags, mode);                         \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int close(int descriptor) {
    struct file *file = known(descriptor);
    if (!file) return (int)syscall(SYS_close, descriptor);
    pthread_mutex_lock(&lock);
    file->used = 0;
    int result = (int)syscall(SYS_close, descriptor);
    pthread_mutex_unlock(&lock);
    return result;
}

static ssize_t written(int descriptor, const void *data, size_t count, off_t offset, int positioned) {
    struct file *file = known(descriptor);
    if (!file) {
        ssize_t done = positioned ? syscall(SYS_pwrite64, descriptor, data, count, offset)
                                  : syscall(SYS_write, descriptor, data, count);
        if (descriptor == 1 && done > 0 && journal >= 0) {
            pthread_mutex_lock(&lock);
            record(SAID, 0, 0, NULL, NULL, data, (size_t)done);
            pthread_mutex_unlock(&lock);
        }
        return done;
    }
    pthread_mutex_lock(&lock);
    ssize_t done = -1;
    if (!is_full(&count)) {
        if (!positioned) offset = file->append ? lseek(descriptor, 0, SEEK_END) : lseek(descriptor, 0, SEEK_CUR);
        done = positioned ? syscall(SYS_pwrite64, descriptor, data, count, offset)
                          : syscall(SYS_write, descriptor, data, count);
        if (done > 0) record(WRITE, file->node, offset, file->path, NULL, data, (size_t)done);
    }
    int number = errno;
    pthread_mutex_unlock(&lock);
    errno = number;
    return done;
}

ssize_t write(int descriptor, const void *data, size_t count) { return written(descriptor, data, count, 0, 0); }
ssize_t pwrite(int descriptor, const void *data, size_t count, off_t offset) {
    return written(descriptor, data, count, offset, 1);
}
ssize_t pwrite64(int descriptor, const void *data, size_t count, off64_t offset) {
    return written(descriptor, data, count, offset, 1);
}

static int truncated(int descriptor, off_t size) {
    struct file *file = known(descriptor);
    if (!file) return (int)syscall(SYS_ftruncate, descriptor, size);
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_ftruncate, descriptor, size);
    int number = errno;
    if (result == 0) record(TRUNCATE, file->node, size, file->path, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = number;
    return result;
}
int ftruncate(int descriptor, off_t size) { return truncated(descriptor, size); }
int ftruncate64(int descriptor, off64_t size) { return truncated(descriptor, size); }

static int synchronised(int descriptor, long call) {
    struct file *file = known(descriptor);
    if (!file) return (int)syscall(call, descriptor);
    int result = 0;
    pthread_mutex_lock(&lock);
    if (full_sync && in_full()) {
        writes++;
        result = -1;
    } else {
        record(file->folder ? SYNC_FOLDER : SYNC, file->node, 0, file->path, NULL, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    if (result) errno = ENOSPC;
    return result;
}
int fsync(int descriptor) { return synchronised(descriptor, SYS_fsync); }
int fdatasync(int descriptor) { return synchronised(descriptor, SYS_fdatasync); }

int rename(const char *path, const char *target) {
    char first[PATH_MAX], second[PATH_MAX];
    const char *from = below(AT_FDCWD, path, first), *to = below(AT_FDCWD, target, second);
    if (!from != !to) fail("a file is moved over the edge of POWER_ROOT");
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_rename, path, target), number = errno;
    if (result == 0 && from) record(RENAME, 0, 0, from, to, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = number;
    return result;
}

int unlink(const char *path) {
    char buffer[PATH_MAX];
    const char *full = below(AT_FDCWD, path, buffer);
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_unlink, path), number = errno;
    if (result == 0 && full) record(UNLINK, 0, 0, full, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = number;
    return result;
}

int mkdir(const char *path, mode_t mode) {
    char buffer[PATH_MAX];
    const char *full = below(AT_FDCWD, path, buffer);
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_mkdir, path, mode), number = errno;
    if (result == 0 && full) record(MKDIR, 0, 0, full, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = number;
    return result;
}

// Ways to change a file that nobody here uses; whoever starts to must teach the recorder.
#define REFUSE(result, name, parameters, tracked)                  \
    result name parameters {                                       \
        if (tracked) fail(#name " is not recorded");               \
        errno = ENOSYS;                                            \
        return -1;                                                 \
    }
REFUSE(ssize_t, pwritev, (int descriptor, const struct iovec *parts, int count, off_t offset), known(descriptor))
REFUSE(ssize_t, pwritev64, (int descriptor, const struct iovec *parts, int count, off64_t offset), known(descriptor))
REFUSE(int, fallocate, (int descriptor, int mode, off_t offset, off_t count), known(descriptor))
REFUSE(int, fallocate64, (int descriptor, int mode, off64_t offset, off64_t count), known(descriptor))
REFUSE(int, link, (const char *path, const char *target), journal >= 0)
REFUSE(int, truncate, (const char *path, off_t size), journal >= 0)
REFUSE(int, truncate64, (const char *path, off64_t size), journal >= 0)
