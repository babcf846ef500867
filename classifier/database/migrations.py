"""The tables of the store, version after version, as SQLite and as PostgreSQL take them.

Knows nothing of how the store is opened. A version that was ever on somebody's disk stays as it is:
what is to differ is another one after it.
"""

import re

_FIRST = (
    """CREATE TABLE drawing (
  number INTEGER PRIMARY KEY,         -- in the order in which they came
  id TEXT NOT NULL,                   -- chosen by the sender: sent twice, it is kept once
  class INTEGER,                      -- NULL: the writer's own collection
  writer TEXT NOT NULL,
  hand INTEGER NOT NULL,              -- who drew it, where one brought what several had drawn
  label INTEGER NOT NULL,
  points BLOB NOT NULL,               -- float32, x and y in turn
  lengths TEXT NOT NULL,              -- of the strokes, in points, as a JSON list
  pen REAL NOT NULL,
  answer INTEGER,                     -- NULL: none was given
  model TEXT NOT NULL,
  time REAL NOT NULL,
  UNIQUE (writer, id)
) STRICT""",
    "CREATE INDEX drawing_by_class ON drawing (class, number)",
    "CREATE INDEX drawing_by_writer ON drawing (writer, class, time)",
    """CREATE TABLE class (
  number INTEGER PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  host TEXT NOT NULL,
  model TEXT NOT NULL,                -- that answers its members, by its name
  state TEXT NOT NULL,
  opened REAL NOT NULL,
  expires REAL NOT NULL
) STRICT""",
    """CREATE TABLE member (
  class INTEGER NOT NULL,
  writer TEXT NOT NULL,
  joined REAL NOT NULL,
  PRIMARY KEY (class, writer)
) STRICT""",
    "CREATE TABLE guess (origin TEXT NOT NULL, time REAL NOT NULL) STRICT",
)

