"""Where content comes from, what people want of it, the sticks that are plugged in, and the slow check's place."""


def up(migrator, db):
    db.execute_sql(
        "CREATE TABLE content (id INTEGER PRIMARY KEY CHECK (id = 1), url TEXT, site_group TEXT NOT NULL,"
        " wanted INTEGER NOT NULL, unfinished INTEGER NOT NULL, failures INTEGER NOT NULL,"
        " retry_boot INTEGER, retry_seconds REAL,"
        " checked_boot INTEGER, checked_seconds REAL, error TEXT, why TEXT, error_boot INTEGER, error_seconds REAL)"
    )
    db.execute_sql("CREATE TABLE wish (subject TEXT PRIMARY KEY, kind TEXT NOT NULL) WITHOUT ROWID")
    db.execute_sql(
        "CREATE TABLE ask (item TEXT PRIMARY KEY, times INTEGER NOT NULL, boot INTEGER NOT NULL, seconds REAL NOT NULL)"
        " WITHOUT ROWID"
    )
    db.execute_sql(
        "CREATE TABLE stick (place TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, sentence TEXT,"
        " release INTEGER, stamp TEXT NOT NULL, boot INTEGER NOT NULL, seconds REAL NOT NULL) WITHOUT ROWID"
    )
    db.execute_sql(
        "CREATE TABLE copy (place TEXT PRIMARY KEY, state TEXT NOT NULL, done INTEGER NOT NULL, total INTEGER NOT NULL,"
        " sentence TEXT, boot INTEGER NOT NULL, seconds REAL NOT NULL) WITHOUT ROWID"
    )
    db.execute_sql(
        "CREATE TABLE scrub (id INTEGER PRIMARY KEY CHECK (id = 1), place TEXT NOT NULL, bytes INTEGER NOT NULL,"
        " damaged INTEGER NOT NULL, wanted INTEGER NOT NULL, ended_boot INTEGER, ended_seconds REAL)"
    )
    db.execute_sql("DROP TABLE progress")  # of the slow check alone
