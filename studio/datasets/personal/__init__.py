"""Personal data in a text: where it is, how it is shown half hidden, and what it can be replaced with."""
