"""How fast, and at what cost: measured on this machine, as data and as tables (`make bench`)."""
