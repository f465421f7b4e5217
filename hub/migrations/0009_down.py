"""What head office tells this hub: its key for sealing, the state as it came, and what of it was done."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE site ADD COLUMN office_sealing_key BLOB")
    db.execute_sql(
        "CREATE TABLE told (id INTEGER PRIMARY KEY CHECK (id = 1), office BLOB NOT NULL, number INTEGER NOT NULL,"
        " sealed BLOB, applied INTEGER NOT NULL, applied_of BLOB, trouble TEXT NOT NULL, software TEXT NOT NULL)"
    )
    # Of an account that head office made: the hash of the password that it told last.
    db.execute_sql("ALTER TABLE technician ADD COLUMN told TEXT")
    db.execute_sql("CREATE TABLE told_setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")
    db.execute_sql(
        "CREATE TABLE told_answer (subject BLOB PRIMARY KEY, word TEXT NOT NULL, sentence TEXT NOT NULL) WITHOUT ROWID"
    )
    db.execute_sql("CREATE TABLE revoked (subject BLOB PRIMARY KEY) WITHOUT ROWID")
