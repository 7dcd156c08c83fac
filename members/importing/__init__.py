"""Real rosters in: read, check everything, show what would change, apply all or nothing.

`vocabulary` names the columns, `columns` reads a table column by column, `rows` a row that needs words as a draft with its
problems, `leagues` does so for League branches, `planner` compares rows with the database set-wise (`directory`, `known`;
`league_planner`, `posts`) and makes the `plan`, `apply` writes it, `repeats` spares a file that was applied and would change nothing; `service` is the one
door for command and admin.
"""
