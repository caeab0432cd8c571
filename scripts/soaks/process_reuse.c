// SPDX-License-Identifier: Apache-2.0
// Races for the number of a process: one connects to the Workload API and dies, another gets its number, and then the
// connection is used. Runs as root in the pid namespace of the agent.
//
// usage: process_reuse SOCKET ROUNDS SEED AGENT-PID DEAD-USER OTHER-USER VICTIM-PROGRAM [stopped]
//
// Kinds of rounds:
//   user     the heir runs under another user
//   program  the heir runs under the same user, but is another program, VICTIM-PROGRAM
//   late     the call is on its way when the caller dies, some microseconds sooner or later; the heir is one of both
// In every eighth round, or all of them with `stopped`, the agent sleeps from before the connection until the heir is there,
// so that it meets the connection with its number in other hands.
//
// Whoever asks is dead: nobody's SVID is an answer. In rounds `late`, the caller's own is one, since it may have lived.
// Prints one JSON object with counts.
#define _GNU_SOURCE
#include "workload_call.h"
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { USER, PROGRAM, LATE, KINDS };
static const char *const names[KINDS] = {"user", "program", "late"};
static uint64_t state;
static int last_pid_file;

static uint64_t next_random(void) {
    uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void become(uid_t user) {
    if (setgroups(0, NULL) || setresgid(user, user, user) || setresuid(user, user, user)) _exit(70);
    // The change of user takes both away.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 1);
}

// The next process of this namespace gets the number `pid`, unless somebody is quicker.
static void set_next(pid_t pid) {
    char text[16];
    int count = snprintf(text, sizeof text, "%d", pid - 1);
    if (pwrite(last_pid_file, text, (size_t)count, 0) != count) die("ns_last_pid");
}

static void end(pid_t pid) {
    kill(pid, SIGKILL);
    if (waitpid(pid, NULL, 0) != pid) die("waitpid");
}

// Starts the heir; returns when it is what it will be.
static pid_t start_heir(uid_t user, const char *program) {
    int ready[2];
    if (pipe2(ready, O_CLOEXEC)) die("pipe");
    pid_t heir = fork();
    if (heir < 0) die("fork");
    if (heir == 0) {
        become(user);
        if (program) {
            execl(program, program, "hold", (char *)NULL);
            _exit(71);
        }
        close(ready[1]);
        while (1) pause();
    }
    close(ready[1]);
    char one;
    // Ends with the exec, or when the child closes it.
    while (read(ready[0], &one, 1) < 0 && errno == EINTR) {}
    close(ready[0]);
    return heir;
}

int main(int count, char **words) {
    if (count < 8) return 2;
    const char *path = words[1], *victim = words[7];
    long rounds = atol(words[2]);
    state = strtoull(words[3], NULL, 10);
    pid_t agent = atoi(words[4]);
    uid_t dead_user = (uid_t)atoi(words[5]), other_user = (uid_t)atoi(words[6]);
    int always_stopped = count > 8;
    long won = 0, refused = 0, closed = 0, silent = 0, own = 0, stolen = 0, served_dead = 0, stopped = 0, per_kind[KINDS] = {0};
    char example[4096] = "";
    last_pid_file = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
    if (last_pid_file < 0) die("ns_last_pid");
    for (long number = 0; number < rounds; number++) {
        int kind = always_stopped ? PROGRAM : (int)(next_random() % KINDS);
        int is_stopped = always_stopped || (kind != LATE && next_random() % 8 == 0);
        int heir_is_program = kind == PROGRAM || (kind == LATE && next_random() % 2);
        int line = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), told[2], go[2];
        if (line < 0 || pipe2(told, O_CLOEXEC) || pipe2(go, O_CLOEXEC)) die("socket");
        if (is_stopped && kill(agent, SIGSTOP)) die("stop");
        pid_t caller = fork();
        if (caller < 0) die("fork");
        if (caller == 0) {
            become(dead_user);
            char one = workload_connect(line, path) == 0;
            if (write(told[1], &one, 1) != 1) _exit(72);
            close(told[1]);
            // Lives on only where the call shall be made first.
            if (kind == LATE && read(go[0], &one, 1) != 1) _exit(73);
            _exit(0);
        }
        close(told[1]);
        close(go[0]);
        char is_connected = 0;
        if (read(told[0], &is_connected, 1) != 1 || !is_connected) die("the caller does not connect");
        int asked = 0;
        if (kind == LATE) {
            asked = workload_ask(line) == 0;
            struct timespec pause = {0, (long)(next_random() % 6000000)};
            nanosleep(&pause, NULL);
        }
        end(caller);
        set_next(caller);
        pid_t heir = start_heir(heir_is_program ? dead_user : other_user, heir_is_program ? victim : NULL);
        won += heir == caller;
        if (is_stopped && kill(agent, SIGCONT)) die("continue");
        stopped += is_stopped;
        per_kind[kind]++;
        char ids[4096] = "";
        int answer = -1;
        if (asked || workload_ask(line) == 0) answer = workload_answer(line, 20000, ids, sizeof ids);
        if (answer > 0 && (strstr(ids, "/other") || strstr(ids, "/victim"))) {
            stolen++;
            snprintf(example, sizeof example, "%s%s", names[kind], ids);
        } else if (answer > 0 && kind != LATE) {
            served_dead++;
            snprintf(example, sizeof example, "%s%s", names[kind], ids);
        } else if (answer > 0) {
            own++;
        } else {
            refused += answer == 0;
            closed += answer == -1;
            silent += answer == -2;
        }
        end(heir);
        close(line);
        close(told[0]);
        close(go[1]);
    }
    printf("{\"rounds\":%ld,\"won\":%ld,\"stopped\":%ld,\"refused\":%ld,\"closed\":%ld,\"silent\":%ld,\"own\":%ld,"
           "\"stolen\":%ld,\"served_dead\":%ld,\"user\":%ld,\"program\":%ld,\"late\":%ld,\"example\":\"%s\"}\n",
           rounds, won, stopped, refused, closed, silent, own, stolen, served_dead, per_kind[USER], per_kind[PROGRAM],
           per_kind[LATE], example);
    return 0;
}
