"""The edge: from requests to calls and from values to answers."""
