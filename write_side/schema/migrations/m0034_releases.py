from write_side.schema.sql_migration import sql_migration

ID = "0034"
forwards = sql_migration(ID, "0034_releases.sql")
