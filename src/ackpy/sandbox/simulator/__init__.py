"""An AWS of our own, made from botocore's service models: for what moto lacks, and for tests in process.

It knows nothing of ackpy. `Simulator.call` does one operation; `python -m ackpy.sandbox.simulator` serves them.
"""

from ackpy.sandbox.simulator.faults import AwsFault, NotSimulatedError
from ackpy.sandbox.simulator.request import Lags
from ackpy.sandbox.simulator.simulator import Call, Hook, ManualClock, Simulator
from ackpy.sandbox.simulator.world import Lag

__all__ = ["AwsFault", "Call", "Hook", "Lag", "Lags", "ManualClock", "NotSimulatedError", "Simulator"]
