"""Who may see the staff pages: accounts, the one link that each may enter by, and who is signed in."""


def up(migrator, db):
    db.execute_sql("CREATE TABLE technician (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, password TEXT)")
    # One row an account, so a new link takes the place of the one before.
    db.execute_sql(
        "CREATE TABLE entry_link (technician INTEGER PRIMARY KEY REFERENCES technician (id) ON DELETE CASCADE,"
        " token_hash BLOB NOT NULL UNIQUE, epoch INTEGER NOT NULL, boot INTEGER NOT NULL, seconds REAL NOT NULL)"
    )
    db.execute_sql(
        "CREATE TABLE staff_session (token_hash BLOB PRIMARY KEY,"
        " technician INTEGER NOT NULL REFERENCES technician (id) ON DELETE CASCADE, by_link INTEGER NOT NULL,"
        " epoch INTEGER NOT NULL, boot INTEGER NOT NULL, seconds REAL NOT NULL) WITHOUT ROWID"
    )
