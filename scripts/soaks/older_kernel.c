// SPDX-License-Identifier: Apache-2.0
// Lets a process see the peers of its sockets as older kernels show them: loaded by LD_PRELOAD, changes what SO_PEERPIDFD
// answers. OLDER_KERNEL=none: the option does not exist (before 6.5). OLDER_KERNEL=reaped: it fails for a process that has
// ended (6.5 to 6.15).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

int getsockopt(int socket, int level, int name, void *restrict value, socklen_t *restrict size) {
    static int (*next)(int, int, int, void *, socklen_t *);
    if (!next) next = (int (*)(int, int, int, void *, socklen_t *))dlsym(RTLD_NEXT, "getsockopt");
    const char *kernel = getenv("OLDER_KERNEL");
    if (level != SOL_SOCKET || name != SO_PEERPIDFD || !kernel) return next(socket, level, name, value, size);
    if (strcmp(kernel, "none") == 0) {
        errno = ENOPROTOOPT;
        return -1;
    }
    int result = next(socket, level, name, value, size);
    if (result != 0) return result;
    struct pollfd question = {.fd = *(int *)value, .events = POLLIN};
    if (poll(&question, 1, 0) <= 0) return result;
    close(question.fd);
    errno = EINVAL;
    return -1;
}
