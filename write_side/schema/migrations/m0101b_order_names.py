from write_side.schema.sql_migration import sql_migration

ID = "0101b"
forwards = sql_migration(ID, "0101b_order_names.sql")
