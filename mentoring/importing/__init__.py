"""Links as people keep them in workbooks, brought in: read, check everything, show, apply all or nothing.

`service.import_pairs` is the one door. vocabulary and rows read cells (no query), reach finds the people within the user's
reach, planner asks the rules row by row while the network grows, apply writes set-wise.
"""
