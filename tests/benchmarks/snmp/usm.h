/* The user-based security model of the farm: HMAC-SHA-256 with 192 bits (RFC 7860) and AES-256 in CFB,
 * which needs no key extension as the digest has 256 bits. Every address is an engine of its own. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <time.h>

enum { DIGEST = 32, SIGNATURE = 24, SALT = 8, IDENT = 9, MEBIBYTE = 1 << 20 };
enum { AUTH = 1, PRIVATE = 2, REPORTABLE = 4 };
enum { BAD_LEVEL = 1, NOT_IN_TIME, NO_USER, NO_ENGINE, BAD_DIGEST, NO_DECRYPT }; /* RFC 3414 §5 */
enum { BOOTS = 7, WINDOW_S = 150, HEADS = 150 };

static struct { const char *name; uint8_t auth[DIGEST], privacy[DIGEST]; } user;
static time_t started_s;
static uint32_t reported;

/* A request, taken apart; the clear scoped PDU is in `scoped`. */
struct secured {
    struct in ident, engine, boots, time, name, signature, salt, scoped;
    int flags;
};

/* The one agent that is asked. */
struct engine {
    uint8_t ident[IDENT], auth[DIGEST], privacy[DIGEST];
    uint32_t clock_s;
};

static void password_key(const char *password, uint8_t *key) {
    static uint8_t whole[MEBIBYTE];
    int size = strlen(password);
    for (int i = 0; i < MEBIBYTE; i++)
        whole[i] = password[i % size];
    EVP_Digest(whole, sizeof whole, key, NULL, EVP_sha256(), NULL);
}

static void localize(const uint8_t *key, const uint8_t *ident, uint8_t *local) {
    uint8_t whole[2 * DIGEST + IDENT];
    memcpy(whole, key, DIGEST);
    memcpy(whole + DIGEST, ident, IDENT);
    memcpy(whole + DIGEST + IDENT, key, DIGEST);
    EVP_Digest(whole, sizeof whole, local, NULL, EVP_sha256(), NULL);
}

static void introduce(const char *name, const char *auth, const char *privacy) {
    user.name = name;
    password_key(auth, user.auth);
    password_key(privacy, user.privacy);
    started_s = time(NULL) - 1000;
}

static void know(struct engine *engine, uint32_t device) {
    memcpy(engine->ident, "\x80\x00\x1f\x88\x01", 5); /* an IPv4 address follows */
    for (int i = 0; i < 4; i++)
        engine->ident[5 + i] = device >> (24 - 8 * i);
    localize(user.auth, engine->ident, engine->auth);
    localize(user.privacy, engine->ident, engine->privacy);
    engine->clock_s = time(NULL) - started_s;
}

static void sign(const struct engine *engine, const uint8_t *data, int size, uint8_t *signature) {
    uint8_t digest[DIGEST];
    HMAC(EVP_sha256(), engine->auth, DIGEST, data, size, digest, NULL);
    memcpy(signature, digest, SIGNATURE);
}

static void cipher(const struct engine *engine, uint32_t boots, uint32_t clock_s, const uint8_t *salt,
                   const uint8_t *from, int size, uint8_t *to, int encrypt) {
    static EVP_CIPHER_CTX *context;
    uint8_t vector[16];
    int done;
    if (!context)
        context = EVP_CIPHER_CTX_new();
    for (int i = 0; i < 4; i++) {
        vector[i] = boots >> (24 - 8 * i);
        vector[4 + i] = clock_s >> (24 - 8 * i);
    }
    memcpy(vector + 8, salt, SALT);
    EVP_CipherInit_ex(context, EVP_aes_256_cfb128(), NULL, engine->privacy, vector, encrypt);
    EVP_CipherUpdate(context, to, &done, from, size);
}

static int take_apart(struct in message, struct secured *secured) {
    struct in general, size, flags, parameters, security;
    if (enter(&message, &general) != SEQUENCE || enter(&general, &secured->ident) != INTEGER
        || enter(&general, &size) != INTEGER || enter(&general, &flags) != OCTETS
        || flags.at == flags.end || enter(&message, &parameters) != OCTETS
        || enter(&parameters, &security) != SEQUENCE || enter(&security, &secured->engine) != OCTETS
        || enter(&security, &secured->boots) != INTEGER || enter(&security, &secured->time) != INTEGER
        || enter(&security, &secured->name) != OCTETS
        || enter(&security, &secured->signature) != OCTETS
        || enter(&security, &secured->salt) != OCTETS)
        return 0;
    secured->flags = *flags.at;
    secured->scoped = message;
    return 1;
}

static int is(struct in one, const void *two, int size) {
    return one.end - one.at == size && !memcmp(one.at, two, size);
}

