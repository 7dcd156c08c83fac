"""The demonstration: the story of the two departments, told relative to today. All people are invented."""
