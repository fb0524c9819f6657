/* BER, read and written, for the farm of simulated switches. */
#include <stdint.h>
#include <string.h>

enum { MAX_PARTS = 64 };
enum { INTEGER = 0x02, OCTETS = 0x04, OID = 0x06, SEQUENCE = 0x30, COUNTER32 = 0x41, GAUGE = 0x42,
       TICKS = 0x43, COUNTER64 = 0x46, NO_INSTANCE = 0x81, END_OF_MIB = 0x82 };
enum { GET = 0xa0, NEXT = 0xa1, RESPONSE = 0xa2, BULK = 0xa5, REPORT = 0xa8 };

/* ---- writing: from the end of a buffer to its front, so that every length is known */

struct in { const uint8_t *at, *end; };
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

static void put_element(struct out *out, uint8_t tag, struct in content) {
    put_bytes(out, content.at, content.end - content.at);
    put_head(out, tag, content.end - content.at);
}

static void put_pdu(struct out *out, uint8_t kind, struct in ident, const uint8_t *bindings, int size) {
    uint8_t *end = out->at;
    put_bytes(out, bindings, size);
    put_head(out, SEQUENCE, size);
    put_bytes(out, "\x02\x01\x00\x02\x01\x00", 6);
    put_element(out, INTEGER, ident);
    put_head(out, kind, end - out->at);
}

/* ---- reading: a cursor that never passes its end */

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
