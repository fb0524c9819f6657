/* The decoder of answers once more, compiled: what netops/snmp/codec.py offers where a compiler was.
 *
 * Every octet is hostile. All reading goes through `enter`, which never looks at or past its limit;
 * tests/unit/snmp/test_codec.py holds this file and ber.py to the same results.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

enum { INTEGER = 0x02, OCTETS = 0x04, NIL = 0x05, OID = 0x06, SEQUENCE = 0x30, ADDRESS = 0x40,
       COUNTER32 = 0x41, GAUGE32 = 0x42, TICKS = 0x43, OPAQUE = 0x44, COUNTER64 = 0x46,
       NO_SUCH_OBJECT = 0x80, NO_SUCH_INSTANCE = 0x81, END_OF_MIB = 0x82 };
enum { PRIVATE = 2, USM = 3 };
enum { VERSION = 5, MAX_INTEGER = 9, MAX_OID = 128 * 5, MAX_LENGTH = 4 };

static PyObject *wire_error;

typedef const uint8_t octet;
typedef struct { octet *at, *end; } span;

static int refuse(const char *why) {
    PyErr_SetString(wire_error, why);
    return -1;
}

/* Take one element off the front of `from`; return its tag and content, or -1. */
static int enter(span *from, span *content) {
    if (from->end - from->at < 2)
        return refuse("it ends inside a header");
    int tag = *from->at++;
    size_t size = *from->at++;
    if (size > 0x7f) {
        size_t octets = size & 0x7f;
        if (octets < 1 || octets > MAX_LENGTH)
            return refuse("a length of a wrong form");
        if ((size_t)(from->end - from->at) < octets)
            return refuse("an element is longer than what holds it");
        for (size = 0; octets; octets--)
            size = size << 8 | *from->at++;
    }
    if ((size_t)(from->end - from->at) < size)
        return refuse("an element is longer than what holds it");
    content->at = from->at;
    content->end = from->at += size;
    return tag;
}

static int expect(span *from, span *content, int wanted) {
    int tag = enter(from, content);
    if (tag >= 0 && tag != wanted)
        return refuse("another tag than belongs here");
    return tag < 0 ? -1 : 0;
}

static uint64_t unsigned_of(span content) {
    uint64_t number = 0;
    while (content.at < content.end)
        number = number << 8 | *content.at++;
    return number;
}

static PyObject *signed_of(span content) {
    size_t size = content.end - content.at;
    if (size > MAX_INTEGER) {
        refuse("an integer of absurd length");
        return NULL;
    }
    if (size > 8)
        return _PyLong_FromByteArray(content.at, size, 0, 1);
    uint64_t number = size && *content.at & 0x80 ? ~(uint64_t)0 : 0;
    while (content.at < content.end)
        number = number << 8 | *content.at++;
    return PyLong_FromLongLong((int64_t)number);
}

static PyObject *take_integer(span *from) {
    span content;
    return expect(from, &content, INTEGER) < 0 ? NULL : signed_of(content);
}

static PyObject *bytes_of(span content) {
    return PyBytes_FromStringAndSize((const char *)content.at, content.end - content.at);
}

static PyObject *oid_of(span content) {
    if (content.end - content.at > MAX_OID || (content.at < content.end && content.end[-1] > 0x7f)) {
        refuse("an object identifier that does not end");
        return NULL;
    }
    return bytes_of(content);
}

static PyObject *value_of(int tag, span content) {
    switch (tag) {
    case OCTETS: case ADDRESS: case OPAQUE:
        return bytes_of(content);
    case OID:
        return oid_of(content);
    case NIL: case NO_SUCH_OBJECT: case NO_SUCH_INSTANCE: case END_OF_MIB:
        Py_RETURN_NONE;
    case INTEGER:
        return signed_of(content);
    case COUNTER32: case GAUGE32: case TICKS: case COUNTER64:
        if (content.end - content.at > MAX_INTEGER)
            break;
        if (tag == COUNTER64)
            return PyLong_FromUnsignedLongLong(unsigned_of(content));
        return PyLong_FromUnsignedLong((uint32_t)unsigned_of(content));
    }
    refuse("no value has this tag, or not of this length");
    return NULL;
}

