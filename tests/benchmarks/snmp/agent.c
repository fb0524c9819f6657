/* A farm of simulated switches for the benchmark: SNMP v2c and, where it is built with -DUSM and
 * -lcrypto, v3 for every address of 127/8 on one port. Counters and engine ids differ from device to
 * device, so that no client can profit from answers or keys it knows.
 *
 *   agent PORT INTERFACES [every Nth address dead] [per mille lost] [USER AUTH PRIVACY]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "wire.h"

enum { MAX_OBJECTS = 4096, MAX_ASKED = 64, ANSWER = 1472, BATCH = 32 };

struct object {
    uint32_t parts[16];
    int count;
    uint8_t tag;
    uint64_t number;
    char text[64];
};

static struct object objects[MAX_OBJECTS];
static int object_count;

/* ---- the MIB */

static int compare(const uint32_t *one, int ones, const uint32_t *two, int twos) {
    for (int i = 0; i < ones && i < twos; i++)
        if (one[i] != two[i])
            return one[i] < two[i] ? -1 : 1;
    return ones - twos;
}

static int sorted(const void *one, const void *two) {
    const struct object *a = one, *b = two;
    return compare(a->parts, a->count, b->parts, b->count);
}

static int after(const uint32_t *parts, int count) {
    int low = 0, high = object_count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (compare(objects[middle].parts, objects[middle].count, parts, count) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add(const char *name, uint32_t index, uint8_t tag, uint64_t number, const char *text) {
    struct object *object = &objects[object_count++];
    for (const char *at = name; at; at = strchr(at, '.') ? strchr(at, '.') + 1 : NULL)
        object->parts[object->count++] = strtoul(at, NULL, 10);
    object->parts[object->count++] = index;
    object->tag = tag;
    object->number = number;
    snprintf(object->text, sizeof object->text, "%s", text ? text : "");
}

static uint8_t if_tag(int column) {
    switch (column) {
    case 2: case 6: return OCTETS;
    case 1: case 3: case 4: case 7: case 8: return INTEGER;
    case 5: case 21: return GAUGE;
    case 9: return TICKS;
    default: return COUNTER32;
    }
}

static uint8_t ifx_tag(int column) {
    if (column == 1 || column == 18)
        return OCTETS;
    if (column >= 6 && column < 14)
        return COUNTER64;
    return column == 15 ? GAUGE : column == 19 ? TICKS : column < 6 ? COUNTER32 : INTEGER;
}

static void build(int interfaces) {
    char name[64], text[64];
    add("1.3.6.1.2.1.1.1", 0, OCTETS, 0, "Simulated access switch, software 15.2(7), 48 ports, PoE");
    add("1.3.6.1.2.1.1.3", 0, TICKS, 123456789, NULL);
    add("1.3.6.1.2.1.1.5", 0, OCTETS, 0, "sw-access-library-12");
    for (int i = 1; i <= interfaces; i++) {
        for (int column = 1; column <= 21; column++) {
            uint8_t tag = if_tag(column);
            uint64_t number = tag == INTEGER ? 1u + i % 2 : tag == COUNTER32 ? 123456u * i : 1000000;
            if (column == 14 || column == 20)
                number = i % 4; /* errors are few */
            snprintf(name, sizeof name, "1.3.6.1.2.1.2.2.1.%d", column);
            snprintf(text, sizeof text, column == 2 ? "GigabitEthernet1/0/%d" : "abc%d", i);
            add(name, 10100 + i, tag, number, text);
        }
        for (int column = 1; column <= 19; column++) {
            uint8_t tag = ifx_tag(column);
            uint64_t number = tag == COUNTER64 ? 987654321000ull * i : tag == GAUGE ? 1000 : 1;
            snprintf(name, sizeof name, "1.3.6.1.2.1.31.1.1.1.%d", column);
            snprintf(text, sizeof text, column == 1 ? "Gi1/0/%d" : "Room %d desk A", i);
            add(name, 10100 + i, tag, number, text);
        }
    }
    qsort(objects, object_count, sizeof *objects, sorted);
}

/* ---- answering */

static void put_object(struct out *out, const struct object *object, uint32_t device) {
    uint8_t *end = out->at;
    uint64_t number = object->number;
    if (object->tag == COUNTER64)
        number += (uint64_t)device * 7919;
    else if (object->tag == COUNTER32 && number > 4)
        number = (uint32_t)(number + device * 31);
    if (object->tag == OCTETS) {
        int size = strlen(object->text);
        put_bytes(out, object->text, size);
        put_head(out, OCTETS, size);
    } else {
        put_number(out, object->tag, number);
    }
    put_oid(out, object->parts, object->count);
    put_head(out, SEQUENCE, end - out->at);
}

static void put_missing(struct out *out, const uint32_t *parts, int count, uint8_t tag) {
    uint8_t *end = out->at;
    put_head(out, tag, 0);
    put_oid(out, parts, count);
    put_head(out, SEQUENCE, end - out->at);
}

struct asked { uint32_t parts[MAX_PARTS]; int count, at; };

/* Put one binding into `room` and return its size. */
static int bind_one(uint8_t *room, struct asked *asked, int kind, uint32_t device) {
    uint8_t buffer[512];
    struct out out = {buffer + sizeof buffer};
    if (kind == GET) {
        const struct object *found = asked->at ? &objects[asked->at - 1] : NULL;
        if (found && !compare(found->parts, found->count, asked->parts, asked->count))
            put_object(&out, found, device);
        else
            put_missing(&out, asked->parts, asked->count, NO_INSTANCE);
    } else if (asked->at < object_count) {
        put_object(&out, &objects[asked->at++], device);
    } else {
        put_missing(&out, asked->parts, asked->count, END_OF_MIB);
    }
    int size = buffer + sizeof buffer - out.at;
    memcpy(room, out.at, size);
    return size;
}

/* Fill `bindings` as far as one Ethernet frame allows and return the octets used. */
static int fill(uint8_t *bindings, int limit, struct asked *asked, int count, int kind, int once,
                int rounds, uint32_t device) {
    int used = 0;
    for (int turn = 0; turn == 0 || (turn < rounds && once < count); turn++)
        for (int i = turn ? once : 0; i < (rounds > 0 ? count : once); i++) {
            int more = bind_one(bindings + used, &asked[i], kind, device);
            if (used + more > limit)
                return used;
            used += more;
        }
    return used;
}

/* Answer the PDU at the cursor with at most `limit` octets of bindings; 0 is no answer. */
static int answer_pdu(struct in *message, int limit, uint32_t device, struct out *out) {
    static struct asked asked[MAX_ASKED];
    uint8_t bindings[ANSWER + 512];
    struct in pdu, ident, one, two, list;
    int kind = enter(message, &pdu), count = 0;
    if (enter(&pdu, &ident) != INTEGER || enter(&pdu, &one) != INTEGER
        || enter(&pdu, &two) != INTEGER || enter(&pdu, &list) != SEQUENCE)
        return 0;
    while (list.at < list.end && count < MAX_ASKED) {
        struct in binding, name;
        if (enter(&list, &binding) != SEQUENCE || enter(&binding, &name) != OID)
            return 0;
        asked[count].count = parts_of(name, asked[count].parts);
        asked[count].at = after(asked[count].parts, asked[count].count);
        count++;
    }
    long once = kind == BULK ? number_of(one) : count;
    once = once < 0 ? 0 : once > count ? count : once;
    int rounds = kind == BULK ? number_of(two) : 1;
    int used = fill(bindings, limit, asked, count, kind, once, rounds, device & 0xffff);
    put_pdu(out, RESPONSE, ident, bindings, used);
    return 1;
}

#ifdef USM
#include "usm.h"
#endif

static int answer(const uint8_t *data, int size, uint32_t device, struct out *out) {
    struct in whole = {data, data + size}, message, version, community;
    if (enter(&whole, &message) != SEQUENCE || enter(&message, &version) != INTEGER)
        return 0;
#ifdef USM
    if (number_of(version) == 3 && user.name)
        return answer_user(data, size, message, device, out);
#endif
    uint8_t *end = out->at;
    if (number_of(version) != 1 || enter(&message, &community) != OCTETS
        || !answer_pdu(&message, ANSWER - 60, device, out))
        return 0;
    put_element(out, OCTETS, community);
    put_number(out, INTEGER, 1);
    put_head(out, SEQUENCE, end - out->at);
    return end - out->at;
}

static struct in_pktinfo *info_of(struct msghdr *message) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c))
        if (c->cmsg_type == IP_PKTINFO)
            return (struct in_pktinfo *)CMSG_DATA(c);
    return NULL;
}

