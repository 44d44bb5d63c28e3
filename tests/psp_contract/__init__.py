"""One contract for three PSPs, against the simulators, through the official SDKs."""
