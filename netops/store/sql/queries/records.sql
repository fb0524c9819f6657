-- Statements of the record book.

-- next_in_sequence --
-- The next number of a gap-free row of numbers. Until the transaction ends nobody else gets past
-- this row, and a transaction that is undone gives its number back.
INSERT INTO sequence (name, value) VALUES (:name, 1)
ON CONFLICT (name) DO UPDATE SET value = sequence.value + 1
RETURNING value;

-- add_record_revision --
INSERT INTO record_revision (seq, record_id, n, number, form, planned, at, actor, account, person,
    action, state, changes, sources, note, journal, journal_seq, digest)
VALUES (:seq, :record_id, :n, :number, :form, :planned, :at, :actor, :account, :person,
    :action, :state, :changes, :sources, :note, :journal, :journal_seq, :digest);

-- last_record_revision --
SELECT * FROM record_revision ORDER BY seq DESC LIMIT 1;

-- last_record_revision_of_journal --
SELECT * FROM record_revision WHERE journal = :journal ORDER BY journal_seq DESC LIMIT 1;

-- record_revisions --
-- Every step of the book, or of one form, in order.
SELECT * FROM record_revision
WHERE CAST(:form AS TEXT) IS NULL OR form = CAST(:form AS TEXT)
ORDER BY seq;

-- record_revisions_of --
-- The steps of one record, by its id or its number.
SELECT * FROM record_revision
WHERE record_id = CAST(:name AS TEXT) OR record_id = (SELECT record_id FROM record_revision
    WHERE number = CAST(:name AS TEXT) AND n = 1)
ORDER BY seq;

-- add_record_source --
-- No row comes back when a record was made from it already.
INSERT INTO record_source (source, record_id) VALUES (:source, :record_id)
ON CONFLICT (source) DO NOTHING
RETURNING source;

-- record_sources --
SELECT * FROM record_source ORDER BY source;

-- set_sequence --
INSERT INTO sequence (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- sequence_value --
SELECT value FROM sequence WHERE name = :name;
