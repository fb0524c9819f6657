-- The database as it stands after every migration, in one piece for the reader.
-- Databases are made and changed by migrations/ alone; a test keeps this file equal to their sum.
--
-- Portable subset of SQLite and PostgreSQL: TEXT ids (ULID), BIGINT, DOUBLE PRECISION, TEXT for
-- UTC moments (2026-11-23T15:38:31.123Z, sorts as text) and for JSON. Status: 0 OK, 1 warning,
-- 2 critical, 3 unknown; NULL while the work is not finished.

CREATE TABLE schema_version (
    version     BIGINT NOT NULL PRIMARY KEY,
    name        TEXT NOT NULL,
    applied_at  TEXT NOT NULL
);

-- Numbers that only grow, whatever the clock does.
CREATE TABLE sequence (
    name   TEXT NOT NULL PRIMARY KEY,
    value  BIGINT NOT NULL
);

INSERT INTO sequence (name, value) VALUES ('backup', 0);

-- One command of an administrator or a timer.
CREATE TABLE run (
    id           TEXT NOT NULL PRIMARY KEY,
    verb         TEXT NOT NULL,
    started_at   TEXT NOT NULL,
    finished_at  TEXT,
    status       BIGINT CHECK (status BETWEEN 0 AND 3),
    detail       TEXT NOT NULL DEFAULT '{}'
);

CREATE INDEX run_unfinished ON run (started_at) WHERE finished_at IS NULL;

-- One attempt of one job. base_id is the full it stands on, parent_id the backup before it.
CREATE TABLE backup (
    id                TEXT NOT NULL PRIMARY KEY,
    run_id            TEXT NOT NULL REFERENCES run (id),
    seq               BIGINT NOT NULL UNIQUE,
    job               TEXT NOT NULL,
    repository        TEXT NOT NULL,
    kind              TEXT NOT NULL CHECK (kind IN ('full', 'differential', 'log')),
    base_id           TEXT REFERENCES backup (id),
    parent_id         TEXT REFERENCES backup (id),
    started_at        TEXT NOT NULL,
    finished_at       TEXT,
    status            BIGINT CHECK (status BETWEEN 0 AND 3),
    snapshot_id       TEXT,
    sources           TEXT NOT NULL DEFAULT '[]',
    files_new         BIGINT,
    files_changed     BIGINT,
    files_unmodified  BIGINT,
    bytes_processed   BIGINT,
    bytes_added       BIGINT,
    duration_s        DOUBLE PRECISION,
    message           TEXT NOT NULL DEFAULT '',
    owner             TEXT NOT NULL DEFAULT '',
    department        TEXT NOT NULL DEFAULT '',
    custodian         TEXT NOT NULL DEFAULT '',
    data_class        TEXT NOT NULL DEFAULT ''
);

CREATE INDEX backup_job_seq ON backup (job, seq);
CREATE INDEX backup_unfinished ON backup (seq) WHERE finished_at IS NULL;

-- One backup in one place. It is good once it was listed there again (listed_at) with status 0 or
-- 1. job, kind and seq repeat the backup's, which never change: with them the newest good placement
-- of every job and location is an index look-up, however many backups there are. What retention
-- dropped has forgotten_at and is listed no more.
CREATE TABLE placement (
    backup_id    TEXT NOT NULL REFERENCES backup (id),
    location     TEXT NOT NULL,
    role         TEXT NOT NULL CHECK (role IN ('primary', 'offsite')),
    status       BIGINT CHECK (status BETWEEN 0 AND 3),
    snapshot_id  TEXT,
    started_at   TEXT,
    listed_at    TEXT,
    duration_s   DOUBLE PRECISION,
    message      TEXT NOT NULL DEFAULT '',
    job          TEXT NOT NULL,
    kind         TEXT NOT NULL,
    seq          BIGINT NOT NULL,
    forgotten_at TEXT,
    PRIMARY KEY (backup_id, location)
);

CREATE INDEX placement_newest ON placement (job, location, seq);
CREATE INDEX placement_newest_good ON placement (job, location, seq)
    WHERE status IN (0, 1) AND listed_at IS NOT NULL;
CREATE INDEX placement_newest_good_primary ON placement (job, kind, seq)
    WHERE role = 'primary' AND status IN (0, 1) AND listed_at IS NOT NULL;

-- One check of a repository: that it lists, that its structure holds, that its data reads back.
CREATE TABLE verification (
    id        TEXT NOT NULL PRIMARY KEY,
    run_id    TEXT NOT NULL REFERENCES run (id),
    location  TEXT NOT NULL,
    kind      TEXT NOT NULL CHECK (kind IN ('list', 'structure', 'data')),
    at        TEXT NOT NULL,
    status    BIGINT NOT NULL CHECK (status BETWEEN 0 AND 3),
    message   TEXT NOT NULL DEFAULT ''
);

CREATE INDEX verification_newest ON verification (location, kind, at, id);

