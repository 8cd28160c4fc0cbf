"""“Copy as Python”: a run as a short script with transformers, TRL and PEFT alone, and the rows it learned from."""
