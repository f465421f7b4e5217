"""Undated parts in the outbox, a log of all sealings, in which place the hub is, and why an epoch began."""


def up(migrator, db):
    # Made anew, since a part has no day: SQLite cannot drop NOT NULL from a column.
    db.execute_sql(
        "CREATE TABLE outbox_anew (id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, day TEXT, boot INTEGER,"
        " part INTEGER, version INTEGER NOT NULL DEFAULT 1, boots BLOB NOT NULL DEFAULT x'',"
        " emptied INTEGER NOT NULL DEFAULT 0,"
        " revision INTEGER NOT NULL, sequence INTEGER NOT NULL, open INTEGER NOT NULL, again INTEGER NOT NULL,"
        " sealed BLOB NOT NULL, digest BLOB NOT NULL, content BLOB NOT NULL,"
        " acknowledged INTEGER NOT NULL, at_boot INTEGER, at_seconds REAL, refused TEXT,"
        " UNIQUE (epoch, day), UNIQUE (epoch, boot, part), UNIQUE (epoch, sequence),"
        " CHECK ((day IS NULL) = (boot IS NOT NULL) AND (boot IS NULL) = (part IS NULL)))"
    )
    old = "id, epoch, day, revision, sequence, open, again, sealed, digest, content, acknowledged, at_boot, at_seconds"
    db.execute_sql(f"INSERT INTO outbox_anew ({old}, refused) SELECT {old}, refused FROM outbox")  # noqa: S608
    db.execute_sql("DROP TABLE outbox")
    db.execute_sql("ALTER TABLE outbox_anew RENAME TO outbox")
    db.execute_sql("CREATE INDEX outbox_pending ON outbox (acknowledged, epoch, sequence)")
    db.execute_sql("CREATE INDEX outbox_digest ON outbox (digest)")
    db.execute_sql(
        "CREATE TABLE sealing (epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, mark BLOB NOT NULL,"
        " acknowledged INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (epoch, sequence)) WITHOUT ROWID"
    )
    db.execute_sql("CREATE INDEX sealing_mark ON sealing (mark)")
    db.execute_sql("INSERT INTO sealing SELECT epoch, sequence, substr(digest, 1, 4), acknowledged FROM outbox")
    db.execute_sql("ALTER TABLE uplink ADD COLUMN speaks INTEGER")
    # What crossed counts in the epoch in which it did, as all else.
    db.execute_sql("ALTER TABLE ledger ADD COLUMN epoch INTEGER")
    db.execute_sql("UPDATE ledger SET epoch = (SELECT epoch FROM site)")
    db.execute_sql("ALTER TABLE restored ADD COLUMN reason TEXT NOT NULL DEFAULT 'damaged'")
    db.execute_sql(
        "CREATE TABLE whereabouts (id INTEGER PRIMARY KEY CHECK (id = 1), machine TEXT, disk TEXT, file TEXT,"
        " steps INTEGER NOT NULL)"
    )
