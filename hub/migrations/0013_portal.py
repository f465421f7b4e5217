"""When somebody pressed the portal's button; not who."""


def up(migrator, db):
    db.execute_sql(
        "CREATE TABLE portal_sign_in (number INTEGER PRIMARY KEY AUTOINCREMENT, epoch INTEGER NOT NULL,"
        " boot INTEGER NOT NULL, seconds REAL NOT NULL)"
    )
    db.execute_sql("CREATE INDEX portal_sign_in_moment ON portal_sign_in (boot, seconds)")
