"""What is agreed on prices: for whom a plan counts, what it takes, and the volume by which it steps down."""
