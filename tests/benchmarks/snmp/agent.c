/* A farm of simulated switches for the benchmark: SNMP v2c for every address of 127/8 on one port.
 * Counters differ from device to device, so that no client can profit from answers it knows.
 *
 *   agent PORT INTERFACES [every Nth address dead] [per mille lost]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MAX_PARTS = 64, MAX_OBJECTS = 4096, MAX_ASKED = 64, ANSWER = 1472, BATCH = 32 };
enum { INTEGER = 0x02, OCTETS = 0x04, OID = 0x06, SEQUENCE = 0x30, COUNTER32 = 0x41, GAUGE = 0x42,
       TICKS = 0x43, COUNTER64 = 0x46, NO_INSTANCE = 0x81, END_OF_MIB = 0x82 };
enum { GET = 0xa0, NEXT = 0xa1, RESPONSE = 0xa2, BULK = 0xa5 };

struct object {
    uint32_t parts[16];
    int count;
    uint8_t tag;
    uint64_t number;
    char text[64];
};

static struct object objects[MAX_OBJECTS];
static int object_count;

/* ---- writing: from the end of a buffer to its front, so that every length is known */

struct out { uint8_t *at; };

static void put(struct out *out, uint8_t octet) { *--out->at = octet; }

static void put_bytes(struct out *out, const void *bytes, int size) {
    out->at -= size;
    memcpy(out->at, bytes, size);
}

static void put_head(struct out *out, uint8_t tag, int size) {
    put(out, size & 0xff);
    if (size >= 0x100)
        put(out, size >> 8);
    if (size >= 0x80)
        put(out, size >= 0x100 ? 0x82 : 0x81);
    put(out, tag);
}

static void put_number(struct out *out, uint8_t tag, uint64_t number) {
    uint8_t *end = out->at;
    do {
        put(out, number & 0xff);
        number >>= 8;
    } while (number);
    if (*out->at & 0x80)
        put(out, 0);
    put_head(out, tag, end - out->at);
}

static void put_oid(struct out *out, const uint32_t *parts, int count) {
    uint8_t *end = out->at;
    for (int i = count - 1; i >= 2; i--) {
        uint32_t part = parts[i];
        put(out, part & 0x7f);
        while (part >>= 7)
            put(out, (part & 0x7f) | 0x80);
    }
    put(out, parts[0] * 40 + parts[1]);
    put_head(out, OID, end - out->at);
}

/* ---- reading: a cursor that never passes its end */

struct in { const uint8_t *at, *end; };

static int enter(struct in *in, struct in *inner) {
    if (in->end - in->at < 2)
        return -1;
    int tag = *in->at++;
    int size = *in->at++;
    if (size & 0x80) {
        int octets = size & 0x7f;
        if (octets < 1 || octets > 3 || in->end - in->at < octets)
            return -1;
        for (size = 0; octets--;)
            size = size << 8 | *in->at++;
    }
    if (in->end - in->at < size)
        return -1;
    inner->at = in->at;
    inner->end = in->at += size;
    return tag;
}

static long number_of(struct in in) {
    long number = in.at < in.end && (*in.at & 0x80) ? -1 : 0;
    while (in.at < in.end)
        number = number << 8 | *in.at++;
    return number;
}

static int parts_of(struct in in, uint32_t *parts) {
    if (in.at == in.end)
        return 0;
    parts[0] = *in.at / 40;
    parts[1] = *in.at++ % 40;
    int count = 2;
    for (uint32_t part = 0; in.at < in.end && count < MAX_PARTS; in.at++) {
        part = part << 7 | (*in.at & 0x7f);
        if (!(*in.at & 0x80)) {
            parts[count++] = part;
            part = 0;
        }
    }
    return count;
}

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
static int fill(uint8_t *bindings, struct asked *asked, int count, int kind, int once, int rounds,
                uint32_t device) {
    int used = 0;
    for (int turn = 0; turn == 0 || (turn < rounds && once < count); turn++)
        for (int i = turn ? once : 0; i < (rounds > 0 ? count : once); i++) {
            int more = bind_one(bindings + used, &asked[i], kind, device);
            if (used + more > ANSWER - 60)
                return used;
            used += more;
        }
    return used;
}

static int answer(const uint8_t *data, int size, uint32_t device, struct out *out) {
    static struct asked asked[MAX_ASKED];
    uint8_t bindings[ANSWER + 512];
    struct in whole = {data, data + size}, message, version, community, pdu, ident, one, two, list;
    if (enter(&whole, &message) != SEQUENCE || enter(&message, &version) != INTEGER
        || number_of(version) != 1 || enter(&message, &community) != OCTETS)
        return 0;
    int kind = enter(&message, &pdu), count = 0;
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
    int used = fill(bindings, asked, count, kind, once, rounds, device);
    uint8_t *end = out->at;
    put_bytes(out, bindings, used);
    put_head(out, SEQUENCE, used);
    put_bytes(out, "\x02\x01\x00\x02\x01\x00", 6);
    put_bytes(out, ident.at, ident.end - ident.at);
    put_head(out, INTEGER, ident.end - ident.at);
    put_head(out, RESPONSE, end - out->at);
    put_bytes(out, community.at, community.end - community.at);
    put_head(out, OCTETS, community.end - community.at);
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
            int size = answer(received[i], in[i].msg_len, device & 0xffff, &room);
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
