/* The limit of what a poller can do with this work: plain C, batches of datagrams, nothing kept but
 * the numbers. It trusts its own agent, has no retransmission, no types, no checks: no engine.
 *
 *   limit DEVICES PORT        prints devices, bindings and CPU seconds as JSON
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

enum { WINDOW = 100, COLUMNS = 10, SCALARS = 3, ROWS = 5, BATCH = 32, ROOM = 2048, NAME = 24 };

struct name { uint8_t octets[NAME]; int size; };
struct device {
    struct sockaddr_in place;
    struct name at[COLUMNS];
    int active[COLUMNS], count, first, bindings, rows[COLUMNS];
    uint64_t values[COLUMNS][64];
};

static struct name columns[COLUMNS], scalars[SCALARS];
static struct device devices[WINDOW];
static uint8_t received[BATCH][65536], sending[BATCH][ROOM];
static struct mmsghdr in[BATCH], out[BATCH];
static struct iovec in_io[BATCH], out_io[BATCH];
static int waiting, link_, next, total, under_way, done;
static long bindings;

static struct name name_of(const char *text) {
    struct name name = {{0x2b}, 1};
    for (text += 4; text; text = strchr(text, '.') ? strchr(text, '.') + 1 : NULL)
        name.octets[name.size++] = atoi(text); /* no part above 127 */
    return name;
}

static uint8_t *put_head(uint8_t *at, uint8_t tag, int size) {
    *--at = size & 0xff;
    if (size >= 0x100)
        *--at = size >> 8;
    if (size >= 0x80)
        *--at = size >= 0x100 ? 0x82 : 0x81;
    *--at = tag;
    return at;
}

static uint8_t *put_name(uint8_t *at, const struct name *name) {
    uint8_t *end = at;
    *--at = 0, *--at = 5;
    at -= name->size;
    memcpy(at, name->octets, name->size);
    at = put_head(at, 6, name->size);
    return put_head(at, 0x30, end - at);
}

static void flush(void) {
    for (int sent = 0; sent < waiting;) {
        int more = sendmmsg(link_, out + sent, waiting - sent, 0);
        sent += more > 0 ? more : 1;
    }
    waiting = 0;
}

static void ask(int number) {
    struct device *device = &devices[number];
    uint8_t *end = sending[waiting] + ROOM, *at = end;
    for (int i = device->count - 1; i >= 0; i--)
        at = put_name(at, &device->at[device->active[i]]);
    for (int i = device->first ? SCALARS - 1 : -1; i >= 0; i--)
        at = put_name(at, &scalars[i]);
    at = put_head(at, 0x30, end - at);
    uint8_t head[] = {2, 4, 0x40, 0, 0, number, 2, 1, device->first ? SCALARS : 0,
                      2, 1, ROWS * COLUMNS / device->count};
    at -= sizeof head;
    memcpy(at, head, sizeof head);
    at = put_head(at, 0xa5, end - at);
    at -= 11;
    memcpy(at, "\x02\x01\x01\x04\x06public", 11);
    at = put_head(at, 0x30, end - at);
    out_io[waiting] = (struct iovec){at, end - at};
    out[waiting].msg_hdr = (struct msghdr){&device->place, sizeof device->place, &out_io[waiting], 1, 0, 0, 0};
    if (++waiting == BATCH)
        flush();
}

static void begin(int number) {
    struct device *device = &devices[number];
    int n = next++;
    uint32_t host = 127u << 24 | (1 + n / 60000) << 16 | (n / 250 % 240) << 8 | (n % 250 + 1);
    device->place.sin_addr.s_addr = htonl(host);
    device->count = COLUMNS;
    device->first = 1;
    device->bindings = 0;
    for (int i = 0; i < COLUMNS; i++) {
        device->active[i] = i;
        device->at[i] = columns[i];
        device->rows[i] = 0;
    }
    under_way++;
    ask(number);
}

static uint8_t *size_of(uint8_t *at, int *size) {
    *size = *at++;
    if (*size & 0x80)
        for (int octets = *size & 0x7f, first = 1; octets--; first = 0)
            *size = (first ? 0 : *size) << 8 | *at++;
    return at;
}

