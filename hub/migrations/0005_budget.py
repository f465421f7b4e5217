"""The uplink's budget, whose bytes are whose, the content that head office told of, and the time it is at least."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE ledger ADD COLUMN kind TEXT NOT NULL DEFAULT 'counts'")
    db.execute_sql(
        "CREATE TABLE budget (id INTEGER PRIMARY KEY CHECK (id = 1), daily INTEGER, monthly INTEGER,"
        " hours TEXT NOT NULL, free_hours TEXT)"
    )
    db.execute_sql("ALTER TABLE uplink ADD COLUMN content INTEGER")
    db.execute_sql(
        "CREATE TABLE floor (id INTEGER PRIMARY KEY CHECK (id = 1), at REAL NOT NULL, source TEXT NOT NULL,"
        " boot INTEGER NOT NULL, seconds REAL NOT NULL)"
    )
