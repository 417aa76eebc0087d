from write_side.schema.sql_migration import sql_migration

ID = "0008"
forwards = sql_migration(ID, "0008_access.sql")
