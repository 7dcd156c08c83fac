"""Supervision: what is overdue by rule, branch and person; reminding; the trend; the three named weaknesses."""
