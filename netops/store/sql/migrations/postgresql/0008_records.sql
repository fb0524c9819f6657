-- Steps of the record book stay as they were written. Whoever owns the tables can remove these
-- triggers too; the chain of digests and the journal tell.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
    RAISE EXCEPTION ''what the record book holds is never changed or removed'';
END';

CREATE TRIGGER record_revision_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON record_revision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER record_source_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON record_source
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
