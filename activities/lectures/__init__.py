"""Theory lectures: who gives them, how they are planned, proved and counted."""
