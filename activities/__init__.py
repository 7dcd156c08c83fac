"""Calendar, participation, logs, lectures, the lecture quota."""
