"""Real rosters in: read, check everything, show what would change, apply all or nothing.

`vocabulary` names the columns, `rows` turns a row into a draft with its problems, `leagues` does so for League branches,
`plan` compares drafts with the database set-wise, `apply` writes, `service` is the one door for command and admin.
"""
