"""The tables of the file that the collection and the classes share, version after version.

Knows nothing of how the file is opened. A version that was ever on somebody's disk stays as it is:
what is to differ is another one after it.
"""

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

# How a file of each version becomes one of the next, from an empty file on.
MIGRATIONS = (_FIRST, _SECOND, _THIRD)
