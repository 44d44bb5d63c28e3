"""What happened, written in the transaction of the change, told to others afterwards."""