# Drawings can be hidden, and a number is never given twice: what is on a page may be gone by now.
# Members have seats. What a host's page asks for every second is counted as drawings come and go.
_SECOND = (
    """CREATE TABLE drawing_2 (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  class INTEGER,
  writer TEXT NOT NULL,
  hand INTEGER NOT NULL,
  label INTEGER NOT NULL,
  points BLOB NOT NULL,
  lengths TEXT NOT NULL,
  pen REAL NOT NULL,
  answer INTEGER,
  model TEXT NOT NULL,
  time REAL NOT NULL,
  hidden INTEGER NOT NULL DEFAULT 0,  -- by the host: it counts for nothing
  UNIQUE (writer, id)
) STRICT""",
    "INSERT INTO drawing_2 SELECT *, 0 FROM drawing",
    "DROP TABLE drawing",
    "ALTER TABLE drawing_2 RENAME TO drawing",
    "CREATE INDEX drawing_by_class ON drawing (class, hidden, number)",
    "CREATE INDEX drawing_by_label ON drawing (class, hidden, label, number)",
    "CREATE INDEX drawing_by_writer ON drawing (writer, class, hidden, label, number)",
    "CREATE INDEX drawing_by_time ON drawing (writer, time)",
    "CREATE TABLE total (drawings INTEGER NOT NULL) STRICT",
    "INSERT INTO total SELECT count(*) FROM drawing",
    """CREATE TABLE tally (                 -- of a class's drawings that are not hidden
  class INTEGER NOT NULL,
  label INTEGER NOT NULL,
  answer INTEGER NOT NULL,            -- -1: none was given
  drawings INTEGER NOT NULL,
  PRIMARY KEY (class, label, answer)
) STRICT, WITHOUT ROWID""",
    "INSERT INTO tally SELECT class, label, coalesce(answer, -1), count(*) FROM drawing"
    " WHERE class IS NOT NULL GROUP BY 1, 2, 3",
    """CREATE TRIGGER drawing_came AFTER INSERT ON drawing BEGIN
  UPDATE total SET drawings = drawings + 1;
  INSERT INTO tally SELECT new.class, new.label, coalesce(new.answer, -1), 1 - new.hidden
    WHERE new.class IS NOT NULL
    ON CONFLICT DO UPDATE SET drawings = drawings + 1 - new.hidden;
END""",
    """CREATE TRIGGER drawing_went AFTER DELETE ON drawing BEGIN
  UPDATE total SET drawings = drawings - 1;
  UPDATE tally SET drawings = drawings - 1 + old.hidden
    WHERE class = old.class AND label = old.label AND answer = coalesce(old.answer, -1);
END""",
    """CREATE TRIGGER drawing_hidden AFTER UPDATE OF hidden ON drawing BEGIN
  UPDATE tally SET drawings = drawings + old.hidden - new.hidden
    WHERE class = new.class AND label = new.label AND answer = coalesce(new.answer, -1);
END""",
    "ALTER TABLE class ADD COLUMN locked INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX class_by_host ON class (host)",
    "CREATE INDEX class_by_expiry ON class (expires)",
    """CREATE TABLE member_2 (
  class INTEGER NOT NULL,
  writer TEXT NOT NULL,
  joined REAL NOT NULL,
  seat INTEGER NOT NULL,              -- which has an animal's name
  silenced INTEGER NOT NULL DEFAULT 0,
  removed INTEGER NOT NULL DEFAULT 0, -- by the host: the code does not bring them back
  PRIMARY KEY (class, writer),
  UNIQUE (class, seat)
) STRICT""",
    "INSERT INTO member_2 (class, writer, joined, seat) SELECT *, row_number() OVER"
    " (PARTITION BY class ORDER BY joined, writer) - 1 FROM member",
    "DROP TABLE member",
    "ALTER TABLE member_2 RENAME TO member",
    """CREATE TABLE knock (                 -- of those who have the code and may not enter
  class INTEGER NOT NULL,
  writer TEXT NOT NULL,
  seat INTEGER NOT NULL,              -- whose name the host calls them by
  time REAL NOT NULL,
  refused INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (class, writer),
  UNIQUE (class, seat)
) STRICT""",
    "CREATE INDEX knock_by_writer ON knock (writer)",
    "DROP TABLE guess",
    """CREATE TABLE guess (                 -- wrong codes
  visitor TEXT NOT NULL,
  code TEXT NOT NULL,                 -- its digest: typed twice by one visitor, it counts once
  address TEXT NOT NULL,              -- its digest with a salt that is stored nowhere
  time REAL NOT NULL,
  PRIMARY KEY (visitor, code)
) STRICT""",
    "CREATE INDEX guess_by_address ON guess (address)",
    "CREATE INDEX guess_by_time ON guess (time)",
)

# A class goes on with its model when that gets another name, and with no other that takes the name.
_THIRD = (
    # Of the model that answers; '': it goes by its name, as all did before.
    "ALTER TABLE class ADD COLUMN model_id TEXT NOT NULL DEFAULT ''",
)

# A class has a name, and a wall; how sure an answer was is known; a drawing may wait for a look.
_FOURTH = (
    "ALTER TABLE drawing ADD COLUMN doubt INTEGER NOT NULL DEFAULT 0",  # see `collection.Doubt`
    # It is hidden, and has been so since it came: its host has not looked at it yet.
    "ALTER TABLE drawing ADD COLUMN waits INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE class ADD COLUMN name TEXT NOT NULL DEFAULT ''",
    # Where its host says that phones find the page; '': where the page itself thinks.
    "ALTER TABLE class ADD COLUMN address TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE class ADD COLUMN arrival TEXT NOT NULL DEFAULT 'all'",  # see `staging`
    "ALTER TABLE class ADD COLUMN way_in TEXT NOT NULL DEFAULT 'auto'",
    "ALTER TABLE class ADD COLUMN results INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX drawing_that_waits ON drawing (class, waits, number)",
)

