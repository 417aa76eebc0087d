from write_side.schema.sql_migration import sql_migration

ID = "0076"
forwards = sql_migration(ID, "0076_in_one_box.sql")
