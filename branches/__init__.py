"""Departments, classes, Party branches, League branches, the academic calendar, policy values."""
