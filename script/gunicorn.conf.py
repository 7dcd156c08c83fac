"""The web server of script/serve: one machine, the program loaded once and shared by two workers."""

import os
import sys

bind = f"{os.environ['HOST']}:{os.environ['PORT']}"
workers = 2
threads = 4
preload_app = True
timeout = 120
graceful_timeout = 5
accesslog = None
loglevel = "warning"


def when_ready(server):
    """Say where the portal is and whom to be; called once, before the workers start."""
    from django.db import connections
    from django.utils import translation

    from accounts.demo import offered_accounts

    host, port = os.environ["HOST"], os.environ["PORT"]
    lines = ["", f"The portal is running: http://127.0.0.1:{port}/   (Ctrl-C stops it)"]
    if host != "127.0.0.1":
        lines.append(f"It listens on {host}: others on this network can open it at this machine's address.")
    with translation.override("zh-hans"):
        accounts = offered_accounts()
        if accounts:
            lines.append("Accounts to try, one click each on the sign-in page:")
            lines += [f"  {account['username']:<14} {account['label']}" for account in accounts]
    print("\n".join(lines), file=sys.stderr, flush=True)
    # A connection must not be shared by the processes that are about to be forked.
    connections.close_all()