/* Bindings seen before, each at the place that its octets give: names, states and speeds come again at
 * every poll, and looking is cheaper than three objects. A pure function of all octets; who falls on a
 * taken place puts the older one out, so it is bounded, and no device can make it slow. */
enum { PLACES = 4096, MAX_REMEMBERED = 119 };
typedef struct { PyObject *binding; uint8_t size, octets[MAX_REMEMBERED]; } remembered;
static remembered seen[PLACES];

/* The place of the binding in front, NULL when it is too long, too short or not all there. */
static remembered *place_of(span from, Py_ssize_t *size) {
    Py_ssize_t left = from.end - from.at;
    if (left < 8 || from.at[1] > MAX_REMEMBERED - 2)
        return NULL;
    *size = 2 + from.at[1];
    if (*size < 8 || *size > left)
        return NULL;
    uint64_t mixed = *size, part;
    octet *last = from.at + *size - 8;
    for (octet *at = from.at;; at = at + 8 < last ? at + 8 : last) {
        memcpy(&part, at, 8);
        mixed = (mixed ^ part) * 0x9e3779b97f4a7c15u;
        mixed ^= mixed >> 29;
        if (at == last)
            return &seen[mixed % PLACES];
    }
}

/* What changes at every poll is not worth a place, unless it counts what hardly ever happens. */
static int is_restless(int tag, span content) {
    return tag == TICKS || tag == COUNTER64 || (tag == COUNTER32 && content.end - content.at > 1);
}

static void remember(remembered *place, octet *octets, Py_ssize_t size, PyObject *binding) {
    PyObject *older = place->binding;
    memcpy(place->octets, octets, size);
    place->size = (uint8_t)size;
    place->binding = Py_NewRef(binding);
    Py_XDECREF(older);
}

static PyObject *take_varbind(span *from) {
    span binding, name, content;
    octet *start = from->at;
    Py_ssize_t size = 0;
    remembered *place = place_of(*from, &size);
    if (place && place->binding && place->size == size && !memcmp(place->octets, start, size)) {
        from->at += size;
        return Py_NewRef(place->binding);
    }
    if (expect(from, &binding, SEQUENCE) < 0 || expect(&binding, &name, OID) < 0)
        return NULL;
    int tag = enter(&binding, &content);
    if (tag < 0)
        return NULL;
    if (binding.at != binding.end || name.at == name.end) {
        refuse("a variable binding with something over");
        return NULL;
    }
    PyObject *found = PyTuple_New(3);
    if (!found)
        return NULL;
    PyObject *parts[] = {oid_of(name), NULL, NULL};
    if (parts[0])
        parts[1] = PyLong_FromLong(tag);
    if (parts[1])
        parts[2] = value_of(tag, content);
    for (int i = 0; i < 3; i++)
        PyTuple_SET_ITEM(found, i, parts[i]); /* the tuple owns what there is, also when it goes */
    if (!parts[2])
        Py_CLEAR(found);
    else
        PyObject_GC_UnTrack(found); /* octets and numbers make no circles: nothing to look through */
    if (found && place && !is_restless(tag, content))
        remember(place, start, size, found);
    return found;
}

static PyObject *take_varbinds(span list) {
    PyObject *found = PyList_New(0);
    while (found && list.at < list.end) {
        PyObject *binding = take_varbind(&list);
        if (!binding || PyList_Append(found, binding) < 0)
            Py_CLEAR(found);
        Py_XDECREF(binding);
    }
    return found;
}

