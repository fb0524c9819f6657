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
