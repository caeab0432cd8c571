// SPDX-License-Identifier: Apache-2.0
// One call of FetchX509SVID over a connected socket, in as few bytes as HTTP/2 allows; shared by the probes of the soak.
#ifndef WORKLOAD_CALL_H
#define WORKLOAD_CALL_H
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static size_t put_text(uint8_t *to, const char *text) {
    size_t count = strlen(text);
    to[0] = (uint8_t)count;
    memcpy(to + 1, text, count);
    return count + 1;
}

static size_t put_header(uint8_t *to, const char *name, const char *value) {
    to[0] = 0;
    size_t count = 1 + put_text(to + 1, name);
    return count + put_text(to + count, value);
}

static size_t put_frame(uint8_t *to, uint8_t kind, uint8_t flags, uint8_t stream, const uint8_t *payload, size_t count) {
    const uint8_t head[9] = {(uint8_t)(count >> 16), (uint8_t)(count >> 8), (uint8_t)count, kind, flags, 0, 0, 0, stream};
    memcpy(to, head, sizeof head);
    if (count) memcpy(to + sizeof head, payload, count);
    return sizeof head + count;
}

static int send_all(int socket, const uint8_t *bytes, size_t count) {
    while (count) {
        ssize_t sent = send(socket, bytes, count, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return -1;
        bytes += sent;
        count -= (size_t)sent;
    }
    return 0;
}

static int workload_connect(int socket, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return -1;
    strcpy(address.sun_path, path);
    return connect(socket, (struct sockaddr *)&address, sizeof address);
}

static int workload_ask(int socket) {
    static const uint8_t empty[5];
    uint8_t headers[512], all[1024];
    size_t count = 0;
    const char *const lines[][2] = {
        {":method", "POST"}, {":scheme", "http"}, {":path", "/SpiffeWorkloadAPI/FetchX509SVID"}, {":authority", "localhost"},
        {"te", "trailers"}, {"content-type", "application/grpc"}, {"workload.spiffe.io", "true"}};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) count += put_header(headers + count, lines[i][0], lines[i][1]);
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    size_t place = sizeof preface - 1;
    memcpy(all, preface, place);
    place += put_frame(all + place, 4, 0, 0, NULL, 0);
    place += put_frame(all + place, 1, 4, 1, headers, count);
    place += put_frame(all + place, 0, 1, 1, empty, sizeof empty);
    return send_all(socket, all, place);
}

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static size_t get_number(const uint8_t *bytes, size_t count, size_t *place) {
    size_t value = 0;
    for (int shift = 0; *place < count && shift < 35; shift += 7) {
        uint8_t byte = bytes[(*place)++];
        value |= (size_t)(byte & 127) << shift;
        if (byte < 128) break;
    }
    return value;
}

// Writes the IDs of an X509SVIDResponse, each behind a space; returns how many there are.
static int workload_ids(const uint8_t *message, size_t count, char *ids, size_t room) {
    int found = 0;
    for (size_t place = 0; place < count;) {
        size_t key = get_number(message, count, &place), length = get_number(message, count, &place);
        if ((key & 7) != 2 || length > count - place) break;
        size_t inner = place, end = place + length;
        place = end;
        if (key >> 3 != 1) continue;
        size_t inner_key = get_number(message, end, &inner), id = get_number(message, end, &inner);
        if (inner_key != 10 || id > end - inner) continue;
        size_t used = strlen(ids);
        if (used + id + 2 > room) break;
        ids[used] = ' ';
        memcpy(ids + used + 1, message + inner, id);
        ids[used + 1 + id] = 0;
        found++;
    }
    return found;
}

// The answer to workload_ask: how many SVIDs; 0 when the call was refused, -1 when the connection ended, -2 after a while.
static int workload_answer(int socket, int patience, char *ids, size_t room) {
    static uint8_t seen[1 << 17], body[1 << 17];
    size_t count = 0, whole = 0;
    int64_t deadline = milliseconds() + patience;
    ids[0] = 0;
    while (1) {
        int64_t left = deadline - milliseconds();
        struct pollfd question = {.fd = socket, .events = POLLIN};
        if (left <= 0) return -2;
        if (poll(&question, 1, (int)left) <= 0) continue;
        ssize_t got = recv(socket, seen + count, sizeof seen - count, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return -1;
        count += (size_t)got;
        while (count >= 9) {
            size_t length = (size_t)seen[0] << 16 | (size_t)seen[1] << 8 | seen[2];
            uint8_t kind = seen[3], flags = seen[4], stream = seen[8];
            if (9 + length > sizeof seen) return -1;
            if (count < 9 + length) break;
            uint8_t answer[32];
            if (kind == 4 && !(flags & 1)) send_all(socket, answer, put_frame(answer, 4, 1, 0, NULL, 0));
            if (kind == 6 && !(flags & 1) && length == 8) send_all(socket, answer, put_frame(answer, 6, 1, 0, seen + 9, 8));
            if (stream == 1 && ((kind == 1 && (flags & 1)) || kind == 3)) return 0;
            if (stream == 1 && kind == 0) {
                if (whole + length > sizeof body) return -1;
                memcpy(body + whole, seen + 9, length);
                whole += length;
                size_t message = whole < 5 ? 0 : (size_t)body[1] << 24 | (size_t)body[2] << 16 | (size_t)body[3] << 8 | body[4];
                if (whole >= 5 && whole - 5 >= message) return workload_ids(body + 5, message, ids, room);
            }
            memmove(seen, seen + 9 + length, count - 9 - length);
            count -= 9 + length;
        }
    }
}
#endif