/* Check (data: bytes, at: int, end: int) and return what lies between. */
static int arguments(PyObject *const *args, Py_ssize_t count, Py_ssize_t wanted, span *all) {
    if (count != wanted || !PyBytes_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "bytes and two places in it are expected");
        return -1;
    }
    Py_ssize_t size = PyBytes_GET_SIZE(args[0]), at = 0, end = size;
    if (wanted == 3) {
        at = PyLong_AsSsize_t(args[1]);
        end = PyLong_AsSsize_t(args[2]);
        if (PyErr_Occurred())
            return -1;
        if (at < 0 || end > size || at > end)
            return refuse("an element is longer than what holds it");
    }
    octet *data = (octet *)PyBytes_AS_STRING(args[0]);
    *all = (span){data + at, data + end};
    return 0;
}

static PyObject *decode_varbinds(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    span all;
    return arguments(args, count, 3, &all) < 0 ? NULL : take_varbinds(all);
}

static PyObject *take_pdu(span *from) {
    span pdu, list;
    int kind = enter(from, &pdu);
    if (kind < 0)
        return NULL;
    PyObject *numbers[3] = {NULL, NULL, NULL}, *bindings = NULL, *found = NULL;
    int read = 0;
    while (read < 3 && (numbers[read] = take_integer(&pdu)))
        read++;
    if (read == 3 && expect(&pdu, &list, SEQUENCE) == 0) {
        if (list.end != pdu.end)
            refuse("a PDU with something over");
        else
            bindings = take_varbinds(list);
    }
    if (bindings)
        found = Py_BuildValue("(iOOOO)", kind, numbers[0], numbers[1], numbers[2], bindings);
    Py_XDECREF(bindings);
    for (int i = 0; i < 3; i++)
        Py_XDECREF(numbers[i]);
    return found;
}

static PyObject *read_pdu(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    span all;
    return arguments(args, count, 3, &all) < 0 ? NULL : take_pdu(&all);
}

/* The PDU inside a scoped PDU; DES leaves some octets behind that. */
static PyObject *read_scoped(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    span all, scoped, name;
    if (arguments(args, count, 1, &all) < 0 || expect(&all, &scoped, SEQUENCE) < 0
        || expect(&scoped, &name, OCTETS) < 0 || expect(&scoped, &name, OCTETS) < 0)
        return NULL;
    return take_pdu(&scoped);
}

static PyObject *open_envelope(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    span all, message, content, inner;
    if (arguments(args, count, 1, &all) < 0 || expect(&all, &message, SEQUENCE) < 0)
        return NULL;
    octet *data = (octet *)PyBytes_AS_STRING(args[0]);
    if (expect(&message, &content, INTEGER) < 0)
        return NULL;
    Py_ssize_t size = content.end - content.at;
    if (size > MAX_INTEGER) {
        refuse("an integer of absurd length");
        return NULL;
    }
    uint64_t version = size == MAX_INTEGER ? ~(uint64_t)0 : unsigned_of(content);
    octet *behind = message.at, *end = message.end;
    if (version == 3) {
        if (expect(&message, &inner, SEQUENCE) < 0)
            return NULL;
    } else if (version == 0 || version == 1) {
        if (expect(&message, &content, OCTETS) < 0 || enter(&message, &inner) < 0)
            return NULL;
    } else {
        refuse("no SNMP version has this number");
        return NULL;
    }
    PyObject *ident = take_integer(&inner);
    if (!ident)
        return NULL;
    return Py_BuildValue("(NiOnn)", ident, (int)version, args[0], (Py_ssize_t)(behind - data),
                         (Py_ssize_t)(end - data));
}

#include "_secure.h"

/* Return -1, 0 or 1 as the octets of `one` come before, at or behind those of `two`. */
static int order(PyObject *one, PyObject *two) {
    Py_ssize_t ones = PyBytes_GET_SIZE(one), twos = PyBytes_GET_SIZE(two);
    int found = memcmp(PyBytes_AS_STRING(one), PyBytes_AS_STRING(two), ones < twos ? ones : twos);
    return found ? found : (ones > twos) - (ones < twos);
}

