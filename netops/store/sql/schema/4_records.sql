-- The record book: forms that people fill, approve and close, revision by revision.

-- One step in the life of a record; rows are added and never changed (triggers refuse it, see
-- migrations/sqlite and migrations/postgresql). seq has no gaps; digest covers this step and,
-- through the one before, all earlier ones of the whole book. journal names the journal (one for
-- each machine) that holds the same step under journal_seq. changes, sources: JSON.
CREATE TABLE record_revision (
    seq          BIGINT NOT NULL PRIMARY KEY,
    record_id    TEXT NOT NULL,
    n            BIGINT NOT NULL CHECK (n >= 1),
    number       TEXT NOT NULL,
    form         TEXT NOT NULL,
    planned      BIGINT NOT NULL CHECK (planned IN (0, 1)),
    at           TEXT NOT NULL,
    actor        TEXT NOT NULL,
    account      TEXT NOT NULL,
    person       TEXT NOT NULL,
    action       TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN
        ('draft', 'submitted', 'approved', 'rejected', 'closed', 'void')),
    changes      TEXT NOT NULL,
    sources      TEXT NOT NULL,
    note         TEXT NOT NULL,
    journal      TEXT NOT NULL,
    journal_seq  BIGINT NOT NULL,
    digest       TEXT NOT NULL,
    UNIQUE (record_id, n)
);

CREATE UNIQUE INDEX record_number ON record_revision (number) WHERE n = 1;
CREATE INDEX record_form ON record_revision (form, seq);

-- What a record was made from, so that the same event never makes two.
CREATE TABLE record_source (
    source     TEXT NOT NULL PRIMARY KEY,
    record_id  TEXT NOT NULL
);