# What a host asks of everybody, and what members say that a drawing is.
_FIFTH = (
    """CREATE TABLE round (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  class INTEGER NOT NULL,
  kind TEXT NOT NULL,
  digit INTEGER,                      -- that everyone draws, if it asks for one
  drawing INTEGER,                    -- that is guessed, if one is
  state TEXT NOT NULL,
  began REAL NOT NULL,
  ended REAL,                         -- NULL: it is on
  said TEXT NOT NULL                  -- what it showed, in a sentence
) STRICT""",
    "CREATE INDEX round_by_class ON round (class, number)",
    """CREATE TABLE vote (
  class INTEGER NOT NULL,
  round INTEGER NOT NULL,
  drawing INTEGER NOT NULL,
  writer TEXT NOT NULL,
  digit INTEGER NOT NULL,
  PRIMARY KEY (round, drawing, writer)
) STRICT""",
    "CREATE INDEX vote_by_class ON vote (class)",
    "CREATE INDEX vote_by_drawing ON vote (drawing)",
    "ALTER TABLE drawing ADD COLUMN round INTEGER",  # in which it was sent; NULL: in none
    "CREATE INDEX drawing_by_round ON drawing (round)",
)

# A class watches a network learn, and the wall can show one as a picture.
_SIXTH = (
    "ALTER TABLE round ADD COLUMN run TEXT NOT NULL DEFAULT ''",  # that the class watches
    # The seats whose drawings that run never sees, as a JSON list; '': it sees none of the class.
    "ALTER TABLE round ADD COLUMN held TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE class ADD COLUMN living INTEGER NOT NULL DEFAULT 0",
)

# What came as a picture is kept, too: `points` has its pixels, a byte each, and `lengths` is [].
_SEVENTH = (
    "ALTER TABLE drawing ADD COLUMN source TEXT NOT NULL DEFAULT 'pen'",  # see `collection.Source`
    # A digest of the picture that it was cut from; '': of none, or nobody knows.
    "ALTER TABLE drawing ADD COLUMN sheet TEXT NOT NULL DEFAULT ''",
)

# How a file of each version becomes one of the next, from an empty file on.
MIGRATIONS = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH, _SIXTH, _SEVENTH)

# What SQLite's words for tables are in PostgreSQL. Its integers have 64 bits, its reals are double.
_WORDS = {
    r"INTEGER PRIMARY KEY( AUTOINCREMENT)?": "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
    r"\bINTEGER\b": "BIGINT",
    r"\bREAL\b": "DOUBLE PRECISION",
    r"\bBLOB\b": "BYTEA",
    r"\) STRICT(, WITHOUT ROWID)?$": ")",
}
_ROOM = "(octet_length(points) + 500)"  # of a drawing, in bytes, with its entries in all indexes
# Triggers, by their names: for a whole statement, since a row that one statement after the other
# changes is the slower the more of them a transaction has.
_TRIGGERS = {
    "drawing_came": (
        "AFTER INSERT ON drawing REFERENCING NEW TABLE AS changed FOR EACH STATEMENT",
        f"""UPDATE total SET drawings = drawings + (SELECT count(*) FROM changed);
  UPDATE stored SET bytes = bytes + (SELECT coalesce(sum{_ROOM}, 0) FROM changed);
  INSERT INTO tally SELECT class, label, coalesce(answer, -1), sum(1 - hidden) FROM changed
    WHERE class IS NOT NULL GROUP BY 1, 2, 3
    ON CONFLICT (class, label, answer)
    DO UPDATE SET drawings = tally.drawings + excluded.drawings;""",
    ),
    "drawing_went": (
        "AFTER DELETE ON drawing REFERENCING OLD TABLE AS changed FOR EACH STATEMENT",
        f"""UPDATE total SET drawings = drawings - (SELECT count(*) FROM changed);
  UPDATE stored SET bytes = bytes - (SELECT coalesce(sum{_ROOM}, 0) FROM changed);
  UPDATE tally SET drawings = tally.drawings - went.drawings FROM
    (SELECT class, label, coalesce(answer, -1) AS answer, sum(1 - hidden) AS drawings FROM changed
     GROUP BY 1, 2, 3) AS went
    WHERE (tally.class, tally.label, tally.answer) = (went.class, went.label, went.answer);""",
    ),
    "drawing_hidden": (
        "AFTER UPDATE OF hidden ON drawing FOR EACH ROW",
        """UPDATE tally SET drawings = drawings + old.hidden - new.hidden
    WHERE class = new.class AND label = new.label AND answer = coalesce(new.answer, -1);""",
    ),
}


