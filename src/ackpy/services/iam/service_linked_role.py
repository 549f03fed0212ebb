"""What is odd about roles that are linked to a service."""

from collections.abc import Mapping

from ackpy.kinds.paths import Json


def is_meant(spec: Mapping[str, Json], role: Mapping[str, Json]) -> bool:
    """A service has one role of each suffix, in a path of its own (IAM User Guide, "Create a service-linked role")."""
    suffix = spec.get("customSuffix")
    _, _, found = role["RoleName"].partition("_")
    return bool(role["Path"] == f"/aws-service-role/{spec.get('awsServiceName')}/" and found == (suffix or ""))
