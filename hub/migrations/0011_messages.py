"""What was told in short messages."""


def up(migrator, db):
    db.execute_sql(
        "CREATE TABLE message (epoch INTEGER NOT NULL, day DATE NOT NULL, revision INTEGER NOT NULL,"
        " bytes INTEGER NOT NULL, boot INTEGER NOT NULL, seconds REAL NOT NULL, handed INTEGER NOT NULL,"
        " sentence TEXT, PRIMARY KEY (epoch, day, revision)) WITHOUT ROWID"
    )
