"""What is too long for a test: soaks and measurements, each a command of its own."""
