// SPDX-License-Identifier: Apache-2.0
// A workload that the soak can copy, link, replace and delete: says who the agent takes it for.
//
// usage: probe fetch SOCKET    asks at once
//        probe early SOCKET    connects, says "ready", and asks after a line on standard input
//        probe late SOCKET     says "ready", and connects after a line on standard input
//        probe hold            does nothing until it is killed
// Writes the IDs, or "refused", "closed", "silent".
#include "workload_call.h"
#include <stdlib.h>

static void wait_for_line(void) {
    char one;
    if (write(1, "ready\n", 6) != 6) exit(3);
    do
        if (read(0, &one, 1) != 1) exit(4);
    while (one != '\n');
}

int main(int count, char **words) {
    if (count == 2 && strcmp(words[1], "hold") == 0)
        while (1) pause();
    if (count != 3) return 2;
    int line = socket(AF_UNIX, SOCK_STREAM, 0);
    if (strcmp(words[1], "late") == 0) wait_for_line();
    if (workload_connect(line, words[2]) != 0) {
        perror("connect");
        return 1;
    }
    if (strcmp(words[1], "early") == 0) wait_for_line();
    char ids[4096];
    if (workload_ask(line) != 0) {
        puts("closed");
        return 0;
    }
    int answer = workload_answer(line, 20000, ids, sizeof ids);
    puts(answer > 0 ? ids + 1 : answer == 0 ? "refused" : answer == -1 ? "closed" : "silent");
    return 0;
}
