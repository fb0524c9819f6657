-- Steps of the record book stay as they were written. Whoever may change the file can remove these
-- triggers too; the chain of digests and the journal tell.
CREATE TRIGGER record_revision_stays BEFORE UPDATE ON record_revision
BEGIN SELECT RAISE(ABORT, 'a step of the record book is never changed'); END;

CREATE TRIGGER record_revision_remains BEFORE DELETE ON record_revision
BEGIN SELECT RAISE(ABORT, 'a step of the record book is never removed'); END;

CREATE TRIGGER record_source_stays BEFORE UPDATE ON record_source
BEGIN SELECT RAISE(ABORT, 'a source of the record book is never changed'); END;

CREATE TRIGGER record_source_remains BEFORE DELETE ON record_source
BEGIN SELECT RAISE(ABORT, 'a source of the record book is never removed'); END;
