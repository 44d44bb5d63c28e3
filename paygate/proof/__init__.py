"""Recomputes from first principles that the money is right, and fails loudly when it is not."""
