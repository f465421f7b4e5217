"""The technician's answers as they were given, the visit they belong to, and the code that waits for head office."""


def up(migrator, db):
    db.execute_sql("CREATE TABLE answer (part TEXT PRIMARY KEY, told TEXT NOT NULL) WITHOUT ROWID")
    # One row: the number of the last order for the network, and the file on the card that was taken last.
    db.execute_sql(
        "CREATE TABLE technician_visit (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL DEFAULT 0,"
        " sent INTEGER NOT NULL DEFAULT 0, stage TEXT NOT NULL DEFAULT 'setup', boot INTEGER, seconds REAL,"
        " finished INTEGER NOT NULL DEFAULT 0, file TEXT)"
    )
    # One row: the code goes once it has served.
    db.execute_sql(
        "CREATE TABLE office_code (id INTEGER PRIMARY KEY CHECK (id = 1), url TEXT NOT NULL, code TEXT,"
        " state TEXT NOT NULL, sentence TEXT, failures INTEGER NOT NULL DEFAULT 0, boot INTEGER, seconds REAL)"
    )
