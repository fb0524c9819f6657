-- What retention dropped, and what nobody may drop.

ALTER TABLE placement ADD COLUMN forgotten_at TEXT;

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
