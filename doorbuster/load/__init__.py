"""`doorbuster load`: shoppers of Locust in a running shop, then the invariants."""
