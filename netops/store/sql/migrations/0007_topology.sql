-- Topology: snapshots of the network, what hangs on its ports, and how it changed.

-- Devices and links, written once for each state the network was in; id is the SHA-256 of the body,
-- body the canonical JSON, compressed, in base 64.
CREATE TABLE topology_snapshot (
    id       TEXT NOT NULL PRIMARY KEY,
    devices  BIGINT NOT NULL,
    links    BIGINT NOT NULL,
    body     TEXT NOT NULL
);

-- When the network was in which state; a scan that sees the same again only moves last_at.
CREATE TABLE topology_history (
    seq          BIGINT NOT NULL PRIMARY KEY,
    snapshot_id  TEXT NOT NULL REFERENCES topology_snapshot (id),
    previous_id  TEXT REFERENCES topology_snapshot (id),
    first_at     TEXT NOT NULL,
    last_at      TEXT NOT NULL,
    scans        BIGINT NOT NULL,
    silent       TEXT NOT NULL DEFAULT '[]'
);

CREATE TABLE topology_event (
    id               TEXT NOT NULL PRIMARY KEY,
    at               TEXT NOT NULL,
    kind             TEXT NOT NULL,
    subject          TEXT NOT NULL,
    devices          TEXT NOT NULL,
    before           TEXT NOT NULL,
    after            TEXT NOT NULL,
    snapshot_before  TEXT REFERENCES topology_snapshot (id),
    snapshot_after   TEXT NOT NULL REFERENCES topology_snapshot (id),
    run_id           TEXT NOT NULL
);

CREATE INDEX topology_event_at ON topology_event (at, id);

-- What an agent said last, so that an unchanged one is asked a single question.
CREATE TABLE topology_agent (
    name     TEXT NOT NULL PRIMARY KEY,
    address  TEXT NOT NULL,
    at       TEXT NOT NULL,
    read_at  TEXT NOT NULL,
    gate     TEXT NOT NULL,
    habits   TEXT NOT NULL,
    body     TEXT NOT NULL
);

-- What was not seen in the last scan and is not given up yet, and how often it came back.
CREATE TABLE topology_missing (
    name   TEXT NOT NULL PRIMARY KEY,
    scans  BIGINT NOT NULL,
    flaps  BIGINT NOT NULL
);

-- Addresses that somebody else answers for; told once.
CREATE TABLE topology_claim (
    address  TEXT NOT NULL,
    mac      TEXT NOT NULL,
    at       TEXT NOT NULL,
    PRIMARY KEY (address, mac)
);

CREATE TABLE endpoint (
    mac            TEXT NOT NULL PRIMARY KEY,
    device         TEXT NOT NULL,
    port           TEXT NOT NULL,
    vlan           BIGINT,
    addresses      TEXT NOT NULL DEFAULT '',
    name           TEXT NOT NULL DEFAULT '',
    first_seen_at  TEXT NOT NULL,
    last_seen_at   TEXT NOT NULL
);

CREATE INDEX endpoint_at ON endpoint (device, port);

-- Where an endpoint was before.
CREATE TABLE endpoint_place (
    mac       TEXT NOT NULL,
    from_at   TEXT NOT NULL,
    until_at  TEXT NOT NULL,
    device    TEXT NOT NULL,
    port      TEXT NOT NULL,
    PRIMARY KEY (mac, from_at)
);

-- Which address, port and name belong to a MAC; an empty value binds nothing.
CREATE TABLE binding (
    mac      TEXT NOT NULL PRIMARY KEY,
    address  TEXT NOT NULL DEFAULT '',
    device   TEXT NOT NULL DEFAULT '',
    port     TEXT NOT NULL DEFAULT '',
    name     TEXT NOT NULL DEFAULT '',
    source   TEXT NOT NULL CHECK (source IN ('learnt', 'manual')),
    at       TEXT NOT NULL,
    account  TEXT NOT NULL,
    note     TEXT NOT NULL DEFAULT ''
);