/* Return the reason why a request is refused, else 0 with its scoped PDU in clear (RFC 3414 §3.2). */
static int refuse(const uint8_t *data, int size, const struct engine *engine, struct secured *secured) {
    static uint8_t blank[4096], clear[4096];
    uint8_t signature[SIGNATURE];
    if (!is(secured->engine, engine->ident, IDENT))
        return NO_ENGINE;
    if (!is(secured->name, user.name, strlen(user.name)))
        return NO_USER;
    if ((secured->flags & (AUTH | PRIVATE)) != (AUTH | PRIVATE))
        return BAD_LEVEL;
    if (secured->signature.end - secured->signature.at != SIGNATURE)
        return BAD_DIGEST;
    memcpy(blank, data, size);
    memset(blank + (secured->signature.at - data), 0, SIGNATURE);
    sign(engine, blank, size, signature);
    if (memcmp(signature, secured->signature.at, SIGNATURE))
        return BAD_DIGEST;
    long boots = number_of(secured->boots), apart_s = number_of(secured->time) - engine->clock_s;
    if (boots != BOOTS || apart_s < -WINDOW_S || apart_s > WINDOW_S)
        return NOT_IN_TIME;
    struct in closed;
    if (enter(&secured->scoped, &closed) != OCTETS || secured->salt.end - secured->salt.at != SALT)
        return NO_DECRYPT;
    cipher(engine, boots, number_of(secured->time), secured->salt.at, closed.at,
           closed.end - closed.at, clear, 0);
    secured->scoped = (struct in){clear, clear + (closed.end - closed.at)};
    return 0;
}

/* Enter the scoped PDU as far as its PDU. */
static int reach_pdu(struct in scoped, struct in *inner) {
    struct in engine, context;
    return enter(&scoped, inner) == SEQUENCE && enter(inner, &engine) == OCTETS
           && enter(inner, &context) == OCTETS;
}

static void put_report(struct out *out, int reason, const struct secured *secured) {
    uint8_t buffer[64];
    struct out binding = {buffer + sizeof buffer};
    static const uint8_t zero[1];
    struct in inner, pdu, ident;
    if (secured->flags & PRIVATE || !reach_pdu(secured->scoped, &inner) || enter(&inner, &pdu) < 0
        || enter(&pdu, &ident) != INTEGER)
        ident = (struct in){zero, zero + 1}; /* it cannot be read */
    put_number(&binding, COUNTER32, ++reported);
    put_oid(&binding, (uint32_t[]){1, 3, 6, 1, 6, 3, 15, 1, 1, reason, 0}, 11);
    put_head(&binding, SEQUENCE, buffer + sizeof buffer - binding.at);
    put_pdu(out, REPORT, ident, binding.at, buffer + sizeof buffer - binding.at);
}

static void put_engine(struct out *out, const struct engine *engine) {
    put_bytes(out, engine->ident, IDENT);
    put_head(out, OCTETS, IDENT);
}

static void put_general(struct out *out, struct in ident, int flags) {
    uint8_t *end = out->at;
    put_number(out, INTEGER, 3); /* the model is USM */
    put(out, flags);
    put_head(out, OCTETS, 1);
    put_number(out, INTEGER, 65507);
    put_element(out, INTEGER, ident);
    put_head(out, SEQUENCE, end - out->at);
}

/* Encrypt and sign what stands in `out`, as `flags` say. */
static int secure(struct out *out, uint8_t *end, const struct engine *engine, int flags,
                  const struct secured *asked) {
    static uint64_t salts;
    uint8_t salt[SALT], nothing[SIGNATURE] = {0};
    memcpy(salt, &(uint64_t){++salts}, SALT);
    if (flags & PRIVATE) {
        cipher(engine, BOOTS, engine->clock_s, salt, out->at, end - out->at, out->at, 1);
        put_head(out, OCTETS, end - out->at);
    }
    uint8_t *security = out->at;
    put_element(out, OCTETS, (struct in){salt, salt + (flags & PRIVATE ? SALT : 0)});
    put_element(out, OCTETS, (struct in){nothing, nothing + (flags & AUTH ? SIGNATURE : 0)});
    uint8_t *signature = out->at + 2;
    put_element(out, OCTETS, asked->name);
    put_number(out, INTEGER, engine->clock_s);
    put_number(out, INTEGER, BOOTS);
    put_engine(out, engine);
    put_head(out, SEQUENCE, security - out->at);
    put_head(out, OCTETS, security - out->at);
    put_general(out, asked->ident, flags);
    put_number(out, INTEGER, 3);
    put_head(out, SEQUENCE, end - out->at);
    if (flags & AUTH)
        sign(engine, out->at, end - out->at, signature);
    return end - out->at;
}

static int answer_user(const uint8_t *data, int size, struct in message, uint32_t device,
                       struct out *out) {
    struct secured asked;
    struct engine engine;
    struct in inner;
    uint8_t *end = out->at;
    if (!take_apart(message, &asked))
        return 0;
    know(&engine, device);
    int reason = refuse(data, size, &engine, &asked), flags = AUTH | PRIVATE;
    if (reason) {
        if (!(asked.flags & REPORTABLE))
            return 0;
        put_report(out, reason, &asked);
        flags = reason == NOT_IN_TIME ? AUTH : 0;
    } else if (!reach_pdu(asked.scoped, &inner)
               || !answer_pdu(&inner, ANSWER - HEADS, device, out)) {
        return 0;
    }
    put_head(out, OCTETS, 0); /* the default context */
    put_engine(out, &engine);
    put_head(out, SEQUENCE, end - out->at);
    return secure(out, end, &engine, flags, &asked);
}
