from write_side.schema.sql_migration import sql_migration

ID = "0021"
forwards = sql_migration(ID, "0021_promotions.sql")
