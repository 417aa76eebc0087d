from write_side.schema.sql_migration import sql_migration

ID = "0001"
forwards = sql_migration(ID, "0001_event_log.sql")
