from write_side.schema.sql_migration import sql_migration

ID = "0107"
forwards = sql_migration(ID, "0107_order_link_wishes.sql")