-- One restore, drills included.
CREATE TABLE restore (
    id           TEXT NOT NULL PRIMARY KEY,
    run_id       TEXT NOT NULL REFERENCES run (id),
    backup_id    TEXT REFERENCES backup (id),
    job          TEXT NOT NULL,
    location     TEXT NOT NULL,
    snapshot_id  TEXT NOT NULL,
    at           TEXT NOT NULL,
    target       TEXT NOT NULL,
    status       BIGINT NOT NULL CHECK (status BETWEEN 0 AND 3),
    files        BIGINT,
    bytes        BIGINT,
    duration_s   DOUBLE PRECISION,
    message      TEXT NOT NULL DEFAULT ''
);

CREATE INDEX restore_newest ON restore (job, at, id);

-- The newest complete reading of each portion of a repository. Part 1 of 1 is all of it.
CREATE TABLE reading (
    location  TEXT NOT NULL,
    parts     BIGINT NOT NULL CHECK (parts >= 1),
    part      BIGINT NOT NULL CHECK (part BETWEEN 1 AND parts),
    at        TEXT NOT NULL,
    run_id    TEXT NOT NULL REFERENCES run (id),
    PRIMARY KEY (location, parts, part)
);

-- What is broken in a repository: open until healed_at.
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

-- How much one backup changed since the one before that was judged. files_before is NULL for the
-- first; touched is NULL where the file times told nothing. job, seq and kind repeat the backup's.
CREATE TABLE change_rate (
    backup_id     TEXT NOT NULL PRIMARY KEY REFERENCES backup (id),
    job           TEXT NOT NULL,
    seq           BIGINT NOT NULL,
    kind          TEXT NOT NULL,
    files         BIGINT NOT NULL,
    files_before  BIGINT,
    bytes         BIGINT NOT NULL,
    bytes_before  BIGINT NOT NULL,
    touched       BIGINT,
    removed       BIGINT NOT NULL,
    new_blobs     BIGINT NOT NULL,
    sampled       BIGINT NOT NULL,
    broken        BIGINT NOT NULL,
    opaque        BIGINT NOT NULL
);

CREATE INDEX change_rate_newest ON change_rate (job, seq);

-- A jump that somebody has to look at. clean_id is the last backup before the first of the job's
-- open alarms; signs is JSON. declared: the administrator called the change ordinary.
CREATE TABLE alarm (
    id               TEXT NOT NULL PRIMARY KEY,
    job              TEXT NOT NULL,
    backup_id        TEXT NOT NULL REFERENCES backup (id),
    clean_id         TEXT REFERENCES backup (id),
    at               TEXT NOT NULL,
    signs            TEXT NOT NULL,
    acknowledged_at  TEXT,
    acknowledged_by  TEXT NOT NULL DEFAULT '',
    reason           TEXT NOT NULL DEFAULT '',
    declared         BIGINT NOT NULL DEFAULT 0 CHECK (declared IN (0, 1))
);

CREATE INDEX alarm_open ON alarm (job, id) WHERE acknowledged_at IS NULL;
CREATE INDEX alarm_of_backup ON alarm (backup_id);
-- What the parties of a handover said, one row for each journal entry that says the same. Rows are
-- added and never changed. digest covers this step and, through the one before, all earlier ones.
CREATE TABLE custody_step (
    journal_seq  BIGINT NOT NULL PRIMARY KEY,
    handover_id  TEXT NOT NULL,
    step         TEXT NOT NULL CHECK (step IN ('offered', 'confirmed', 'refused', 'withdrawn')),
    at           TEXT NOT NULL,
    account      TEXT NOT NULL,
    party        TEXT NOT NULL,
    giver        TEXT NOT NULL,
    receiver     TEXT NOT NULL,
    items        TEXT NOT NULL,
    method       TEXT NOT NULL DEFAULT '',
    place        TEXT NOT NULL DEFAULT '',
    note         TEXT NOT NULL DEFAULT '',
    digest       TEXT NOT NULL
);

CREATE INDEX custody_step_handover ON custody_step (handover_id, journal_seq);
-- A backup that retention must leave alone, until a moment or until somebody releases it.
CREATE TABLE hold (
    id              TEXT NOT NULL PRIMARY KEY,
    run_id          TEXT NOT NULL REFERENCES run (id),
    backup_id       TEXT NOT NULL REFERENCES backup (id),
    reason          TEXT NOT NULL,
    placed_at       TEXT NOT NULL,
    until           TEXT,
    released_at     TEXT,
    release_reason  TEXT NOT NULL DEFAULT ''
);

CREATE INDEX hold_open ON hold (backup_id) WHERE released_at IS NULL;

-- When forgetting and pruning last came to a good end in each repository.
CREATE TABLE chore (
    verb      TEXT NOT NULL CHECK (verb IN ('forget', 'prune')),
    location  TEXT NOT NULL,
    at        TEXT NOT NULL,
    run_id    TEXT NOT NULL REFERENCES run (id),
    PRIMARY KEY (verb, location)
);
