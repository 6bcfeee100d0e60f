"""Tables of JSON routes, a file for each noun."""
