// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A library that is loaded before the C library and lets writes to chosen files fail, as a full disk or a read-only
/// folder does. It works without privileges and for root too, whom no permission stops.
enum FaultyDisk {
    private static let source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <stdarg.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/stat.h>
        #include <sys/types.h>
        #include <unistd.h>

        static int chosen(const char *path) {
            const char *part = getenv("FAULT_PATH");
            return part && path && strstr(path, part) != NULL;
        }
        static int chosen_descriptor(int fd) {
            char link[64], path[4096];
            snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
            ssize_t n = readlink(link, path, sizeof path - 1);
            if (n < 0) return 0;
            path[n] = 0;
            return chosen(path);
        }
        static int is_full(void) { const char *kind = getenv("FAULT_KIND"); return kind && !strcmp(kind, "full"); }
        static int is_closed(void) { const char *kind = getenv("FAULT_KIND"); return kind && !strcmp(kind, "closed"); }

        #define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

        ssize_t write(int fd, const void *bytes, size_t count) {
            REAL(write);
            if (is_full() && chosen_descriptor(fd)) { errno = ENOSPC; return -1; }
            return real(fd, bytes, count);
        }
        ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
            REAL(pwrite);
            if (is_full() && chosen_descriptor(fd)) { errno = ENOSPC; return -1; }
            return real(fd, bytes, count, offset);
        }
        ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
            REAL(pwrite64);
            if (is_full() && chosen_descriptor(fd)) { errno = ENOSPC; return -1; }
            return real(fd, bytes, count, offset);
        }
        int mkdir(const char *path, mode_t mode) {
            REAL(mkdir);
            if (is_closed() && chosen(path)) { errno = EACCES; return -1; }
            return real(path, mode);
        }
        static int opened(const char *path, int flags) {
            return is_closed() && chosen(path) && (flags & (O_WRONLY | O_RDWR | O_CREAT));
        }
        int open(const char *path, int flags, ...) {
            REAL(open);
            va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest);
            if (opened(path, flags)) { errno = EACCES; return -1; }
            return real(path, flags, mode);
        }
        int open64(const char *path, int flags, ...) {
            REAL(open64);
            va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest);
            if (opened(path, flags)) { errno = EACCES; return -1; }
            return real(path, flags, mode);
        }
        """

    /// The environment that makes writes to files whose path contains `part` fail.
    static func environment(_ kind: Kind, _ part: String, in sandbox: Sandbox) throws -> [String: String?] {
        let library = sandbox.path("faulty-disk.so")
        if !FileManager.default.fileExists(atPath: library) {
            let file = try sandbox.write(source, to: "faulty-disk.c")
            let made = try Sandbox.run(
                "/usr/bin/env", ["clang", "-shared", "-fPIC", "-O1", "-o", library, file, "-ldl"], in: sandbox.folder,
                environment: sandbox.environment)
            try #require(made.status == 0, "\(made.errors)")
        }
        return ["LD_PRELOAD": library, "FAULT_KIND": kind.rawValue, "FAULT_PATH": part]
    }

    enum Kind: String { case full, closed }
}