/* Take the bindings of an answer; return which device it was. */
static int take(uint8_t *at, int length) {
    uint8_t *end = at + length;
    int size, ended[COLUMNS] = {0}, position = 0;
    struct name last[COLUMNS] = {0};
    at = size_of(at + 1, &size);
    at += 3 + 8;
    at = size_of(at + 1, &size);
    int number = at[5];
    at += 6 + 3 + 3;
    at = size_of(at + 1, &size);
    struct device *device = &devices[number];
    for (int skip = device->first ? SCALARS : 0; at < end; position++) {
        at = size_of(at + 1, &size);
        uint8_t *after = at + size, *name = at + 2, *value = name + at[1];
        int octets = at[1], tag = *value;
        at = after;
        if (position < skip) {
            device->bindings++;
            continue;
        }
        int place = (position - skip) % device->count, column = device->active[place];
        if (ended[place] || tag >= 0x80 || octets <= columns[column].size
            || memcmp(name, columns[column].octets, columns[column].size)) {
            ended[place] = 1;
            continue;
        }
        uint64_t number_ = 0;
        for (value = size_of(value + 1, &size); size--;)
            number_ = number_ << 8 | *value++;
        device->values[column][device->rows[column]++ & 63] = number_;
        device->bindings++;
        memcpy(last[place].octets, name, octets);
        last[place].size = octets;
    }
    int kept = 0;
    for (int i = 0; i < device->count; i++)
        if (!ended[i] && last[i].size) {
            device->at[device->active[i]] = last[i];
            device->active[kept++] = device->active[i];
        }
    device->count = kept;
    device->first = 0;
    return number;
}

int main(int argc, char **argv) {
    static const int leaves[] = {1, 3, 5}, in_if[] = {2, 7, 8, 14, 20}, in_ifx[] = {1, 6, 10, 15, 18};
    char text[64];
    if (argc < 3)
        return 64;
    total = atoi(argv[1]);
    for (int i = 0; i < SCALARS; i++)
        snprintf(text, sizeof text, "1.3.6.1.2.1.1.%d", leaves[i]), scalars[i] = name_of(text);
    for (int i = 0; i < 5; i++) {
        snprintf(text, sizeof text, "1.3.6.1.2.1.2.2.1.%d", in_if[i]), columns[i] = name_of(text);
        snprintf(text, sizeof text, "1.3.6.1.2.1.31.1.1.1.%d", in_ifx[i]), columns[5 + i] = name_of(text);
    }
    int room = 8 << 20;
    link_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    setsockopt(link_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    for (int i = 0; i < BATCH; i++) {
        in_io[i] = (struct iovec){received[i], sizeof received[i]};
        in[i].msg_hdr = (struct msghdr){0, 0, &in_io[i], 1, 0, 0, 0};
    }
    struct timespec began, ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    for (int i = 0; i < WINDOW; i++) {
        devices[i].place = (struct sockaddr_in){AF_INET, htons(atoi(argv[2])), {0}, {0}};
        if (next < total)
            begin(i);
    }
    while (under_way) {
        flush();
        struct pollfd ready = {link_, POLLIN, 0};
        if (poll(&ready, 1, 2000) <= 0)
            break;
        int count = recvmmsg(link_, in, BATCH, 0, NULL);
        for (int i = 0; i < count; i++) {
            int number = take(received[i], in[i].msg_len);
            if (devices[number].count) {
                ask(number);
                continue;
            }
            done++;
            bindings += devices[number].bindings;
            under_way--;
            if (next < total)
                begin(number);
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu_s = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
                   + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    double wall_s = ended.tv_sec - began.tv_sec + (ended.tv_nsec - began.tv_nsec) / 1e9;
    printf("{\"devices\": %d, \"varbinds\": %ld, \"cpu_s\": %f, \"wall_s\": %f}\n", done, bindings,
           cpu_s, wall_s);
    return 0;
}
