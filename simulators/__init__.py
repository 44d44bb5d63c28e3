"""The PSPs and the bank as programs of their own: their real wire, faults on demand, a virtual clock, own books.

Standard library only, and nothing of the platform: what the two have in common is the wire.
"""
