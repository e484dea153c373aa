"""How the flows are run: by hand, on a server, on a schedule."""
