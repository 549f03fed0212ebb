"""The sandbox's public names in one place, for `ackpy up`."""

from ackpy.sandbox.aws_endpoint import AwsEndpoint
from ackpy.sandbox.binaries import Binaries, BinariesError, locate
from ackpy.sandbox.build import BuildError
from ackpy.sandbox.control_plane import ControlPlane, PortInUseError
from ackpy.sandbox.instance import InUseError
from ackpy.sandbox.process import ChildError

ERRORS = (BinariesError, BuildError, ChildError, InUseError, PortInUseError)
"""What can go wrong, each with a text for the user."""

__all__ = ["ERRORS", "AwsEndpoint", "Binaries", "ControlPlane", "locate"]
