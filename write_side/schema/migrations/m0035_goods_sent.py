from write_side.schema.sql_migration import sql_migration

ID = "0035"
forwards = sql_migration(ID, "0035_goods_sent.sql")
