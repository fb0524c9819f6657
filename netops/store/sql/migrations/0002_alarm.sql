-- How much each backup changed, and the alarms that a jump raises.

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
