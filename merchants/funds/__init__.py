"""Merchants' funds: when they become available, what is held back, what they see of their balance."""