def on_postgres(statement: str) -> str:
    """A statement of a migration as PostgreSQL takes it."""
    trigger = re.match(r"CREATE TRIGGER (\w+)", statement)
    if trigger:
        name = trigger[1]
        event, body = _TRIGGERS[name]
        return (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n  {body}\n"
            f"  RETURN NULL;\nEND $$; CREATE TRIGGER {name} {event} EXECUTE FUNCTION {name}()"
        )
    for pattern, word in _WORDS.items():
        statement = re.sub(pattern, word, statement)
    return statement


# What one page server has in a file or in memory, and several need in common.
_IN_COMMON = (
    "CREATE TABLE visitors_key (content BYTEA NOT NULL)",  # which signs their secrets
    # Of addresses' digests. It is in no log, and so in no copy that is made of logs.
    "CREATE UNLOGGED TABLE salt (day BIGINT PRIMARY KEY, salt BYTEA NOT NULL)",
    "CREATE TABLE stored (bytes BIGINT NOT NULL)",
    f"INSERT INTO stored SELECT coalesce(sum{_ROOM}, 0) FROM drawing",
)

_ROOM_OF_MODEL = "octet_length({0}.meta) + octet_length({0}.keras) + octet_length({0}.tflite)"
# Saved models: of one page server they are folders.
_MODELS = (
    """CREATE TABLE model (
  name TEXT PRIMARY KEY,
  meta BYTEA NOT NULL,                -- the content of each of its files
  keras BYTEA NOT NULL,
  tflite BYTEA NOT NULL,
  digest TEXT GENERATED ALWAYS AS (encode(sha256(meta), 'hex')) STORED
)""",
    # Networks are packed, or of numbers that nothing packs.
    "ALTER TABLE model ALTER keras SET STORAGE EXTERNAL, ALTER tflite SET STORAGE EXTERNAL",
    "CREATE TABLE models (mark TEXT NOT NULL)",  # another one after each change
    "INSERT INTO models SELECT gen_random_uuid()",
    f"""CREATE FUNCTION model_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  UPDATE models SET mark = gen_random_uuid();
  UPDATE stored SET bytes = bytes + coalesce({_ROOM_OF_MODEL.format("new")}, 0)
    - coalesce({_ROOM_OF_MODEL.format("old")}, 0);
  RETURN NULL;
END $$""",
    "CREATE TRIGGER model_changed AFTER INSERT OR UPDATE OR DELETE ON model"
    " FOR EACH ROW EXECUTE FUNCTION model_changed()",
)

# Runs and sweeps: of one page server they are files.
_JOBS = (
    """CREATE TABLE job (
  came BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,                 -- 'run' or 'sweep'
  owner TEXT NOT NULL,
  host BIGINT NOT NULL,
  sweep TEXT NOT NULL,                -- of which it is a run; '': none
  server TEXT NOT NULL,               -- the page server that carries it out
  beat DOUBLE PRECISION NOT NULL,     -- when that was last there, by the database's clock
  said BIGINT NOT NULL DEFAULT 0,     -- the number of the last row of job_said
  stop BIGINT NOT NULL DEFAULT 0,     -- it was asked to
  ended BIGINT NOT NULL DEFAULT 0,
  why TEXT NOT NULL DEFAULT ''        -- it ended, where it could not say so itself
)""",
    """CREATE TABLE job_said (
  job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  number BIGINT NOT NULL,
  passing BIGINT NOT NULL,            -- what is said next takes its place
  content BYTEA NOT NULL,
  PRIMARY KEY (job, number)
)""",
)

_RUNGS = tuple(tuple(map(on_postgres, rung)) for rung in MIGRATIONS)
# The same for PostgreSQL. A later one of MIGRATIONS comes at the end here, too.
ON_POSTGRES = (*_RUNGS[:3], _IN_COMMON, _MODELS, _JOBS, *_RUNGS[3:])
