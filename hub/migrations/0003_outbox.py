"""The outbox of sealed site-days, what has crossed the uplink, how the jobs fare, and restores of the database."""


def up(migrator, db):
    db.execute_sql(
        "CREATE TABLE outbox (id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, day TEXT NOT NULL,"
        " revision INTEGER NOT NULL, sequence INTEGER NOT NULL, open INTEGER NOT NULL, again INTEGER NOT NULL,"
        " sealed BLOB NOT NULL, digest BLOB NOT NULL, content BLOB NOT NULL,"
        " acknowledged INTEGER NOT NULL, at_boot INTEGER, at_seconds REAL, refused TEXT,"
        " UNIQUE (epoch, day), UNIQUE (epoch, sequence))"
    )
    db.execute_sql("CREATE INDEX outbox_pending ON outbox (acknowledged, epoch, sequence)")
    db.execute_sql("CREATE TABLE rolled (feature TEXT PRIMARY KEY, batch INTEGER NOT NULL)")
    db.execute_sql(
        "CREATE TABLE ledger (id INTEGER PRIMARY KEY, boot INTEGER NOT NULL, seconds REAL NOT NULL,"
        " up INTEGER NOT NULL, down INTEGER NOT NULL, counted INTEGER NOT NULL)"
    )
    db.execute_sql("CREATE INDEX ledger_moment ON ledger (boot, seconds)")
    db.execute_sql("CREATE INDEX ledger_uncounted ON ledger (counted) WHERE counted = 0")
    db.execute_sql(
        "CREATE TABLE uplink (id INTEGER PRIMARY KEY CHECK (id = 1), failures INTEGER NOT NULL,"
        " retry_boot INTEGER, retry_seconds REAL, reached_boot INTEGER, reached_seconds REAL,"
        " error TEXT, error_boot INTEGER, error_seconds REAL, configuration INTEGER NOT NULL)"
    )
    db.execute_sql(
        "CREATE TABLE job_run (name TEXT PRIMARY KEY, boot INTEGER NOT NULL, seconds REAL NOT NULL, took REAL NOT NULL,"
        " error TEXT, error_boot INTEGER, error_seconds REAL)"
    )
    db.execute_sql("CREATE TABLE progress (job TEXT PRIMARY KEY, place TEXT NOT NULL)")
    db.execute_sql(
        "CREATE TABLE restored (id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, sentence TEXT NOT NULL,"
        " boot INTEGER, seconds REAL)"
    )
