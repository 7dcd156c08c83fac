"""People, development stages, posts, absences, and who may see what."""
