from write_side.schema.sql_migration import sql_migration

ID = "0118b"
forwards = sql_migration(ID, "0118b_alerts_of_nobody.sql")
