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
    import hub_corrections
    from ministack.app import app

    hub_corrections.install()

    config = Config()
    config.bind = [f"fd://{arguments.fd}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = "INFO"
    asyncio.run(serve(app, config))


if __name__ == "__main__":
    main()
