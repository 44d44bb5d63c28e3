"""The first page of the back office: how the money moves, drawn from figures that were counted as it did."""
