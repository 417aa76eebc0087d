"""What must always hold, one file each: a check answers what differs, and nothing when all is well.

`all` has the table of them. Nothing is imported here: whoever wants one check starts without what the others need.
"""
