-- What repositories are searched by. The words are in lower case, without accents and separated by blanks, so that
-- both databases find the same. name_words begins with the type, the id of the owner and whether it is public: words
-- such as §model, which no text has. body is what people read of the card.
CREATE TABLE repo_text (
    number {counter},
    repo_id TEXT NOT NULL UNIQUE REFERENCES repo (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    name TEXT NOT NULL,
    name_words TEXT NOT NULL,
    tag_words TEXT NOT NULL DEFAULT '',
    text_words TEXT NOT NULL DEFAULT '',
    body TEXT NOT NULL DEFAULT ''
);

-- The same for users and organisations; words begins with §user or §org.
CREATE TABLE account_text (
    number {counter},
    account_id TEXT NOT NULL UNIQUE REFERENCES account (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    words TEXT NOT NULL
);

-- What a name begins with is a range of its bytes.
{postgresql} ALTER TABLE repo_text ALTER COLUMN name TYPE TEXT COLLATE "C";

{postgresql} ALTER TABLE account_text ALTER COLUMN name TYPE TEXT COLLATE "C";

CREATE INDEX repo_text_name ON repo_text (type, name);

CREATE INDEX account_text_name ON account_text (kind, name);

-- SQLite finds words in tables of its own, which triggers keep. Where they stand in a text is not asked for.
{sqlite} CREATE VIRTUAL TABLE repo_words USING fts5 (
    name_words, tag_words, text_words,
    content = 'repo_text', content_rowid = 'number', tokenize = 'ascii', detail = none, columnsize = 0
);

{sqlite} CREATE VIRTUAL TABLE repo_name_words USING fts5 (
    name_words, content = 'repo_text', content_rowid = 'number', tokenize = 'ascii', detail = none,
    columnsize = 0, prefix = '1 2 3 4'
);

{sqlite} CREATE VIRTUAL TABLE account_words USING fts5 (
    words, content = 'account_text', content_rowid = 'number', tokenize = 'ascii', detail = none,
    columnsize = 0, prefix = '1 2 3 4'
);

{sqlite} CREATE TRIGGER repo_text_added AFTER INSERT ON repo_text BEGIN
    INSERT INTO repo_words (rowid, name_words, tag_words, text_words)
    VALUES (new.number, new.name_words, new.tag_words, new.text_words);
    INSERT INTO repo_name_words (rowid, name_words) VALUES (new.number, new.name_words); END;

{sqlite} CREATE TRIGGER repo_text_removed AFTER DELETE ON repo_text BEGIN
    INSERT INTO repo_words (repo_words, rowid, name_words, tag_words, text_words)
    VALUES ('delete', old.number, old.name_words, old.tag_words, old.text_words);
    INSERT INTO repo_name_words (repo_name_words, rowid, name_words)
    VALUES ('delete', old.number, old.name_words); END;

{sqlite} CREATE TRIGGER repo_text_changed AFTER UPDATE ON repo_text
WHEN old.name_words <> new.name_words OR old.tag_words <> new.tag_words OR old.text_words <> new.text_words BEGIN
    INSERT INTO repo_words (repo_words, rowid, name_words, tag_words, text_words)
    VALUES ('delete', old.number, old.name_words, old.tag_words, old.text_words);
    INSERT INTO repo_words (rowid, name_words, tag_words, text_words)
    VALUES (new.number, new.name_words, new.tag_words, new.text_words); END;

{sqlite} CREATE TRIGGER repo_text_renamed AFTER UPDATE ON repo_text WHEN old.name_words <> new.name_words BEGIN
    INSERT INTO repo_name_words (repo_name_words, rowid, name_words)
    VALUES ('delete', old.number, old.name_words);
    INSERT INTO repo_name_words (rowid, name_words) VALUES (new.number, new.name_words); END;

{sqlite} CREATE TRIGGER account_text_added AFTER INSERT ON account_text BEGIN
    INSERT INTO account_words (rowid, words) VALUES (new.number, new.words); END;

{sqlite} CREATE TRIGGER account_text_removed AFTER DELETE ON account_text BEGIN
    INSERT INTO account_words (account_words, rowid, words) VALUES ('delete', old.number, old.words); END;

-- The words are made by the hub, so no language of PostgreSQL comes into it. array_to_tsvector refuses an empty word.
{postgresql} ALTER TABLE repo_text ADD COLUMN name_document TSVECTOR NOT NULL GENERATED ALWAYS AS (
    array_to_tsvector(array_remove(string_to_array(name_words, ' '), ''))
) STORED;

{postgresql} ALTER TABLE repo_text ADD COLUMN document TSVECTOR NOT NULL GENERATED ALWAYS AS (
    array_to_tsvector(array_remove(string_to_array(name_words || ' ' || tag_words || ' ' || text_words, ' '), ''))
) STORED;

{postgresql} ALTER TABLE account_text ADD COLUMN document TSVECTOR NOT NULL GENERATED ALWAYS AS (
    array_to_tsvector(array_remove(string_to_array(words, ' '), ''))
) STORED;

{postgresql} CREATE INDEX repo_text_name_document ON repo_text USING GIN (name_document);

{postgresql} CREATE INDEX repo_text_document ON repo_text USING GIN (document);

{postgresql} CREATE INDEX account_text_document ON account_text USING GIN (document);

-- With these, PostgreSQL understands what is asked of the tables of SQLite: ("§model" OR "§space") AND "bert" AND "ba"*
{postgresql} CREATE FUNCTION search_query(query TEXT) RETURNS TSQUERY LANGUAGE sql IMMUTABLE AS $$
    SELECT CAST(REPLACE(REPLACE(REPLACE(REPLACE(
        query, '"', ''''), ' AND ', ' & '), ' OR ', ' | '), '*', ':*') AS TSQUERY) $$;

-- What EXECUTE runs is planned for these words, as common as they are. Of more rows than these, which are given is not
-- said. The words of a text are kept apart from its row, so that looking at them takes longer.
{postgresql} CREATE FUNCTION repo_words(query TEXT) RETURNS TABLE (rowid BIGINT) LANGUAGE plpgsql STABLE AS $$ BEGIN
    RETURN QUERY EXECUTE 'SELECT number FROM repo_text WHERE document @@ $1 LIMIT 1000'
        USING search_query(query); END $$;

{postgresql} CREATE FUNCTION repo_name_words(query TEXT) RETURNS TABLE (rowid BIGINT) LANGUAGE plpgsql STABLE AS $$ BEGIN
    RETURN QUERY EXECUTE 'SELECT number FROM repo_text WHERE name_document @@ $1 LIMIT 2000'
        USING search_query(query); END $$;

{postgresql} CREATE FUNCTION account_words(query TEXT) RETURNS TABLE (rowid BIGINT) LANGUAGE plpgsql STABLE AS $$ BEGIN
    RETURN QUERY EXECUTE 'SELECT number FROM account_text WHERE document @@ $1 LIMIT 2000'
        USING search_query(query); END $$;

-- A "part" of a name; 37 is the percent sign, which a driver would take for a parameter.
{postgresql} CREATE FUNCTION repo_name_index(query TEXT) RETURNS TABLE (rowid BIGINT) LANGUAGE plpgsql STABLE AS $$ BEGIN
    RETURN QUERY EXECUTE 'SELECT number FROM repo_name WHERE full_name LIKE $1 LIMIT 2000'
        USING REPLACE(REPLACE(query, '_', '\_'), '"', CHR(37)); END $$;

INSERT INTO repo_text (repo_id, type, name, name_words)
    SELECT repo.id, repo.type, repo.name_key, '§' || repo.type || ' §' || repo.owner_id
        || CASE WHEN repo.private THEN ' ' ELSE ' §public ' END
        || REPLACE(REPLACE(REPLACE(LOWER(account.name) || ' ' || repo.name_key, '-', ' '), '_', ' '), '.', ' ')
    FROM repo JOIN account ON account.id = repo.owner_id;

INSERT INTO account_text (account_id, kind, name, words)
    SELECT id, kind, name_key, '§' || kind || ' '
        || LOWER(REPLACE(REPLACE(REPLACE(name || ' ' || fullname, '-', ' '), '_', ' '), '.', ' '))
    FROM account;
