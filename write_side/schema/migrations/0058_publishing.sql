-- When an active product comes and goes by itself.
ALTER TABLE product ADD COLUMN publish_at timestamptz, ADD COLUMN unpublish_at timestamptz;
