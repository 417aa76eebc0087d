from write_side.schema.sql_migration import sql_migration

ID = "0007"
forwards = sql_migration(ID, "0007_notifications.sql")
