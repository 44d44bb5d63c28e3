"""The simulators, seen from outside: over HTTP, with the official SDKs, and in their books."""
