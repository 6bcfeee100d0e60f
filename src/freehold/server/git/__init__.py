"""Reading repositories, and publishing new objects and refs."""
