-- What was read back of each repository, and what was found damaged.

CREATE TABLE reading (
    location  TEXT NOT NULL,
    parts     BIGINT NOT NULL CHECK (parts >= 1),
    part      BIGINT NOT NULL CHECK (part BETWEEN 1 AND parts),
    at        TEXT NOT NULL,
    run_id    TEXT NOT NULL REFERENCES run (id),
    PRIMARY KEY (location, parts, part)
);

CREATE TABLE damage (
    location   TEXT NOT NULL,
    kind       TEXT NOT NULL
        CHECK (kind IN ('pack', 'blob', 'tree', 'index', 'snapshot', 'other')),
    object     TEXT NOT NULL,
    found_at   TEXT NOT NULL,
    run_id     TEXT NOT NULL REFERENCES run (id),
    detail     TEXT NOT NULL DEFAULT '{}',
    healed_at  TEXT,
    PRIMARY KEY (location, kind, object)
);

CREATE INDEX damage_open ON damage (location) WHERE healed_at IS NULL;
