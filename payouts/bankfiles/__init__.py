"""The files that go to our bank and come from it: pain.001, NACHA; pain.002, camt.053, camt.054, NACHA returns."""
