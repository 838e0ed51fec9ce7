"""Launches ministack, the hub account's cloud, on a socket of the loopback interface that it is handed.

Its own command binds every interface by default and looks a port up that another process may take before it is bound.
"""

import argparse
import asyncio
import os

from hypercorn.asyncio import serve
from hypercorn.config import Config


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fd", type=int, required=True, help="file descriptor of the listening socket")
    parser.add_argument("--port", type=int, required=True, help="port of that socket")
    arguments = parser.parse_args()

    # Imported after the arguments are read: importing ministack takes a second.
    import hub_backups
    import hub_builds
    import hub_corrections
    import hub_events
    import hub_executions
    import hub_keys
    import hub_network
    import hub_network_views
    import hub_policies
    import hub_stack_sets
    import hub_storage
    import hub_studio
    import hub_tables
    from ministack.app import app

    for part in (
        hub_corrections,
        hub_executions,
        hub_network,
        hub_network_views,
        hub_storage,
        hub_backups,
        hub_builds,
        hub_policies,
        hub_studio,
        hub_events,
        hub_keys,
        hub_stack_sets,
        hub_tables,
    ):
        part.install()

    config = Config()
    config.bind = [f"fd://{arguments.fd}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = "INFO"
    account, region = os.environ["MINISTACK_ACCOUNT_ID"], os.environ["MINISTACK_REGION"]
    asyncio.run(serve(hub_events.with_events(app, account, region), config))


if __name__ == "__main__":
    main()
