"""What every list of the back office can do: remember its filters, be saved as CSV, and act on many rows at once."""
