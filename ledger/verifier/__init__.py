"""What goes into an auditor's bundle beside the books: how to read them, and a program that verifies them alone."""
