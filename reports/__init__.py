"""Workbooks, the workbench, the demonstration story."""
