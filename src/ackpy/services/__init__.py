"""The data: a folder for each service, and below the one table of what data can't say.

A hook is pure. `normalise_desired(spec, region)` returns the spec as AWS wants it said in that region;
`decode_observed(operation, answer, spec)` returns an answer in the shape that the definition reads, and in the words of
the spec where several say the same; `identity(spec, element)` tells whether a listed element is what a spec means,
where no member says so.
"""

from collections.abc import Callable, Mapping

from ackpy.kinds.paths import Json
from ackpy.services.dynamodb import table
from ackpy.services.iam import open_id_connect_provider, service_linked_role
from ackpy.services.kms import alias
from ackpy.services.lambda_ import function, names, permissions, version
from ackpy.services.s3 import bucket
from ackpy.services.sns import subscription

NORMALISE_DESIRED: Mapping[str, Callable[[Mapping[str, Json], str], Mapping[str, Json]]] = {
    "dynamodb/Table": table.normalised,
    "kms/Alias": alias.normalised,
    "lambda/Alias": names.normalised,
    "lambda/Function": function.normalised,
    "lambda/FunctionURLConfig": names.normalised,
    "lambda/Version": names.normalised,
    "s3/Bucket": bucket.normalised,
}

IDENTITY: Mapping[str, Callable[[Mapping[str, Json], Mapping[str, Json]], bool]] = {
    "iam/ServiceLinkedRole": service_linked_role.is_meant,
}

DECODE_OBSERVED: Mapping[str, Callable[[str, Mapping[str, Json], Mapping[str, Json]], Mapping[str, Json]]] = {
    "iam/OpenIDConnectProvider": open_id_connect_provider.decoded,
    "lambda/Alias": permissions.decoded,
    "lambda/Version": version.decoded,
    "s3/Bucket": bucket.decoded,
    "sns/Subscription": subscription.decoded,
}
