"""What the commands in bin/ share. Only Python's standard library: it runs first."""
