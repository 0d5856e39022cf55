"""The fake vendor: answers as fast as sockets take it, or to the beat, and does nothing else."""
