"""What a contract says: its file as typed objects, everything in it enforced or refused."""
