"""Reading calendar files of any origin: what says when somebody is busy, and nothing else."""
