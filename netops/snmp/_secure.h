/* Messages of SNMPv3, taken apart and put together; a part of _codec.c. Keys and ciphers stay outside. */

enum { MAX_MESSAGE = 65507, MAX_CONTENT = 0xffff };

static PyObject *take_octets(span *from) {
    span content;
    return expect(from, &content, OCTETS) < 0 ? NULL : bytes_of(content);
}

/* Take `count` elements by the letters of `kinds`: i for an integer, o for octets. */
static int take_all(span *from, const char *kinds, PyObject **found) {
    for (; *kinds; kinds++, found++)
        if (!(*found = *kinds == 'i' ? take_integer(from) : take_octets(from)))
            return -1;
    return 0;
}

static PyObject *read_v3(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    span all, general, outer, security, model, flags, payload;
    PyObject *ident[2] = {NULL, NULL}, *header[6] = {NULL}, *found = NULL, *rest = NULL;
    if (arguments(args, count, 3, &all) < 0 || expect(&all, &general, SEQUENCE) < 0)
        return NULL;
    octet *auth_end = NULL;
    if (take_all(&general, "ii", ident) < 0 || expect(&general, &flags, OCTETS) < 0
        || expect(&general, &model, INTEGER) < 0)
        goto end;
    if (model.end - model.at > MAX_INTEGER || unsigned_of(model) != USM
        || (model.end - model.at == MAX_INTEGER && *model.at) || flags.end - flags.at != 1) {
        refuse("a security model other than USM");
        goto end;
    }
    if (expect(&all, &outer, OCTETS) < 0 || expect(&outer, &security, SEQUENCE) < 0
        || take_all(&security, "oiioo", header) < 0)
        goto end;
    auth_end = security.at;
    if (take_all(&security, "o", header + 5) < 0)
        goto end;
    if (*flags.at & PRIVATE) {
        if (expect(&all, &payload, OCTETS) < 0)
            goto end;
    } else {
        payload = all;
    }
    if (!(rest = bytes_of(payload)))
        goto end;
    Py_ssize_t auth_at = auth_end - (octet *)PyBytes_AS_STRING(args[0]) - PyBytes_GET_SIZE(header[4]);
    found = Py_BuildValue("(OiOOOOOOnO)", ident[0], (int)*flags.at, header[0], header[1], header[2],
                          header[3], header[4], header[5], auth_at, rest);
end:
    Py_XDECREF(rest);
    for (int i = 0; i < 2; i++)
        Py_XDECREF(ident[i]);
    for (int i = 0; i < 6; i++)
        Py_XDECREF(header[i]);
    return found;
}

static Py_ssize_t length_size(Py_ssize_t size) {
    return size < 0x80 ? 1 : size < 0x100 ? 2 : 3;
}

static Py_ssize_t element_size(Py_ssize_t content) {
    return 1 + length_size(content) + content;
}

/* An integer in the fewest octets. */
typedef struct { uint8_t octets[8]; int first; } number;

static Py_ssize_t number_size(const number *one) {
    return element_size(8 - one->first);
}

static number number_of(int64_t value) {
    number made = {.first = 7};
    for (int i = 7; i >= 0; i--, value >>= 8)
        made.octets[i] = (uint8_t)value; /* >> keeps the sign */
    made.first = 0;
    while (made.first < 7 && ((made.octets[made.first] == 0 && made.octets[made.first + 1] < 0x80)
                              || (made.octets[made.first] == 0xff && made.octets[made.first + 1] > 0x7f)))
        made.first++;
    return made;
}

static int number_from(PyObject *value, number *made) {
    int overflow;
    if (!PyLong_Check(value)) {
        PyErr_SetString(PyExc_TypeError, "a number is expected");
        return -1;
    }
    long long found = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow)
        return refuse("a number that no message holds");
    *made = number_of(found);
    return 0;
}

static uint8_t *put_head(uint8_t *at, int tag, Py_ssize_t size) {
    *at++ = tag;
    if (size > 0xff) {
        *at++ = 0x82;
        *at++ = (uint8_t)(size >> 8);
    } else if (size > 0x7f) {
        *at++ = 0x81;
    }
    *at++ = (uint8_t)size;
    return at;
}

static uint8_t *put_number(uint8_t *at, const number *one) {
    Py_ssize_t size = 8 - one->first;
    at = put_head(at, INTEGER, size);
    memcpy(at, one->octets + one->first, size);
    return at + size;
}

