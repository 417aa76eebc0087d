from write_side.schema.sql_migration import sql_migration

ID = "0058"
forwards = sql_migration(ID, "0058_publishing.sql")