static int all_bytes(PyObject *list) {
    if (!PyList_Check(list))
        return 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++)
        if (!PyBytes_Check(PyList_GET_ITEM(list, i)))
            return 0;
    return 1;
}

/* The name of a binding, borrowed; NULL with an exception for what is none. */
static PyObject *name_in(PyObject *binding) {
    if (PyTuple_Check(binding) && PyTuple_GET_SIZE(binding) == 3
        && PyBytes_Check(PyTuple_GET_ITEM(binding, 0))
        && PyLong_Check(PyTuple_GET_ITEM(binding, 1)))
        return PyTuple_GET_ITEM(binding, 0);
    return PyErr_Format(PyExc_TypeError, "a binding is a name, a tag and a value");
}

/* See decoder.py. Nothing here calls back into Python, so no list changes meanwhile. */
static PyObject *rises(PyObject *self, PyObject *const *args, Py_ssize_t count) {
    if (count != 3 || !PyList_Check(args[0]) || !all_bytes(args[1]) || !all_bytes(args[2])
        || PyList_GET_SIZE(args[1]) != PyList_GET_SIZE(args[2]))
        return PyErr_Format(PyExc_TypeError, "bindings and two equally long lists of names");
    Py_ssize_t rows = PyList_GET_SIZE(args[0]), step = PyList_GET_SIZE(args[1]);
    if (!rows || !step)
        Py_RETURN_FALSE;
    for (Py_ssize_t i = 0; i < rows; i++) {
        PyObject *name = name_in(PyList_GET_ITEM(args[0], i)), *before;
        if (!name)
            return NULL;
        before = i < step ? PyList_GET_ITEM(args[1], i)
                          : PyTuple_GET_ITEM(PyList_GET_ITEM(args[0], i - step), 0);
        if (order(before, name) >= 0)
            Py_RETURN_FALSE;
        if (i < rows - step)
            continue;
        PyObject *root = PyList_GET_ITEM(args[2], i % step);
        int overflow;
        long tag = PyLong_AsLongAndOverflow(PyTuple_GET_ITEM(PyList_GET_ITEM(args[0], i), 1), &overflow);
        Py_ssize_t size = PyBytes_GET_SIZE(root);
        if (overflow || tag >= NO_SUCH_OBJECT || PyBytes_GET_SIZE(name) < size
            || memcmp(PyBytes_AS_STRING(name), PyBytes_AS_STRING(root), size))
            Py_RETURN_FALSE;
    }
    Py_RETURN_TRUE;
}

static PyMethodDef methods[] = {
    {"decode_varbinds", (PyCFunction)(void (*)(void))decode_varbinds, METH_FASTCALL, NULL},
    {"read_pdu", (PyCFunction)(void (*)(void))read_pdu, METH_FASTCALL, NULL},
    {"open_envelope", (PyCFunction)(void (*)(void))open_envelope, METH_FASTCALL, NULL},
    {"read_scoped", (PyCFunction)(void (*)(void))read_scoped, METH_FASTCALL, NULL},
    {"read_v3", (PyCFunction)(void (*)(void))read_v3, METH_FASTCALL, NULL},
    {"write_v3", (PyCFunction)(void (*)(void))write_v3, METH_FASTCALL, NULL},
    {"mix", (PyCFunction)(void (*)(void))mix, METH_FASTCALL, NULL},
    {"rises", (PyCFunction)(void (*)(void))rises, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_codec", "The compiled decoder of SNMP answers.", -1, methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__codec(void) {
    PyObject *ber = PyImport_ImportModule("netops.snmp.ber");
    if (!ber)
        return NULL;
    wire_error = PyObject_GetAttrString(ber, "WireError");
    Py_DECREF(ber);
    PyObject *module = wire_error ? PyModule_Create(&definition) : NULL;
    if (module && PyModule_AddIntConstant(module, "VERSION", VERSION) < 0)
        Py_CLEAR(module);
    return module;
}
