"""The simulated AWS as a program: moto behind the guard, on loopback. Started by `AwsEndpoint`.

python -m ackpy.sandbox.moto_server --port 5000 --delay-ms 20
"""

import argparse
import logging
import warnings

from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from ackpy.sandbox.guard import Guard


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description="A simulated AWS on 127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--delay-ms", type=int, default=0, help="added to each answer, as a network would")
    arguments = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="moto")  # it warns of each error code that no service model lists
    guard = Guard(DomainDispatcherApplication(create_backend_app), arguments.delay_ms)
    make_server("127.0.0.1", arguments.port, guard, threaded=True, request_handler=MotoRequestHandler).serve_forever()


if __name__ == "__main__":
    main()
