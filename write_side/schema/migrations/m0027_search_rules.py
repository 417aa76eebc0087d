from write_side.schema.sql_migration import sql_migration

ID = "0027"
forwards = sql_migration(ID, "0027_search_rules.sql")
