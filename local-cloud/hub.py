"""Launches ministack, the hub account's cloud, on a socket of the loopback interface that it is handed.

Its own command binds every interface by default and looks a port up that another process may take before it is bound.
"""

import argparse
import asyncio

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
    import hub_executions
    import hub_network
    import hub_network_views
    import hub_policies
    import hub_storage
    import hub_studio
    from ministack.app import app

    parts = (hub_corrections, hub_executions, hub_network, hub_network_views, hub_storage, hub_backups, hub_builds)
    for part in (*parts, hub_policies, hub_studio):
        part.install()

    config = Config()
    config.bind = [f"fd://{arguments.fd}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = "INFO"
    asyncio.run(serve(app, config))


if __name__ == "__main__":
    main()