static uint8_t *put_octets(uint8_t *at, PyObject *bytes) {
    Py_ssize_t size = PyBytes_GET_SIZE(bytes);
    at = put_head(at, OCTETS, size);
    memcpy(at, PyBytes_AS_STRING(bytes), size);
    return at + size;
}

/* See secure.py: ident, flags, engine id, boots, time, user, size of the signature, salt, payload. */
static PyObject *write_v3(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    if (count != 9 || !PyBytes_Check(args[2]) || !PyBytes_Check(args[5]) || !PyBytes_Check(args[7])
        || !PyBytes_Check(args[8]))
        return PyErr_Format(PyExc_TypeError, "the nine parts of a message are expected");
    number ident, boots, time, version = number_of(3), most = number_of(MAX_MESSAGE), model = number_of(USM);
    Py_ssize_t flags = PyLong_AsSsize_t(args[1]), signature = PyLong_AsSsize_t(args[6]);
    if (PyErr_Occurred() || number_from(args[0], &ident) < 0 || number_from(args[3], &boots) < 0
        || number_from(args[4], &time) < 0)
        return NULL;
    Py_ssize_t engine = PyBytes_GET_SIZE(args[2]), user = PyBytes_GET_SIZE(args[5]);
    Py_ssize_t salt = PyBytes_GET_SIZE(args[7]), payload = PyBytes_GET_SIZE(args[8]);
    if (flags < 0 || flags > 0xff || signature < 0)
        return PyErr_Format(PyExc_ValueError, "flags are one octet, and no signature is negative");
    if (engine > MAX_CONTENT || user > MAX_CONTENT || signature > MAX_CONTENT || salt > MAX_CONTENT
        || payload > MAX_CONTENT) {
        refuse("more than fits into a datagram");
        return NULL;
    }
    Py_ssize_t general = number_size(&ident) + number_size(&most) + element_size(1) + number_size(&model);
    Py_ssize_t security = element_size(engine) + number_size(&boots) + number_size(&time)
                          + element_size(user) + element_size(signature) + element_size(salt);
    Py_ssize_t body = number_size(&version) + element_size(general) + element_size(element_size(security))
                      + (flags & PRIVATE ? element_size(payload) : payload);
    if (body > MAX_CONTENT) {
        refuse("more than fits into a datagram");
        return NULL;
    }
    PyObject *whole = PyBytes_FromStringAndSize(NULL, element_size(body));
    if (!whole)
        return NULL;
    uint8_t *start = (uint8_t *)PyBytes_AS_STRING(whole);
    uint8_t *at = put_number(put_head(start, SEQUENCE, body), &version);
    at = put_number(put_number(put_head(at, SEQUENCE, general), &ident), &most);
    at = put_head(at, OCTETS, 1);
    *at++ = (uint8_t)flags;
    at = put_number(at, &model);
    at = put_head(put_head(at, OCTETS, element_size(security)), SEQUENCE, security);
    at = put_octets(at, args[2]);
    at = put_octets(put_number(put_number(at, &boots), &time), args[5]);
    at = put_head(at, OCTETS, signature);
    Py_ssize_t signature_at = at - start;
    memset(at, 0, signature);
    at = put_octets(at + signature, args[7]);
    if (flags & PRIVATE)
        at = put_head(at, OCTETS, payload);
    memcpy(at, PyBytes_AS_STRING(args[8]), payload);
    return Py_BuildValue("(Nn)", whole, signature_at);
}

/* Text mixed octet by octet with a stream that is at least as long. */
static PyObject *mix(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    if (count != 2 || !PyBytes_Check(args[0]) || !PyBytes_Check(args[1]))
        return PyErr_Format(PyExc_TypeError, "a text and a stream are expected");
    Py_ssize_t size = PyBytes_GET_SIZE(args[0]);
    if (PyBytes_GET_SIZE(args[1]) < size)
        return PyErr_Format(PyExc_ValueError, "a stream that is shorter than its text");
    PyObject *mixed = PyBytes_FromStringAndSize(NULL, size);
    if (!mixed)
        return NULL;
    octet *one = (octet *)PyBytes_AS_STRING(args[0]), *two = (octet *)PyBytes_AS_STRING(args[1]);
    uint8_t *to = (uint8_t *)PyBytes_AS_STRING(mixed);
    Py_ssize_t i = 0;
    for (uint64_t a, b; i + 8 <= size; i += 8) {
        memcpy(&a, one + i, 8);
        memcpy(&b, two + i, 8);
        a ^= b;
        memcpy(to + i, &a, 8);
    }
    for (; i < size; i++)
        to[i] = one[i] ^ two[i];
    return mixed;
}
