"""Kubernetes: API client, informer, work queue, leader election and events. It knows nothing of AWS.

`KubeApi` (kube/api.py) is the interface; `connect` gives the real thing and tests pass an in-memory one.
"""

from ackpy.kube.api import (
    AlreadyExists,
    ApiError,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    KubeApi,
    NotFound,
    Object,
    Page,
    PatchType,
    Resource,
    Retryable,
    TooManyRequests,
    Unauthorized,
    Unreachable,
    WatchEvent,
)
from ackpy.kube.client import Client, connect
from ackpy.kube.config import ClusterConfig, ConfigError, load
from ackpy.kube.events import EventRecorder
from ackpy.kube.fence import Fenced
from ackpy.kube.informer import Informer
from ackpy.kube.lease import LeaderElector, LeaseLost
from ackpy.kube.workqueue import Priority, QueueShutDown, WorkQueue

__all__ = [
    "AlreadyExists",
    "ApiError",
    "Client",
    "ClusterConfig",
    "ConfigError",
    "Conflict",
    "EventRecorder",
    "Fenced",
    "Forbidden",
    "Gone",
    "Informer",
    "Invalid",
    "KubeApi",
    "LeaderElector",
    "LeaseLost",
    "NotFound",
    "Object",
    "Page",
    "PatchType",
    "Priority",
    "QueueShutDown",
    "Resource",
    "Retryable",
    "TooManyRequests",
    "Unauthorized",
    "Unreachable",
    "WatchEvent",
    "WorkQueue",
    "connect",
    "load",
]
