"""What is said: the routes and the typed values of the protocol, shared by server and client."""