static int listen_on(int port) {
    int link = socket(AF_INET, SOCK_DGRAM, 0), on = 1, room = 8 << 20;
    setsockopt(link, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    if (setsockopt(link, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
        setsockopt(link, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    return bind(link, (struct sockaddr *)&here, sizeof here) ? -1 : link;
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 64;
    int dead = argc > 3 ? atoi(argv[3]) : 0, loss = argc > 4 ? atoi(argv[4]) : 0;
    build(atoi(argv[2]));
#ifdef USM
    if (argc > 7)
        introduce(argv[5], argv[6], argv[7]);
#endif
    int link = listen_on(atoi(argv[1]));
    if (link < 0)
        return 69;
    puts("ready");
    fflush(stdout);
    static uint8_t received[BATCH][4096], sending[BATCH][4096], control[BATCH][64];
    static struct sockaddr_in from[BATCH];
    static struct mmsghdr in[BATCH], out[BATCH];
    static struct iovec in_io[BATCH], out_io[BATCH];
    for (;;) {
        for (int i = 0; i < BATCH; i++) {
            in_io[i] = (struct iovec){received[i], sizeof received[i]};
            in[i].msg_hdr = (struct msghdr){&from[i], sizeof from[i], &in_io[i], 1, control[i], 64, 0};
        }
        int count = recvmmsg(link, in, BATCH, MSG_WAITFORONE, NULL), ready = 0;
        for (int i = 0; i < count; i++) {
            struct in_pktinfo *info = info_of(&in[i].msg_hdr);
            uint32_t device = info ? ntohl(info->ipi_addr.s_addr) : 0;
            if (!info || (dead && device % dead == 0) || (loss && rand() % 1000 < loss))
                continue;
            struct out room = {sending[ready] + sizeof sending[ready]};
            int size = answer(received[i], in[i].msg_len, device, &room);
            if (!size)
                continue;
            info->ipi_spec_dst = info->ipi_addr;
            info->ipi_ifindex = 0;
            out_io[ready] = (struct iovec){room.at, size};
            out[ready].msg_hdr = (struct msghdr){&from[i], sizeof from[i], &out_io[ready], 1, control[i],
                                                 CMSG_SPACE(sizeof *info), 0};
            ready++;
        }
        for (int sent = 0; sent < ready;) {
            int more = sendmmsg(link, out + sent, ready - sent, 0);
            sent += more > 0 ? more : 1;
        }
    }
}
